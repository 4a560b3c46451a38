/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAPACITY_FIRST 256

static void buffer_move_to_front(struct buffer *buffer)
{
	if (buffer->start > 0 && buffer->length > 0)
		memmove(buffer->data, buffer_head(buffer), buffer->length);
	buffer->start = 0;
}

static size_t capacity_for(const struct buffer *buffer, size_t need)
{
	size_t capacity = buffer->capacity > 0 ? buffer->capacity : CAPACITY_FIRST;

	while (capacity < need)
		capacity = capacity > (size_t)-1 / 2 ? need : capacity * 2;
	return capacity;
}

static int buffer_grow(struct buffer *buffer, size_t need)
{
	size_t capacity = capacity_for(buffer, need);
	char *data = realloc(buffer->data, capacity);

	if (data == NULL)
		return -ENOMEM;
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

static int buffer_make_room(struct buffer *buffer, size_t size)
{
	size_t need = buffer->length + size;

	if (need < size || (buffer->limit > 0 && need > buffer->limit))
		return -ENOBUFS;
	if (buffer->data != NULL && buffer->capacity - buffer->start >= need)
		return 0;
	buffer_move_to_front(buffer);
	if (buffer->data != NULL && buffer->capacity >= need)
		return 0;
	return buffer_grow(buffer, need);
}

char *buffer_reserve(struct buffer *buffer, size_t size)
{
	if (buffer_make_room(buffer, size) < 0)
		return NULL;
	return buffer_head(buffer) + buffer->length;
}

void buffer_commit(struct buffer *buffer, size_t size)
{
	buffer->length += size;
}

int buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	int result;

	if (size == 0)
		return 0;
	result = buffer_make_room(buffer, size);
	if (result < 0)
		return result;
	memcpy(buffer_head(buffer) + buffer->length, data, size);
	buffer->length += size;
	return 0;
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int length, result;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -EINVAL;
	if (buffer->limit > 0 && buffer->length + (size_t)length > buffer->limit)
		return -ENOBUFS;
	/* One byte more for the NUL, which may lie beyond the limit: it is not queued. */
	result = buffer_make_room(buffer, (size_t)length);
	if (result == 0 && buffer->capacity - buffer->start - buffer->length < (size_t)length + 1)
		result = buffer_grow(buffer, buffer->capacity + 1);
	if (result < 0)
		return result;
	va_start(arguments, format);
	vsnprintf(buffer_head(buffer) + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
	return 0;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
	if (size >= buffer->length) {
		buffer->start = 0;
		buffer->length = 0;
		return;
	}
	buffer->start += size;
	buffer->length -= size;
}

ssize_t buffer_read_fd(struct buffer *buffer, int fd, size_t most)
{
	char *room;
	ssize_t count;

	if (buffer->limit > 0 && most > buffer->limit - buffer->length)
		most = buffer->limit - buffer->length;
	if (most == 0)
		return -ENOBUFS;
	room = buffer_reserve(buffer, most);
	if (room == NULL)
		return -ENOMEM;
	do
		count = read(fd, room, most);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	buffer_commit(buffer, (size_t)count);
	return count;
}

ssize_t buffer_write_fd(struct buffer *buffer, int fd)
{
	ssize_t count;

	if (buffer->length == 0)
		return 0;
	do
		count = write(fd, buffer_head(buffer), buffer->length);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	buffer_consume(buffer, (size_t)count);
	return count;
}

void buffer_free(struct buffer *buffer)
{
	size_t limit = buffer->limit;

	free(buffer->data);
	*buffer = (struct buffer){ .limit = limit };
}
