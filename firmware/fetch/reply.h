/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of a reply (RFC 9112, sections 4 to 6), parsed in place; what servers send in earnest is
 * taken, what can be read in two ways is not. */
#ifndef CUMULET_FETCH_REPLY_H
#define CUMULET_FETCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_HEAD_MAX (32 * 1024)

struct reply_head {
	unsigned status;
	const char *reason;   /* "" if there is none */
	const char *location; /* NULL if there is none */
	bool chunked;
	bool has_length;
	uint64_t length;
};

/* The length of the head that starts at 'data', its empty line included; 0: not there yet. */
size_t reply_head_length(const char *data, size_t size);
/* Of 'size' bytes as measured. Writes NULs into 'data', which 'head' then points into. -EBADMSG. */
int reply_head_parse(struct reply_head *head, char *data, size_t size);

#endif
