/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/attribute.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/json.h"
#include "firmware/cloud/network/ip.h"
#include "firmware/lib/uuid.h"

int attribute_refuse(struct error *error, const char *format, ...)
{
	char text[900];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_fault(error, -EINVAL, 400, "HTTPBadRequest", "%s", text);
}

int input_refuse(struct error *error, const char *format, ...)
{
	char text[700];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_fault(error, -EINVAL, 400, "InvalidInput", "Invalid input for operation: %s.",
			   text);
}

int attribute_invalid(struct error *error, const struct attribute *attribute, const char *format,
		      ...)
{
	char text[700];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return attribute_refuse(error, "Invalid input for %s. Reason: %s.", attribute->name, text);
}

struct taking {
	struct request *request;
	const struct attribute *attribute;
	yyjson_mut_doc *doc;
	yyjson_mut_val *value; /* the result */
	struct error *error;
};

/* A value as its text in a message; the request's arena holds it. */
static const char *shown(struct taking *taking, yyjson_val *value)
{
	yyjson_mut_doc *doc = taking->doc;

	if (yyjson_is_str(value))
		return yyjson_get_str(value);
	return request_write(taking->request, yyjson_val_mut_copy(doc, value));
}

static int take_string(struct taking *taking, yyjson_val *value)
{
	const char *text = yyjson_get_str(value);

	if (!text)
		return attribute_invalid(taking->error, taking->attribute,
					 "'%s' is not a valid string", shown(taking, value));
	if (taking->attribute->most && (int64_t)strlen(text) > taking->attribute->most)
		return attribute_invalid(taking->error, taking->attribute,
					 "'%.300s' exceeds maximum length of %" PRId64, text,
					 taking->attribute->most);
	return 0;
}

static int take_name(struct taking *taking, yyjson_val *value)
{
	if (!yyjson_is_null(value))
		return take_string(taking, value);
	taking->value = yyjson_mut_str(taking->doc, "");
	return 0;
}

static int boolean_of(yyjson_val *value)
{
	static const char *const yes[] = { "true", "t", "on", "yes", "y", "1" };
	static const char *const no[] = { "false", "f", "off", "no", "n", "0" };
	const char *text = yyjson_get_str(value);

	if (yyjson_is_bool(value))
		return yyjson_get_bool(value);
	if (yyjson_is_int(value) && (uint64_t)yyjson_get_sint(value) <= 1)
		return (int)yyjson_get_sint(value);
	for (size_t i = 0; text && i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcasecmp(text, yes[i]))
			return 1;
		if (!strcasecmp(text, no[i]))
			return 0;
	}
	return -1;
}

static int take_boolean(struct taking *taking, yyjson_val *value)
{
	int truth = boolean_of(value);

	if (truth < 0)
		return attribute_refuse(taking->error,
					"Invalid input for operation: '%s' cannot be converted to "
					"boolean.",
					shown(taking, value));
	taking->value = yyjson_mut_bool(taking->doc, truth);
	return 0;
}

static int take_integer(struct taking *taking, yyjson_val *value)
{
	const struct attribute *attribute = taking->attribute;
	const char *text = yyjson_get_str(value);
	char *end = NULL;
	int64_t number = yyjson_get_sint(value);

	if (text)
		number = strtoll(text, &end, 10);
	if (text ? (!*text || *end) : !yyjson_is_int(value))
		return attribute_refuse(taking->error,
					"Invalid input for operation: '%s' is not an integer.",
					shown(taking, value));
	if (number < attribute->least)
		return attribute_invalid(taking->error, attribute,
					 "'%" PRId64 "' is too small - must be at least '%" PRId64
					 "'",
					 number, attribute->least);
	if (attribute->most && number > attribute->most)
		return attribute_invalid(taking->error, attribute,
					 "'%" PRId64
					 "' is too large - must be no larger than '%" PRId64 "'",
					 number, attribute->most);
	taking->value = yyjson_mut_sint(taking->doc, number);
	return 0;
}

