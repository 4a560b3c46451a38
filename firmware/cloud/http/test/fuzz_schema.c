/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON bodies against a schema that has every feature: it must say no in words, or yes. */
#include <assert.h>
#include <string.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const choices[] = { "a", "b", NULL };
static const struct schema choice = { .types = SCHEMA_STRING, .one_of = choices };
static const struct schema text = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 8, .pattern = "^[a-z0-9._-]*$"
};
static const struct schema number = { .types = SCHEMA_INTEGER | SCHEMA_STRING | SCHEMA_NUMBER,
				      .format = FORMAT_INTEGER_STRING,
				      .has_minimum = true,
				      .minimum = -3,
				      .has_maximum = true,
				      .maximum = 300 };
static const struct schema list = {
	.types = SCHEMA_ARRAY, .items = &text, .max_items = 4, .unique_items = true
};
static const struct schema any = { 0 };
static const struct schema formats[] = {
	{ .format = FORMAT_UUID },
	{ .format = FORMAT_URI },
	{ .format = FORMAT_IP },
	{ .format = FORMAT_CIDR },
	{ .format = FORMAT_MAC },
	{ .format = FORMAT_BASE64 },
	{ .format = FORMAT_DATE_TIME },
	{ .format = FORMAT_NAME },
	{ .format = FORMAT_NAME_STRIP },
	{ .format = FORMAT_HOSTNAME },
	{ .format = FORMAT_BOOLEAN_STRING },
};
static const struct schema object;
static const struct schema_member members[] = {
	{ .name = "c", .schema = &choice, .required = true },
	{ .name = "t", .schema = &text },
	{ .name = "n", .schema = &number, .first = 2 },
	{ .name = "l", .schema = &list, .last = 1 },
	{ .name = "o", .schema = &object },
	{ .name = "y", .schema = &any },
	{ .name = "0", .schema = &formats[0] },
	{ .name = "1", .schema = &formats[1] },
	{ .name = "2", .schema = &formats[2] },
	{ .name = "3", .schema = &formats[3] },
	{ .name = "4", .schema = &formats[4] },
	{ .name = "5", .schema = &formats[5] },
	{ .name = "6", .schema = &formats[6] },
	{ .name = "7", .schema = &formats[7] },
	{ .name = "8", .schema = &formats[8] },
	{ .name = "9", .schema = &formats[9] },
	{ .name = "A", .schema = &formats[10] },
	{ .name = NULL },
};
static const struct schema object = { .types = SCHEMA_OBJECT,
				      .members = members,
				      .others = &number,
				      .member_pattern = "^[a-z]{1,3}$",
				      .max_members = 12 };

static void check(yyjson_val *value, unsigned version, enum schema_style style)
{
	struct error error = { 0 };

	if (schema_check_as(&object, value, version, style, &error) < 0)
		assert(error.message[0]);
	else
		assert(!error.message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	yyjson_val *value = json_parse(&arena, (const char *)data, size);
	char shown[64];

	if (value) {
		python_repr(value, shown, sizeof(shown));
		assert(strlen(shown) < sizeof(shown));
		check(value, 1, SCHEMA_COMPUTE);
		check(value, 2, SCHEMA_IDENTITY);
		check(value, 2, SCHEMA_PLAIN);
	}
	arena_free(&arena);
	return 0;
}
