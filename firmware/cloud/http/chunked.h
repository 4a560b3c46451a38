/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chunked transfer coding (RFC 9112, section 7.1), decoded as the bytes come. Trailers are
 * read and dropped; chunk extensions are ignored; both are bounded. */
#ifndef CUMULET_HTTP_CHUNKED_H
#define CUMULET_HTTP_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum chunked_state {
	CHUNKED_SIZE,      /* hexadecimal digits */
	CHUNKED_EXTENSION, /* up to the end of the size line */
	CHUNKED_DATA,
	CHUNKED_DATA_END, /* CR LF behind the data */
	CHUNKED_TRAILER,  /* lines up to an empty one */
	CHUNKED_DONE,
};

struct chunked {
	enum chunked_state state;
	uint64_t left;   /* bytes of data in this chunk; while its size is read: the size so far */
	unsigned digits; /* of the size, or bytes of the present line */
	unsigned extra;  /* bytes of extensions and trailers so far */
};

/*
 * Looks at 'size' bytes, stops at the first run of data: '*data' and '*length' name it (length 0:
 * none yet). Returns the number of bytes used up, the run included; -EBADMSG on bad framing.
 * Never reads beyond the end of the body: what follows belongs to the next request.
 */
ssize_t chunked_decode(struct chunked *chunked, const char *bytes, size_t size, const char **data,
		       size_t *length);

static inline bool chunked_done(const struct chunked *chunked)
{
	return chunked->state == CHUNKED_DONE;
}

#endif
