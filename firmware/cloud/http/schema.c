/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks in the order in which jsonschema's validators run over the services' schemas: type,
 * then what belongs to that type, members before 'required' before 'additionalProperties'. The
 * first thing found is the fault.
 */
#include "firmware/cloud/http/schema.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/lib/log.h"

#define DEPTH_MAX 32
#define VALUE_SHOWN 256

struct step {
	const char *name; /* member, or NULL: array index */
	size_t index;
};

struct check {
	unsigned microversion;
	enum schema_style style;
	struct error *error;
	struct step path[DEPTH_MAX];
	size_t depth;
};

static int check_value(struct check *check, const struct schema *schema, yyjson_val *value);

/* --- the texts */

static void path_last(const struct check *check, char *text, size_t size)
{
	const struct step *step = &check->path[check->depth - 1];

	if (step->name)
		snprintf(text, size, "%s", step->name);
	else
		snprintf(text, size, "%zu", step->index);
}

static void path_whole(const struct check *check, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < check->depth && used < size; i++) {
		const struct step *step = &check->path[i];
		const char *slash = i ? "/" : "";

		used += (size_t)(step->name ? snprintf(text + used, size - used, "%s%s", slash,
						       step->name)
					    : snprintf(text + used, size - used, "%s%zu", slash,
						       step->index));
	}
}

static int found(const struct check *check, yyjson_val *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int found(const struct check *check, yyjson_val *value, const char *format, ...)
{
	char text[768], path[256], shown[VALUE_SHOWN];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (check->style == SCHEMA_PLACEMENT)
		return error_set(check->error, -EINVAL, "JSON does not validate: %s", text);
	if (check->depth == 0 || check->style == SCHEMA_PLAIN)
		return error_set(check->error, -EINVAL, "%s", text);
	if (check->style == SCHEMA_IDENTITY) {
		path_whole(check, path, sizeof(path));
		return error_set(check->error, -EINVAL, "Invalid input for field '%s': %s", path,
				 text);
	}
	path_last(check, path, sizeof(path));
	python_str(value, shown, sizeof(shown));
	return error_set(check->error, -EINVAL,
			 "Invalid input for field/attribute %s. Value: %s. %s", path, shown, text);
}

/* "<value> <text>" */
static int found_value(const struct check *check, yyjson_val *value, const char *text)
{
	char shown[VALUE_SHOWN];

	python_repr(value, shown, sizeof(shown));
	return found(check, value, "%s %s", shown, text);
}

enum schema_style schema_style_of(const char *service_type)
{
	if (strcmp(service_type, "compute") == 0)
		return SCHEMA_COMPUTE;
	if (strcmp(service_type, "identity") == 0)
		return SCHEMA_IDENTITY;
	return strcmp(service_type, "placement") == 0 ? SCHEMA_PLACEMENT : SCHEMA_PLAIN;
}

/* --- types */

static unsigned type_of(yyjson_val *value)
{
	switch (yyjson_get_type(value)) {
	case YYJSON_TYPE_OBJ:
		return SCHEMA_OBJECT;
	case YYJSON_TYPE_ARR:
		return SCHEMA_ARRAY;
	case YYJSON_TYPE_STR:
	case YYJSON_TYPE_RAW:
		return SCHEMA_STRING;
	case YYJSON_TYPE_BOOL:
		return SCHEMA_BOOLEAN;
	case YYJSON_TYPE_NUM:
		return yyjson_is_int(value) ? SCHEMA_INTEGER | SCHEMA_NUMBER : SCHEMA_NUMBER;
	default:
		return SCHEMA_NULL;
	}
}

static int wrong_type(const struct check *check, unsigned types, yyjson_val *value)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = {
		{ SCHEMA_STRING, "string" }, { SCHEMA_INTEGER, "integer" },
		{ SCHEMA_NUMBER, "number" }, { SCHEMA_BOOLEAN, "boolean" },
		{ SCHEMA_OBJECT, "object" }, { SCHEMA_ARRAY, "array" },
		{ SCHEMA_NULL, "null" },
	};
	char text[128] = "is not of type ";

	for (size_t i = 0, count = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t used = strlen(text);

		if (types & names[i].type)
			snprintf(text + used, sizeof(text) - used, "%s'%s'", count++ ? ", " : "",
				 names[i].name);
	}
	return found_value(check, value, text);
}

