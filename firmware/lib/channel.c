/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channels: messages over a SOCK_SEQPACKET socket. The contract is in message.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/message.h"
#include "firmware/lib/message_internal.h"

/* A packet that waits for room in the socket. */
struct channel_packet {
	struct channel_packet *next;
	int fds[MESSAGE_FDS_MAX];
	size_t fd_count;
	size_t size;
	uint8_t data[];
};

union fd_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
};

static void fds_close(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* ---- sending ---- */

static void fds_attach(struct msghdr *packet, union fd_control *control, const int *fds,
		       size_t count)
{
	struct cmsghdr *header = &control->header;

	if (count == 0)
		return;
	memset(control, 0, sizeof(*control));
	packet->msg_control = control;
	packet->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
}

/* 0, -EAGAIN when the socket is full, or another negative errno. */
static int packet_send(int fd, struct iovec *parts, size_t count, const int *fds, size_t fd_count)
{
	struct msghdr packet = { .msg_iov = parts, .msg_iovlen = count };
	union fd_control control;
	ssize_t sent;

	fds_attach(&packet, &control, fds, fd_count);
	do
		sent = sendmsg(fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	return errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno;
}

static void packet_free(struct channel_packet *packet)
{
	fds_close(packet->fds, packet->fd_count);
	free(packet);
}

static int packet_copy_fds(struct channel_packet *packet, const int *fds, size_t count)
{
	for (; packet->fd_count < count; packet->fd_count++) {
		int copy = fcntl(fds[packet->fd_count], F_DUPFD_CLOEXEC, 0);

		if (copy < 0)
			return -errno;
		packet->fds[packet->fd_count] = copy;
	}
	return 0;
}

static int packet_queue(struct channel *channel, const struct message *message,
			const uint8_t *header)
{
	size_t size = MESSAGE_HEADER_SIZE + message->body_size;
	struct channel_packet *packet;
	int result;

	if (channel->queued + size > CHANNEL_QUEUE_MAX)
		return -ENOBUFS;
	packet = calloc(1, sizeof(*packet) + size);
	if (packet == NULL)
		return -ENOBUFS;
	packet->size = size;
	memcpy(packet->data, header, MESSAGE_HEADER_SIZE);
	if (message->body_size > 0)
		memcpy(packet->data + MESSAGE_HEADER_SIZE, message->body, message->body_size);
	result = packet_copy_fds(packet, message->fds, message->fd_count);
	if (result < 0) {
		packet_free(packet);
		return result;
	}
	*channel->queue_tail = packet;
	channel->queue_tail = &packet->next;
	channel->queued += size;
	return loop_fd_change(&channel->handle, LOOP_READ | LOOP_WRITE);
}

static void queue_pop(struct channel *channel)
{
	struct channel_packet *packet = channel->queue;

	channel->queue = packet->next;
	if (channel->queue == NULL)
		channel->queue_tail = &channel->queue;
	channel->queued -= packet->size;
	packet_free(packet);
}

static void queue_flush(struct channel *channel)
{
	while (channel->queue != NULL) {
		struct channel_packet *packet = channel->queue;
		struct iovec part = { packet->data, packet->size };
		int result = packet_send(channel->fd, &part, 1, packet->fds, packet->fd_count);

		if (result == -EAGAIN)
			return;
		/* Other failures: the peer is gone, which the read side finds out. */
		queue_pop(channel);
	}
	loop_fd_change(&channel->handle, LOOP_READ);
}

int64_t channel_send(struct channel *channel, struct message *message)
{
	uint8_t header[MESSAGE_HEADER_SIZE];
	struct iovec parts[] = { { header, sizeof(header) },
				 { (void *)message->body, message->body_size } };
	int result = -EAGAIN;

	if (channel->fd < 0)
		return -ENOTCONN;
	if (message->body_size > MESSAGE_MAX - MESSAGE_HEADER_SIZE ||
	    message->fd_count > MESSAGE_FDS_MAX)
		return -EMSGSIZE;
	if (++channel->serial == 0)
		channel->serial = 1;
	message->serial = channel->serial;
	message_header_write(message, header);
	if (channel->queue == NULL)
		result = packet_send(channel->fd, parts, ARRAY_LENGTH(parts), message->fds,
				     message->fd_count);
	if (result == -EAGAIN)
		result = packet_queue(channel, message, header);
	return result < 0 ? result : (int64_t)message->serial;
}

int64_t channel_send_struct(struct channel *channel, uint16_t type, uint32_t reply_to,
			    const struct field *fields, const void *value, int fd)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct message message = { .type = type, .reply_to = reply_to };
	int result;

	if (fields != NULL) {
		result = message_encode(&arena, &message, fields, value);
		if (result < 0)
			return result;
	}
	if (fd >= 0)
		message.fds[message.fd_count++] = fd;
	return channel_send(channel, &message);
}

/* ---- receiving ---- */

static void fds_collect(struct msghdr *packet, struct message *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(packet); header != NULL;
	     header = CMSG_NXTHDR(packet, header)) {
		size_t count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fds, CMSG_DATA(header), count * sizeof(int));
		message->fd_count = count;
	}
}

