/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/qmp.h"
#include "hypervisor/socket_path.h"

#define READ_SIZE 4096
#define DELIMITER '\xff'
#define NUMBER_MASK 0x3fffffff /* what every agent takes for an integer */

static void command_wipe(struct agent_talk *talk)
{
	if (talk->command != NULL) {
		explicit_bzero(talk->command, strlen(talk->command));
		free(talk->command);
	}
	talk->command = NULL;
}

void agent_close(struct agent_talk *talk)
{
	command_wipe(talk);
	if (talk->fd < 0)
		return;
	loop_fd_stop(&talk->handle);
	loop_timer_stop(&talk->timer);
	close(talk->fd);
	talk->fd = -1;
	buffer_free(&talk->in);
}

static void end(struct agent_talk *talk, int result, const char *reason)
{
	agent_close(talk);
	talk->on_end(talk, result, reason);
}

static void on_timeout(struct loop_timer *timer)
{
	end(container_of(timer, struct agent_talk, timer), -ETIMEDOUT, "The agent does not answer");
}

/* Commands are short and the socket's buffer is empty: what does not leave at once has no reader. */
static int line_send(const struct agent_talk *talk, const char *line, size_t size)
{
	ssize_t moved = send(talk->fd, line, size, MSG_NOSIGNAL | MSG_DONTWAIT);

	return moved == (ssize_t)size ? 0 : -EIO;
}

static int sync_send(struct agent_talk *talk)
{
	char line[128];
	int size =
		snprintf(line, sizeof(line),
			 "%c{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%lld}}\n",
			 DELIMITER, (long long)talk->number);

	return line_send(talk, line, (size_t)size);
}

static void command_send(struct agent_talk *talk)
{
	int result = line_send(talk, talk->command, strlen(talk->command));

	command_wipe(talk);
	if (result < 0)
		end(talk, result, "The agent does not read");
}

/* Before the numbers have met, whatever is not the answer to ours is from an earlier conversation. */
static void take_line(struct agent_talk *talk, const char *line, size_t size)
{
	struct qmp_message message;
	struct error error;
	bool good = qmp_parse(line, size, &message, &error) == 0;

	if (!talk->synchronized) {
		talk->synchronized =
			good && message.kind == QMP_RETURN && message.number == talk->number;
		if (talk->synchronized)
			command_send(talk);
		return;
	}
	if (!good)
		end(talk, -EBADMSG, error.message);
	else if (message.kind == QMP_ERROR)
		end(talk, -EIO, message.description);
	else if (message.kind == QMP_RETURN)
		end(talk, 0, "");
}

static void take_lines(struct agent_talk *talk)
{
	const char *head, *newline;

	while (talk->fd >= 0 && talk->in.length > 0) {
		char line[AGENT_LINE_MAX + 1];
		size_t size, skip;

		head = buffer_head(&talk->in);
		newline = memchr(head, '\n', talk->in.length);
		if (newline == NULL)
			return;
		size = (size_t)(newline - head);
		for (skip = 0; skip < size && head[skip] == DELIMITER; skip++)
			;
		memcpy(line, head + skip, size - skip);
		buffer_consume(&talk->in, size + 1);
		if (size > skip)
			take_line(talk, line, size - skip);
	}
}

static void on_socket(struct loop_fd *handle, unsigned events)
{
	struct agent_talk *talk = container_of(handle, struct agent_talk, handle);
	ssize_t moved = buffer_read_fd(&talk->in, talk->fd, READ_SIZE);

	(void)events;
	if (moved == -EAGAIN || moved == -EINTR)
		return;
	if (moved <= 0)
		end(talk, moved == 0 ? -EPIPE : (int)moved, "The agent's line was closed");
	else
		take_lines(talk);
}

int agent_begin(struct agent_talk *talk, struct loop *loop, const char *path, const char *line,
		agent_end_function on_end)
{
	uint32_t number = 0;
	int fd, result;

	*talk = (struct agent_talk){ .loop = loop, .fd = -1, .on_end = on_end };
	if (getrandom(&number, sizeof(number), 0) < 0)
		return -errno;
	talk->number = number & NUMBER_MASK;
	fd = socket_path_connect(path);
	if (fd < 0)
		return fd;
	talk->in.limit = AGENT_LINE_MAX;
	result = loop_fd_start(loop, &talk->handle, fd, LOOP_READ, on_socket);
	if (result < 0) {
		close(fd);
		return result;
	}
	talk->fd = fd;
	loop_timer_start(loop, &talk->timer, AGENT_TIMEOUT_MS, on_timeout);
	talk->command = strdup(line);
	result = talk->command == NULL ? -ENOMEM : sync_send(talk);
	if (result < 0)
		agent_close(talk);
	return result;
}
