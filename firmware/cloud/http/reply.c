/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/microversion.h"
#include "firmware/cloud/http/status.h"
#include "firmware/cloud/json.h"

void reply_reset(struct reply *reply)
{
	if (reply->fd >= 0)
		close(reply->fd);
	*reply = (struct reply){ .fd = -1 };
}

/* A fresh body; headers that were set stay. */
static struct reply *begin(struct request *request, int status, const char *content_type)
{
	struct reply *reply = request->reply;

	if (reply->fd >= 0)
		close(reply->fd);
	reply->fd = -1;
	reply->status = status;
	reply->content_type = content_type;
	reply->body = NULL;
	reply->length = reply->offset = 0;
	return reply;
}

int reply_text(struct request *request, int status, const char *content_type, const char *text)
{
	return reply_bytes(request, status, content_type, text, text ? strlen(text) : 0);
}

int reply_bytes(struct request *request, int status, const char *content_type, const char *bytes,
		size_t size)
{
	struct reply *reply = begin(request, status, content_type);

	if (!bytes)
		return -ENOMEM;
	reply->body = bytes;
	reply->length = size;
	return 0;
}

int reply_json(struct request *request, int status, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	size_t size;
	const char *text = json_write_sized(request->arena, root, &size);

	(void)doc;
	return reply_bytes(request, status, "application/json", text, size);
}

int reply_empty(struct request *request, int status)
{
	begin(request, status, NULL);
	return 0;
}

int reply_file(struct request *request, int status, const char *content_type, int fd,
	       uint64_t offset, uint64_t length)
{
	struct reply *reply = begin(request, status, content_type);

	reply->fd = fd;
	reply->offset = offset;
	reply->length = length;
	return 0;
}

/* Values come from handlers and may hold what a client sent: never a line of their own. */
static void flatten(char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			*value = ' ';
}

void reply_header(struct request *request, const char *name, const char *format, ...)
{
	struct reply *reply = request->reply;
	struct name_value *slot = NULL;
	va_list arguments;
	char *value;

	va_start(arguments, format);
	value = arena_vprintf(request->arena, format, arguments);
	va_end(arguments);
	if (!value)
		return;
	flatten(value);
	for (size_t i = 0; i < reply->header_count; i++)
		if (strcasecmp(reply->headers[i].name, name) == 0)
			slot = &reply->headers[i];
	if (!slot && reply->header_count < REPLY_HEADERS_MAX)
		slot = &reply->headers[reply->header_count++];
	if (slot)
		*slot = (struct name_value){ name, value };
}

static bool status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static void write_length(struct exchange *exchange, struct buffer *out)
{
	const struct reply *reply = &exchange->reply;

	if (!status_has_body(reply->status))
		return;
	if (reply->framing == REPLY_LENGTH)
		buffer_printf(out, "Content-Length: %llu\r\n", (unsigned long long)reply->length);
	else if (reply->framing == REPLY_CHUNKED)
		buffer_printf(out, "Transfer-Encoding: chunked\r\n");
}

static void write_connection(struct exchange *exchange, struct buffer *out)
{
	if (exchange->close_after)
		buffer_printf(out, "Connection: close\r\n");
	else if (exchange->head.minor == 0)
		buffer_printf(out, "Connection: keep-alive\r\n");
}

static void write_date(struct buffer *out)
{
	struct timespec now;
	struct tm parts;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	buffer_printf(out, "Date: %s\r\n", text);
}

void reply_common_headers(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	const char *type = request->service ? request->service->type : "";

	reply_header(request, "x-openstack-request-id", "%s", request->id);
	if (strcmp(type, "compute") == 0)
		reply_header(request, "x-compute-request-id", "%s", request->id);
	if (strcmp(type, "identity") == 0)
		reply_header(request, "Vary", "X-Auth-Token");
	if (request->service)
		microversion_echo(request);
	if (exchange->allow)
		reply_header(request, "Allow", "%s", exchange->allow);
}

int reply_write_head(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	struct buffer head = BUFFER_INIT;
	int result;

	reply_common_headers(exchange);
	/* A body that has not come to its end leaves no place to find the next request. */
	pthread_mutex_lock(&exchange->lock);
	if (!exchange->head.keep_alive || !exchange->body_end ||
	    reply->framing == REPLY_UNTIL_CLOSE)
		exchange->close_after = true;
	pthread_mutex_unlock(&exchange->lock);
	buffer_printf(&head, "HTTP/1.1 %d %s\r\n", reply->status, status_phrase(reply->status));
	write_date(&head);
	if (reply->content_type)
		buffer_printf(&head, "Content-Type: %s\r\n", reply->content_type);
	write_length(exchange, &head);
	write_connection(exchange, &head);
	for (size_t i = 0; i < reply->header_count; i++)
		buffer_printf(&head, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
	result = buffer_append(&head, "\r\n", 2);
	pthread_mutex_lock(&exchange->lock);
	if (result == 0)
		result = buffer_append(&exchange->out, buffer_head(&head), head.length);
	pthread_mutex_unlock(&exchange->lock);
	buffer_free(&head);
	return result;
}

int reply_stream_begin(struct request *request, int status, const char *content_type)
{
	struct exchange *exchange = request->exchange;
	struct reply *reply = begin(request, status, content_type);
	int result;

	reply->streamed = true;
	reply->framing = exchange->head.minor > 0 ? REPLY_CHUNKED : REPLY_UNTIL_CLOSE;
	result = reply_write_head(exchange);
	exchange_kick(exchange);
	return result;
}

int reply_stream_write(struct request *request, const void *data, size_t size)
{
	bool chunked = request->reply->framing == REPLY_CHUNKED;
	char line[24];
	int result = 0, length;

	if (size == 0 || strcmp(request->method, "HEAD") == 0)
		return 0;
	length = snprintf(line, sizeof(line), "%zx\r\n", size);
	if (chunked)
		result = exchange_write(request->exchange, line, (size_t)length);
	if (result == 0)
		result = exchange_write(request->exchange, data, size);
	if (result == 0 && chunked)
		result = exchange_write(request->exchange, "\r\n", 2);
	return result;
}
