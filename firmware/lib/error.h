/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error shape. A function that can fail returns 0 (or a count) on success and a
 * negative errno on failure; where a person will read the reason it also takes a
 * 'struct error *', which may be NULL and is only written on failure.
 *
 * Errors from outside never abort a process. At the API's edge an error becomes an HTTP
 * fault exactly once (firmware/cloud/http/fault.c): -ENOENT 404, -EINVAL 400, -EACCES 403,
 * -EPERM 401, -EEXIST and -EBUSY 409, -EDQUOT 403, -EMSGSIZE 413, -ENOSYS 501, -ENOSPC 507,
 * -EAGAIN (a lost race: the dispatcher runs the handler again), -ETIMEDOUT 504, else 500.
 * 'status' overrides that mapping where a service's documented code differs.
 */
#ifndef CUMULET_LIB_ERROR_H
#define CUMULET_LIB_ERROR_H

#include <errno.h>

struct error {
	int code;         /* negative errno */
	int status;       /* HTTP status, 0: by the table above */
	const char *type; /* static string: the service's own name for it, NULL if none */
	char message[1024];
};

/* Writes the message (truncated to fit) and returns 'code', so that it can be returned at once. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with an HTTP status and the service's own name of the error ('type' is static). */
int error_fault(struct error *error, int code, int status, const char *type, const char *format,
		...) __attribute__((format(printf, 5, 6)));

/* Message is 'what: strerror(errno)'; returns -errno as it was at the call. */
int error_errno(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts 'prefix: ' before the message that is there; returns error->code. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
