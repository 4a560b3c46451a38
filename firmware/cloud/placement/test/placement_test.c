/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/test/box.h"

#include "firmware/cloud/placement/internal.h"

#define V "/placement"

static const struct service *const with_placement[] = { &identity_service, &placement_service,
							NULL };

static struct store_index indexes[160];

static void add_indexes(const struct store_index *from, size_t *count)
{
	for (; from->prefix; from++)
		indexes[(*count)++] = *from;
}

static int setup(void **state)
{
	static const struct box like = { .services = with_placement,
					 .indexes = indexes,
					 .start = placement_start };
	size_t count = 0;

	add_indexes(identity_service.indexes, &count);
	add_indexes(placement_service.indexes, &count);
	return box_setup_like(state, BOX_PASSWORD, &like);
}

/* GET as the admin, at a version. */
static int get(struct box *box, const char *version, const char *target)
{
	const struct name_value headers[] = { { "OpenStack-API-Version",
						box_format(box, "placement %s", version) },
					      { NULL, NULL } };

	return box_send(box, box->admin, "GET", target, headers, NULL);
}

/* What a handler of compute would do: claims, then a commit. */
static int claim(struct box *box, const struct placement_ask *asks, size_t count)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct request request = { .cloud = &box->cloud, .arena = &arena };
	struct placement_claims claims;
	struct error error = { 0 };
	struct store_txn *txn = store_txn_new(&arena);
	int result = placement_claims_begin(&request, txn, &claims, &error);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = placement_claim(&request, &claims, &asks[i], &error);
	if (result == 0)
		result = request_commit(&request, txn, &error);
	store_view_close(request.view);
	return result;
}

static int64_t usage(struct box *box, const char *uuid, const char *resource)
{
	assert_int_equal(get(box, "1.0", box_format(box, V "/resource_providers/%s/usages", uuid)),
			 200);
	return yyjson_get_sint(box_at(box, box_format(box, "/usages/%s", resource)));
}

