/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random transactions against the store and against a model in memory, which must agree on every
 * result, record, range and index, on old views, and after the store was closed and opened.
 * SEED=n in the environment repeats a run.
 */
#include "firmware/cloud/store/test/support.h"

#include <time.h>

#define KEYS 24  /* below /p/x/, indexed */
#define NAMES 12 /* 0: no name */
#define PROJECTS 3
#define TAGS 4
#define STEPS 6000
#define OPS_MAX 4

static const struct store_index indexes[] = {
	{ "/p/x/", "name", "name", "project", true },
	{ "/p/x/", "project", "project", NULL, false },
	{ "/p/x/", "tag", "tags", NULL, false },
	{ 0 },
};

struct cell {
	bool exists;
	unsigned name, project, tags, size;
	uint64_t created, revision;
};

struct model {
	struct cell cells[KEYS];
	uint64_t revision;
};

static unsigned state_random;

static unsigned pick(unsigned below)
{
	state_random = state_random * 1103515245u + 12345u;
	return (state_random >> 8) % below;
}

static const char *key_of(struct arena *arena, unsigned i)
{
	return arena_printf(arena, "/p/x/%02u", i);
}

/* Long values now and then: LMDB keeps them in pages of their own. */
static const char *json_of(struct arena *arena, const struct cell *cell)
{
	const char *name = cell->name ? arena_printf(arena, "\"n%u\"", cell->name) : "null";
	const char *tags = "";

	for (unsigned i = 0; i < TAGS; i++)
		if (cell->tags & 1u << i)
			tags = arena_printf(arena, "%s%s\"t%u\"", tags, *tags ? "," : "", i);
	return arena_printf(arena,
			    "{\"name\":%s,\"project\":\"p%u\",\"tags\":[%s],\"pad\":\"%*s\"}", name,
			    cell->project, tags, (int)cell->size, "");
}

static struct cell cell_random(void)
{
	return (struct cell){
		.exists = true,
		.name = pick(NAMES),
		.project = pick(PROJECTS),
		.tags = pick(1u << TAGS),
		.size = pick(20) ? pick(100) : pick(20000),
	};
}

static bool model_is_unique(const struct model *model)
{
	for (unsigned i = 0; i < KEYS; i++)
		for (unsigned k = i + 1; k < KEYS; k++) {
			const struct cell *a = &model->cells[i], *b = &model->cells[k];

			if (a->exists && b->exists && a->name && a->name == b->name &&
			    a->project == b->project)
				return false;
		}
	return true;
}

/* What a transaction does to the model, built beside the real one. */
struct attempt {
	struct store_txn *txn;
	struct model model;
	bool stale, changed, used[KEYS];
};

static void attempt_compare(struct attempt *attempt, struct arena *arena, const struct model *model)
{
	unsigned i = pick(KEYS);
	uint64_t revision = model->cells[i].exists ? model->cells[i].revision : 0;

	if (!pick(4))
		revision += 1 + pick(3);
	store_txn_compare(attempt->txn, key_of(arena, i), revision);
	attempt->stale |= revision != (model->cells[i].exists ? model->cells[i].revision : 0);
}

static void attempt_write(struct attempt *attempt, struct arena *arena)
{
	unsigned i = pick(KEYS);
	struct cell *cell = &attempt->model.cells[i], fresh = cell_random();

	if (attempt->used[i])
		return;
	attempt->used[i] = true;
	if (!pick(3)) {
		store_txn_delete(attempt->txn, key_of(arena, i));
		attempt->changed |= cell->exists;
		*cell = (struct cell){ 0 };
		return;
	}
	fresh.revision = attempt->model.revision + 1;
	fresh.created = cell->exists ? cell->created : fresh.revision;
	*cell = fresh;
	attempt->changed = true;
	store_txn_put(attempt->txn, key_of(arena, i), json_of(arena, cell));
}

/*
 * A map that is full while somebody looks at the store can't grow, and the write is refused. The
 * look is given up then, and the same write must go through.
 */
static int commit(struct store *store, struct store_txn *txn, struct store_view **view)
{
	int result = store_commit(store, txn, NULL, NULL);

	if (result != -ENOSPC || !*view)
		return result;
	store_view_close(*view);
	*view = NULL;
	return store_commit(store, txn, NULL, NULL);
}

static void step(struct store *store, struct model *model, struct store_view **view)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct attempt attempt = { .txn = store_txn_new(&arena), .model = *model };
	int expected = 0;

	if (!pick(3))
		attempt_compare(&attempt, &arena, model);
	for (unsigned i = pick(OPS_MAX) + 1; i > 0; i--)
		attempt_write(&attempt, &arena);
	if (attempt.stale)
		expected = -EAGAIN;
	else if (!model_is_unique(&attempt.model))
		expected = -EEXIST;
	assert_int_equal(commit(store, attempt.txn, view), expected);
	if (expected)
		return;
	*model = attempt.model;
	model->revision += attempt.changed;
}

