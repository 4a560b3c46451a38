/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of the box: the last lines of all processes, in memory alone. Lines are numbered from
 * 1; when the ring is full the oldest go. Sources are the pipes behind the standard error of
 * the processes; a source lives until the last holder of the pipe is gone.
 */
#ifndef CUMULET_INIT_LOG_RING_H
#define CUMULET_INIT_LOG_RING_H

#include "firmware/lib/arena.h"
#include "firmware/lib/loop.h"

#define LOG_RING_SIZE (128 * 1024)
#define LOG_LINE_MOST 2048 /* longer ones are split */
#define LOG_ANSWER_MOST (120 * 1024)

/* What else becomes of a line. */
enum log_copy { LOG_COPY_NONE, LOG_COPY_PROBLEMS, LOG_COPY_ALL };

struct log_ring {
	char data[LOG_RING_SIZE];
	size_t start, length;
	uint64_t first, next; /* numbers of the oldest line and of the one to come */
	int copy_fd;          /* not owned; -1: none */
	enum log_copy copy;   /* PROBLEMS: lines of level error and warning */
};

void log_ring_init(struct log_ring *ring);
/* Control characters become blanks. */
void log_ring_add(struct log_ring *ring, const char *line, size_t length);
/* Lines with numbers beyond 'after', the oldest first, at most 'most' (0: no limit but
 * LOG_ANSWER_MOST bytes); '*last' is the number of the last one, or 'after' if there is none. */
char *log_ring_text(const struct log_ring *ring, struct arena *arena, uint64_t after, uint32_t most,
		    uint64_t *last);

/* Follows a pipe: takes over 'fd', which must not block. */
int log_source_add(struct log_ring *ring, struct loop *loop, int fd);

#endif
