/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/link.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/call.h"
#include "firmware/lib/log.h"

struct link {
	struct loop *loop;
	enum role peer;
	struct channel channel;
	struct call_table calls;
	struct link_observer *observers;
};

struct link *link_new(struct loop *loop, enum role peer)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->loop = loop;
	link->peer = peer;
	link->channel.fd = -1;
	call_table_init(&link->calls);
	return link;
}

bool link_is_up(struct link *link)
{
	return channel_is_open(&link->channel);
}

void link_observe(struct link *link, struct link_observer *observer)
{
	struct link_observer **end = &link->observers;

	while (*end)
		end = &(*end)->next;
	observer->next = NULL;
	*end = observer;
	if (link_is_up(link) && observer->on_up)
		observer->on_up(link, observer->context);
}

static void went_down(struct link *link)
{
	call_table_fail(&link->calls);
	for (struct link_observer *observer = link->observers; observer; observer = observer->next)
		if (observer->on_down)
			observer->on_down(link, observer->context);
}

static void on_message(struct channel *channel, struct message *message, void *context)
{
	struct link *link = context;
	bool taken = call_answer(&link->calls, message);

	(void)channel;
	if (taken)
		return;
	/* All of them see it: what the host is, for one, is of interest to several. */
	for (struct link_observer *observer = link->observers; observer; observer = observer->next)
		if (observer->on_message && observer->on_message(link, message, observer->context))
			taken = true;
	if (!taken && !message->reply_to)
		log_debug("link", "message for nobody", "peer=%s type=%u", role_name(link->peer),
			  message->type);
}

static void on_close(struct channel *channel, void *context)
{
	struct link *link = context;

	(void)channel;
	log_info("link", "peer has gone", "peer=%s", role_name(link->peer));
	went_down(link);
}

static const struct channel_handler handler = { on_message, on_close };

void link_attach(struct link *link, int fd)
{
	if (link_is_up(link)) {
		channel_close(&link->channel);
		went_down(link);
	}
	if (channel_open(&link->channel, link->loop, fd, role_name(link->peer), &handler, link) <
	    0) {
		log_error("link", "peer not attached", "peer=%s", role_name(link->peer));
		return;
	}
	log_info("link", "peer is there", "peer=%s", role_name(link->peer));
	for (struct link_observer *observer = link->observers; observer; observer = observer->next)
		if (observer->on_up)
			observer->on_up(link, observer->context);
}

void link_free(struct link *link)
{
	if (!link)
		return;
	if (link_is_up(link))
		channel_close(&link->channel);
	call_table_fail(&link->calls);
	free(link);
}

int64_t link_send(struct link *link, uint16_t type, const struct field *fields, const void *value,
		  int fd)
{
	return channel_send_struct(&link->channel, type, 0, fields, value, fd);
}

int64_t link_reply(struct link *link, const struct message *to, uint16_t type,
		   const struct field *fields, const void *value, int fd)
{
	return channel_send_struct(&link->channel, type, to->serial, fields, value, fd);
}

static struct call_options options_for(struct link *link, uint16_t type, const struct field *fields,
				       const void *value, int fd)
{
	return (struct call_options){ .table = &link->calls,
				      .loop = link->loop,
				      .channel = &link->channel,
				      .type = type,
				      .fields = fields,
				      .value = value,
				      .fd = fd };
}

int link_call(struct link *link, struct arena *arena, uint16_t type, const struct field *fields,
	      const void *value, int fd, unsigned timeout_ms, struct message *reply, int *reply_fd,
	      struct error *error)
{
	struct call_options options = options_for(link, type, fields, value, fd);
	int result;

	options.timeout_ms = timeout_ms;
	result = call_run(&options, arena, reply, reply_fd, error);
	return result < 0 ? error_prefix(error, "%s", role_name(link->peer)) : 0;
}

int link_ask(struct link *link, uint16_t type, const struct field *fields, const void *value,
	     int fd, struct call **call, struct error *error)
{
	const struct call_options options = options_for(link, type, fields, value, fd);

	return call_begin(&options, call, error);
}

int link_answer(struct call *call, unsigned timeout_ms, struct arena *arena, struct message *reply,
		struct error *error)
{
	return call_end(call, timeout_ms, arena, reply, NULL, error);
}
