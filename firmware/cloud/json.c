/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/json.h"

const char *json_string(yyjson_val *object, const char *member)
{
	return yyjson_get_str(yyjson_obj_get(object, member));
}

static void *take(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void *grow(void *arena, void *pointer, size_t old_size, size_t size)
{
	return arena_realloc(arena, pointer, old_size, size);
}

static void leave(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

static yyjson_alc allocator_of(struct arena *arena)
{
	return (yyjson_alc){ take, grow, leave, arena };
}

yyjson_val *json_parse(struct arena *arena, const char *text, size_t size)
{
	yyjson_alc allocator = allocator_of(arena);

	/* Without the in-situ flag the text is only read: the cast is yyjson's interface. */
	return yyjson_doc_get_root(yyjson_read_opts((char *)(uintptr_t)text, size,
						    YYJSON_READ_NOFLAG, &allocator, NULL));
}

yyjson_mut_doc *json_document(struct arena *arena)
{
	yyjson_alc allocator = allocator_of(arena);

	return yyjson_mut_doc_new(&allocator);
}

const char *json_write_sized(struct arena *arena, const yyjson_mut_val *value, size_t *size)
{
	yyjson_alc allocator = allocator_of(arena);

	return yyjson_mut_val_write_opts(value, YYJSON_WRITE_NOFLAG, &allocator, size, NULL);
}

const char *json_write(struct arena *arena, const yyjson_mut_val *value)
{
	return json_write_sized(arena, value, NULL);
}
