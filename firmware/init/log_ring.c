/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/log_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

void log_ring_init(struct log_ring *ring)
{
	ring->start = ring->length = 0;
	ring->first = ring->next = 1;
	ring->copy_fd = -1;
	ring->copy = LOG_COPY_NONE;
}

static char ring_byte(const struct log_ring *ring, size_t offset)
{
	return ring->data[(ring->start + offset) % LOG_RING_SIZE];
}

/* Bytes of the line that begins at 'offset', its newline included. */
static size_t line_length(const struct log_ring *ring, size_t offset)
{
	size_t end = offset;

	while (end < ring->length && ring_byte(ring, end) != '\n')
		end++;
	return end + 1 - offset;
}

static void oldest_drop(struct log_ring *ring)
{
	size_t length = line_length(ring, 0);

	ring->start = (ring->start + length) % LOG_RING_SIZE;
	ring->length -= length;
	ring->first++;
}

static void byte_put(struct log_ring *ring, char byte)
{
	ring->data[(ring->start + ring->length++) % LOG_RING_SIZE] = byte;
}

/* Our own lines carry their level behind the time stamp of 24 characters; all else that comes
 * out of a process's standard error is a problem. */
static bool line_is_problem(const char *line, size_t length)
{
	if (length < 32 || line[10] != 'T' || line[23] != 'Z')
		return true;
	return strncmp(line + 25, "error", 5) == 0 || strncmp(line + 25, "warning", 7) == 0;
}

static void line_copy(const struct log_ring *ring, const char *line, size_t length)
{
	if (ring->copy_fd < 0 || ring->copy == LOG_COPY_NONE)
		return;
	if (ring->copy == LOG_COPY_PROBLEMS && !line_is_problem(line, length))
		return;
	(void)!write(ring->copy_fd, line, length);
}

void log_ring_add(struct log_ring *ring, const char *line, size_t length)
{
	char clean[LOG_LINE_MOST + 1];

	if (length > LOG_LINE_MOST)
		length = LOG_LINE_MOST;
	for (size_t i = 0; i < length; i++)
		clean[i] = (unsigned char)line[i] < ' ' || line[i] == 0x7f ? ' ' : line[i];
	clean[length++] = '\n';
	while (LOG_RING_SIZE - ring->length < length)
		oldest_drop(ring);
	for (size_t i = 0; i < length; i++)
		byte_put(ring, clean[i]);
	ring->next++;
	line_copy(ring, clean, length);
}

char *log_ring_text(const struct log_ring *ring, struct arena *arena, uint64_t after, uint32_t most,
		    uint64_t *last)
{
	size_t offset = 0, end, size;
	uint32_t count = 0;
	uint64_t number = ring->first;
	char *text;

	for (; number <= after && offset < ring->length; number++)
		offset += line_length(ring, offset);
	*last = after;
	for (end = offset; end < ring->length && (most == 0 || count < most); count++) {
		size = line_length(ring, end);
		if (end + size - offset > LOG_ANSWER_MOST)
			break;
		end += size;
		*last = number++;
	}
	text = arena_alloc(arena, end - offset + 1);
	for (size_t i = 0; text != NULL && offset + i < end; i++)
		text[i] = ring_byte(ring, offset + i);
	return text;
}

/* ---- sources ---- */

struct log_source {
	struct loop_fd handle;
	struct log_ring *ring;
	size_t length;
	char line[LOG_LINE_MOST];
};

static void source_flush(struct log_source *source)
{
	if (source->length > 0)
		log_ring_add(source->ring, source->line, source->length);
	source->length = 0;
}

static void source_take(struct log_source *source, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' || source->length == sizeof(source->line))
			source_flush(source);
		if (data[i] != '\n')
			source->line[source->length++] = data[i];
	}
}

static void source_end(struct log_source *source)
{
	source_flush(source);
	loop_fd_stop(&source->handle);
	close(source->handle.fd);
	free(source);
}

static void source_callback(struct loop_fd *handle, unsigned events)
{
	struct log_source *source = container_of(handle, struct log_source, handle);
	char data[4096];
	ssize_t size = read(handle->fd, data, sizeof(data));

	(void)events;
	if (size > 0)
		source_take(source, data, (size_t)size);
	else if (size == 0 || (errno != EAGAIN && errno != EINTR))
		source_end(source);
}

int log_source_add(struct log_ring *ring, struct loop *loop, int fd)
{
	struct log_source *source = calloc(1, sizeof(*source));
	int result = -ENOMEM;

	if (source != NULL) {
		source->ring = ring;
		result = loop_fd_start(loop, &source->handle, fd, LOOP_READ, source_callback);
	}
	if (result < 0) {
		free(source);
		close(fd);
	}
	return result;
}
