/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs, power, the operator's password: what init does for us, and identity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/node/internal.h"
#include "firmware/lib/log.h"

#define ASK_MS 5000
#define LINES_MAX 2000

static const struct schema short_text = { .types = SCHEMA_STRING,
					  .min_length = 1,
					  .max_length = 31 };
static const char *const actions[] = { "reboot", "poweroff", NULL };
static const struct schema power_action = { .types = SCHEMA_STRING, .one_of = actions };
static const struct schema_member power_members[] = {
	{ .name = "action", .schema = &power_action, .required = true },
	{ .name = NULL },
};
static const struct schema power_object = { .types = SCHEMA_OBJECT, .members = power_members };
static const struct schema_member power_body[] = {
	{ .name = "power", .schema = &power_object, .required = true },
	{ .name = NULL },
};
const struct schema node_power_schema = { .types = SCHEMA_OBJECT, .members = power_body };

static const struct schema password = { .types = SCHEMA_STRING,
					.min_length = 8,
					.max_length = 128 };
static const struct schema_member password_body[] = {
	{ .name = "password", .schema = &password, .required = true },
	{ .name = NULL },
};
const struct schema node_password_schema = { .types = SCHEMA_OBJECT, .members = password_body };

static const char *const levels[] = { "error", "warning", "info", "debug", NULL };
static const struct schema level_name = { .types = SCHEMA_STRING, .one_of = levels };
static const struct schema_member level_body[] = {
	{ .name = "module", .schema = &short_text, .required = true },
	{ .name = "level", .schema = &level_name, .required = true },
	{ .name = NULL },
};
const struct schema node_level_schema = { .types = SCHEMA_OBJECT, .members = level_body };

static int no_init(struct error *error)
{
	return error_fault(error, -ENOTCONN, 503, NULL,
			   "The supervisor is not there: this instance runs alone.");
}

/* --- logs */

static bool query_number(const struct request *request, const char *name, uint64_t *number)
{
	const char *text = request_query(request, name);

	if (!text)
		return true;
	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
		return false;
	*number = strtoull(text, NULL, 10);
	return true;
}

static int ask_log(struct request *request, const struct control_log_get *get,
		   struct control_log *log, struct error *error)
{
	struct cloud *cloud = request->cloud;
	const struct call_options options = {
		.table = &cloud->node->calls,
		.loop = cloud->loop,
		.channel = cloud->control,
		.type = CONTROL_LOG_GET,
		.fields = control_log_get_fields,
		.value = get,
		.fd = -1,
		.timeout_ms = ASK_MS,
	};
	struct message reply;
	int result = call_run(&options, request->arena, &reply, NULL, error);

	if (result < 0)
		return result;
	return message_decode(request->arena, &reply, control_log_fields, log, error);
}

static yyjson_mut_val *lines_json(yyjson_mut_doc *doc, const char *text)
{
	yyjson_mut_val *lines = yyjson_mut_arr(doc);

	while (text && *text) {
		size_t length = strcspn(text, "\n");

		yyjson_mut_arr_add_strncpy(doc, lines, text, length);
		text += length + (text[length] == '\n');
	}
	return lines;
}

int node_logs(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	uint64_t after = 0, limit = 200;
	struct control_log_get get;
	struct control_log log = { 0 };
	int result;

	if (!query_number(request, "after", &after) || !query_number(request, "limit", &limit))
		return error_set(error, -EINVAL, "'after' and 'limit' are numbers.");
	if (!request->cloud->control)
		return no_init(error);
	get = (struct control_log_get){ after, (uint32_t)(limit < LINES_MAX ? limit : LINES_MAX) };
	result = ask_log(request, &get, &log, error);
	if (result < 0)
		return result;
	yyjson_mut_obj_add_uint(doc, root, "last", log.last);
	json_set(doc, root, "lines", lines_json(doc, log.text));
	return reply_json(request, 200, doc, root);
}

/* --- things to tell init: the control channel is the loop's */

struct order {
	struct cloud *cloud;
	uint16_t type;
	union {
		struct control_power power;
		struct control_log_level level;
	};
};

static void send_order(void *argument)
{
	struct order *order = argument;
	const struct field *fields =
		order->type == CONTROL_POWER ? control_power_fields : control_log_level_fields;

	channel_send_struct(order->cloud->control, order->type, 0, fields, &order->power, -1);
	free(order);
}

static int post_order(struct cloud *cloud, const struct order *order, struct error *error)
{
	struct order *copy;

	if (!cloud->control)
		return no_init(error);
	copy = malloc(sizeof(*copy));
	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	*copy = *order;
	if (loop_post(cloud->loop, send_order, copy) == 0)
		return 0;
	free(copy);
	return error_set(error, -ENOMEM, "out of memory");
}

int node_log_level(struct request *request, struct error *error)
{
	struct order order = { .cloud = request->cloud, .type = CONTROL_LOG_LEVEL };
	const char *module = json_string(request->body, "module");
	const char *level = json_string(request->body, "level");
	int result;

	snprintf(order.level.module, sizeof(order.level.module), "%s", module);
	snprintf(order.level.level, sizeof(order.level.level), "%s", level);
	result = log_level_set(module, level);
	if (result < 0)
		return error_set(error, result, "This level could not be set.");
	if (request->cloud->control)
		result = post_order(request->cloud, &order, error);
	return result < 0 ? result : reply_empty(request, 204);
}

int node_power(struct request *request, struct error *error)
{
	struct order order = { .cloud = request->cloud, .type = CONTROL_POWER };
	const char *action = json_string(yyjson_obj_get(request->body, "power"), "action");
	int result;

	snprintf(order.power.action, sizeof(order.power.action), "%s", action);
	result = post_order(request->cloud, &order, error);
	if (result < 0)
		return result;
	log_info("node", "power", "action=%s user=%s", action,
		 request->caller ? request->caller->user_id : "-");
	return reply_empty(request, 202);
}

int node_admin_password(struct request *request, struct error *error)
{
	int result = identity_admin_password(request->cloud, json_string(request->body, "password"),
					     error);

	return result < 0 ? result : reply_empty(request, 204);
}
