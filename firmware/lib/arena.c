/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most lifetimes need a few hundred bytes; what is larger than a block gets one of its own. */
#define BLOCK_SIZE 4000
#define SHORT_TEXT 256 /* is formatted once, not twice */
#define ALIGNMENT alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

struct arena_kept {
	struct arena_kept *next;
	void *object;
	void (*release)(void *object);
};

static void *arena_fail(struct arena *arena)
{
	arena->failed = true;
	return NULL;
}

/* The aligned size, 0 when it overflows. */
static size_t size_align(size_t size)
{
	if (size == 0)
		size = 1;
	if (size > SIZE_MAX / 2)
		return 0;
	return (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

static bool limit_allows(const struct arena *arena, size_t size)
{
	return arena->limit == 0 || (size <= arena->limit && arena->used <= arena->limit - size);
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block = calloc(1, sizeof(*block) + room);

	if (block == NULL)
		return NULL;
	block->size = room;
	/* A large block goes behind the first one, so that the room left there stays in use. */
	if (size > BLOCK_SIZE && arena->blocks != NULL) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t need = size_align(size);
	char *data;

	if (need == 0 || !limit_allows(arena, need))
		return arena_fail(arena);
	if (block == NULL || block->size - block->used < need)
		block = block_add(arena, need);
	if (block == NULL)
		return arena_fail(arena);
	data = block->data + block->used;
	block->used += need;
	arena->used += need;
	return data;
}

/* The block in which [pointer, pointer + size) is the last allocation; only the two that can
 * have been filled last are looked at. */
static struct arena_block *block_of_last(struct arena *arena, const void *pointer, size_t size)
{
	struct arena_block *block = arena->blocks;

	for (int i = 0; i < 2 && block != NULL; i++, block = block->next)
		if ((const char *)pointer + size == block->data + block->used)
			return block;
	return NULL;
}

static void *resize_in_place(struct arena *arena, void *pointer, size_t old_need, size_t need)
{
	struct arena_block *block = block_of_last(arena, pointer, old_need);

	if (block == NULL)
		return NULL;
	if (need > old_need) {
		if (block->size - block->used < need - old_need ||
		    !limit_allows(arena, need - old_need))
			return NULL;
	} else {
		memset((char *)pointer + need, 0, old_need - need);
	}
	block->used = block->used - old_need + need;
	arena->used = arena->used - old_need + need;
	return pointer;
}

void *arena_realloc(struct arena *arena, void *pointer, size_t old_size, size_t size)
{
	size_t need = size_align(size);
	void *moved;

	if (pointer == NULL)
		return arena_alloc(arena, size);
	if (need == 0)
		return arena_fail(arena);
	/* What is beyond the old size must read as zero, as in a fresh allocation. */
	if (size < old_size)
		memset((char *)pointer + size, 0, old_size - size);
	if (resize_in_place(arena, pointer, size_align(old_size), need) != NULL)
		return pointer;
	if (size <= old_size)
		return pointer;
	moved = arena_alloc(arena, size);
	if (moved != NULL)
		memcpy(moved, pointer, old_size);
	return moved;
}

void *arena_memdup(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_alloc(arena, size);

	if (copy != NULL && size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strndup(struct arena *arena, const char *string, size_t length)
{
	char *copy;

	if (string == NULL)
		return NULL;
	length = strnlen(string, length);
	copy = arena_alloc(arena, length + 1);
	if (copy != NULL)
		memcpy(copy, string, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
	return string == NULL ? NULL : arena_strndup(arena, string, strlen(string));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	char *text, first[SHORT_TEXT];
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(first, sizeof(first), format, again);
	va_end(again);
	if (length < 0)
		return arena_fail(arena);
	if ((size_t)length < sizeof(first))
		return arena_memdup(arena, first, (size_t)length + 1);
	text = arena_alloc(arena, (size_t)length + 1);
	if (text != NULL)
		vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}

char *arena_join(struct arena *arena, const char *const *parts)
{
	size_t length = 0;
	char *text, *end;

	for (size_t i = 0; parts[i] != NULL; i++)
		length += strlen(parts[i]);
	text = end = arena_alloc(arena, length + 1);
	for (size_t i = 0; text != NULL && parts[i] != NULL; i++)
		end = stpcpy(end, parts[i]);
	return text;
}

bool arena_keep(struct arena *arena, void *object, size_t size, void (*release)(void *object))
{
	struct arena_kept *kept;

	if (!limit_allows(arena, size)) {
		arena->failed = true;
		return false;
	}
	kept = arena_alloc(arena, sizeof(*kept));
	if (kept == NULL)
		return false;
	*kept = (struct arena_kept){ arena->kept, object, release };
	arena->kept = kept;
	arena->used += size;
	return true;
}

static void kept_release(struct arena *arena)
{
	for (struct arena_kept *kept = arena->kept; kept != NULL; kept = kept->next)
		kept->release(kept->object);
	arena->kept = NULL;
}

void arena_reset(struct arena *arena)
{
	kept_release(arena);
	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
	arena->failed = false;
}

void arena_free(struct arena *arena)
{
	arena_reset(arena);
}
