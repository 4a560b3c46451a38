/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsed records: shared, never out of date, bounded; and the texts beside them. */
#include "firmware/cloud/store/test/support.h"

#include <pthread.h>
#include <stdatomic.h>

#include "firmware/cloud/store/internal.h"

#define ROOM (64UL * 1024)

static int setup(void **state)
{
	*state = place_new("/dev/shm", false, &(struct store_options){ .documents_size = ROOM });
	return 0;
}

static struct store_view *view_of(struct place *place)
{
	struct store_view *view;

	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	return view;
}

static yyjson_val *read_in(struct store_view *view, struct arena *arena, const char *key)
{
	struct store_document document;

	assert_int_equal(store_read(view, arena, key, &document, NULL), 0);
	assert_string_equal(document.key, key);
	return document.root;
}

static yyjson_val *read_one(struct place *place, struct arena *arena, const char *key)
{
	struct store_view *view = view_of(place);
	yyjson_val *root = read_in(view, arena, key);

	store_view_close(view);
	return root;
}

static int64_t number_of(yyjson_val *root)
{
	return yyjson_get_sint(yyjson_obj_get(root, "n"));
}

static void test_a_document_is_the_record(void **state)
{
	static const char json[] =
		"{\"text\":\"a\\\"b\\u00e9\\n\",\"empty\":\"\",\"list\":[1,-2,[],{\"deep\":[\"x\",null,"
		"true]}],\"real\":1.5,\"object\":{},\"last\":false}";
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_document document;
	struct place *place = *state;
	struct store_view *view;
	yyjson_doc *parsed = yyjson_read(json, strlen(json), 0);

	put_one(place->store, "/t/a/1", "1");
	put_one(place->store, "/t/a/1", json);
	view = view_of(place);
	assert_int_equal(store_read(view, &arena, "/t/a/1", &document, NULL), 0);
	assert_int_equal(store_read(view, &arena, "/t/a/2", &document, NULL), -ENOENT);
	assert_int_equal(document.created, 1);
	assert_int_equal(document.revision, 2);
	assert_true(yyjson_equals(document.root, yyjson_doc_get_root(parsed)));
	assert_ptr_equal(read_in(view, &arena, "/t/a/1"), document.root);
	store_view_close(view);
	yyjson_doc_free(parsed);
}

static void test_each_view_reads_its_own_revision(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_view *before, *between;
	yyjson_val *kept;

	put_one(place->store, "/t/a/1", "{\"n\":1}");
	before = view_of(place);
	assert_int_equal(number_of(read_in(before, &arena, "/t/a/1")), 1);
	put_one(place->store, "/t/a/1", "{\"n\":2}");
	between = view_of(place);
	put_one(place->store, "/t/a/1", "{\"n\":3}");
	kept = read_one(place, &arena, "/t/a/1");
	assert_int_equal(number_of(kept), 3);
	assert_int_equal(number_of(read_in(before, &arena, "/t/a/1")), 1);
	assert_int_equal(number_of(read_in(between, &arena, "/t/a/1")), 2);
	/* Older views don't push out what the next one will want. */
	assert_ptr_equal(read_one(place, &arena, "/t/a/1"), kept);
	store_view_close(between);
	store_view_close(before);
}

static void test_a_key_that_comes_again_is_another_record(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_document document;
	struct place *place = *state;
	struct store_view *view;

	put_one(place->store, "/t/a/1", "{\"n\":1}");
	read_one(place, &arena, "/t/a/1");
	delete_one(place->store, "/t/a/1");
	view = view_of(place);
	assert_int_equal(store_read(view, &arena, "/t/a/1", &document, NULL), -ENOENT);
	store_view_close(view);
	put_one(place->store, "/t/a/1", "{\"n\":1}");
	view = view_of(place);
	assert_int_equal(store_read(view, &arena, "/t/a/1", &document, NULL), 0);
	assert_int_equal(document.created, 3);
	store_view_close(view);
}

