/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a record satisfy the filters of a query? */
#include "firmware/cloud/http/page_filter.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A scalar as text; numbers and booleans in 'room'. NULL when it is absent, null or a container. */
static const char *text_of(yyjson_val *value, char room[static 32])
{
	if (yyjson_is_str(value))
		return yyjson_get_str(value);
	if (yyjson_is_bool(value))
		return yyjson_get_bool(value) ? "True" : "False";
	if (!yyjson_is_int(value))
		return NULL;
	snprintf(room, 32, "%" PRId64, yyjson_get_sint(value));
	return room;
}

static bool match_exact(yyjson_val *value, const char *wanted)
{
	char room[32];
	const char *text = text_of(value, room);

	/* An absent value equals the empty one, as in '?device_id='. */
	return text ? !strcmp(text, wanted) : !*wanted;
}

static bool match_boolean(yyjson_val *value, const char *wanted)
{
	static const char *const yes[] = { "1", "t", "true", "on", "y", "yes", NULL };
	bool truth = false;

	for (const char *const *word = yes; *word; word++)
		truth |= !strcasecmp(wanted, *word);
	return yyjson_get_bool(value) == truth;
}

static bool match_integer(yyjson_val *value, const char *wanted)
{
	char *end;
	int64_t number = strtoll(wanted, &end, 10);

	return *wanted && !*end && yyjson_is_int(value) && yyjson_get_sint(value) == number;
}

static bool match_regex(yyjson_val *value, const char *wanted)
{
	const char *text = yyjson_get_str(value);
	regex_t regex;
	bool matched;

	if (!text)
		return false;
	/* What is no expression is looked for as it stands. */
	if (regcomp(&regex, wanted, REG_EXTENDED | REG_NOSUB))
		return strstr(text, wanted) != NULL;
	matched = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return matched;
}

/* ISO 8601 times of one zone order like their text; only the seconds are compared. */
static int compare_times(const char *one, const char *other)
{
	return strncmp(one, other, strlen("2026-11-22T10:00:00"));
}

static bool match_since(yyjson_val *value, const char *wanted)
{
	return yyjson_is_str(value) && compare_times(yyjson_get_str(value), wanted) >= 0;
}

static int compare_with(yyjson_val *value, const char *wanted)
{
	if (yyjson_is_int(value)) {
		int64_t number = strtoll(wanted, NULL, 10), own = yyjson_get_sint(value);

		return own < number ? -1 : own > number;
	}
	return compare_times(yyjson_get_str(value) ?: "", wanted);
}

static bool match_one_of(yyjson_val *value, const char *list)
{
	char room[32];
	const char *text = text_of(value, room);
	size_t length = text ? strlen(text) : 0;

	while (text && *list) {
		size_t item = strcspn(list, ",");
		bool quoted = item >= 2 && list[0] == '"' && list[item - 1] == '"';

		if (item - 2 * quoted == length && !strncmp(list + quoted, text, length))
			return true;
		list += item + (list[item] == ',');
	}
	return false;
}

/* Glance's operators in front of a value. */
static bool match_in(yyjson_val *value, const char *wanted)
{
	static const struct {
		const char *prefix;
		bool less, equal, greater;
	} operators[] = {
		{ "eq:", false, true, false },	{ "neq:", true, false, true },
		{ "lt:", true, false, false },	{ "lte:", true, true, false },
		{ "gt:", false, false, true },	{ "gte:", false, true, true },
	};

	if (!strncmp(wanted, "in:", 3))
		return match_one_of(value, wanted + 3);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t length = strlen(operators[i].prefix);
		int order;

		if (strncmp(wanted, operators[i].prefix, length))
			continue;
		order = compare_with(value, wanted + length);
		return order < 0 ? operators[i].less :
		       order     ? operators[i].greater :
				   operators[i].equal;
	}
	return match_exact(value, wanted);
}

static bool match_list(yyjson_val *value, const char *wanted)
{
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach(value, index, count, item)
	{
		if (yyjson_equals_str(item, wanted))
			return true;
	}
	return false;
}

static bool (*const matchers[])(yyjson_val *, const char *) = {
	[PAGE_EXACT] = match_exact, [PAGE_BOOLEAN] = match_boolean, [PAGE_INTEGER] = match_integer,
	[PAGE_REGEX] = match_regex, [PAGE_SINCE] = match_since,	    [PAGE_IN] = match_in,
	[PAGE_LIST] = match_list,
};

/* A parameter that is given several times is satisfied by any of its values, but a list must hold
 * all of them. */
static bool filter_passes(const struct request *request, const struct page_filter *filter,
			  yyjson_val *record)
{
	yyjson_val *value = yyjson_obj_get(record, filter->member);
	bool all = filter->kind == PAGE_LIST, given = false, any = false;

	for (const struct name_value *query = request->query; query && query->name; query++) {
		bool matched;

		if (strcmp(query->name, filter->parameter))
			continue;
		given = true;
		matched = matchers[filter->kind](value, query->value);
		if (all && !matched)
			return false;
		any |= matched;
	}
	return !given || any;
}

bool page_filters_pass(const struct request *request, const struct page_filter *filters,
		       yyjson_val *record)
{
	for (; filters && filters->parameter; filters++)
		if (!filter_passes(request, filters, record))
			return false;
	return true;
}
