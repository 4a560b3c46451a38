/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/refusal.h"

#include <stdarg.h>
#include <stdio.h>

int refuse_unauthorized(struct error *error)
{
	return error_fault(error, -EPERM, 401, NULL,
			   "The request you have made requires authentication.");
}

int refuse_forbidden(struct error *error, const char *action)
{
	return error_fault(error, -EACCES, 403, NULL,
			   "You are not authorized to perform the requested action: %s.", action);
}

int refuse_denied(struct error *error)
{
	return error_fault(error, -EACCES, 403, NULL,
			   "You are not authorized to perform the requested action.");
}

int refuse_not_found(struct error *error, const char *what, const char *id)
{
	return error_fault(error, -ENOENT, 404, NULL, "Could not find %s: %.255s.", what, id);
}

int refuse_expecting(struct error *error, const char *attribute, const char *target)
{
	return error_fault(error, -EINVAL, 400, NULL,
			   "Expecting to find %s in %s. The server could not comply with the "
			   "request since it is either malformed or otherwise incorrect. The "
			   "client is assumed to be in error.",
			   attribute, target);
}

int refuse_conflict(struct error *error, const char *what, const char *format, ...)
{
	char details[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(details, sizeof(details), format, arguments);
	va_end(arguments);
	return error_fault(error, -EEXIST, 409, NULL,
			   "Conflict occurred attempting to store %s - %s.", what, details);
}

int refuse_length(struct error *error, const char *text, const char *column, size_t most)
{
	return error_fault(error, -EINVAL, 400, NULL,
			   "String length exceeded. The length of string '%.512s' exceeds the "
			   "limit of column %s(CHAR(%zu)).",
			   text, column, most);
}

int refuse_not_implemented(struct error *error)
{
	return error_fault(error, -ENOSYS, 501, NULL,
			   "The action you have requested has not been implemented.");
}

int refuse_lookup(int result, struct error *error, const char *what, const char *id)
{
	return result == -ENOENT ? refuse_not_found(error, what, id) : result;
}