/* Bytes received, 0 at the end, -EAGAIN, or another negative errno. */
static ssize_t packet_receive(int fd, void *data, size_t size, struct message *message)
{
	struct iovec part = { data, size };
	union fd_control control;
	struct msghdr packet = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) };
	ssize_t received;

	do
		received = recvmsg(fd, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return errno == ECONNRESET ? 0 : -errno;
	fds_collect(&packet, message);
	return packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : received;
}

static void channel_lost(struct channel *channel)
{
	void (*on_close)(struct channel *, void *) = channel->handler->on_close;

	channel_close(channel);
	if (on_close != NULL)
		on_close(channel, channel->context);
}

static void channel_bad(struct channel *channel, const char *reason)
{
	log_error("message", "channel closed after a bad message", "channel=%s reason=%s",
		  channel->name, log_quote(reason));
	channel_lost(channel);
}

/* One message a turn: the handler may close the channel or free what it lives in. */
static void channel_read(struct channel *channel)
{
	static _Thread_local _Alignas(8) uint8_t data[MESSAGE_MAX];
	struct message message = { 0 };
	struct error error;
	ssize_t size = packet_receive(channel->fd, data, sizeof(data), &message);

	if (size == -EAGAIN)
		return;
	if (size == 0)
		channel_lost(channel);
	else if (size < 0)
		channel_bad(channel, strerror((int)-size));
	else if (message_parse(data, (size_t)size, &message, &error) < 0)
		channel_bad(channel, error.message);
	else
		channel->handler->on_message(channel, &message, channel->context);
	fds_close(message.fds, message.fd_count);
}

static void channel_callback(struct loop_fd *handle, unsigned events)
{
	struct channel *channel = container_of(handle, struct channel, handle);

	if (events & LOOP_WRITE)
		queue_flush(channel);
	if (events & LOOP_READ)
		channel_read(channel);
}

/* ---- life ---- */

int channel_open(struct channel *channel, struct loop *loop, int fd, const char *name,
		 const struct channel_handler *handler, void *context)
{
	int result;

	*channel =
		(struct channel){ .fd = fd, .handler = handler, .context = context, .name = name };
	channel->queue_tail = &channel->queue;
	result = loop_fd_start(loop, &channel->handle, fd, LOOP_READ, channel_callback);
	if (result < 0)
		channel->fd = -1;
	return result;
}

void channel_close(struct channel *channel)
{
	if (channel->fd < 0)
		return;
	loop_fd_stop(&channel->handle);
	close(fd_take(&channel->fd));
	while (channel->queue != NULL)
		queue_pop(channel);
}
