/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The codec; channels are in channel.c. */
#include "firmware/lib/message.h"

#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/message_internal.h"

#define FIELDS_MAX 64 /* in one table; what is beyond would not be decoded */

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static uint64_t get_u64(const uint8_t *at)
{
	return (uint64_t)get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

static void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, (uint16_t)value);
	put_u16(at + 2, (uint16_t)(value >> 16));
}

static void put_u64(uint8_t *at, uint64_t value)
{
	put_u32(at, (uint32_t)value);
	put_u32(at + 4, (uint32_t)(value >> 32));
}

static size_t padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

/* ---- encoding ---- */

struct writer {
	struct arena *arena;
	uint8_t *data;
	size_t length, capacity;
};

#define BODY_MAX (MESSAGE_MAX - MESSAGE_HEADER_SIZE)

static int writer_grow(struct writer *writer, size_t need)
{
	size_t capacity = writer->capacity > 0 ? writer->capacity : 256;
	uint8_t *data;

	if (need > BODY_MAX)
		return -EMSGSIZE;
	while (capacity < need)
		capacity *= 2;
	if (capacity == writer->capacity)
		return 0;
	data = arena_realloc(writer->arena, writer->data, writer->capacity, capacity);
	if (data == NULL)
		return -ENOMEM;
	writer->data = data;
	writer->capacity = capacity;
	return 0;
}

/* Appends an attribute with 'length' bytes of (zeroed) data; '*at' is where they go. */
static int attribute_open(struct writer *writer, const struct field *field, size_t length,
			  uint8_t **at)
{
	size_t start = writer->length;
	int result;

	if (length > BODY_MAX)
		return -EMSGSIZE;
	result = writer_grow(writer, start + ATTRIBUTE_HEADER_SIZE + padded(length));
	if (result < 0)
		return result;
	put_u16(writer->data + start, field->id);
	put_u16(writer->data + start + 2, (uint16_t)field->kind);
	put_u32(writer->data + start + 4, (uint32_t)length);
	writer->length = start + ATTRIBUTE_HEADER_SIZE + padded(length);
	*at = writer->data + start + ATTRIBUTE_HEADER_SIZE;
	return 0;
}

static int encode_data(struct writer *writer, const struct field *field, const void *data,
		       size_t size)
{
	uint8_t *at;
	int result;

	if (field->most > 0 && size > field->most)
		return -EMSGSIZE;
	result = attribute_open(writer, field, size, &at);
	if (result == 0 && size > 0)
		memcpy(at, data, size);
	return result;
}

static int encode_struct(struct writer *writer, const struct field *fields, const void *value,
			 unsigned depth);

static int encode_nest(struct writer *writer, const struct field *field, const void *value,
		       unsigned depth)
{
	size_t start = writer->length;
	uint8_t *at;
	int result;

	if (depth >= MESSAGE_DEPTH_MAX)
		return -EMSGSIZE;
	result = attribute_open(writer, field, 0, &at);
	if (result == 0)
		result = encode_struct(writer, field->nested, value, depth + 1);
	if (result == 0)
		put_u32(writer->data + start + 4,
			(uint32_t)(writer->length - start - ATTRIBUTE_HEADER_SIZE));
	return result;
}

static int encode_list(struct writer *writer, const struct field *field,
		       const struct message_list *list, unsigned depth)
{
	if (field->most > 0 && list->count > field->most)
		return -EMSGSIZE;
	for (size_t i = 0; i < list->count; i++) {
		int result = encode_nest(writer, field, (const char *)list->items + i * field->size,
					 depth);

		if (result < 0)
			return result;
	}
	return 0;
}

static int encode_u32(struct writer *writer, const struct field *field, uint32_t value)
{
	uint8_t data[4];

	put_u32(data, value);
	return encode_data(writer, field, data, sizeof(data));
}

static int encode_u64(struct writer *writer, const struct field *field, uint64_t value)
{
	uint8_t data[8];

	put_u64(data, value);
	return encode_data(writer, field, data, sizeof(data));
}

