/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest agent says, in pieces as the first byte has them: lines that come before the numbers have
 * met and after it. The conversation ends once, and never with a success that nobody gave. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/agent.h"

#define PIECE_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned ends;

static void on_end(struct agent_talk *talk, int result, const char *reason)
{
	if (talk->fd >= 0 || result > 0 || reason == NULL)
		abort();
	ends++;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1) < 0)
		abort();
	return fd;
}

/* The answer to our number, as an agent that is there gives it. */
static void greet(int fd, const struct agent_talk *talk)
{
	char line[64];
	int size = snprintf(line, sizeof(line), "\xff{\"return\":%lld}\n", (long long)talk->number);

	if (send(fd, line, (size_t)size, MSG_NOSIGNAL) != size)
		abort();
}

static void say(struct loop *loop, int fd, const uint8_t *data, size_t size, size_t piece)
{
	while (size > 0 && ends == 0) {
		size_t part = size < piece ? size : piece;

		if (send(fd, data, part, MSG_NOSIGNAL) != (ssize_t)part)
			return;
		loop_once(loop, 0);
		data += part;
		size -= part;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static struct loop *loop;
	static int listener = -1;
	struct agent_talk talk;
	CLEANUP_FD int fd = -1;

	if (loop == NULL && loop_new(&loop) < 0)
		abort();
	if (listener < 0) {
		snprintf(path, sizeof(path), "/tmp/fuzz-agent-%d", getpid());
		listener = listen_at(path);
	}
	ends = 0;
	if (size == 0 ||
	    agent_begin(&talk, loop, path, "{\"execute\":\"guest-ping\"}\n", on_end) < 0)
		return 0;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (data[0] & 0x80)
		greet(fd, &talk);
	say(loop, fd, data + 1, size - 1, data[0] % PIECE_MAX + 1);
	cleanup_close(&fd);
	while (ends == 0 && talk.fd >= 0)
		loop_once(loop, 0);
	if (ends != 1)
		abort();
	return 0;
}