static const char *provider_uuid(struct box *box)
{
	assert_int_equal(get(box, "1.0", V "/resource_providers"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/resource_providers")), 1);
	return arena_strdup(&box->arena, box_text(box, "/resource_providers/0/uuid"));
}

static void the_box_is_the_one_provider(void **state)
{
	struct box *box = *state;
	const char *uuid = provider_uuid(box), *target;

	assert_null(box_at(box, "/resource_providers/0/root_provider_uuid"));
	assert_int_equal(yyjson_arr_size(box_at(box, "/resource_providers/0/links")), 3);
	target = box_format(box, V "/resource_providers/%s", uuid);
	assert_int_equal(get(box, "1.39", target), 200);
	assert_string_equal(box_text(box, "/root_provider_uuid"), uuid);
	assert_non_null(box_header(box, "Last-Modified"));
	box_restart(box);
	assert_string_equal(provider_uuid(box), uuid);
	assert_int_equal(get(box, "1.39", V "/resource_providers/other"), 404);
	assert_string_equal(box_text(box, "/errors/0/code"), "placement.undefined_code");
	assert_int_equal(get(box, "1.0", box_format(box, "%s/inventories", target)), 200);
	assert_true(yyjson_get_sint(box_at(box, "/inventories/MEMORY_MB/total")) > 0);
	assert_int_equal(get(box, "1.40", target), 406);
	assert_int_equal(box_send(box, NULL, "GET", V, NULL, NULL), 200);
	assert_string_equal(box_text(box, "/versions/0/max_version"), "1.39");
	assert_int_equal(box_send(box, NULL, "GET", V "/resource_providers", NULL, NULL), 401);
}

static void claims_are_accounted(void **state)
{
	const struct placement_ask asks[] = {
		{ "one", "p", "u", { 1, 10, 0 }, NULL },
		{ "two", "p", "u", { 2, 20, 0 }, NULL },
	};
	const struct placement_ask larger = { "two", "p", "u", { 2, 30, 0 }, NULL };
	struct box *box = *state;
	const char *uuid = provider_uuid(box);

	assert_int_equal(claim(box, asks, 2), 0);
	assert_int_equal(usage(box, uuid, "VCPU"), 3);
	assert_int_equal(usage(box, uuid, "MEMORY_MB"), 30);
	assert_int_equal(claim(box, &larger, 1), 0); /* in place of what it had */
	assert_int_equal(usage(box, uuid, "MEMORY_MB"), 40);
	assert_int_equal(get(box, "1.39", V "/allocations/two"), 200);
	assert_int_equal(yyjson_get_sint(box_at(box, "/consumer_generation")), 2);
	assert_string_equal(box_text(box, "/project_id"), "p");
	assert_int_equal(get(box, "1.9", V "/usages?project_id=p"), 200);
	assert_int_equal(yyjson_get_sint(box_at(box, "/usages/VCPU")), 3);
	assert_int_equal(get(box, "1.39", V "/allocations/nobody"), 200);
	assert_int_equal(yyjson_obj_size(box_at(box, "/allocations")), 0);
}

static void what_does_not_fit_changes_nothing(void **state)
{
	struct placement_inventory inventory[RESOURCE_COUNT];
	struct box *box = *state;
	const char *uuid = provider_uuid(box);
	int64_t most, half;

	inventory_read(&box->cloud, inventory);
	most = inventory_capacity(&inventory[RESOURCE_MEMORY_MB]);
	half = most / 2 + 1;
	assert_int_equal(
		claim(box,
		      (struct placement_ask[]){ { "one", "p", "u", { 1, half, 0 }, NULL },
						{ "two", "p", "u", { 1, half, 0 }, NULL } },
		      2),
		-ENOSPC);
	assert_int_equal(usage(box, uuid, "MEMORY_MB"), 0);
	assert_int_equal(
		claim(box, &(struct placement_ask){ "one", "p", "u", { 0, most, 0 }, NULL }, 1), 0);
	assert_int_equal(
		claim(box, &(struct placement_ask){ "two", "p", "u", { 0, 1, 0 }, NULL }, 1),
		-ENOSPC);
	assert_int_equal(
		claim(box, &(struct placement_ask){ "one", "p", "u", { 0, 1, 0 }, NULL }, 1), 0);
	assert_int_equal(
		claim(box, &(struct placement_ask){ "two", "p", "u", { 0, -1, 0 }, NULL }, 1),
		-ENOSPC);
}

static int64_t memory_of(struct box *box, const char *uuid, const char *member)
{
	assert_int_equal(
		get(box, "1.39",
		    box_format(box, V "/resource_providers/%s/inventories/MEMORY_MB", uuid)),
		200);
	return yyjson_get_sint(box_at(box, box_format(box, "/%s", member)));
}

static int learn(struct box *box, const char *kind, uint64_t mib)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	struct store_view *view;
	int result;

	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	result = placement_overhead_learn(view, &arena, txn, kind, (mib << 20) - 1);
	store_view_close(view);
	if (result > 0)
		assert_int_equal(store_commit(box->cloud.store, txn, NULL, NULL), 0);
	return result;
}

/* Reserved is what guests cost beyond what they have; used is what they have. */
static void overhead_is_reserved(void **state)
{
	struct box *box = *state;
	const char *uuid = provider_uuid(box);
	const struct placement_ask asks[] = {
		{ "one", "p", "u", { 1, 512, 0 }, "tcg:q35:bios:1" },
		{ "two", "p", "u", { 1, 512, 0 }, "tcg:q35:bios:1" },
		{ "two", "p", "u", { 1, 1, 0 }, NULL },
	};

	assert_int_equal(memory_of(box, uuid, "reserved"), HOST_RESERVED_MIB);
	assert_int_equal(claim(box, asks, 2), 0);
	/* Never seen: 96, the kernel's part 1, page tables of 512 MiB 2. */
	assert_int_equal(memory_of(box, uuid, "reserved"), HOST_RESERVED_MIB + 2 * 99);
	assert_int_equal(usage(box, uuid, "MEMORY_MB"), 1024);
	/* Seen: a quarter more than that. */
	assert_int_equal(learn(box, "tcg:q35:bios:1", 40), 1);
	assert_int_equal(memory_of(box, uuid, "reserved"), HOST_RESERVED_MIB + 2 * 53);
	assert_int_equal(learn(box, "tcg:q35:bios:1", 39), 0);
	assert_int_equal(learn(box, "kvm:q35:bios:1", 80), 1);
	assert_int_equal(memory_of(box, uuid, "reserved"), HOST_RESERVED_MIB + 2 * 53);
	assert_int_equal(claim(box, &asks[2], 1), 0);
	assert_int_equal(memory_of(box, uuid, "reserved"), HOST_RESERVED_MIB + 53);
}

/* What would fit by itself does not with what it costs beyond. */
static void overhead_counts_when_it_is_tight(void **state)
{
	struct box *box = *state;
	const char *uuid = provider_uuid(box);
	int64_t most = memory_of(box, uuid, "total") - HOST_RESERVED_MIB;
	struct placement_ask ask = { "one", "p", "u", { 0, most, 0 }, "kvm:q35:bios:1" };

	assert_int_equal(claim(box, &ask, 1), -ENOSPC);
	ask.amount[RESOURCE_MEMORY_MB] = most - 49 - most / 256;
	assert_int_equal(claim(box, &ask, 1), 0);
	/* It costs more than was thought: nothing more is promised, and nobody is turned out. */
	assert_int_equal(learn(box, ask.kind, 100), 1);
	assert_int_equal(
		claim(box, &(struct placement_ask){ "two", "p", "u", { 0, 1, 0 }, NULL }, 1),
		-ENOSPC);
	assert_int_equal(claim(box, &ask, 1), 0);
	assert_true(memory_of(box, uuid, "reserved") <= memory_of(box, uuid, "total"));
}

static void two_claims_at_once_exclude_each_other(void **state)
{
	const struct placement_ask ask = { "one", "p", "u", { 1, 1, 0 }, NULL };
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct box *box = *state;
	struct request request = { .cloud = &box->cloud, .arena = &arena };
	struct store_txn *txn = store_txn_new(&arena);
	struct placement_claims claims;
	struct error error = { 0 };

	assert_int_equal(placement_claims_begin(&request, txn, &claims, &error), 0);
	assert_int_equal(claim(box, &ask, 1), 0);
	assert_int_equal(request_commit(&request, txn, &error), -EAGAIN);
	store_view_close(request.view);
}

static void a_release_gives_back(void **state)
{
	const struct placement_ask ask = { "one", "p", "u", { 1, 10, 0 }, NULL };
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct box *box = *state;
	struct store_txn *txn = store_txn_new(&arena);

	assert_int_equal(claim(box, &ask, 1), 0);
	placement_release(&arena, txn, "one");
	placement_release(&arena, txn, "never");
	assert_int_equal(store_commit(box->cloud.store, txn, NULL, NULL), 0);
	assert_int_equal(usage(box, provider_uuid(box), "VCPU"), 0);
}

static void candidates(void **state)
{
	struct box *box = *state;
	const char *uuid = provider_uuid(box);
	const char *target = V "/allocation_candidates?resources=VCPU:1,MEMORY_MB:1";

	assert_int_equal(get(box, "1.9", target), 404);
	assert_int_equal(get(box, "1.39", target), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/allocation_requests")), 1);
	assert_int_equal(
		yyjson_get_sint(box_at(box, box_format(box,
						       "/allocation_requests/0/allocations/%s/"
						       "resources/VCPU",
						       uuid))),
		1);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates?resources=VCPU:99999"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/allocation_requests")), 0);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates?resources=VGPU:1"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/allocation_requests")), 0);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates?resources=VCPU:x"), 400);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates?resources=,"), 400);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates?resources=NOTHING:1"), 400);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates"), 400);
	assert_int_equal(get(box, "1.39",
			     V "/allocation_candidates?resources=VCPU:1&required=!COMPUTE_NODE"),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/allocation_requests")), 0);
	assert_int_equal(get(box, "1.39", V "/allocation_candidates?resources1=VCPU:1"), 501);
	assert_int_equal(box_do(box, "PUT", V "/allocations/x", "{}"), 501);
}

static void traits_and_classes(void **state)
{
	struct box *box = *state;

	assert_int_equal(get(box, "1.39", V "/resource_classes/VCPU"), 200);
	assert_int_equal(get(box, "1.39", V "/resource_classes/CUSTOM_X"), 404);
	assert_int_equal(get(box, "1.39", V "/traits?name=in:COMPUTE_NODE,HW_ARCH_X86_64,NONE"),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/traits")), 2);
	assert_int_equal(get(box, "1.39", V "/traits/COMPUTE_NODE"), 204);
	assert_int_equal(get(box, "1.39", V "/traits/NONE"), 404);
	assert_int_equal(get(box, "1.5", V "/traits"), 404);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(the_box_is_the_one_provider),
		BOX_TEST(claims_are_accounted),
		BOX_TEST(what_does_not_fit_changes_nothing),
		BOX_TEST(overhead_is_reserved),
		BOX_TEST(overhead_counts_when_it_is_tight),
		BOX_TEST(two_claims_at_once_exclude_each_other),
		BOX_TEST(a_release_gives_back),
		BOX_TEST(candidates),
		BOX_TEST(traits_and_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
