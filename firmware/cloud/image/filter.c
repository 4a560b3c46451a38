/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filters of GET /v2/images: 'name=x', 'status=in:queued,active', 'size_min=1',
 * 'created_at=gt:2026-01-01T00:00:00Z', 'tag=a&tag=b', and any property by its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define refuse(error, ...) error_fault(error, -EINVAL, 400, NULL, __VA_ARGS__)

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && !strcmp(text + length - end_length, end);
}

/* A member as a query would write it. */
static bool value_equals(yyjson_val *value, const char *text)
{
	char number[32];

	if (yyjson_is_str(value))
		return yyjson_equals_str(value, text);
	if (yyjson_is_bool(value))
		return !strcasecmp(text, yyjson_get_bool(value) ? "true" : "false");
	if (!yyjson_is_int(value))
		return false;
	snprintf(number, sizeof(number), "%lld", (long long)yyjson_get_sint(value));
	return !strcmp(number, text);
}

/* One item of a comma-separated list whose items may be quoted; NULL at the end. */
static const char *list_next(struct arena *arena, const char **rest)
{
	const char *from = *rest, *end;

	if (!*from)
		return NULL;
	if (*from == '"' && (end = strchr(from + 1, '"'))) {
		*rest = end[1] == ',' ? end + 2 : end + 1;
		return arena_strndup(arena, from + 1, (size_t)(end - from - 1));
	}
	end = from + strcspn(from, ",");
	*rest = *end ? end + 1 : end;
	return arena_strndup(arena, from, (size_t)(end - from));
}

static bool quotes_are_closed(const char *list)
{
	size_t quotes = 0;

	for (; *list; list++)
		quotes += *list == '"';
	return quotes % 2 == 0;
}

static int match_in(struct arena *arena, const char *list, yyjson_val *value, struct error *error)
{
	const char *item;
	int matches = 0;

	if (!quotes_are_closed(list))
		return refuse(error, "Invalid filter value %s. The quote is not closed.", list);
	while ((item = list_next(arena, &list)))
		matches |= value_equals(value, item);
	return matches;
}

/* "operator:value"; without a colon the operator is "eq". */
static const char *operator_split(struct arena *arena, const char *text, const char **value)
{
	const char *colon = strchr(text, ':');

	*value = colon ? colon + 1 : text;
	return colon ? arena_strndup(arena, text, (size_t)(colon - text)) : "eq";
}

static int match_word(struct arena *arena, const char *name, const char *text, yyjson_val *record,
		      struct error *error)
{
	yyjson_val *value = yyjson_obj_get(record, name);
	const char *operand, *operation = operator_split(arena, text, &operand);

	if (!operation)
		return error_set(error, -ENOMEM, "out of memory");
	if (!strcmp(operation, "eq"))
		return value_equals(value, operand);
	if (!strcmp(operation, "in"))
		return match_in(arena, operand, value, error);
	return refuse(error, "Unable to filter by unknown operator '%s'.", operation);
}

static int compare_times(const char *operation, int64_t value, int64_t bound, struct error *error)
{
	const struct {
		const char *name;
		bool holds;
	} operators[] = {
		{ "gt", value > bound },   { "gte", value >= bound }, { "lt", value < bound },
		{ "lte", value <= bound }, { "eq", value == bound },  { "neq", value != bound },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(operators); i++)
		if (!strcmp(operators[i].name, operation))
			return operators[i].holds;
	return refuse(error, "Unable to filter by unknown operator '%s'.", operation);
}

static int match_time(struct arena *arena, const char *name, const char *text, yyjson_val *record,
		      struct error *error)
{
	const char *value = json_string(record, name), *operand = text, *operation = "eq";
	int64_t bound = instant_parse(text);

	if (bound == -1) {
		operation = operator_split(arena, text, &operand);
		bound = instant_parse(operand);
	}
	if (!operation)
		return error_set(error, -ENOMEM, "out of memory");
	if (bound == -1)
		return refuse(error,
			      "Bad \"%s\" query filter format. Use ISO 8601 DateTime notation.",
			      name);
	return compare_times(operation, value ? instant_parse(value) : -1, bound, error);
}

