/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts are what jsonschema 4.10 says, as Nova and Keystone of the Zed release pass it on. */
#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/http/test/unit.h"
#include "firmware/cloud/json.h"

static const char *const statuses[] = { "on", "off", NULL };
static const struct schema name = { .types = SCHEMA_STRING, .min_length = 1, .max_length = 5 };
static const struct schema nova_name = { .types = SCHEMA_STRING, .format = FORMAT_NAME };
static const struct schema uuid = { .types = SCHEMA_STRING, .format = FORMAT_UUID };
static const struct schema status = { .types = SCHEMA_STRING, .one_of = statuses };
static const struct schema count = { .types = SCHEMA_INTEGER | SCHEMA_STRING,
				     .format = FORMAT_INTEGER_STRING,
				     .has_minimum = true,
				     .minimum = 1,
				     .has_maximum = true,
				     .maximum = 9 };
static const struct schema flag = { .types = SCHEMA_BOOLEAN | SCHEMA_NULL };
static const struct schema word = { .types = SCHEMA_STRING, .pattern = "^[a-z]*$" };
static const struct schema words = {
	.types = SCHEMA_ARRAY, .items = &word, .min_items = 1, .max_items = 3, .unique_items = true
};
static const struct schema metadata = { .types = SCHEMA_OBJECT,
					.others = &name,
					.member_pattern = "^[a-zA-Z0-9_:. -]{1,255}$",
					.max_members = 2 };
static const struct schema_member thing_members[] = {
	{ .name = "name", .schema = &name, .required = true },
	{ .name = "display", .schema = &nova_name },
	{ .name = "id", .schema = &uuid },
	{ .name = "status", .schema = &status },
	{ .name = "count", .schema = &count },
	{ .name = "flag", .schema = &flag },
	{ .name = "words", .schema = &words },
	{ .name = "metadata", .schema = &metadata },
	{ .name = "late", .schema = &name, .required = true, .first = 19 },
	{ .name = "early", .schema = &name, .last = 18 },
	{ .name = NULL },
};
static const struct schema thing = { .types = SCHEMA_OBJECT, .members = thing_members };
static const struct schema_member body_members[] = {
	{ .name = "thing", .schema = &thing, .required = true },
	{ .name = NULL },
};
static const struct schema body = { .types = SCHEMA_OBJECT, .members = body_members };

struct sample {
	const char *json, *text; /* NULL: it passes */
};

static void check(const struct sample *sample, unsigned microversion, enum schema_style style)
{
	struct arena arena = ARENA_INIT;
	yyjson_val *value = json_parse(&arena, sample->json, strlen(sample->json));
	struct error error = { 0 };
	int result;

	assert_non_null(value);
	result = schema_check_as(&body, value, microversion, style, &error);
	assert_int_equal(result, sample->text ? -EINVAL : 0);
	assert_string_equal(error.message, sample->text ? sample->text : "");
	arena_free(&arena);
}

#define THING(members) "{\"thing\": {\"name\": \"a\", " members "}}"
#define FIELD_TEXT(field, value, text)                                                             \
	"Invalid input for field/attribute " field ". Value: " value ". " text