/* --- room */

static void put_many(struct place *place, int count)
{
	char key[32], json[200];

	for (int i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "/t/many/%05d", i);
		snprintf(json, sizeof(json), "{\"n\":%d,\"filling\":\"%0100d\"}", i, i);
		assert_int_equal(put_one(place->store, key, json), 0);
	}
}

struct walk {
	int at;
	yyjson_val *roots[1000];
	int found; /* the same document as in 'before' */
	const struct walk *before;
};

static int walk_one(const struct store_document *document, void *context)
{
	struct walk *walk = context;

	assert_int_equal(number_of(document->root), walk->at);
	walk->found += walk->before && walk->before->roots[walk->at] == document->root;
	walk->roots[walk->at++] = document->root;
	return 0;
}

static void walk_all(struct place *place, struct arena *arena, struct walk *walk)
{
	struct store_view *view = view_of(place);
	int64_t count = store_read_range(view, arena, "/t/many/", walk_one, walk, NULL);

	assert_int_equal(count, walk->at);
	store_view_close(view);
	assert_true(document_cache_used(place->store->documents) <= ROOM);
}

static void test_what_fits_is_found_again(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct walk first = { 0 }, second = { .before = &first };

	put_many(place, 100);
	walk_all(place, &arena, &first);
	walk_all(place, &arena, &second);
	assert_int_equal(second.found, 100);
}

/* All that are read live in the arena, so a document is never found at an address by chance. */
static void test_a_walk_over_too_much_leaves_something(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct walk first = { 0 }, second = { .before = &first };
	struct walk third = { .before = &second }, fourth = { .before = &third };

	put_many(place, 300);
	walk_all(place, &arena, &first);
	walk_all(place, &arena, &second);
	walk_all(place, &arena, &third);
	walk_all(place, &arena, &fourth);
	assert_int_equal(fourth.at, 300);
	assert_true(fourth.found > 50);
	assert_true(fourth.found < 300);
}

static void test_the_arena_counts_documents(void **state)
{
	CLEANUP_ARENA struct arena arena = { .limit = 20000 };
	struct place *place = *state;
	struct walk walk = { 0 };
	struct store_view *view;

	put_many(place, 300);
	view = view_of(place);
	assert_int_equal(store_read_range(view, &arena, "/t/many/", walk_one, &walk, NULL),
			 -ENOMEM);
	store_view_close(view);
	assert_true(walk.at > 10);
	assert_true(walk.at < 200);
}

static void test_a_large_document_is_not_kept(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	char json[ROOM / 8];

	snprintf(json, sizeof(json), "{\"n\":7,\"filling\":\"%0*d\"}", (int)sizeof(json) - 100, 1);
	put_one(place->store, "/t/a/1", json);
	assert_int_equal(number_of(read_one(place, &arena, "/t/a/1")), 7);
	assert_int_equal(document_cache_used(place->store->documents), 0);
	assert_ptr_not_equal(read_one(place, &arena, "/t/a/1"), read_one(place, &arena, "/t/a/1"));
}

/* --- texts */

static const char *text_of(struct place *place, yyjson_val *root, const char *variant)
{
	size_t size = 0;
	const char *text = store_text(place->store, root, variant, &size);

	if (text)
		assert_int_equal(size, strlen(text));
	return text;
}

static void test_texts_are_of_one_revision_and_variant(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	yyjson_val *before, *after;

	put_one(place->store, "/t/a/1", "{\"n\":1}");
	before = read_one(place, &arena, "/t/a/1");
	assert_null(text_of(place, before, "admin"));
	assert_string_equal(store_text_keep(place->store, before, "admin", "one", 3), "one");
	assert_non_null(store_text_keep(place->store, before, "tenant", "", 0));
	assert_string_equal(text_of(place, before, "admin"), "one");
	assert_string_equal(text_of(place, before, "tenant"), "");
	assert_null(text_of(place, before, "admi"));
	assert_null(text_of(place, yyjson_obj_get(before, "n"), "admin"));
	put_one(place->store, "/t/a/1", "{\"n\":2}");
	after = read_one(place, &arena, "/t/a/1");
	assert_null(text_of(place, after, "admin"));
}