static int take_uuid(struct taking *taking, yyjson_val *value)
{
	const char *text = yyjson_get_str(value);

	if (!text || !uuid_like(text))
		return attribute_invalid(taking->error, taking->attribute,
					 "'%s' is not a valid UUID", shown(taking, value));
	return 0;
}

static int take_ip(struct taking *taking, yyjson_val *value)
{
	char text[IP_SIZE];
	struct ip ip;

	if (!ip_parse(yyjson_get_str(value), &ip))
		return attribute_invalid(taking->error, taking->attribute,
					 "'%s' is not a valid IP address", shown(taking, value));
	ip_format(&ip, text);
	taking->value = yyjson_mut_strcpy(taking->doc, text);
	return 0;
}

static int take_mac(struct taking *taking, yyjson_val *value)
{
	char mac[18];

	if (!mac_canonical(yyjson_get_str(value), mac))
		return attribute_invalid(taking->error, taking->attribute,
					 "'%s' is not a valid MAC address", shown(taking, value));
	taking->value = yyjson_mut_strcpy(taking->doc, mac);
	return 0;
}

static int take_choice(struct taking *taking, yyjson_val *value)
{
	const char *const *choice = taking->attribute->choices;
	char list[200] = "";

	for (; *choice; choice++) {
		if (yyjson_equals_str(value, *choice))
			return 0;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s'%s'",
			 list[0] ? ", " : "", *choice);
	}
	return attribute_invalid(taking->error, taking->attribute, "%s is not in [%s]",
				 shown(taking, value), list);
}

static int take_uuids(struct taking *taking, yyjson_val *value)
{
	yyjson_val *item;
	size_t index, count;

	if (!yyjson_is_arr(value))
		return attribute_invalid(taking->error, taking->attribute, "'%s' is not a list",
					 shown(taking, value));
	yyjson_arr_foreach (value, index, count, item) {
		int result = take_uuid(taking, item);

		if (result)
			return result;
		for (size_t i = 0; i < index; i++)
			if (yyjson_equals(yyjson_arr_get(value, i), item))
				return attribute_invalid(taking->error, taking->attribute,
							 "Duplicate items in the list: '%s'",
							 shown(taking, item));
	}
	return 0;
}

static int take_object(struct taking *taking, yyjson_val *value)
{
	return yyjson_is_obj(value)
		       ? 0
		       : attribute_invalid(taking->error, taking->attribute,
					   "'%s' is not a dictionary", shown(taking, value));
}

static int take_list(struct taking *taking, yyjson_val *value)
{
	return yyjson_is_arr(value) ? 0
				    : attribute_invalid(taking->error, taking->attribute,
							"'%s' is not a list", shown(taking, value));
}

static int (*const takers[])(struct taking *, yyjson_val *) = {
	[ATTRIBUTE_STRING] = take_string,   [ATTRIBUTE_NAME] = take_name,
	[ATTRIBUTE_BOOLEAN] = take_boolean, [ATTRIBUTE_INTEGER] = take_integer,
	[ATTRIBUTE_UUID] = take_uuid,       [ATTRIBUTE_IP] = take_ip,
	[ATTRIBUTE_MAC] = take_mac,         [ATTRIBUTE_CHOICE] = take_choice,
	[ATTRIBUTE_UUIDS] = take_uuids,     [ATTRIBUTE_OBJECT] = take_object,
	[ATTRIBUTE_LIST] = take_list,
};

static int take_value(struct taking *taking, yyjson_val *value)
{
	const struct attribute *attribute = taking->attribute;
	int result;

	taking->value = NULL;
	if (yyjson_is_null(value) && (attribute->flags & ATTRIBUTE_NULL)) {
		taking->value = yyjson_mut_null(taking->doc);
		return 0;
	}
	result = attribute->kind == ATTRIBUTE_ANY ? 0 : takers[attribute->kind](taking, value);
	if (!result && attribute->check)
		result = attribute->check(attribute, value, taking->error);
	if (!result && !taking->value)
		taking->value = yyjson_val_mut_copy(taking->doc, value);
	return result;
}