/* 'size_min' and 'size_max', and the same of any other number. */
static int match_bound(struct arena *arena, const char *name, const char *text, yyjson_val *record,
		       struct error *error)
{
	const char *member = arena_strndup(arena, name, strlen(name) - strlen("_min"));
	yyjson_val *value = member ? yyjson_obj_get(record, member) : NULL;
	long long bound;
	char *end;

	errno = 0;
	bound = strtoll(text, &end, 10);
	if (!*text || *end || errno)
		return refuse(error, "%s", "Unable to filter on a range with a non-numeric value.");
	if (!yyjson_is_int(value))
		return 0;
	return ends_with(name, "_min") ? yyjson_get_sint(value) >= bound
				       : yyjson_get_sint(value) <= bound;
}

static int match_boolean(const char *name, const char *text, bool any_case, yyjson_val *record,
			 struct error *error)
{
	int (*compare)(const char *, const char *) = any_case ? strcasecmp : strcmp;
	bool wanted = !compare(text, "true");

	if (!wanted && compare(text, "false"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Invalid value '%s' for '%s' filter. Valid values are 'true' or "
				   "'false'.",
				   text, name);
	return json_bool(record, name, false) == wanted;
}

static int match_tag(const char *tag, yyjson_val *record)
{
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (yyjson_obj_get(record, "tags"), i, count, item)
		if (yyjson_equals_str(item, tag))
			return 1;
	return 0;
}

static int match_visibility(const char *text, yyjson_val *record, struct error *error)
{
	static const char *const known[] = { "community", "public", "private", "shared", "all" };

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(known[i], text))
			return !strcmp(text, "all") || json_is(record, "visibility", text);
	return *text ? refuse(error, "Invalid visibility value: %s", text) : 1;
}

static int match_member_status(const char *text, struct error *error)
{
	static const char *const known[] = { "pending", "accepted", "rejected", "all" };

	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!strcmp(known[i], text))
			return 1; /* the list itself looks at memberships */
	return refuse(error, "Invalid status: %s", text);
}

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static int match_one(struct arena *arena, const struct name_value *parameter, yyjson_val *record,
		     struct error *error)
{
	static const char *const others[] = { "limit",    "marker",   "sort",
					      "sort_key", "sort_dir", NULL };
	static const char *const words[] = { "name",        "id", "status", "container_format",
					     "disk_format", NULL };
	static const char *const times[] = { "created_at", "updated_at", NULL };
	const char *name = parameter->name, *text = parameter->value;

	if (is_among(name, others))
		return 1;
	if (is_among(name, words))
		return match_word(arena, name, text, record, error);
	if (is_among(name, times))
		return match_time(arena, name, text, record, error);
	if (!strcmp(name, "tag"))
		return match_tag(text, record);
	if (!strcmp(name, "visibility"))
		return match_visibility(text, record, error);
	if (!strcmp(name, "member_status"))
		return match_member_status(text, error);
	if (!strcmp(name, "os_hidden"))
		return match_boolean(name, text, true, record, error);
	if (!strcmp(name, "protected"))
		return match_boolean(name, text, false, record, error);
	if (!strcmp(name, "changes-since"))
		return refuse(error, "%s",
			      "The \"changes-since\" filter is no longer available on v2.");
	if (ends_with(name, "_min") || ends_with(name, "_max"))
		return match_bound(arena, name, text, record, error);
	return value_equals(yyjson_obj_get(record, name), text);
}

int filter_match(struct arena *arena, const struct name_value *query, yyjson_val *record,
		 struct error *error)
{
	bool hidden_asked = false;
	int matches = 1, result;

	for (; query && query->name; query++) {
		hidden_asked |= !strcmp(query->name, "os_hidden");
		result = match_one(arena, query, record, error);
		if (result < 0)
			return result;
		matches &= result;
	}
	if (!hidden_asked && json_bool(record, "os_hidden", false))
		return 0;
	return matches;
}
