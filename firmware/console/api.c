/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/console/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/lib/log.h"

void api_init(struct api *api, struct loop *loop)
{
	*api = (struct api){ .loop = loop, .fd = -1, .in.limit = API_REPLY_MAX };
}

/* The value of Content-Length, 0 when there is none. */
static long header_length(const char *head)
{
	static const char name[] = "\r\nContent-Length:";
	const char *found = strcasestr(head, name);

	return found ? strtol(found + sizeof(name) - 1, NULL, 10) : 0;
}

ssize_t api_parse(const char *data, size_t size, int *status, const char **body, size_t *body_size)
{
	const char *end = memmem(data, size, "\r\n\r\n", 4);
	char head[8192];
	size_t head_size;
	long length;

	if (!end)
		return size >= sizeof(head) ? -EBADMSG : 0;
	head_size = (size_t)(end - data) + 4;
	if (head_size >= sizeof(head))
		return -EBADMSG;
	memcpy(head, data, head_size);
	head[head_size] = '\0';
	if (sscanf(head, "HTTP/1.1 %3d", status) != 1)
		return -EBADMSG;
	length = header_length(head);
	if (length < 0 || length > API_REPLY_MAX)
		return -EBADMSG;
	if (size - head_size < (size_t)length)
		return 0;
	*body = data + head_size;
	*body_size = (size_t)length;
	return (ssize_t)(head_size + (size_t)length);
}

static struct api_request take_first(struct api *api)
{
	struct api_request first = api->pending[0];

	memmove(api->pending, api->pending + 1, --api->count * sizeof(first));
	api->sent = false;
	free(first.head);
	return first;
}

static void send_next(struct api *api)
{
	if (api->fd < 0 || api->sent || !api->count)
		return;
	api->sent = true;
	buffer_append(&api->out, api->pending[0].head, strlen(api->pending[0].head));
	loop_fd_change(&api->handle, LOOP_READ | LOOP_WRITE);
}

static void drop_all(struct api *api)
{
	while (api->count) {
		struct api_request request = take_first(api);

		request.done(0, NULL, "the control plane is not there", request.context);
	}
}

static void answer(struct api *api, int status, const char *body, size_t size)
{
	struct api_request request = take_first(api);
	yyjson_doc *doc = size ? yyjson_read(body, size, 0) : NULL;
	char *text = strndup(body, size);

	request.done(status, yyjson_doc_get_root(doc), text ? text : "", request.context);
	free(text);
	yyjson_doc_free(doc);
}

static void take_replies(struct api *api)
{
	const char *body;
	size_t size;
	int status;

	while (api->count && api->sent) {
		ssize_t used =
			api_parse(buffer_head(&api->in), api->in.length, &status, &body, &size);

		if (used < 0) {
			log_error("console", "bad answer of the control plane", "bytes=%zu",
				  api->in.length);
			api_link(api, -1);
			return;
		}
		if (!used)
			return;
		/* 1xx are not the answer yet. */
		if (status >= 200)
			answer(api, status, body, size);
		if (api->fd < 0)
			return;
		buffer_consume(&api->in, (size_t)used);
	}
	send_next(api);
}

static void on_ready(struct loop_fd *handle, unsigned events)
{
	struct api *api = (struct api *)((char *)handle - offsetof(struct api, handle));
	ssize_t result = 0;

	if (events & LOOP_WRITE) {
		if (api->out.length)
			result = buffer_write_fd(&api->out, api->fd);
		if (!api->out.length)
			loop_fd_change(handle, LOOP_READ);
	}
	if (result >= 0 && (events & (LOOP_READ | LOOP_HANGUP))) {
		result = buffer_read_fd(&api->in, api->fd, 65536);
		if (result > 0)
			take_replies(api);
		else if (result == 0)
			result = -EPIPE;
	}
	if (result < 0 && result != -EAGAIN && api->fd >= 0)
		api_link(api, -1);
}

void api_link(struct api *api, int fd)
{
	if (api->fd >= 0) {
		loop_fd_stop(&api->handle);
		close(api->fd);
	}
	api->fd = fd;
	buffer_consume(&api->in, api->in.length);
	buffer_consume(&api->out, api->out.length);
	drop_all(api);
	if (fd >= 0 && loop_fd_start(api->loop, &api->handle, fd, LOOP_READ, on_ready) < 0) {
		close(fd);
		api->fd = -1;
	}
}

int api_send(struct api *api, const char *method, const char *path, const char *body,
	     api_done *done, void *context)
{
	struct api_request *request;

	if (api->fd < 0)
		return -ENOTCONN;
	if (api->count == API_PENDING_MAX)
		return -EBUSY;
	request = &api->pending[api->count];
	if (asprintf(&request->head,
		     "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		     "X-OpenStack-Nova-API-Version: 2.1\r\nContent-Length: %zu\r\n\r\n%s",
		     method, path, body ? strlen(body) : 0, body ? body : "") < 0)
		return -ENOMEM;
	request->done = done;
	request->context = context;
	api->count++;
	send_next(api);
	return 0;
}
