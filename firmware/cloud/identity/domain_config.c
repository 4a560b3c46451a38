/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/domain_config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/identity/refusal.h"

#define PREFIX "/identity/domain_config/"

/* What the path names; group and option may be NULL. */
struct place {
	const char *domain_id, *group, *option;
};

int refuse_domain_config(struct error *error, const char *format, ...)
{
	char reason[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return error_fault(error, -EACCES, 403, NULL, "Invalid domain specific configuration: %s.",
			   reason);
}

static struct place place_of(const struct request *request)
{
	struct place place = { 0 };

	for (const struct name_value *param = request->params; param->name; param++) {
		if (!strcmp(param->name, "domain_id"))
			place.domain_id = param->value;
		if (!strcmp(param->name, "group"))
			place.group = param->value;
		if (!strcmp(param->name, "option"))
			place.option = param->value;
	}
	return place;
}

static bool is_group(const char *group)
{
	return !strcmp(group, "identity") || !strcmp(group, "ldap");
}

static const struct domain_config_option *option_find(const char *group, const char *name)
{
	for (const struct domain_config_option *at = domain_config_options; at->group; at++)
		if (!strcmp(at->group, group) && !strcmp(at->name, name))
			return at;
	return NULL;
}

static int place_check(const char *group, const char *option, struct error *error)
{
	if (group && !is_group(group))
		return refuse_domain_config(
			error, "Group %s is not supported for domain specific configurations",
			group);
	if (option && !option_find(group, option))
		return refuse_domain_config(error,
					    "Option %s in group %s is not supported for domain "
					    "specific configurations",
					    option, group);
	return 0;
}

static int refuse_absent(struct request *request, const struct place *place, struct error *error)
{
	const char *what = "any options";

	if (place->option)
		what = arena_printf(request->arena, "option %s in group %s", place->option,
				    place->group);
	else if (place->group)
		what = arena_printf(request->arena, "group %s", place->group);
	return error_fault(error, -ENOENT, 404, NULL,
			   "Could not find %s in domain configuration for domain %s.", what,
			   place->domain_id);
}

static int domain_check(struct request *request, const char *domain_id, struct error *error)
{
	yyjson_val *domain;

	return kind_find(request, &kind_domain, domain_id, &domain, NULL, error);
}

/* The record; NULL when there is none. */
static int config_find(struct request *request, const char *domain_id, yyjson_val **record,
		       uint64_t *revision, struct error *error)
{
	int result = request_get(request, record, revision, error, PREFIX "%s", domain_id);

	if (result != -ENOENT)
		return result;
	*record = NULL;
	*revision = 0;
	return 0;
}

static int reply_config(struct request *request, int status, yyjson_mut_doc *doc,
			yyjson_mut_val *config)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "config", config);
	return reply_json(request, status, doc, root);
}

/* What of 'config' the place means: all, one group in itself, one option alone. */
static int reply_part(struct request *request, int status, yyjson_val *config,
		      const struct place *place, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *shown = yyjson_mut_obj(doc);
	yyjson_val *group = place->group ? yyjson_obj_get(config, place->group) : NULL;
	yyjson_val *option = place->option ? yyjson_obj_get(group, place->option) : NULL;

	if (!yyjson_obj_size(config) || (place->group && !yyjson_obj_size(group)) ||
	    (place->option && !option))
		return refuse_absent(request, place, error);
	if (!place->group)
		shown = yyjson_val_mut_copy(doc, config);
	else if (!place->option)
		json_set(doc, shown, place->group, yyjson_val_mut_copy(doc, group));
	else
		json_set(doc, shown, place->option, yyjson_val_mut_copy(doc, option));
	return reply_config(request, status, doc, shown);
}

int domain_config_show(struct request *request, struct error *error)
{
	struct place place = place_of(request);
	const struct caller *caller = request->caller;
	yyjson_val *record;
	uint64_t revision;
	int result;

	if (!caller->is_admin && !(caller->system && caller_has_role(caller, "reader")))
		return refuse_forbidden(error, "identity:get_domain_config");
	result = place_check(place.group, place.option, error);
	if (result == 0)
		result = domain_check(request, place.domain_id, error);
	if (result == 0)
		result = config_find(request, place.domain_id, &record, &revision, error);
	if (result < 0)
		return result;
	return reply_part(request, 200, yyjson_obj_get(record, "config"), &place, error);
}

