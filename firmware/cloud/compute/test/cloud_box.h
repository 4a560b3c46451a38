/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of compute's API share: all services over one store, with vmm played. */
#ifndef CUMULET_COMPUTE_TEST_CLOUD_BOX_H
#define CUMULET_COMPUTE_TEST_CLOUD_BOX_H

#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/identity/test/box.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/network/start.h"
#include "firmware/cloud/placement/internal.h"

#define C "/compute/v2.1"
#define IMAGE "70a599e0-31e7-49b7-b260-868f441e862b"

static const struct service *const all[] = { &identity_service,         &image_service,
					     &placement_service,        &network_service,
					     &compute_service,          &compute_v2_service,
					     &compute_versions_service, NULL };
static struct store_index indexes[128];

static inline int start(struct cloud *cloud, struct error *error)
{
	static const char image[] =
		"{\"id\":\"" IMAGE "\",\"name\":\"tiny\",\"status\":\"active\",\"owner\":\"x\","
		"\"visibility\":\"public\",\"disk_format\":\"raw\",\"container_format\":\"bare\","
		"\"size\":1048576,\"min_disk\":0,\"min_ram\":0,\"protected\":false}";
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	int result = placement_start(cloud, error);

	if (result == 0)
		result = network_first_boot(cloud, error);
	if (result == 0)
		result = flavors_first_boot(cloud, error);
	store_txn_put(txn, "/image/image/" IMAGE, image);
	return result < 0 ? result : store_commit(cloud->store, txn, NULL, error);
}

static inline int setup(void **state)
{
	static const struct box like = { .services = all, .indexes = indexes, .start = start };
	size_t count = 0;

	for (size_t i = 0; all[i]; i++)
		for (const struct store_index *from = all[i]->indexes; from && from->prefix; from++)
			indexes[count++] = *from;
	return box_setup_like(state, BOX_PASSWORD, &like);
}

static inline int send_at(struct box *box, const char *version, const char *method,
			  const char *target, const char *body)
{
	const struct name_value headers[] = {
		{ "OpenStack-API-Version", box_format(box, "compute %s", version) }, { NULL, NULL }
	};

	return box_send(box, box->admin, method, box_format(box, C "%s", target), headers, body);
}

static inline const char *server_make(struct box *box, const char *members)
{
	const char *body = box_format(box,
				      "{\"server\":{\"name\":\"first\",\"imageRef\":\"" IMAGE
				      "\",\"flavorRef\":\"42\"%s}}",
				      members);

	if (send_at(box, "2.1", "POST", "/servers", body) != 202)
		fail_msg("create: %d %s", box->reply.status, box->reply.body);
	return arena_strdup(&box->arena, box_text(box, "/server/id"));
}

/* What vmm would say about the guest, for the generation that is desired now. Returns what the
 * reconciler would: 1 when there is something to write. */
static inline int report_stuck(struct box *box, const char *id, enum guest_state state,
			       const char *reason, const char *stuck)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct store_txn *txn = store_txn_new(&arena);
	struct guest_status status = { .state = state };
	struct error error = { 0 };
	yyjson_val *record;
	uint64_t revision;
	int result;

	assert_int_equal(store_view_open(box->cloud.store, &reader.view, &error), 0);
	assert_int_equal(record_get(&reader, &record, &revision, &error, KEY_SERVER "%s", id), 0);
	snprintf(status.id, sizeof(status.id), "%s", id);
	snprintf(status.reason, sizeof(status.reason), "%s", reason);
	status.generation = (uint64_t)json_integer(record, "_generation", 0);
	status.devices = status.generation;
	snprintf(status.stuck, sizeof(status.stuck), "%s", stuck);
	result = guest_found(reader.view, &arena, txn, record, revision, &status, &error);
	store_view_close(reader.view);
	if (result > 0)
		assert_int_equal(store_commit(box->cloud.store, txn, NULL, &error), 0);
	return result;
}

static inline int report(struct box *box, const char *id, enum guest_state state,
			 const char *reason)
{
	return report_stuck(box, id, state, reason, "");
}

static inline const char *status_now(struct box *box, const char *id)
{
	assert_int_equal(send_at(box, "2.1", "GET", box_format(box, "/servers/%s", id), NULL), 200);
	return box_text(box, "/server/status");
}

static inline int act(struct box *box, const char *id, const char *action)
{
	return send_at(box, "2.1", "POST", box_format(box, "/servers/%s/action", id), action);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, setup, box_teardown)

#endif