static const struct sample compute[] = {
	{ "{\"thing\": {\"name\": \"a\"}}", NULL },
	{ "[]", "[] is not of type 'object'" },
	{ "{}", "'thing' is a required property" },
	{ "{\"thing\": {\"name\": \"a\"}, \"y\": 1}",
	  "Additional properties are not allowed ('y' was unexpected)" },
	{ "{\"thing\": {\"name\": \"a\"}, \"y\": 1, \"it's\": 2}",
	  "Additional properties are not allowed ('y', \"it's\" were unexpected)" },
	{ "{\"thing\": 1}", FIELD_TEXT("thing", "1", "1 is not of type 'object'") },
	{ "{\"thing\": {}}", FIELD_TEXT("thing", "{}", "'name' is a required property") },
	{ "{\"thing\": {\"name\": \"\"}}", FIELD_TEXT("name", "", "'' is too short") },
	{ "{\"thing\": {\"name\": \"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\"}}", NULL },
	{ "{\"thing\": {\"name\": \"abcdef\"}}",
	  FIELD_TEXT("name", "abcdef", "'abcdef' is too long") },
	{ "{\"thing\": {\"name\": null}}",
	  FIELD_TEXT("name", "None", "None is not of type 'string'") },
	{ THING("\"display\": \" x\""),
	  "An invalid 'name' value was provided. The name must be: printable characters. Can not "
	  "start or end with whitespace." },
	{ THING("\"id\": \"zz\""), FIELD_TEXT("id", "zz", "'zz' is not a 'uuid'") },
	{ THING("\"id\": \"dd9c2f2c6b5a4f7b8f2a6b1b0c1d2e3f\""), NULL },
	{ THING("\"status\": \"up\""),
	  FIELD_TEXT("status", "up", "'up' is not one of ['on', 'off']") },
	{ THING("\"count\": 0"), FIELD_TEXT("count", "0", "0 is less than the minimum of 1") },
	{ THING("\"count\": \"10\""),
	  FIELD_TEXT("count", "10", "'10' is greater than the maximum of 9") },
	{ THING("\"count\": 18446744073709551615"),
	  FIELD_TEXT("count", "18446744073709551615",
		     "18446744073709551615 is greater than the maximum of 9") },
	{ THING("\"count\": \"x\""), FIELD_TEXT("count", "x", "'x' does not match '^[0-9]*$'") },
	{ THING("\"count\": 1.5"),
	  FIELD_TEXT("count", "1.5", "1.5 is not of type 'string', 'integer'") },
	{ THING("\"count\": \"5\""), NULL },
	{ THING("\"flag\": true"), NULL },
	{ THING("\"flag\": null"), NULL },
	{ THING("\"flag\": \"true\""),
	  FIELD_TEXT("flag", "true", "'true' is not of type 'boolean', 'null'") },
	{ THING("\"words\": []"), FIELD_TEXT("words", "[]", "[] is too short") },
	{ THING("\"words\": [\"a\", \"B\"]"),
	  FIELD_TEXT("1", "B", "'B' does not match '^[a-z]*$'") },
	{ THING("\"words\": [\"a\", \"a\"]"),
	  FIELD_TEXT("words", "['a', 'a']", "['a', 'a'] has non-unique elements") },
	{ THING("\"metadata\": {\"a\": \"b\"}"), NULL },
	{ THING("\"metadata\": {\"a\": true}"),
	  FIELD_TEXT("a", "True", "True is not of type 'string'") },
	{ THING("\"metadata\": {\"a\\n\": \"b\"}"),
	  FIELD_TEXT("metadata", "{'a\\n': 'b'}",
		     "'a\\n' does not match any of the regexes: "
		     "'^[a-zA-Z0-9_:. -]{1,255}$'") },
	{ THING("\"metadata\": {\"a\": \"1\", \"b\": \"2\", \"c\": \"3\"}"),
	  FIELD_TEXT("metadata", "{'a': '1', 'b': '2', 'c': '3'}",
		     "{'a': '1', 'b': '2', 'c': '3'} has too many properties") },
	{ THING("\"late\": \"x\""),
	  FIELD_TEXT("thing", "{'name': 'a', 'late': 'x'}",
		     "Additional properties are not allowed ('late' was unexpected)") },
	{ THING("\"early\": \"x\""), NULL },
};

static void test_compute(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(compute) / sizeof(compute[0]); i++)
		check(&compute[i], 1, SCHEMA_COMPUTE);
}

