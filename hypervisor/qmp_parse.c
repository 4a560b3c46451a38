/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "hypervisor/qmp.h"

/* Copies a string member, cut to fit; "" when it is missing or something else. */
static void copy_string(char *out, size_t size, yyjson_val *object, const char *key)
{
	const char *text = yyjson_get_str(yyjson_obj_get(object, key));

	snprintf(out, size, "%s", text != NULL ? text : "");
}

static void take_greeting(yyjson_val *greeting, struct qmp_message *message)
{
	yyjson_val *qemu = yyjson_obj_get(yyjson_obj_get(greeting, "version"), "qemu");

	message->kind = QMP_GREETING;
	snprintf(message->version, sizeof(message->version), "%u.%u.%u",
		 (unsigned)yyjson_get_uint(yyjson_obj_get(qemu, "major")),
		 (unsigned)yyjson_get_uint(yyjson_obj_get(qemu, "minor")),
		 (unsigned)yyjson_get_uint(yyjson_obj_get(qemu, "micro")));
}

static void take_event(yyjson_val *root, struct qmp_message *message)
{
	yyjson_val *data = yyjson_obj_get(root, "data");

	message->kind = QMP_EVENT;
	copy_string(message->event, sizeof(message->event), root, "event");
	copy_string(message->reason, sizeof(message->reason), data, "reason");
	copy_string(message->status, sizeof(message->status), data, "status");
	copy_string(message->device, sizeof(message->device), data, "device");
	copy_string(message->description, sizeof(message->description), data, "error");
	message->guest = yyjson_get_bool(yyjson_obj_get(data, "guest"));
}

static void take_names(yyjson_val *list, struct qmp_message *message)
{
	size_t i, count;
	yyjson_val *item;

	yyjson_arr_foreach (list, i, count, item)
		if (message->name_count < QMP_NAMES_MAX)
			copy_string(message->names[message->name_count++], QMP_NAME_SIZE, item,
				    "name");
}

static void take_answer(yyjson_val *root, struct qmp_message *message)
{
	yyjson_val *error = yyjson_obj_get(root, "error");

	message->id = (unsigned)yyjson_get_uint(yyjson_obj_get(root, "id"));
	message->kind = error != NULL ? QMP_ERROR : QMP_RETURN;
	message->number = yyjson_get_sint(yyjson_obj_get(root, "return"));
	copy_string(message->description, sizeof(message->description), error, "desc");
	copy_string(message->status, sizeof(message->status), yyjson_obj_get(root, "return"),
		    "status");
	take_names(yyjson_obj_get(root, "return"), message);
}

int qmp_parse(const char *line, size_t size, struct qmp_message *message, struct error *error)
{
	yyjson_read_err problem;
	yyjson_doc *document;
	yyjson_val *root;
	int result = 0;

	*message = (struct qmp_message){ .line = line, .line_size = size };
	if (size > QMP_LINE_MAX)
		return error_set(error, -EBADMSG, "line is too long");
	document = yyjson_read_opts((char *)(uintptr_t)line, size, 0, NULL, &problem);
	if (document == NULL)
		return error_set(error, -EBADMSG, "no JSON: %s", problem.msg);
	root = yyjson_doc_get_root(document);
	if (yyjson_obj_get(root, "QMP") != NULL)
		take_greeting(yyjson_obj_get(root, "QMP"), message);
	else if (yyjson_is_str(yyjson_obj_get(root, "event")))
		take_event(root, message);
	else if (yyjson_obj_get(root, "return") != NULL || yyjson_obj_get(root, "error") != NULL)
		take_answer(root, message);
	else
		result = error_set(error, -EBADMSG, "neither greeting, answer nor event");
	yyjson_doc_free(document);
	return result;
}