/* --- changes */

static int config_check(yyjson_val *config, struct error *error)
{
	yyjson_val *name, *group, *option, *value;
	size_t index, most, inner, inner_most;
	int result = 0;

	if (!yyjson_obj_size(config))
		return refuse_domain_config(error, "No options specified");
	yyjson_obj_foreach (config, index, most, name, group) {
		if (!yyjson_obj_size(group))
			return refuse_domain_config(error,
						    "The value of group %s specified in the config "
						    "should be a dictionary of options",
						    yyjson_get_str(name));
		yyjson_obj_foreach (group, inner, inner_most, option, value) {
			result = place_check(yyjson_get_str(name), yyjson_get_str(option), error);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

static yyjson_mut_val *member_object(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *name)
{
	yyjson_mut_val *object = yyjson_mut_obj_get(parent, name);

	if (!object) {
		object = yyjson_mut_obj(doc);
		json_set(doc, parent, name, object);
	}
	return object;
}

static void option_put(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
		       const struct domain_config_option *option, yyjson_val *value,
		       const char *domain_id)
{
	yyjson_mut_val *copy = yyjson_val_mut_copy(doc, value);
	yyjson_mut_val *part = member_object(doc, record, option->fallback ? "config" : "sealed");

	if (!option->fallback)
		copy = yyjson_mut_strcpy(doc, vault_seal(&request->cloud->identity->vault,
							 request->arena, domain_id,
							 request_write(request, copy)));
	json_set(doc, member_object(doc, part, option->group), option->name, copy);
}

/* Puts all of 'config' over what the record has. */
static void config_put(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
		       yyjson_val *config, const char *domain_id)
{
	yyjson_val *name, *group, *option, *value;
	size_t index, most, inner, inner_most;

	yyjson_obj_foreach (config, index, most, name, group)
		yyjson_obj_foreach (group, inner, inner_most, option, value)
			option_put(request, doc, record,
				   option_find(yyjson_get_str(name), yyjson_get_str(option)), value,
				   domain_id);
}

static int config_commit(struct request *request, const struct place *place, uint64_t revision,
			 yyjson_mut_val *record, struct error *error)
{
	const char *key = arena_printf(request->arena, PREFIX "%s", place->domain_id);
	struct store_txn *txn = store_txn_new(request->arena);

	store_txn_compare(txn, key, revision);
	if (record)
		store_txn_put(txn, key, request_write(request, record));
	else
		store_txn_delete(txn, key);
	return identity_commit(request, txn, error);
}

/* Commits, and shows what is there then. */
static int config_reply(struct request *request, const struct place *place, uint64_t revision,
			yyjson_mut_val *record, int status, struct error *error)
{
	struct place whole = { .domain_id = place->domain_id };
	const char *text = request_write(request, record);
	int result = config_commit(request, place, revision, record, error);

	if (result < 0)
		return result;
	return reply_part(request, status,
			  yyjson_obj_get(json_parse(request->arena, text, strlen(text)), "config"),
			  &whole, error);
}

int domain_config_create(struct request *request, struct error *error)
{
	struct place place = place_of(request);
	yyjson_val *config = yyjson_obj_get(request->body, "config"), *there;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	uint64_t revision;
	int result = domain_check(request, place.domain_id, error);

	if (result == 0)
		result = config_check(config, error);
	if (result == 0)
		result = config_find(request, place.domain_id, &there, &revision, error);
	if (result < 0)
		return result;
	config_put(request, doc, record, config, place.domain_id);
	return config_reply(request, &place, revision, record, there ? 200 : 201, error);
}

static bool record_has(yyjson_val *record, const struct place *place)
{
	static const char *const parts[] = { "config", "sealed" };

	for (size_t i = 0; i < 2; i++) {
		yyjson_val *group = yyjson_obj_get(yyjson_obj_get(record, parts[i]), place->group);

		if (group && (!place->option || yyjson_obj_get(group, place->option)))
			return true;
	}
	return false;
}

static const char *first_name(yyjson_val *object)
{
	return yyjson_get_str(unsafe_yyjson_get_first(object));
}

/* A request about one group or option must be about that, and that alone. */
static int update_check(yyjson_val *config, const struct place *place, struct error *error)
{
	yyjson_val *group = yyjson_obj_get(config, place->group);

	if (place->option && (yyjson_obj_size(config) != 1 || yyjson_obj_size(group) != 1))
		return refuse_domain_config(error,
					    "Trying to update option %s in group %s, so that, and "
					    "only that, option must be specified  in the config",
					    place->option, place->group);
	if (yyjson_obj_size(config) != 1)
		return refuse_domain_config(error,
					    "Trying to update group %s, so that, and only that, "
					    "group must be specified in the config",
					    place->group);
	if (!group)
		return refuse_domain_config(error,
					    "request to update group %s, but config provided "
					    "contains group %s instead",
					    place->group, first_name(config));
	if (place->option && !yyjson_obj_get(group, place->option))
		return refuse_domain_config(error,
					    "Trying to update option %s in group %s, but config "
					    "provided contains option %s instead",
					    place->option, place->group, first_name(group));
	return 0;
}

/* The body's config; that of one option is put into its group. */
static yyjson_val *config_wanted(struct request *request, const struct place *place)
{
	yyjson_val *config = yyjson_obj_get(request->body, "config");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *wrapped = yyjson_mut_obj(doc);
	const char *text;

	if (!place->option)
		return config;
	json_set(doc, wrapped, place->group, yyjson_val_mut_copy(doc, config));
	text = request_write(request, wrapped);
	return json_parse(request->arena, text, strlen(text));
}

int domain_config_update(struct request *request, struct error *error)
{
	struct place place = place_of(request);
	yyjson_val *config = config_wanted(request, &place), *there;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record;
	uint64_t revision;
	int result = domain_check(request, place.domain_id, error);

	if (result == 0)
		result = config_check(config, error);
	if (result == 0)
		result = place_check(place.group, place.option, error);
	if (result == 0 && place.group)
		result = update_check(config, &place, error);
	if (result == 0)
		result = config_find(request, place.domain_id, &there, &revision, error);
	if (result < 0)
		return result;
	if (place.group && !record_has(there, &place))
		return refuse_absent(request, &place, error);
	record = there ? yyjson_val_mut_copy(doc, there) : yyjson_mut_obj(doc);
	config_put(request, doc, record, config, place.domain_id);
	return config_reply(request, &place, revision, record, 200, error);
}

static void part_remove(yyjson_mut_val *part, const struct place *place)
{
	yyjson_mut_val *group = yyjson_mut_obj_get(part, place->group);

	if (place->option)
		yyjson_mut_obj_remove_key(group, place->option);
	if (!place->option || !yyjson_mut_obj_size(group))
		yyjson_mut_obj_remove_key(part, place->group);
}

int domain_config_delete(struct request *request, struct error *error)
{
	struct place place = place_of(request);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = NULL;
	yyjson_val *there;
	uint64_t revision;
	int result = domain_check(request, place.domain_id, error);

	if (result == 0)
		result = place_check(place.group, place.option, error);
	if (result == 0)
		result = config_find(request, place.domain_id, &there, &revision, error);
	if (result < 0)
		return result;
	if (place.group && !record_has(there, &place))
		return refuse_absent(request, &place, error);
	if (place.group) {
		record = yyjson_val_mut_copy(doc, there);
		part_remove(yyjson_mut_obj_get(record, "config"), &place);
		part_remove(yyjson_mut_obj_get(record, "sealed"), &place);
	}
	result = config_commit(request, &place, revision, record, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

/* --- defaults */

int domain_config_default_show(struct request *request, struct error *error)
{
	struct place place = place_of(request);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *shown = yyjson_mut_obj(doc);
	int result = place_check(place.group, place.option, error);

	if (result < 0)
		return result;
	if (place.option && !option_find(place.group, place.option)->fallback)
		return refuse_domain_config(
			error, "Reading the default for option %s in group %s is not supported",
			place.option, place.group);
	for (const struct domain_config_option *at = domain_config_options; at->group; at++) {
		yyjson_mut_val *into = shown;

		if (!at->fallback || (place.group && strcmp(place.group, at->group) != 0) ||
		    (place.option && strcmp(place.option, at->name) != 0))
			continue;
		if (!place.option)
			into = member_object(doc, shown, at->group);
		json_set(doc, into, at->name,
			 yyjson_val_mut_copy(doc, json_parse(request->arena, at->fallback,
							     strlen(at->fallback))));
	}
	return reply_config(request, 200, doc, shown);
}
