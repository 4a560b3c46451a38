/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 5, 0))) static void error_write(struct error *error, int code,
							      int status, const char *type,
							      const char *format, va_list arguments)
{
	char message[sizeof(error->message)];

	/* By way of a copy: the arguments may point into the message that is replaced. */
	vsnprintf(message, sizeof(message), format, arguments);
	error->code = code;
	error->status = status;
	error->type = type;
	memcpy(error->message, message, sizeof(message));
}

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return code;
	va_start(arguments, format);
	error_write(error, code, 0, NULL, format, arguments);
	va_end(arguments);
	return code;
}

int error_fault(struct error *error, int code, int status, const char *type, const char *format,
		...)
{
	va_list arguments;

	if (error == NULL)
		return code;
	va_start(arguments, format);
	error_write(error, code, status, type, format, arguments);
	va_end(arguments);
	return code;
}

/* Appends ': text' as far as there is room. */
static void message_append(char *message, size_t size, const char *text)
{
	size_t length = strlen(message), room = size - 1 - length;

	if (room < 2)
		return;
	memcpy(message + length, ": ", 3);
	strncat(message, text, room - 2);
}

int error_errno(struct error *error, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	if (error == NULL)
		return -saved;
	va_start(arguments, format);
	error_write(error, -saved, 0, NULL, format, arguments);
	va_end(arguments);
	message_append(error->message, sizeof(error->message), strerror(saved));
	return -saved;
}

int error_prefix(struct error *error, const char *format, ...)
{
	char message[sizeof(error->message)];
	va_list arguments;

	if (error == NULL)
		return 0;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	message_append(message, sizeof(message), error->message);
	memcpy(error->message, message, sizeof(message));
	return error->code;
}
