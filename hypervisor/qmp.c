/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/qmp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/socket_path.h"

#define OUT_MAX 65536
#define READ_SIZE 16384

static void lose(struct qmp *qmp, const char *reason)
{
	if (qmp->fd < 0)
		return;
	qmp_close(qmp);
	qmp->handler->on_lost(qmp, reason);
}

/* ---- time-outs ---- */

static void on_timeout(struct loop_timer *timer)
{
	struct qmp *qmp = container_of(timer, struct qmp, timer);

	if (qmp->hung)
		return;
	qmp->hung = true;
	qmp->handler->on_hung(qmp);
}

static void timer_arm(struct qmp *qmp)
{
	loop_timer_stop(&qmp->timer);
	if (qmp->answered != qmp->sent)
		loop_timer_start(qmp->loop, &qmp->timer, qmp->timeout_ms, on_timeout);
}

/* ---- lines ---- */

static void take_answer(struct qmp *qmp, const struct qmp_message *message)
{
	if (message->id != 0 && message->id <= qmp->sent)
		qmp->answered = message->id;
	qmp->hung = false;
	timer_arm(qmp);
	if (message->kind == QMP_ERROR)
		log_warning("qmp", "command refused", "reason=%s", log_quote(message->description));
	if (message->kind == QMP_RETURN && message->status[0] != '\0' && !qmp->ready) {
		qmp->ready = true;
		qmp->handler->on_ready(qmp, qmp->version, message->status);
	} else if (qmp->ready && qmp->handler->on_answer != NULL) {
		qmp->handler->on_answer(qmp, message);
	}
}

static void take_line(struct qmp *qmp, const char *line, size_t size)
{
	struct qmp_message message;
	struct error error;

	if (qmp_parse(line, size, &message, &error) < 0) {
		lose(qmp, error.message);
		return;
	}
	switch (message.kind) {
	case QMP_GREETING:
		snprintf(qmp->version, sizeof(qmp->version), "%s", message.version);
		qmp_send(qmp, "qmp_capabilities");
		qmp_send(qmp, "query-status");
		break;
	case QMP_EVENT:
		qmp->handler->on_event(qmp, &message);
		break;
	case QMP_RETURN:
	case QMP_ERROR:
		take_answer(qmp, &message);
		break;
	}
}

/* A handler may close the connection: then there is nothing left to look at. */
static void take_lines(struct qmp *qmp)
{
	while (qmp->fd >= 0 && qmp->in.length > 0) {
		const char *head = buffer_head(&qmp->in);
		const char *end = memchr(head, '\n', qmp->in.length);
		size_t size;
		CLEANUP_FREE char *line = NULL;

		if (end == NULL)
			return;
		size = (size_t)(end - head);
		line = strndup(head, size);
		buffer_consume(&qmp->in, size + 1);
		if (line == NULL)
			lose(qmp, "out of memory");
		else if (size > 0 && line[0] != '\r')
			take_line(qmp, line, strlen(line));
	}
}

/* ---- the socket ---- */

static void flush(struct qmp *qmp)
{
	ssize_t moved = 0;

	while (qmp->out.length > 0 && moved >= 0)
		moved = buffer_write_fd(&qmp->out, qmp->fd);
	if (moved < 0 && moved != -EAGAIN)
		return; /* the reading side finds out and reports */
	loop_fd_change(&qmp->handle, LOOP_READ | (qmp->out.length > 0 ? LOOP_WRITE : 0));
}

static void on_socket(struct loop_fd *handle, unsigned events)
{
	struct qmp *qmp = container_of(handle, struct qmp, handle);
	ssize_t moved;

	if (events & LOOP_WRITE)
		flush(qmp);
	if (!(events & (LOOP_READ | LOOP_HANGUP)))
		return;
	moved = buffer_read_fd(&qmp->in, qmp->fd, READ_SIZE);
	if (moved == -EAGAIN || moved == -EINTR)
		return;
	if (moved <= 0)
		lose(qmp, moved == 0 ? "connection closed" : strerror((int)-moved));
	else
		take_lines(qmp);
}

int qmp_open(struct qmp *qmp, struct loop *loop, const char *path,
	     const struct qmp_handler *handler)
{
	int fd = socket_path_connect(path), result;

	*qmp = (struct qmp){
		.loop = loop, .fd = -1, .timeout_ms = QMP_TIMEOUT_MS, .handler = handler
	};
	qmp->in.limit = QMP_LINE_MAX + READ_SIZE;
	qmp->out.limit = OUT_MAX;
	if (fd < 0)
		return fd;
	result = loop_fd_start(loop, &qmp->handle, fd, LOOP_READ, on_socket);
	if (result < 0) {
		close(fd);
		return result;
	}
	qmp->fd = fd;
	return 0;
}

void qmp_close(struct qmp *qmp)
{
	if (qmp->fd < 0)
		return;
	loop_fd_stop(&qmp->handle);
	loop_timer_stop(&qmp->timer);
	close(qmp->fd);
	qmp->fd = -1;
	qmp->ready = false;
	buffer_free(&qmp->in);
	buffer_free(&qmp->out);
}

static void sent(struct qmp *qmp)
{
	qmp->sent++;
	if (!qmp->timer.running)
		timer_arm(qmp);
}

int qmp_send_with(struct qmp *qmp, const char *command, const char *arguments)
{
	int result;

	if (qmp->fd < 0)
		return -ENOTCONN;
	result = buffer_printf(&qmp->out, "{\"execute\":\"%s\"%s%s,\"id\":%u}\n", command,
			       arguments != NULL ? ",\"arguments\":" : "",
			       arguments != NULL ? arguments : "", qmp->sent + 1);
	if (result < 0)
		return result;
	sent(qmp);
	flush(qmp);
	return 0;
}

int qmp_send(struct qmp *qmp, const char *command)
{
	return qmp_send_with(qmp, command, NULL);
}

/* A descriptor travels with the first byte of its command; a line this short leaves whole. */
int qmp_send_fd(struct qmp *qmp, const char *command, const char *arguments, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char line[512];
	struct iovec part = { .iov_base = line };
	struct msghdr header = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

	if (qmp->fd < 0)
		return -ENOTCONN;
	if (qmp->out.length > 0)
		return -EAGAIN;
	part.iov_len = (size_t)snprintf(line, sizeof(line),
					"{\"execute\":\"%s\",\"arguments\":%s,\"id\":%u}\n",
					command, arguments, qmp->sent + 1);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	if (sendmsg(qmp->fd, &header, MSG_NOSIGNAL) != (ssize_t)part.iov_len)
		return -EAGAIN;
	sent(qmp);
	return 0;
}