static int encode_string(struct writer *writer, const struct field *field, const char *value)
{
	size_t length = strnlen(value, field->size);

	return length == field->size ? -EMSGSIZE : encode_data(writer, field, value, length + 1);
}

static int encode_text(struct writer *writer, const struct field *field, const char *text)
{
	if (text == NULL)
		return -EINVAL; /* it is required: optional ones were left out before */
	return encode_data(writer, field, text, strlen(text) + 1);
}

static int encode_field(struct writer *writer, const struct field *field, const void *member,
			unsigned depth)
{
	const struct message_bytes *bytes = member;

	switch (field->kind) {
	case FIELD_U32:
		return encode_u32(writer, field, *(const uint32_t *)member);
	case FIELD_U64:
		return encode_u64(writer, field, *(const uint64_t *)member);
	case FIELD_BOOL:
		return encode_data(writer, field, &(uint8_t){ *(const bool *)member }, 1);
	case FIELD_STRING:
		return encode_string(writer, field, member);
	case FIELD_BYTES:
		return encode_data(writer, field, bytes->data, bytes->size);
	case FIELD_TEXT:
		return encode_text(writer, field, *(const char *const *)member);
	case FIELD_NEST:
		return encode_nest(writer, field, member, depth);
	case FIELD_LIST:
		return encode_list(writer, field, member, depth);
	}
	return -EINVAL;
}

/* What decoding leaves as zero anyway need not be sent. */
static bool field_is_absent(const struct field *field, const void *member)
{
	if (field->required)
		return false;
	switch (field->kind) {
	case FIELD_U32:
		return *(const uint32_t *)member == 0;
	case FIELD_U64:
		return *(const uint64_t *)member == 0;
	case FIELD_BOOL:
		return !*(const bool *)member;
	case FIELD_STRING:
		return *(const char *)member == '\0';
	case FIELD_BYTES:
		return ((const struct message_bytes *)member)->size == 0;
	case FIELD_TEXT:
		return *(const char *const *)member == NULL;
	case FIELD_NEST:
	case FIELD_LIST:
		return false;
	}
	return false;
}

static int encode_struct(struct writer *writer, const struct field *fields, const void *value,
			 unsigned depth)
{
	for (const struct field *field = fields; field->id != 0; field++) {
		const void *member = (const char *)value + field->offset;
		int result;

		if (field_is_absent(field, member))
			continue;
		result = encode_field(writer, field, member, depth);
		if (result < 0)
			return result;
	}
	return 0;
}

int message_encode(struct arena *arena, struct message *message, const struct field *fields,
		   const void *value)
{
	struct writer writer = { .arena = arena };
	int result = encode_struct(&writer, fields, value, 0);

	if (result < 0)
		return result;
	message->body = writer.data;
	message->body_size = writer.length;
	return 0;
}

/* ---- decoding ---- */

struct attribute {
	uint16_t id, kind;
	const uint8_t *data;
	size_t length;
};

struct reader {
	const uint8_t *at;
	size_t left;
};

static int bad(struct error *error, const char *what, unsigned id)
{
	return error_set(error, -EBADMSG, "attribute %u: %s", id, what);
}

static bool all_zero(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != 0)
			return false;
	return true;
}

/* The next attribute: 1, at the end 0, else a negative errno. */
static int attribute_next(struct reader *reader, struct attribute *attribute, struct error *error)
{
	size_t whole;

	if (reader->left == 0)
		return 0;
	if (reader->left < ATTRIBUTE_HEADER_SIZE)
		return error_set(error, -EBADMSG, "an attribute's header is cut off");
	attribute->id = get_u16(reader->at);
	attribute->kind = get_u16(reader->at + 2);
	attribute->length = get_u32(reader->at + 4);
	attribute->data = reader->at + ATTRIBUTE_HEADER_SIZE;
	reader->left -= ATTRIBUTE_HEADER_SIZE;
	if (attribute->length > reader->left || padded(attribute->length) > reader->left)
		return bad(error, "longer than what holds it", attribute->id);
	whole = padded(attribute->length);
	if (!all_zero(attribute->data + attribute->length, whole - attribute->length))
		return bad(error, "its padding is not zero", attribute->id);
	reader->at = attribute->data + whole;
	reader->left -= whole;
	return 1;
}

