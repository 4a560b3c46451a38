/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growable byte queue: bytes are appended at the end and consumed from the front. It never
 * grows beyond 'limit' (bytes, 0: no limit): an append that would fails with -ENOBUFS and
 * changes nothing.
 */
#ifndef CUMULET_LIB_BUFFER_H
#define CUMULET_LIB_BUFFER_H

#include <stddef.h>
#include <sys/types.h>

struct buffer {
	char *data; /* data + start .. data + start + length is what is queued */
	size_t start, length, capacity, limit;
};

#define BUFFER_INIT ((struct buffer){ 0 })

static inline char *buffer_head(const struct buffer *buffer)
{
	return buffer->data + buffer->start;
}

int buffer_append(struct buffer *buffer, const void *data, size_t size);
int buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Room for 'size' bytes behind the queue, NULL if over the limit; then buffer_commit() them. */
char *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t size);
void buffer_consume(struct buffer *buffer, size_t size); /* at most 'length' */
/* One read(2)/write(2): bytes moved, 0 at the end of file, or a negative errno. */
ssize_t buffer_read_fd(struct buffer *buffer, int fd, size_t most);
ssize_t buffer_write_fd(struct buffer *buffer, int fd);
void buffer_free(struct buffer *buffer);

#endif
