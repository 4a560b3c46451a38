/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/fetch/transfer.h"

int64_t transfer_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int transfer_wait(const struct transfer *transfer, int fd, short events, int64_t most_ms)
{
	int64_t end = transfer_now() + most_ms, left;
	/* Nothing is asked of the output: poll tells by itself when its reader has gone. */
	struct pollfd ready[] = { { .fd = fd, .events = events }, { .fd = transfer->output } };

	if (end > transfer->end_ms)
		end = transfer->end_ms;
	while ((left = end - transfer_now()) > 0) {
		int count = poll(ready, 2, (int)(left < 60000 ? left : 60000));

		if (count < 0 && errno != EINTR)
			return -errno;
		if (count > 0 && ready[1].revents)
			return -EPIPE;
		if (count > 0)
			return 0;
	}
	return -ETIMEDOUT;
}

/* Somebody takes the bytes at a pace of his own: only the end of all bounds it. */
static int room_wait(const struct transfer *transfer)
{
	struct pollfd room = { .fd = transfer->output, .events = POLLOUT };

	if (transfer_now() >= transfer->end_ms)
		return -ETIMEDOUT;
	return poll(&room, 1, 1000) < 0 && errno != EINTR ? -errno : 0;
}

int transfer_write(struct transfer *transfer, const char *data, size_t size, struct error *error)
{
	while (size > 0) {
		ssize_t written = write(transfer->output, data, size);
		int result = 0;

		if (written < 0)
			result = errno == EAGAIN || errno == EINTR ? room_wait(transfer) : -errno;
		if (result < 0)
			return error_set(error, result, "%s",
					 result == -ETIMEDOUT ? "the transfer took too long"
							      : "nobody takes the bytes");
		if (written > 0) {
			data += written;
			size -= (size_t)written;
			transfer->size += (size_t)written;
		}
	}
	return 0;
}
