/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/page_filter.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "firmware/cloud/json.h"

/* A scalar as the text that a client would write for it; NULL for null, arrays and objects. */
static const char *text_of(yyjson_val *value, char *buffer, size_t size)
{
	if (yyjson_is_str(value))
		return yyjson_get_str(value);
	if (yyjson_is_bool(value))
		return yyjson_get_bool(value) ? "true" : "false";
	if (yyjson_is_uint(value))
		snprintf(buffer, size, "%llu", (unsigned long long)yyjson_get_uint(value));
	else if (yyjson_is_sint(value))
		snprintf(buffer, size, "%lld", (long long)yyjson_get_sint(value));
	else if (yyjson_is_real(value))
		snprintf(buffer, size, "%g", yyjson_get_real(value));
	else
		return NULL;
	return buffer;
}

static bool holds_exact(yyjson_val *value, const char *asked)
{
	char buffer[40];
	const char *text = text_of(value, buffer, sizeof(buffer));

	if (!text)
		return !*asked; /* Neutron: an empty value asks for what is not set */
	if (yyjson_is_bool(value))
		return strcasecmp(text, asked) == 0;
	return strcmp(text, asked) == 0;
}

static bool holds_boolean(yyjson_val *value, const char *asked)
{
	static const char *const yes[] = { "1", "t", "true", "on", "y", "yes" };
	bool wanted = false;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		wanted |= strcasecmp(asked, yes[i]) == 0;
	return yyjson_is_true(value) == wanted;
}

static bool holds_integer(yyjson_val *value, const char *asked)
{
	char *end;
	double number = strtod(asked, &end);

	return *asked && !*end && yyjson_is_num(value) && !(yyjson_get_num(value) < number) &&
	       !(yyjson_get_num(value) > number);
}

#define REGEX_MAX 256

/* Nested repetitions with bounds can make a compiled expression explode. */
static bool is_modest(const char *expression)
{
	const char *brace = strchr(expression, '{');

	return strlen(expression) <= REGEX_MAX && (!brace || !strchr(brace + 1, '{'));
}

static bool holds_regex(yyjson_val *value, const char *asked)
{
	const char *text = yyjson_get_str(value);
	regex_t compiled;
	bool holds;

	if (!text)
		return false;
	if (!is_modest(asked) || regcomp(&compiled, asked, REG_EXTENDED | REG_NOSUB) != 0)
		return strstr(text, asked) != NULL;
	holds = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return holds;
}

