/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/direct.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/exchange.h"

static void add_field(struct head *head, const char *name, const char *value)
{
	if (value && head->count < HEAD_FIELDS_MAX)
		head->fields[head->count++] = (struct name_value){ name, value };
}

static void fill_head(struct head *head, const struct direct_request *from, size_t body_size)
{
	head->method = from->method;
	head->target = from->target;
	head->minor = 1;
	head->keep_alive = true;
	head->content_length = body_size;
	add_field(head, "X-Auth-Token", from->token);
	for (const struct name_value *field = from->headers; field && field->name; field++)
		add_field(head, field->name, field->value);
	add_field(head, "Host", "localhost"); /* where none is given */
}

static int copy_headers(struct arena *arena, const struct reply *from, struct direct_reply *to)
{
	struct name_value *list = arena_alloc(arena, (from->header_count + 1) * sizeof(*list));

	for (size_t i = 0; list && i < from->header_count; i++) {
		list[i].name = arena_strdup(arena, from->headers[i].name);
		list[i].value = arena_strdup(arena, from->headers[i].value);
	}
	to->headers = list;
	return list ? 0 : -ENOMEM;
}

/* A body that was streamed stands in 'out', behind the head. */
static void copy_streamed(struct arena *arena, struct exchange *exchange, struct direct_reply *to)
{
	char *out = buffer_head(&exchange->out), *body;

	body = memmem(out, exchange->out.length, "\r\n\r\n", 4);
	if (!body)
		return;
	to->body_size = exchange->out.length - (size_t)(body + 4 - out);
	to->body = arena_strndup(arena, body + 4, to->body_size);
}

static int copy_reply(struct arena *arena, struct exchange *exchange, struct direct_reply *to)
{
	struct reply *from = &exchange->reply;

	*to = (struct direct_reply){
		.status = from->status,
		.content_type = arena_strdup(arena, from->content_type),
		.fd = from->fd,
		.offset = from->offset,
		.length = from->length,
	};
	from->fd = -1;
	if (from->streamed)
		copy_streamed(arena, exchange, to);
	else if (from->body)
		to->body = arena_strndup(arena, from->body, to->body_size = from->length);
	if (copy_headers(arena, from, to) < 0)
		return -ENOMEM;
	return arena->failed ? -ENOMEM : 0;
}

int direct_run(struct cloud *cloud, const struct service *const *list, struct arena *arena,
	       const struct direct_request *from, struct direct_reply *reply)
{
	struct exchange *exchange = exchange_new(cloud, NULL);
	size_t size = from->body_size;
	int result;

	if (!exchange)
		return -ENOMEM;
	if (size == SIZE_MAX)
		size = from->body ? strlen(from->body) : 0;
	fill_head(&exchange->head, from, size);
	exchange->local = from->operator;
	exchange_prepare(exchange, list ? list : services);
	if (size && exchange->refusal.code == 0)
		exchange_body_append(exchange, from->body, size);
	exchange_body_finish(exchange, 0);
	if (exchange->refusal.code)
		exchange_refuse(exchange);
	else
		exchange_run(exchange);
	reply_common_headers(exchange);
	result = copy_reply(arena, exchange, reply);
	exchange_release(exchange);
	return result;
}

const char *direct_header(const struct direct_reply *reply, const char *name)
{
	for (const struct name_value *field = reply->headers; field && field->name; field++)
		if (strcasecmp(field->name, name) == 0)
			return field->value;
	return NULL;
}
