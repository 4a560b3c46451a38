/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/http.h"

#include <string.h>

#include "firmware/lib/cleanup.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 414, "URI Too Long" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* The word up to the next blank; 0, or the status when it is empty, too long or not printable. */
static int word_take(const char **at, const char *end, char *into, size_t size, int too_long)
{
	size_t length = 0;

	while (*at < end && **at != ' ') {
		if (**at <= ' ' || **at > '~')
			return 400;
		if (length + 1 == size)
			return too_long;
		into[length++] = *(*at)++;
	}
	into[length] = '\0';
	if (*at == end || length == 0)
		return 400;
	(*at)++;
	return 0;
}

static int line_parse(const char *data, const char *end, struct http_request *request)
{
	const char *at = data;
	int status = word_take(&at, end, request->method, sizeof(request->method), 405);

	if (status == 0)
		status = word_take(&at, end, request->path, sizeof(request->path), 414);
	if (status != 0)
		return status;
	if (end - at != 8 || memcmp(at, "HTTP/1.", 7) != 0)
		return 505;
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return 405;
	return request->path[0] == '/' ? 200 : 400;
}

int http_parse(const char *data, size_t size, struct http_request *request)
{
	const char *line_end = memmem(data, size, "\r\n", 2);

	memset(request, 0, sizeof(*request));
	if (memmem(data, size, "\r\n\r\n", 4) == NULL)
		return size >= HTTP_HEAD_MAX ? 431 : 0;
	return line_parse(data, line_end, request);
}
