/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/role.h"

#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",       [ROLE_INIT] = "init",   [ROLE_CLOUD] = "cloud",
	[ROLE_VMM] = "vmm",         [ROLE_NETD] = "netd",   [ROLE_SVC] = "svc",
	[ROLE_CONSOLE] = "console", [ROLE_FETCH] = "fetch",
};

const char *role_name(enum role role)
{
	return (unsigned)role < ROLE_COUNT ? role_names[role] : role_names[ROLE_NONE];
}

enum role role_by_name(const char *name)
{
	for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
		if (strcmp(role_names[role], name) == 0)
			return role;
	return ROLE_NONE;
}

const struct field control_link_fields[] = {
	FIELD(1, FIELD_U32, struct control_link, peer, true),
	FIELD(2, FIELD_U32, struct control_link, plane, true),
	FIELD_END,
};

const struct field control_power_fields[] = {
	FIELD(1, FIELD_STRING, struct control_power, action, true),
	FIELD_END,
};

const struct field control_log_get_fields[] = {
	FIELD(1, FIELD_U64, struct control_log_get, after, false),
	FIELD(2, FIELD_U32, struct control_log_get, most, false),
	FIELD_END,
};

const struct field control_log_fields[] = {
	FIELD(1, FIELD_U64, struct control_log, last, false),
	FIELD(2, FIELD_TEXT, struct control_log, text, false),
	FIELD_END,
};

const struct field control_log_level_fields[] = {
	FIELD(1, FIELD_STRING, struct control_log_level, module, true),
	FIELD(2, FIELD_STRING, struct control_log_level, level, true),
	FIELD_END,
};

/* A process is one role: what it attached with. */
static struct {
	struct channel channel;
	const struct role_handler *handler;
	void *context;
} attached;

static void link_receive(struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct control_link link = { 0 };
	struct error error;
	int fd;

	if (message_decode(&arena, message, control_link_fields, &link, &error) < 0) {
		log_error("role", "bad link message", "reason=%s", log_quote(error.message));
		return;
	}
	fd = message_take_fd(message, 0);
	if (fd < 0)
		return;
	if (link.peer >= ROLE_COUNT || attached.handler->on_link == NULL) {
		close(fd);
		return;
	}
	log_debug("role", "link has come", "peer=%s plane=%u", role_name(link.peer), link.plane);
	attached.handler->on_link(link.peer, link.plane, fd, attached.context);
}

static void level_receive(const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct control_log_level level = { 0 };

	if (message_decode(&arena, message, control_log_level_fields, &level, NULL) < 0)
		return;
	if (log_level_set(level.module, level.level) < 0)
		log_warning("role", "log level not set", "module=%s level=%s",
			    log_quote(level.module), log_quote(level.level));
}

static void control_receive(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	(void)context;
	switch (message->type) {
	case CONTROL_LINK:
		link_receive(message);
		break;
	case CONTROL_STOP:
		if (attached.handler->on_stop != NULL)
			attached.handler->on_stop(attached.context);
		break;
	case CONTROL_LOG_LEVEL:
		level_receive(message);
		break;
	default:
		if (attached.handler->on_control != NULL)
			attached.handler->on_control(message, attached.context);
	}
}

static void control_lost(struct channel *channel, void *context)
{
	(void)channel;
	(void)context;
	if (attached.handler->on_stop != NULL)
		attached.handler->on_stop(attached.context);
}

static const struct channel_handler control_handler = { control_receive, control_lost };

int role_attach(struct loop *loop, enum role role, const struct role_handler *handler,
		void *context, struct channel **control)
{
	int result;

	log_open(role_name(role));
	attached.handler = handler;
	attached.context = context;
	result = channel_open(&attached.channel, loop, ROLE_CONTROL_FD, "control", &control_handler,
			      NULL);
	if (result < 0) {
		log_error("role", "no control channel", "reason=%s", log_quote(strerror(-result)));
		return result;
	}
	*control = &attached.channel;
	return 0;
}

void role_ready(struct channel *control)
{
	struct message message = { .type = CONTROL_READY };

	channel_send(control, &message);
}