static int field_index(const struct field *fields, uint16_t id)
{
	for (int i = 0; i < FIELDS_MAX && fields[i].id != 0; i++)
		if (fields[i].id == id)
			return i;
	return -1;
}

/* How often each field occurs; the structure of the whole is sound when this returns 0. */
static int fields_count(const struct field *fields, struct reader reader, size_t *counts,
			struct error *error)
{
	struct attribute attribute;
	int more;

	while ((more = attribute_next(&reader, &attribute, error)) > 0) {
		int index = field_index(fields, attribute.id);

		if (index < 0)
			continue;
		if (attribute.kind != fields[index].kind)
			return bad(error, "of another kind than expected", attribute.id);
		counts[index]++;
	}
	return more;
}

static int count_check(const struct field *field, size_t count, struct error *error)
{
	if (field->required && count == 0)
		return bad(error, "missing", field->id);
	if (field->kind != FIELD_LIST && count > 1)
		return bad(error, "given twice", field->id);
	if (field->kind == FIELD_LIST && field->most > 0 && count > field->most)
		return bad(error, "too many items", field->id);
	return 0;
}

static int list_prepare(struct arena *arena, const struct field *field, size_t count,
			struct message_list *list)
{
	list->count = 0; /* grows as the items are decoded */
	list->items = NULL;
	if (count == 0)
		return 0;
	list->items = arena_alloc(arena, count * field->size);
	return list->items == NULL ? -ENOMEM : 0;
}

static int fields_prepare(struct arena *arena, const struct field *fields, const size_t *counts,
			  void *value, struct error *error)
{
	for (size_t i = 0; i < FIELDS_MAX && fields[i].id != 0; i++) {
		int result = count_check(&fields[i], counts[i], error);

		if (result == 0 && fields[i].kind == FIELD_LIST)
			result = list_prepare(arena, &fields[i], counts[i],
					      (void *)((char *)value + fields[i].offset));
		if (result < 0)
			return result;
	}
	return 0;
}

static int text_check(const struct attribute *attribute, struct error *error)
{
	const uint8_t *end = memchr(attribute->data, '\0', attribute->length);

	if (end == NULL || end + 1 != attribute->data + attribute->length)
		return bad(error, "not a terminated string", attribute->id);
	return 0;
}

static int decode_fixed(const struct field *field, const struct attribute *attribute, void *member,
			struct error *error)
{
	static const size_t sizes[] = { [FIELD_U32] = 4, [FIELD_U64] = 8, [FIELD_BOOL] = 1 };

	if (attribute->length != sizes[field->kind])
		return bad(error, "of the wrong size", attribute->id);
	if (field->kind == FIELD_U32)
		*(uint32_t *)member = get_u32(attribute->data);
	else if (field->kind == FIELD_U64)
		*(uint64_t *)member = get_u64(attribute->data);
	else if (*attribute->data > 1)
		return bad(error, "neither true nor false", attribute->id);
	else
		*(bool *)member = *attribute->data == 1;
	return 0;
}

static int decode_string(const struct field *field, const struct attribute *attribute, void *member,
			 struct error *error)
{
	int result = text_check(attribute, error);

	if (result < 0)
		return result;
	if (attribute->length > field->size)
		return bad(error, "too long", attribute->id);
	memcpy(member, attribute->data, attribute->length);
	return 0;
}

static int decode_copy(struct arena *arena, const struct field *field,
		       const struct attribute *attribute, void *member, struct error *error)
{
	void *copy;

	if (field->most > 0 && attribute->length > field->most)
		return bad(error, "too long", attribute->id);
	if (field->kind == FIELD_TEXT && text_check(attribute, error) < 0)
		return -EBADMSG;
	copy = arena_memdup(arena, attribute->data, attribute->length);
	if (copy == NULL)
		return error_set(error, -ENOMEM, "out of memory");
	if (field->kind == FIELD_TEXT)
		*(const char **)member = copy;
	else
		*(struct message_bytes *)member = (struct message_bytes){ copy, attribute->length };
	return 0;
}

