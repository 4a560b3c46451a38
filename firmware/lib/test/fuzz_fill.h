/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz targets that go behind the decoding of messages: any struct that a table of fields describes is
 * filled from the input. Texts are NUL-terminated there; in front of ids and addresses stands a byte that
 * chooses one of a few that are sound, so that objects meet, or what follows as it is.
 */
#ifndef CUMULET_LIB_TEST_FUZZ_FILL_H
#define CUMULET_LIB_TEST_FUZZ_FILL_H

#include <stdlib.h>
#include <string.h>

#include "firmware/lib/message.h"
#include "firmware/lib/uuid.h"

#define FUZZ_LIST_MAX 4     /* items of a list */
#define FUZZ_ADDRESS_MIN 46 /* sizes of what holds addresses and networks */
#define FUZZ_ADDRESS_MAX 50

struct fuzz_input {
	const uint8_t *at, *end;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static inline uint64_t fuzz_number(struct fuzz_input *input, size_t size)
{
	uint64_t number = 0;

	while (size-- > 0)
		number = number << 8 | fuzz_byte(input);
	return number;
}

static inline void fuzz_raw(struct fuzz_input *input, char *text, size_t size)
{
	size_t length = 0;

	for (char byte; length + 1 < size && (byte = (char)fuzz_byte(input)) != '\0'; length++)
		text[length] = byte;
	text[length] = '\0';
}

/* One of the texts, or with a byte beyond them the input's own. */
static inline void fuzz_choose(struct fuzz_input *input, char *text, size_t size,
			       const char *const *texts, size_t count)
{
	size_t choice = fuzz_byte(input);

	if (choice >= count)
		fuzz_raw(input, text, size);
	else if (strlen(texts[choice]) < size)
		memcpy(text, texts[choice], strlen(texts[choice]) + 1);
}

static inline void fuzz_text(struct fuzz_input *input, char *text, size_t size)
{
	static const char *const ids[] = {
		"",
		"11111111-1111-4111-8111-111111111111",
		"22222222-2222-4222-8222-222222222222",
		"33333333-3333-4333-8333-333333333333",
	};
	static const char *const addresses[] = {
		"",          "10.1.0.0/24", "10.1.0.1", "10.1.0.2/24", "192.0.2.7", "fd00:1::/64",
		"fd00:1::5", "0.0.0.0/0",   "::/0",     "fe80::1",
	};
	static const char *const macs[] = { "", "fa:16:3e:00:00:01", "fa:16:3e:00:00:02" };

	if (size == UUID_SIZE)
		fuzz_choose(input, text, size, ids, sizeof(ids) / sizeof(ids[0]));
	else if (size >= FUZZ_ADDRESS_MIN && size <= FUZZ_ADDRESS_MAX)
		fuzz_choose(input, text, size, addresses, sizeof(addresses) / sizeof(addresses[0]));
	else if (size == sizeof("fa:16:3e:00:00:01"))
		fuzz_choose(input, text, size, macs, sizeof(macs) / sizeof(macs[0]));
	else
		fuzz_raw(input, text, size);
}

static inline void fuzz_fill(struct fuzz_input *input, struct arena *arena,
			     const struct field *fields, void *value);

static inline void fuzz_fill_list(struct fuzz_input *input, struct arena *arena,
				  const struct field *field, struct message_list *list)
{
	list->count = fuzz_byte(input) % (FUZZ_LIST_MAX + 1);
	list->items = arena_alloc(arena, list->count * field->size + 1);
	if (list->items == NULL)
		abort();
	memset(list->items, 0, list->count * field->size + 1);
	for (size_t i = 0; i < list->count; i++)
		fuzz_fill(input, arena, field->nested, (char *)list->items + i * field->size);
}

static inline void fuzz_fill_bytes(struct fuzz_input *input, struct message_bytes *bytes)
{
	size_t left = (size_t)(input->end - input->at), size = fuzz_byte(input);

	left -= left > 0;
	bytes->size = size < left ? size : left;
	bytes->data = input->at;
	input->at += bytes->size;
}

/* 'value' is zeroed; what it points to is the arena's, or the input itself. */
static inline void fuzz_fill(struct fuzz_input *input, struct arena *arena,
			     const struct field *fields, void *value)
{
	for (const struct field *field = fields; field->id != 0; field++) {
		void *member = (char *)value + field->offset;

		switch (field->kind) {
		case FIELD_U32:
			*(uint32_t *)member = (uint32_t)fuzz_number(input, 4);
			break;
		case FIELD_U64:
			*(uint64_t *)member = fuzz_number(input, 8);
			break;
		case FIELD_BOOL:
			*(bool *)member = fuzz_byte(input) & 1;
			break;
		case FIELD_STRING:
			fuzz_text(input, member, field->size);
			break;
		case FIELD_BYTES:
			fuzz_fill_bytes(input, member);
			break;
		case FIELD_TEXT:
			*(const char **)member = "";
			break;
		case FIELD_NEST:
			fuzz_fill(input, arena, field->nested, member);
			break;
		case FIELD_LIST:
			fuzz_fill_list(input, arena, field, member);
			break;
		}
	}
}

#endif