static int check_allowed(struct request *request, const char *resource,
			 const struct attribute *attribute, bool creating, struct error *error)
{
	if (creating && !(attribute->flags & ATTRIBUTE_POST))
		return attribute_refuse(error, "Attribute '%s' not allowed in POST",
					attribute->name);
	if (!creating && !(attribute->flags & ATTRIBUTE_PUT))
		return attribute_refuse(error, "Cannot update read-only attribute %s",
					attribute->name);
	if ((attribute->flags & ATTRIBUTE_ADMIN) && !request->caller->is_admin)
		return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
				   "(rule:%s_%s and rule:%s_%s:%s) is disallowed by policy",
				   creating ? "create" : "update", resource,
				   creating ? "create" : "update", resource, attribute->name);
	return 0;
}

static bool table_has(const struct attribute *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return true;
	return !strcmp(name, "tenant_id") || !strcmp(name, "project_id");
}

static int refuse_unknown(const struct attribute *table, yyjson_val *given, struct error *error)
{
	char list[300] = "";
	yyjson_val *key, *value;
	size_t index, count;

	yyjson_obj_foreach (given, index, count, key, value) {
		if (table_has(table, yyjson_get_str(key)))
			continue;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 list[0] ? ", " : "", yyjson_get_str(key));
	}
	return list[0] ? attribute_refuse(error, "Unrecognized attribute(s) '%s'", list) : 0;
}

/* An unset attribute at creation: its default, or a refusal. */
static int fill_default(struct taking *taking, yyjson_mut_val *out)
{
	const struct attribute *attribute = taking->attribute;
	yyjson_doc *standard;

	if (attribute->flags & ATTRIBUTE_REQUIRED)
		return attribute_refuse(taking->error,
					"Failed to parse request. Required attribute '%s' not "
					"specified",
					attribute->name);
	if (!attribute->standard)
		return 0;
	standard = yyjson_read(attribute->standard, strlen(attribute->standard), 0);
	json_set(taking->doc, out, attribute->name,
		 yyjson_val_mut_copy(taking->doc, yyjson_doc_get_root(standard)));
	yyjson_doc_free(standard);
	return 0;
}

static int take_project(struct request *request, yyjson_val *given, bool creating,
			yyjson_mut_doc *doc, yyjson_mut_val *out, struct error *error)
{
	const char *tenant = json_string(given, "tenant_id");
	const char *project = json_string(given, "project_id");
	const char *own = request->caller->project_id;

	if (tenant && project && strcmp(tenant, project))
		return attribute_refuse(error, "'project_id' and 'tenant_id' do not match");
	project = project ? project : tenant;
	if (!creating)
		return project ? attribute_refuse(error,
						  "Cannot update read-only attribute project_id")
			       : 0;
	if (project && (!own || strcmp(project, own)) && !request->caller->is_admin)
		return attribute_refuse(error, "Specifying 'project_id' or 'tenant_id' other than "
					       "the authenticated project in request requires "
					       "admin or advsvc privileges");
	project = project ? project : own;
	if (!project)
		return attribute_refuse(error, "Running without keystone AuthN requires that "
					       "tenant_id is specified");
	json_set_string(doc, out, "tenant_id", project);
	json_set_string(doc, out, "project_id", project);
	return 0;
}

int attributes_take(struct request *request, const char *resource, const struct attribute *table,
		    yyjson_val *given, bool creating, yyjson_mut_doc *doc, yyjson_mut_val *out,
		    struct error *error)
{
	struct taking taking = { .request = request, .doc = doc, .error = error };
	int result;

	result = take_project(request, given, creating, doc, out, error);
	if (!result)
		result = refuse_unknown(table, given, error);
	for (; !result && table->name; table++) {
		yyjson_val *value = yyjson_obj_get(given, table->name);

		taking.attribute = table;
		if (value) {
			result = check_allowed(request, resource, table, creating, error);
			if (!result)
				result = take_value(&taking, value);
			if (!result)
				json_set(doc, out, table->name, taking.value);
		} else if (creating) {
			result = fill_default(&taking, out);
		}
	}
	return result;
}