static void test_texts_live_as_long_as_the_arena(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT, others = ARENA_INIT;
	struct place *place = *state;
	struct walk walk = { 0 };
	yyjson_val *root;
	const char *text;

	put_many(place, 900);
	put_one(place->store, "/t/a/1", "{\"n\":1}");
	root = read_one(place, &arena, "/t/a/1");
	text = store_text_keep(place->store, root, "x", "kept", 4);
	put_one(place->store, "/t/a/1", "{\"n\":2}");
	read_one(place, &others, "/t/a/1");
	walk_all(place, &others, &walk);
	arena_reset(&others);
	assert_null(text_of(place, root, "x")); /* nobody asks for it any more */
	assert_string_equal(text, "kept");
	assert_null(store_text_keep(place->store, root, "y", "late", 4));
}

static void test_texts_are_bounded(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	static char large[ROOM];
	struct place *place = *state;
	char variant[16];
	yyjson_val *root;
	int kept = 0;

	put_one(place->store, "/t/a/1", "{\"n\":1}");
	root = read_one(place, &arena, "/t/a/1");
	assert_null(store_text_keep(place->store, root, "large", large, sizeof(large)));
	for (int i = 0; i < 100; i++) {
		root = read_one(place, &arena, "/t/a/1");
		snprintf(variant, sizeof(variant), "%d", i);
		kept += !!store_text_keep(place->store, root, variant, variant, strlen(variant));
		assert_true(document_cache_used(place->store->documents) < 1500);
	}
	assert_true(kept > 80);
}

/* --- threads: the record's number is its revision, whoever reads it when */

#define ROUNDS 300

struct race {
	struct place *place;
	atomic_bool over;
};

static void race_step(struct race *race)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_view *view = view_of(race->place);
	struct store_document document;
	char right[32], *text;
	size_t size;

	assert_int_equal(store_read(view, &arena, "/t/a/1", &document, NULL), 0);
	assert_true(document.revision <= store_view_revision(view));
	assert_int_equal(number_of(document.root), document.revision);
	snprintf(right, sizeof(right), "%lu", (unsigned long)document.revision);
	text = (char *)store_text(race->place->store, document.root, "n", &size);
	if (text)
		assert_string_equal(text, right);
	else
		store_text_keep(race->place->store, document.root, "n", right, strlen(right));
	store_view_close(view);
}

static void *race_run(void *context)
{
	struct race *race = context;

	while (!atomic_load(&race->over))
		race_step(race);
	return NULL;
}

static void test_readers_race_with_commits(void **state)
{
	struct race race = { .place = *state };
	pthread_t threads[3];
	char json[32];

	put_one(race.place->store, "/t/a/1", "{\"n\":1}");
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race_run, &race), 0);
	for (int i = 2; i < ROUNDS; i++) {
		snprintf(json, sizeof(json), "{\"n\":%d}", i);
		assert_int_equal(put_one(race.place->store, "/t/a/1", json), 0);
	}
	atomic_store(&race.over, true);
	for (size_t i = 0; i < ARRAY_LENGTH(threads); i++)
		pthread_join(threads[i], NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_document_is_the_record),
		TEST(test_each_view_reads_its_own_revision),
		TEST(test_a_key_that_comes_again_is_another_record),
		TEST(test_what_fits_is_found_again),
		TEST(test_a_walk_over_too_much_leaves_something),
		TEST(test_the_arena_counts_documents),
		TEST(test_a_large_document_is_not_kept),
		TEST(test_texts_are_of_one_revision_and_variant),
		TEST(test_texts_live_as_long_as_the_arena),
		TEST(test_texts_are_bounded),
		TEST(test_readers_race_with_commits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
