/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of an HTTP/1.x request (RFC 9112, sections 2 to 7), parsed in place.
 *
 * What is refused is refused for good: bare CR, folded lines, blanks before a colon, control
 * characters, Content-Length beside Transfer-Encoding or twice with different values. Two
 * readings of one head are how requests get smuggled.
 */
#ifndef CUMULET_HTTP_HEAD_H
#define CUMULET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/cloud/http/request.h"

#define HEAD_MAX (32 * 1024)       /* bytes, the final empty line included */
#define HEAD_TARGET_MAX (8 * 1024) /* bytes of the request target */
#define HEAD_FIELDS_MAX 100

struct head {
	const char *method, *target;
	unsigned minor; /* HTTP/1.minor, 0 or 1 (higher ones read as 1) */
	struct name_value fields[HEAD_FIELDS_MAX + 1]; /* ends with name NULL */
	size_t count;
	uint64_t content_length; /* 0 if none; UINT64_MAX: chunked */
	bool keep_alive;
	bool expect_continue;
	int status; /* of the refusal: 400, 414, 417, 431, 501, 505; else 0 */
};

/*
 * The length of the head that starts at 'data', its empty line included; 0 while that has not
 * come yet. '*scanned' (0 at first) remembers how far earlier calls have looked.
 */
size_t head_length(const char *data, size_t size, size_t *scanned);

/*
 * Parses the 'size' bytes that head_length() measured. Writes NULs into 'data', which the
 * strings of 'head' then point into. 0, or -EBADMSG with head->status and a static reason.
 */
int head_parse(struct head *head, char *data, size_t size, const char **reason);

/* Value of the first field of this name (any case), NULL if there is none. */
const char *head_field(const struct head *head, const char *name);

#endif
