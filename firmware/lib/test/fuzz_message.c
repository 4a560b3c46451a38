/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole packets: header, then every control message's table on the body. What decodes must
 * encode, and decode again to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any {
	struct control_link link;
	struct control_power power;
	struct control_log_get get;
	struct control_log log;
	struct control_log_level level;
};

struct item {
	char name[8];
	struct message_bytes bytes;
	const char *text;
};

struct tree {
	bool flag;
	struct item one;
	struct message_list items;
};

static const struct field item_fields[] = {
	FIELD(1, FIELD_STRING, struct item, name, false),
	FIELD(2, FIELD_BYTES, struct item, bytes, false),
	FIELD(3, FIELD_TEXT, struct item, text, true),
	FIELD_END,
};

static const struct field tree_fields[] = {
	FIELD(1, FIELD_BOOL, struct tree, flag, false),
	FIELD_NESTED(2, struct tree, one, item_fields, false),
	FIELD_LISTED(3, struct tree, items, struct item, item_fields, 100),
	FIELD_END,
};

static void tree_check(struct arena *arena, const struct message *message)
{
	struct tree tree = { .one.text = "" }, again = { .one.text = "" };
	struct message first = { 0 }, second = { 0 };

	if (message_decode(arena, message, tree_fields, &tree, NULL) < 0)
		return;
	if (message_encode(arena, &first, tree_fields, &tree) < 0)
		return; /* larger than it came, as absent required texts are written out */
	if (message_decode(arena, &first, tree_fields, &again, NULL) < 0 ||
	    message_encode(arena, &second, tree_fields, &again) < 0 ||
	    first.body_size != second.body_size ||
	    memcmp(first.body, second.body, first.body_size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct field *const tables[] = { control_link_fields, control_power_fields,
						      control_log_get_fields, control_log_fields,
						      control_log_level_fields };
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct message message = { 0 };
	struct error error;

	if (message_parse(data, size, &message, &error) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
		union any any = { 0 };

		message_decode(&arena, &message, tables[i], &any, &error);
	}
	tree_check(&arena, &message);
	return 0;
}