/* --- strings */

static size_t code_points(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool pattern_holds(const char *pattern, const char *text)
{
	regex_t compiled;
	bool holds;

	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		log_error("schema", "pattern of a table is wrong", "pattern=%s",
			  log_quote(pattern));
		return false;
	}
	holds = regexec(&compiled, text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return holds;
}

static bool in_list(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static int not_one_of(const struct check *check, const struct schema *schema, yyjson_val *value)
{
	char text[512] = "is not one of [";

	for (const char *const *item = schema->one_of; *item; item++) {
		char repr[128];
		size_t used = strlen(text);

		python_repr_string(*item, repr, sizeof(repr));
		snprintf(text + used, sizeof(text) - used, "%s%s%s",
			 item == schema->one_of ? "" : ", ", repr, item[1] ? "" : "]");
	}
	return found_value(check, value, text);
}

/* Nova answers for its names in words of its own. */
static int wrong_format(const struct check *check, enum schema_format format, yyjson_val *value)
{
	char text[64];

	if (format == FORMAT_NAME || format == FORMAT_NAME_STRIP)
		return error_set(
			check->error, -EINVAL,
			"An invalid 'name' value was provided. The name must be: printable "
			"characters%s",
			format == FORMAT_NAME ? ". Can not start or end with whitespace."
					      : " with at least one non space character");
	snprintf(text, sizeof(text), "is not a '%s'", schema_format_name(format));
	return found_value(check, value, text);
}

/* What jsonschema calls a pattern, these two are in Nova: '^[0-9]*$' and the list of booleans. */
static int wrong_string_number(const struct check *check, yyjson_val *value)
{
	return found_value(check, value, "does not match '^[0-9]*$'");
}

static int check_string(struct check *check, const struct schema *schema, yyjson_val *value)
{
	const char *text = yyjson_get_str(value);
	size_t length = code_points(text);
	char repr[128], message[160];

	/* C strings end at a NUL, so what stands behind one could not be checked. */
	if (strlen(text) != yyjson_get_len(value))
		return found_value(check, value, "holds a NUL character");
	if (length < schema->min_length)
		return found_value(check, value, "is too short");
	if (schema->max_length && length > schema->max_length)
		return found_value(check, value, "is too long");
	if (schema->one_of && !in_list(schema->one_of, text))
		return not_one_of(check, schema, value);
	if (schema->pattern && !pattern_holds(schema->pattern, text)) {
		python_repr_string(schema->pattern, repr, sizeof(repr));
		snprintf(message, sizeof(message), "does not match %s", repr);
		return found_value(check, value, message);
	}
	if (schema->format == FORMAT_NONE || schema_format_holds(schema->format, text))
		return 0;
	if (schema->format == FORMAT_INTEGER_STRING)
		return wrong_string_number(check, value);
	return wrong_format(check, schema->format, value);
}

/* --- numbers */

static bool below(yyjson_val *value, int64_t bound)
{
	if (yyjson_is_real(value))
		return yyjson_get_real(value) < (double)bound;
	return yyjson_is_sint(value) ? yyjson_get_sint(value) < bound
				     : bound > 0 && yyjson_get_uint(value) < (uint64_t)bound;
}

static bool above(yyjson_val *value, int64_t bound)
{
	if (yyjson_is_real(value))
		return yyjson_get_real(value) > (double)bound;
	return yyjson_is_sint(value) ? yyjson_get_sint(value) > bound
				     : bound < 0 || yyjson_get_uint(value) > (uint64_t)bound;
}

static int out_of_bounds(const struct check *check, const struct schema *schema, yyjson_val *value,
			 bool low)
{
	char text[64];

	snprintf(text, sizeof(text), "is %s than the %s of %lld", low ? "less" : "greater",
		 low ? "minimum" : "maximum", (long long)(low ? schema->minimum : schema->maximum));
	return found_value(check, value, text);
}

static int check_number(struct check *check, const struct schema *schema, yyjson_val *value)
{
	if (schema->has_minimum && below(value, schema->minimum))
		return out_of_bounds(check, schema, value, true);
	if (schema->has_maximum && above(value, schema->maximum))
		return out_of_bounds(check, schema, value, false);
	return 0;
}

/* Nova bounds numbers that come as strings too. Too many digits are out of any bound. */
static int check_string_number(struct check *check, const struct schema *schema, yyjson_val *value)
{
	const char *text = yyjson_get_str(value);
	char *end;
	long long number;

	if (!schema->has_minimum && !schema->has_maximum)
		return 0;
	if (schema->format != FORMAT_INTEGER_STRING || !*text)
		return 0;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end)
		return 0;
	if (schema->has_minimum && number < schema->minimum)
		return out_of_bounds(check, schema, value, true);
	if (schema->has_maximum && (number > schema->maximum || errno == ERANGE))
		return out_of_bounds(check, schema, value, false);
	return 0;
}

/* --- arrays and objects */

static int descend(struct check *check, struct step step, const struct schema *schema,
		   yyjson_val *value)
{
	int result;

	if (!schema)
		return 0;
	if (check->depth == DEPTH_MAX)
		return error_set(check->error, -EINVAL, "The request body is nested too deeply.");
	check->path[check->depth++] = step;
	result = check_value(check, schema, value);
	check->depth--;
	return result;
}

static bool has_duplicates(yyjson_val *array)
{
	size_t i, j, most;
	yyjson_val *item;

	yyjson_arr_foreach (array, i, most, item)
		for (j = 0; j < i; j++)
			if (yyjson_equals(item, yyjson_arr_get(array, j)))
				return true;
	return false;
}

#define UNIQUE_MAX 1024 /* items that are compared with each other */

static int check_array(struct check *check, const struct schema *schema, yyjson_val *value)
{
	size_t count = yyjson_arr_size(value), i, most;
	yyjson_val *item;
	int result;

	if (count < schema->min_items)
		return found_value(check, value, "is too short");
	if (schema->max_items && count > schema->max_items)
		return found_value(check, value, "is too long");
	yyjson_arr_foreach (value, i, most, item) {
		result = descend(check, (struct step){ NULL, i }, schema->items, item);
		if (result < 0)
			return result;
	}
	if (schema->unique_items && (count > UNIQUE_MAX || has_duplicates(value)))
		return found_value(check, value, "has non-unique elements");
	return 0;
}

static bool exists_in(const struct schema_member *member, unsigned microversion)
{
	return microversion >= member->first && (!member->last || microversion <= member->last);
}

static const struct schema_member *find_member(const struct check *check,
					       const struct schema *schema, const char *name)
{
	for (const struct schema_member *member = schema->members; member && member->name; member++)
		if (strcmp(member->name, name) == 0 && exists_in(member, check->microversion))
			return member;
	return NULL;
}

static int check_members(struct check *check, const struct schema *schema, yyjson_val *object)
{
	const struct schema_member *member = schema->members;
	int result = 0;

	for (; result == 0 && member && member->name; member++) {
		yyjson_val *value = yyjson_obj_get(object, member->name);

		if (value && exists_in(member, check->microversion))
			result = descend(check, (struct step){ member->name, 0 }, member->schema,
					 value);
	}
	return result;
}

static int check_required(struct check *check, const struct schema *schema, yyjson_val *object)
{
	const struct schema_member *member = schema->members;
	char repr[128];

	for (; member && member->name; member++) {
		if (!member->required || !exists_in(member, check->microversion) ||
		    yyjson_obj_get(object, member->name))
			continue;
		python_repr_string(member->name, repr, sizeof(repr));
		return found(check, object, "%s is a required property", repr);
	}
	return 0;
}

static bool other_allowed(const struct schema *schema, const char *name)
{
	if (schema->member_pattern)
		return pattern_holds(schema->member_pattern, name);
	return schema->additional || schema->others;
}

static int not_allowed(const struct check *check, const struct schema *schema, yyjson_val *object)
{
	char text[512] = "", repr[128];
	yyjson_obj_iter iterator = yyjson_obj_iter_with(object);
	yyjson_val *key;
	size_t count = 0;

	while ((key = yyjson_obj_iter_next(&iterator))) {
		const char *name = yyjson_get_str(key);
		size_t used = strlen(text);

		if (find_member(check, schema, name) || other_allowed(schema, name))
			continue;
		python_repr_string(name, repr, sizeof(repr));
		snprintf(text + used, sizeof(text) - used, "%s%s", count++ ? ", " : "", repr);
	}
	if (schema->member_pattern) {
		python_repr_string(schema->member_pattern, repr, sizeof(repr));
		return found(check, object, "%s %s not match any of the regexes: %s", text,
			     count > 1 ? "do" : "does", repr);
	}
	return found(check, object, "Additional properties are not allowed (%s %s unexpected)",
		     text, count > 1 ? "were" : "was");
}

static int check_others(struct check *check, const struct schema *schema, yyjson_val *object)
{
	yyjson_obj_iter iterator = yyjson_obj_iter_with(object);
	yyjson_val *key;
	int result = 0;

	while (result == 0 && (key = yyjson_obj_iter_next(&iterator))) {
		const char *name = yyjson_get_str(key);

		if (find_member(check, schema, name))
			continue;
		if (!other_allowed(schema, name))
			return not_allowed(check, schema, object);
		result = descend(check, (struct step){ name, 0 }, schema->others,
				 yyjson_obj_iter_get_val(key));
	}
	return result;
}

static int check_object(struct check *check, const struct schema *schema, yyjson_val *value)
{
	int result;

	if (schema->max_members && yyjson_obj_size(value) > schema->max_members)
		return found_value(check, value, "has too many properties");
	result = check_members(check, schema, value);
	if (result == 0)
		result = check_required(check, schema, value);
	if (result == 0 && yyjson_obj_size(value) < schema->min_members)
		return found_value(check, value, "does not have enough properties");
	return result ? result : check_others(check, schema, value);
}

static int check_by_type(struct check *check, const struct schema *schema, yyjson_val *value,
			 unsigned type)
{
	int result;

	switch (type) {
	case SCHEMA_STRING:
		result = check_string(check, schema, value);
		return result ? result : check_string_number(check, schema, value);
	case SCHEMA_ARRAY:
		return check_array(check, schema, value);
	case SCHEMA_OBJECT:
		/* A schema of no type and no members says nothing about objects. */
		return schema->types || schema->members ? check_object(check, schema, value) : 0;
	case SCHEMA_NUMBER:
	case SCHEMA_INTEGER | SCHEMA_NUMBER:
		return check_number(check, schema, value);
	default:
		return 0;
	}
}

/* What is wrong with the value by each of them is not told. */
static int check_any_of(struct check *check, const struct schema *const *schema, yyjson_val *value)
{
	struct error ignored = { 0 };
	struct check trial = *check;

	trial.error = &ignored;
	for (; *schema; schema++)
		if (check_value(&trial, *schema, value) == 0)
			return 0;
	return found_value(check, value, "is not valid under any of the given schemas");
}

static int check_value(struct check *check, const struct schema *schema, yyjson_val *value)
{
	unsigned type = type_of(value);
	int result = 0;

	if (schema->types && !(schema->types & type))
		return wrong_type(check, schema->types, value);
	if (schema->any_of)
		result = check_any_of(check, schema->any_of, value);
	return result ? result : check_by_type(check, schema, value, type);
}
int schema_check_as(const struct schema *schema, yyjson_val *value, unsigned microversion,
		    enum schema_style style, struct error *error)
{
	struct check check = { .microversion = microversion, .style = style, .error = error };

	return check_value(&check, schema, value);
}

int schema_check(const struct schema *schema, yyjson_val *value, unsigned microversion,
		 struct error *error)
{
	return schema_check_as(schema, value, microversion, SCHEMA_COMPUTE, error);
}