struct walk {
	const struct model *model;
	struct arena *arena;
	unsigned next;
	bool (*matches)(const struct cell *cell, unsigned value);
	unsigned value;
};

/* Each record must be the next one of the model that matches, with the same contents. */
static int check_record(const struct store_record *record, void *context)
{
	struct walk *walk = context;
	const struct cell *cells = walk->model->cells;

	while (walk->next < KEYS &&
	       !(cells[walk->next].exists && walk->matches(&cells[walk->next], walk->value)))
		walk->next++;
	assert_true(walk->next < KEYS);
	assert_string_equal(record->key, key_of(walk->arena, walk->next));
	assert_string_equal(record->value, json_of(walk->arena, &cells[walk->next]));
	assert_int_equal(record->size, strlen(record->value));
	assert_int_equal(record->created, cells[walk->next].created);
	assert_int_equal(record->revision, cells[walk->next].revision);
	walk->next++;
	return 0;
}

static bool match_all(const struct cell *cell, unsigned value)
{
	(void)cell;
	(void)value;
	return true;
}

static bool match_project(const struct cell *cell, unsigned value)
{
	return cell->project == value;
}

static bool match_tag(const struct cell *cell, unsigned value)
{
	return cell->tags & 1u << value;
}

static bool match_name(const struct cell *cell, unsigned value)
{
	return cell->name == value / PROJECTS && cell->project == value % PROJECTS;
}

static unsigned expected_count(const struct walk *walk)
{
	unsigned count = 0;

	for (unsigned i = 0; i < KEYS; i++)
		count += walk->model->cells[i].exists &&
			 walk->matches(&walk->model->cells[i], walk->value);
	return count;
}

static void check_index(struct store_view *view, struct walk walk, const char *name,
			const char *scope, const char *value)
{
	assert_int_equal(store_range_index(view, walk.arena, "/p/x/", name, scope, value,
					   check_record, &walk, NULL),
			 expected_count(&walk));
}

static void check_view(struct store_view *view, const struct model *model)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct walk walk = { .model = model, .arena = &arena, .matches = match_all };

	assert_int_equal(store_view_revision(view), model->revision);
	assert_int_equal(store_count(view, "/p/"), expected_count(&walk));
	assert_int_equal(store_range(view, &arena, "/p/x/", NULL, 0, check_record, &walk, NULL),
			 expected_count(&walk));
	walk.next = 0;
	walk.matches = match_project;
	for (walk.value = 0; walk.value < PROJECTS; walk.value++)
		check_index(view, walk, "project", NULL, arena_printf(&arena, "p%u", walk.value));
	walk.matches = match_tag;
	for (walk.value = 0; walk.value < TAGS; walk.value++)
		check_index(view, walk, "tag", NULL, arena_printf(&arena, "t%u", walk.value));
	walk.matches = match_name;
	for (walk.value = PROJECTS; walk.value < NAMES * PROJECTS; walk.value++)
		check_index(view, walk, "name", arena_printf(&arena, "p%u", walk.value % PROJECTS),
			    arena_printf(&arena, "n%u", walk.value / PROJECTS));
}

static void check_now(struct store *store, const struct model *model)
{
	struct store_view *view;

	assert_int_equal(store_view_open(store, &view, NULL), 0);
	check_view(view, model);
	store_view_close(view);
}

/* No index entry may stay behind when all records have gone. */
static void check_nothing_is_left(struct store *store)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	for (unsigned i = 0; i < KEYS; i++)
		delete_one(store, key_of(&arena, i));
	check_now(store, &(struct model){ .revision = store_revision(store) });
}

static void test_random_transactions(void **state)
{
	const char *given = getenv("SEED");
	struct model model = { 0 }, old = { 0 };
	struct store_view *view = NULL;
	struct place place;

	(void)state;
	state_random = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
	print_message("seed %u\n", state_random);
	place_make(&place, "/dev/shm");
	place.options.indexes = indexes;
	place.options.map_size = 256 * 1024; /* so that it has to grow */
	place_open(&place);
	for (unsigned i = 1; i <= STEPS; i++) {
		step(place.store, &model, &view);
		if (i % 50 == 0)
			check_now(place.store, &model);
		if (i % 100 == 0) {
			old = model;
			assert_int_equal(store_view_open(place.store, &view, NULL), 0);
		}
		if (i % 100 == 10 && view) {
			check_view(view, &old);
			store_view_close(view);
			view = NULL;
		}
		if (i % 500 == 20) {
			place_reopen(&place);
			check_now(place.store, &model);
		}
	}
	store_view_close(view);
	check_nothing_is_left(place.store);
	place_drop(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