static int decode_struct(struct arena *arena, const struct field *fields, struct reader reader,
			 void *value, unsigned depth, struct error *error);

static int decode_nested(struct arena *arena, const struct field *field,
			 const struct attribute *attribute, void *member, unsigned depth,
			 struct error *error)
{
	struct reader inner = { attribute->data, attribute->length };
	struct message_list *list = member;
	void *value = member;

	if (depth >= MESSAGE_DEPTH_MAX)
		return bad(error, "nested too deeply", attribute->id);
	if (field->kind == FIELD_LIST)
		value = (char *)list->items + list->count++ * field->size;
	return decode_struct(arena, field->nested, inner, value, depth + 1, error);
}

static int decode_field(struct arena *arena, const struct field *field,
			const struct attribute *attribute, void *member, unsigned depth,
			struct error *error)
{
	switch (field->kind) {
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_BOOL:
		return decode_fixed(field, attribute, member, error);
	case FIELD_STRING:
		return decode_string(field, attribute, member, error);
	case FIELD_BYTES:
	case FIELD_TEXT:
		return decode_copy(arena, field, attribute, member, error);
	case FIELD_NEST:
	case FIELD_LIST:
		return decode_nested(arena, field, attribute, member, depth, error);
	}
	return -EBADMSG;
}

static int decode_struct(struct arena *arena, const struct field *fields, struct reader reader,
			 void *value, unsigned depth, struct error *error)
{
	size_t counts[FIELDS_MAX] = { 0 };
	struct attribute attribute;
	int result = fields_count(fields, reader, counts, error);

	if (result == 0)
		result = fields_prepare(arena, fields, counts, value, error);
	while (result == 0 && attribute_next(&reader, &attribute, error) > 0) {
		int index = field_index(fields, attribute.id);

		if (index >= 0)
			result = decode_field(arena, &fields[index], &attribute,
					      (char *)value + fields[index].offset, depth, error);
	}
	return result;
}

int message_decode(struct arena *arena, const struct message *message, const struct field *fields,
		   void *value, struct error *error)
{
	struct reader reader = { message->body, message->body_size };

	return decode_struct(arena, fields, reader, value, 0, error);
}

/* ---- header ---- */

int message_parse(const void *packet, size_t size, struct message *message, struct error *error)
{
	const uint8_t *at = packet;

	if (size < MESSAGE_HEADER_SIZE || size > MESSAGE_MAX || size % 4 != 0)
		return error_set(error, -EBADMSG, "a message of %zu bytes", size);
	if (get_u32(at) != size)
		return error_set(error, -EBADMSG, "a message of %zu bytes that says %u", size,
				 get_u32(at));
	if (get_u16(at + 4) != MESSAGE_VERSION)
		return error_set(error, -EBADMSG, "a message of version %u", get_u16(at + 4));
	message->type = get_u16(at + 6);
	message->serial = get_u32(at + 8);
	message->reply_to = get_u32(at + 12);
	message->body = at + MESSAGE_HEADER_SIZE;
	message->body_size = size - MESSAGE_HEADER_SIZE;
	if (message->type == 0)
		return error_set(error, -EBADMSG, "a message without a type");
	return 0;
}

void message_header_write(const struct message *message, uint8_t header[MESSAGE_HEADER_SIZE])
{
	put_u32(header, (uint32_t)(MESSAGE_HEADER_SIZE + message->body_size));
	put_u16(header + 4, MESSAGE_VERSION);
	put_u16(header + 6, message->type);
	put_u32(header + 8, message->serial);
	put_u32(header + 12, message->reply_to);
}

int message_take_fd(struct message *message, size_t index)
{
	return index < message->fd_count ? fd_take(&message->fds[index]) : -1;
}
