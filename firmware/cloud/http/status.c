/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/status.h"

#include <stddef.h>

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Request Entity Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Requested Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Entity" },
	{ 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

static const struct {
	int code, status;
} codes[] = {
	{ -ENOENT, 404 }, { -EINVAL, 400 },    { -EBADMSG, 400 },  { -E2BIG, 400 },
	{ -EACCES, 403 }, { -EPERM, 401 },     { -EEXIST, 409 },   { -EBUSY, 409 },
	{ -EDQUOT, 403 }, { -EMSGSIZE, 413 },  { -ENOSYS, 501 },   { -ENOSPC, 507 },
	{ -EAGAIN, 409 }, { -ETIMEDOUT, 504 }, { -ENOTCONN, 503 }, { -ERANGE, 416 },
	{ -EPIPE, 400 }, /* nobody is there to read it */
};

const char *status_phrase(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

int status_of_error(const struct error *error)
{
	if (error->status)
		return error->status;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == error->code)
			return codes[i].status;
	return 500;
}
