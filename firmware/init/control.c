/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processes may ask of init: a table of message, who may send it, what it does. */
#include <string.h>

#include "firmware/init/supervisor.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

static void power_message(struct process *process, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct control_power power = { 0 };
	enum power_action action = POWER_NONE;

	if (message_decode(&arena, message, control_power_fields, &power, NULL) < 0)
		return;
	if (strcmp(power.action, "reboot") == 0)
		action = POWER_REBOOT;
	else if (strcmp(power.action, "poweroff") == 0)
		action = POWER_OFF;
	log_info("power", "power action asked for", "role=%s action=%s",
		 role_name(process->entry->role), log_quote(power.action));
	if (action != POWER_NONE)
		process->supervisor->on_power(process->supervisor, action);
}

static void log_get_message(struct process *process, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct control_log_get get = { 0 };
	struct control_log log = { 0 };

	if (message_decode(&arena, message, control_log_get_fields, &get, NULL) < 0)
		return;
	log.text = log_ring_text(&process->supervisor->log, &arena, get.after, get.most, &log.last);
	channel_send_struct(&process->control, CONTROL_LOG, message->serial, control_log_fields,
			    &log, -1);
}

/* One level for all processes: the module's name says which of them it concerns. */
static void log_level_message(struct process *process, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct supervisor *supervisor = process->supervisor;
	struct control_log_level level = { 0 };

	if (message_decode(&arena, message, control_log_level_fields, &level, NULL) < 0)
		return;
	if (log_level_set(level.module, level.level) < 0)
		return;
	for (size_t i = 0; i < supervisor->process_count; i++)
		if (channel_is_open(&supervisor->processes[i].control))
			channel_send_struct(&supervisor->processes[i].control, CONTROL_LOG_LEVEL, 0,
					    control_log_level_fields, &level, -1);
}

#define OPERATORS (1u << ROLE_CLOUD | 1u << ROLE_CONSOLE)

static const struct {
	enum control_type type;
	unsigned roles; /* bit mask of who may send it */
	void (*handle)(struct process *process, struct message *message);
} handlers[] = {
	{ CONTROL_POWER, OPERATORS, power_message },
	{ CONTROL_LOG_GET, OPERATORS, log_get_message },
	{ CONTROL_LOG_LEVEL, OPERATORS, log_level_message },
};

void control_message(struct process *process, struct message *message)
{
	enum role role = process->entry->role;

	for (size_t i = 0; i < ARRAY_LENGTH(handlers); i++)
		if (handlers[i].type == message->type && (handlers[i].roles & 1u << role)) {
			handlers[i].handle(process, message);
			return;
		}
	log_warning("supervisor", "message refused", "role=%s type=%u", role_name(role),
		    message->type);
}