/* Seconds since the epoch of "2026-11-22T10:00:00[.123][Z|+01:00]"; false when it is none. */
static bool parse_moment(const char *text, int64_t *seconds)
{
	struct tm parts = { 0 };
	int used = 0, hours = 0, minutes = 0;
	char sign = 'Z';

	if (sscanf(text, "%4d-%2d-%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &used) < 3)
		return false;
	text += used;
	if (*text == 'T' || *text == ' ') {
		if (sscanf(text + 1, "%2d:%2d%n", &parts.tm_hour, &parts.tm_min, &used) < 2)
			return false;
		text += 1 + used;
	}
	if (*text == ':' && sscanf(text, ":%2d%n", &parts.tm_sec, &used) == 1)
		text += used;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (*text && sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) < 1)
		return false;
	if (!strchr("Zz+- ", sign))
		return false;
	parts.tm_year -= 1900;
	parts.tm_mon--;
	/* A '+' that was not escaped comes as a blank. */
	*seconds = (int64_t)timegm(&parts) -
		   (sign == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

static bool holds_since(yyjson_val *value, const char *asked)
{
	const char *text = yyjson_get_str(value);
	int64_t from, moment;

	return text && parse_moment(asked, &from) && parse_moment(text, &moment) && moment >= from;
}

static bool in_words(const char *list, const char *text)
{
	size_t size = strlen(text);

	while (*list) {
		size_t length = strcspn(list, ",");
		const char *word = list;

		list += length + (list[length] == ',');
		if (length >= 2 && *word == '"' && word[length - 1] == '"') {
			word++;
			length -= 2;
		}
		if (length == size && memcmp(word, text, size) == 0)
			return true;
	}
	return false;
}

static int order(yyjson_val *value, const char *text, const char *asked)
{
	int64_t left, right;

	if (yyjson_is_num(value)) {
		double number = strtod(asked, NULL);

		return (yyjson_get_num(value) > number) - (yyjson_get_num(value) < number);
	}
	if (parse_moment(text, &left) && parse_moment(asked, &right))
		return (left > right) - (left < right);
	return strcmp(text, asked);
}

static bool holds_operator(yyjson_val *value, const char *asked)
{
	static const struct {
		const char *name;
		bool less, equal, greater;
	} operators[] = {
		{ "eq:", false, true, false }, { "neq:", true, false, true },
		{ "gt:", false, false, true }, { "gte:", false, true, true },
		{ "lt:", true, false, false }, { "lte:", true, true, false },
	};
	char buffer[40];
	const char *text = text_of(value, buffer, sizeof(buffer));

	if (!text)
		return false;
	if (strncmp(asked, "in:", 3) == 0)
		return in_words(asked + 3, text);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t length = strlen(operators[i].name);

		if (strncmp(asked, operators[i].name, length) == 0) {
			int result = order(value, text, asked + length);

			return result < 0   ? operators[i].less
			       : result > 0 ? operators[i].greater
					    : operators[i].equal;
		}
	}
	return holds_exact(value, asked);
}

static bool holds_member(yyjson_val *value, const char *asked)
{
	size_t i, most;
	yyjson_val *item;

	yyjson_arr_foreach (value, i, most, item)
		if (yyjson_equals_str(item, asked))
			return true;
	return false;
}

static const struct {
	bool (*holds)(yyjson_val *value, const char *asked);
	bool all; /* a repeated parameter: all of them must hold, not any */
} kinds[] = {
	[PAGE_EXACT] = { holds_exact, false },     [PAGE_BOOLEAN] = { holds_boolean, false },
	[PAGE_INTEGER] = { holds_integer, false }, [PAGE_REGEX] = { holds_regex, false },
	[PAGE_SINCE] = { holds_since, true },      [PAGE_IN] = { holds_operator, true },
	[PAGE_LIST] = { holds_member, true },
};

static bool filter_holds(const struct request *request, const struct page_filter *filter,
			 yyjson_val *record)
{
	bool asked = false, any = false, all = true;

	for (const struct name_value *pair = request->query; pair->name; pair++) {
		bool holds;

		if (strcmp(pair->name, filter->parameter) != 0)
			continue;
		holds = kinds[filter->kind].holds(yyjson_obj_get(record, filter->member),
						  pair->value);
		asked = true;
		any |= holds;
		all &= holds;
	}
	return !asked || (kinds[filter->kind].all ? all : any);
}

/* Those that the query asks for: few of them, or none. */
static const struct page_filter *filters_asked(const struct request *request,
					       const struct page_filter *filters)
{
	struct page_filter *asked;
	size_t count = 0;

	while (filters && filters[count].parameter)
		count++;
	asked = arena_alloc(request->arena, (count + 1) * sizeof(*asked));
	if (!asked)
		return NULL;
	count = 0;
	for (; filters && filters->parameter; filters++)
		if (request_query(request, filters->parameter))
			asked[count++] = *filters;
	return asked;
}

static bool record_holds(const struct request *request, const struct page_filter *filters,
			 yyjson_val *record)
{
	for (; filters && filters->parameter; filters++)
		if (!filter_holds(request, filters, record))
			return false;
	return true;
}

static int check_moments(const struct request *request, const struct page_filter *filters,
			 struct error *error)
{
	int64_t moment;

	for (; filters && filters->parameter; filters++) {
		const char *asked = request_query(request, filters->parameter);

		if (filters->kind == PAGE_SINCE && asked && !parse_moment(asked, &moment))
			return error_set(
				error, -EINVAL,
				"Invalid input for query parameters %s. Value: %s. '%s' is "
				"not a 'date-time'",
				filters->parameter, asked, asked);
	}
	return 0;
}

ssize_t page_filter(struct request *request, const struct page_filter *filters,
		    yyjson_val **records, size_t count, struct error *error)
{
	size_t kept = 0;

	if (check_moments(request, filters, error) < 0)
		return -EINVAL;
	filters = filters_asked(request, filters);
	if (!filters)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (record_holds(request, filters, records[i]))
			records[kept++] = records[i];
	return (ssize_t)kept;
}
