/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory with one lifetime (a request, a message, a reconcile pass): everything that is
 * allocated from an arena is freed together, by arena_free() or arena_reset(). Not thread-safe:
 * one arena belongs to one thread at a time. Allocations are zeroed and aligned for any type.
 * When memory is exhausted, or the arena's limit is reached, allocations return NULL; callers
 * that build strings or lists may test 'failed' once at the end.
 */
#ifndef CUMULET_LIB_ARENA_H
#define CUMULET_LIB_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena_kept;

struct arena {
	struct arena_block *blocks;
	struct arena_kept *kept;
	size_t used, limit; /* bytes; limit 0: none */
	bool failed;
};

#define ARENA_INIT ((struct arena){ 0 })

void *arena_alloc(struct arena *arena, size_t size);
/* Grows or shrinks; in place when 'pointer' was the last allocation. old_size must be right. */
void *arena_realloc(struct arena *arena, void *pointer, size_t old_size, size_t size);
char *arena_strdup(struct arena *arena, const char *string); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *string, size_t length);
void *arena_memdup(struct arena *arena, const void *data, size_t size);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
/* All of 'parts', up to a NULL, one behind the other: what a format with "%s" alone would give. */
char *arena_join(struct arena *arena, const char *const *parts);
/* Gives the arena an object that is not of its memory: release(object) is called when the arena's other
 * memory is freed, and 'size' counts as allocated until then. False: the object stays the caller's. */
bool arena_keep(struct arena *arena, void *object, size_t size, void (*release)(void *object));
void arena_reset(struct arena *arena); /* frees all, the arena can be used again */
void arena_free(struct arena *arena);  /* the same, to be called at the end of its life */

static inline void cleanup_arena(struct arena *arena)
{
	arena_free(arena);
}
#define CLEANUP_ARENA __attribute__((cleanup(cleanup_arena)))

#endif
