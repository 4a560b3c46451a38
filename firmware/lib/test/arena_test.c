/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/arena.h"

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void allocations_are_zeroed_and_aligned(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t size = 1; size < 9000; size = size * 3 + 1) {
		unsigned char *data = arena_alloc(&arena, size);

		assert_non_null(data);
		assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(data[i], 0);
		memset(data, 0xff, size);
	}
}

static void realloc_grows_in_place_at_the_end(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char *first = arena_alloc(&arena, 10), *second, *moved;

	(void)state;
	memcpy(first, "012345678", 10);
	assert_ptr_equal(arena_realloc(&arena, first, 10, 100), first);
	second = arena_alloc(&arena, 1);
	assert_non_null(second);
	moved = arena_realloc(&arena, first, 100, 200);
	assert_ptr_not_equal(moved, first);
	assert_string_equal(moved, "012345678");
	assert_ptr_equal(arena_realloc(&arena, NULL, 0, 0) != NULL, true);
}

static void what_shrinks_and_grows_again_reads_zero(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char *data = arena_alloc(&arena, 64);

	(void)state;
	memset(data, 'x', 64);
	data = arena_realloc(&arena, data, 64, 5);
	data = arena_realloc(&arena, data, 5, 64);
	assert_memory_equal(data, "xxxxx", 5);
	for (int i = 5; i < 64; i++)
		assert_int_equal(data[i], 0);
}

static void large_blocks_leave_the_first_in_use(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char *small = arena_alloc(&arena, 16), *large = arena_alloc(&arena, 100000), *next;

	(void)state;
	next = arena_alloc(&arena, 16);
	assert_ptr_equal(next, small + 16);
	memset(large, 1, 100000);
	assert_ptr_equal(arena_realloc(&arena, large, 100000, 10), large);
}

static void the_limit_holds(void **state)
{
	CLEANUP_ARENA struct arena arena = { .limit = 1000 };

	(void)state;
	assert_non_null(arena_alloc(&arena, 900));
	assert_false(arena.failed);
	assert_null(arena_alloc(&arena, 200));
	assert_true(arena.failed);
	arena_reset(&arena);
	assert_false(arena.failed);
	assert_non_null(arena_alloc(&arena, 1000 - 1000 % 16));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2));
}

static void strings(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	(void)state;
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_strdup(&arena, "port"), "port");
	assert_string_equal(arena_strndup(&arena, "port", 2), "po");
	assert_string_equal(arena_strndup(&arena, "port", 99), "port");
	assert_string_equal(arena_printf(&arena, "%s-%d", "tap", 7), "tap-7");
	assert_int_equal(strlen(arena_printf(&arena, "%0300d", 7)), 300);
	assert_string_equal(arena_join(&arena, (const char *const[]){ "a/", "", "b", NULL }),
			    "a/b");
	assert_string_equal(arena_join(&arena, (const char *const[]){ NULL }), "");
	assert_memory_equal(arena_memdup(&arena, "a\0b", 3), "a\0b", 3);
}

static void release_count(void *object)
{
	++*(int *)object;
}

static void kept_objects_are_released_once(void **state)
{
	CLEANUP_ARENA struct arena arena = { .limit = 1000 };
	int first = 0, second = 0, third = 0;

	(void)state;
	assert_true(arena_keep(&arena, &first, 500, release_count));
	assert_false(arena_keep(&arena, &second, 600, release_count));
	assert_true(arena.failed);
	assert_null(arena_alloc(&arena, 600));
	assert_true(arena_keep(&arena, &third, 100, release_count));
	assert_int_equal(first + second + third, 0);
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	arena_reset(&arena);
	assert_int_equal(first, 1);
	assert_int_equal(second, 0);
	assert_int_equal(third, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_zeroed_and_aligned),
		cmocka_unit_test(realloc_grows_in_place_at_the_end),
		cmocka_unit_test(what_shrinks_and_grows_again_reads_zero),
		cmocka_unit_test(large_blocks_leave_the_first_in_use),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(strings),
		cmocka_unit_test(kept_objects_are_released_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