static void test_versions(void **state)
{
	static const struct sample samples[] = {
		{ THING("\"late\": \"x\""), NULL },
		{ "{\"thing\": {\"name\": \"a\"}}",
		  FIELD_TEXT("thing", "{'name': 'a'}", "'late' is a required property") },
		{ THING("\"late\": \"x\", \"early\": \"y\""),
		  FIELD_TEXT("thing", "{'name': 'a', 'late': 'x', 'early': 'y'}",
			     "Additional properties are not allowed ('early' was unexpected)") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		check(&samples[i], 19, SCHEMA_COMPUTE);
}

static void test_styles(void **state)
{
	static const struct sample samples[] = {
		{ "{\"thing\": {\"name\": \"\"}}",
		  "Invalid input for field 'thing/name': '' is too short" },
		{ "{}", "'thing' is a required property" },
	};
	static const struct sample placement = { "{}", "JSON does not validate: 'thing' is a "
						       "required property" };

	(void)state;
	check(&samples[0], 1, SCHEMA_IDENTITY);
	check(&samples[1], 1, SCHEMA_IDENTITY);
	check(&placement, 1, SCHEMA_PLACEMENT);
}

static void test_repr(void **state)
{
	static const struct sample samples[] = {
		{ "\"it's\"", "\"it's\"" },
		{ "\"'\\\"\"", "'\\'\"'" },
		{ "\"\\\\ \\t \\u0001\"", "'\\\\ \\t \\x01'" },
		{ "[1, -2, 1.0, 0.1, true, null, {\"a\": []}]",
		  "[1, -2, 1.0, 0.1, True, None, {'a': []}]" },
	};
	struct arena arena = ARENA_INIT;
	char text[128], tiny[6];

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		python_repr(json_parse(&arena, samples[i].json, strlen(samples[i].json)), text,
			    sizeof(text));
		assert_string_equal(text, samples[i].text);
	}
	python_repr_string("abc\xc3\xa4", tiny, sizeof(tiny));
	assert_string_equal(tiny, "'abc");
	arena_free(&arena);
}

static void test_formats(void **state)
{
	static const struct {
		enum schema_format format;
		const char *text;
		bool holds;
	} samples[] = {
		{ FORMAT_IPV4, "10.0.0.1", true },
		{ FORMAT_IPV4, "10.0.0.256", false },
		{ FORMAT_IPV6, "fe80::1", true },
		{ FORMAT_IP, "x", false },
		{ FORMAT_CIDR, "10.0.0.0/24", true },
		{ FORMAT_CIDR, "10.0.0.0", false },
		{ FORMAT_CIDR, "10.0.0.0/33", false },
		{ FORMAT_CIDR, "fd00::/64", true },
		{ FORMAT_CIDR, "10.0.0.0/ 8", false },
		{ FORMAT_MAC, "fa:16:3e:00:11:22", true },
		{ FORMAT_MAC, "fa:16:3e:00:11", false },
		{ FORMAT_URI, "http://h/p", true },
		{ FORMAT_URI, "h/p", false },
		{ FORMAT_BASE64, "YWJj\nZA==", true },
		{ FORMAT_BASE64, "YW=j", false },
		{ FORMAT_HOSTNAME, "a-b.c", true },
		{ FORMAT_HOSTNAME, "a..c", false },
		{ FORMAT_DATE_TIME, "2026-11-22T10:00:00.5Z", true },
		{ FORMAT_DATE_TIME, "2026-11-22", true },
		{ FORMAT_DATE_TIME, "now", false },
		{ FORMAT_BOOLEAN_STRING, "Yes", true },
		{ FORMAT_BOOLEAN_STRING, "2", false },
		{ FORMAT_NAME, "a b", true },
		{ FORMAT_NAME, "a\x01", false },
		{ FORMAT_NAME, "a\xc2\xa0", false },
		{ FORMAT_NAME_STRIP, " a ", true },
		{ FORMAT_NAME_STRIP, "  ", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (schema_format_holds(samples[i].format, samples[i].text) != samples[i].holds)
			fail_msg("%zu: '%s'", i, samples[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compute), cmocka_unit_test(test_versions),
		cmocka_unit_test(test_styles),  cmocka_unit_test(test_repr),
		cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
