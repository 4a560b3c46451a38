/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/chunked.h"

#include <errno.h>

#define CHUNKED_EXTRA_MAX 4096 /* bytes of extensions and trailers in one body */
#define CHUNKED_DIGITS_MAX 15  /* of a chunk's size: below 2^60 */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_line_end(struct chunked *chunked)
{
	if (chunked->digits == 0)
		return -EBADMSG;
	chunked->digits = 0;
	chunked->state = chunked->left ? CHUNKED_DATA : CHUNKED_TRAILER;
	return 0;
}

static int step_size(struct chunked *chunked, char c)
{
	int value = hex_value(c);

	if (value >= 0) {
		if (++chunked->digits > CHUNKED_DIGITS_MAX)
			return -EBADMSG;
		chunked->left = chunked->left * 16 + (uint64_t)value;
		return 0;
	}
	if (c == '\n')
		return size_line_end(chunked);
	if (c != '\r' && c != ';' && c != ' ' && c != '\t')
		return -EBADMSG;
	chunked->state = CHUNKED_EXTENSION;
	return 0;
}

static int step_extension(struct chunked *chunked, char c)
{
	return c == '\n'                              ? size_line_end(chunked)
	       : ++chunked->extra > CHUNKED_EXTRA_MAX ? -EBADMSG
						      : 0;
}

static int step_data_end(struct chunked *chunked, char c)
{
	if (c == '\r' && chunked->digits++ == 0)
		return 0;
	if (c != '\n')
		return -EBADMSG;
	chunked->digits = 0;
	chunked->state = CHUNKED_SIZE;
	return 0;
}

static int step_trailer(struct chunked *chunked, char c)
{
	if (c == '\n') {
		if (chunked->digits == 0)
			chunked->state = CHUNKED_DONE;
		chunked->digits = 0;
		return 0;
	}
	if (c != '\r')
		chunked->digits++;
	return ++chunked->extra > CHUNKED_EXTRA_MAX ? -EBADMSG : 0;
}

static int step(struct chunked *chunked, char c)
{
	switch (chunked->state) {
	case CHUNKED_SIZE:
		return step_size(chunked, c);
	case CHUNKED_EXTENSION:
		return step_extension(chunked, c);
	case CHUNKED_DATA_END:
		return step_data_end(chunked, c);
	case CHUNKED_TRAILER:
		return step_trailer(chunked, c);
	case CHUNKED_DATA:
	case CHUNKED_DONE:
		break;
	}
	return 0;
}

static size_t take_data(struct chunked *chunked, size_t available)
{
	size_t length = available < chunked->left ? available : (size_t)chunked->left;

	chunked->left -= length;
	if (chunked->left == 0)
		chunked->state = CHUNKED_DATA_END;
	return length;
}

ssize_t chunked_decode(struct chunked *chunked, const char *bytes, size_t size, const char **data,
		       size_t *length)
{
	size_t at = 0;

	*length = 0;
	while (at < size && chunked->state != CHUNKED_DONE) {
		if (chunked->state == CHUNKED_DATA) {
			*data = bytes + at;
			*length = take_data(chunked, size - at);
			return (ssize_t)(at + *length);
		}
		int result = step(chunked, bytes[at++]);
		if (result < 0)
			return result;
	}
	return (ssize_t)at;
}
