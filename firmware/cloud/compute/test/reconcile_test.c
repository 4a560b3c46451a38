/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciler over a real store and link, with the other end of the link played as vmm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/link.h"
#include "firmware/cloud/network/start.h"

#define ID "70a599e0-31e7-49b7-b260-868f441e862b"
#define OTHER "70a599e0-31e7-49b7-b260-868f441e862c"

static struct {
	char path[64];
	struct cloud cloud;
	struct store_index indexes[160];
	struct channel vmm; /* vmm's end */
	unsigned sets, deletes, syncs, images;
	struct guest guest; /* the last one set; its lists are gone */
	size_t disks;
	char deleted[UUID_SIZE];
	struct vmm_image image;
} box;

static void vmm_message(struct channel *channel, struct message *message, void *context)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct guest_id id = { 0 };

	(void)channel;
	(void)context;
	switch (message->type) {
	case VMM_GUEST_SET:
		memset(&box.guest, 0, sizeof(box.guest));
		assert_int_equal(message_decode(&arena, message, guest_fields, &box.guest, NULL),
				 0);
		box.disks = box.guest.disks.count;
		box.sets++;
		break;
	case VMM_GUEST_DELETE:
		assert_int_equal(message_decode(&arena, message, guest_id_fields, &id, NULL), 0);
		memcpy(box.deleted, id.id, sizeof(id.id));
		box.deletes++;
		break;
	case VMM_IMAGE:
		memset(&box.image, 0, sizeof(box.image));
		assert_int_equal(
			message_decode(&arena, message, vmm_image_fields, &box.image, NULL), 0);
		box.images++;
		break;
	default:
		box.syncs += message->type == VMM_SYNC;
	}
}

static void pump(void)
{
	for (unsigned i = 0; i < 40; i++)
		loop_once(box.cloud.loop, 5);
}

static void vmm_attach(void)
{
	static const struct channel_handler handler = { vmm_message, NULL };
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(channel_open(&box.vmm, box.cloud.loop, ends[1], "vmm", &handler, NULL), 0);
	link_attach(box.cloud.links[ROLE_VMM], ends[0]);
	pump();
}

static void record_put(const char *task, const char *power, unsigned generation)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, KEY_SERVER ID,
		      arena_printf(&arena,
				   "{\"id\":\"" ID "\",\"name\":\"first\",\"tenant_id\":\"p\","
				   "\"OS-EXT-STS:vm_state\":\"building\","
				   "\"OS-EXT-STS:task_state\":\"%s\",\"OS-EXT-STS:power_state\":0,"
				   "\"OS-SRV-USG:launched_at\":null,\"_placed\":true,"
				   "\"_power\":\"%s\",\"_generation\":%u,\"_disk\":\"" OTHER "\","
				   "\"_flavor\":{\"vcpus\":1,\"ram\":128,\"disk\":1},"
				   "\"_image\":{\"id\":\"" OTHER "\",\"format\":\"raw\","
				   "\"size\":1024}}",
				   task, power, generation));
	assert_int_equal(store_commit(box.cloud.store, txn, NULL, NULL), 0);
	pump();
}

static bool record_is(const char *member, const char *text)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	yyjson_val *record;
	bool is;

	assert_int_equal(store_view_open(box.cloud.store, &reader.view, NULL), 0);
	is = record_get(&reader, &record, NULL, NULL, KEY_SERVER ID) == 0 &&
	     json_is(record, member, text);
	store_view_close(reader.view);
	return is;
}

static void vmm_report(const char *id, enum guest_state state, uint64_t generation)
{
	struct guest_status status = { .state = state, .generation = generation };

	snprintf(status.id, sizeof(status.id), "%s", id);
	assert_true(channel_send_struct(&box.vmm, VMM_GUEST_STATE, 0, guest_status_fields, &status,
					-1) > 0);
	pump();
}

static int64_t learned(const char *kind)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	yyjson_val *record;
	int64_t mib = 0;

	assert_int_equal(store_view_open(box.cloud.store, &reader.view, NULL), 0);
	if (record_get(&reader, &record, NULL, NULL, "/placement/overhead/%s", kind) == 0)
		mib = json_integer(record, "highest_mib", -1);
	store_view_close(reader.view);
	return mib;
}

static void vmm_weighs(uint64_t generation, uint64_t mib)
{
	struct guest_status status = {
		.id = ID, .state = GUEST_RUNNING, .generation = generation, .overhead = mib << 20
	};

	assert_true(channel_send_struct(&box.vmm, VMM_GUEST_STATE, 0, guest_status_fields, &status,
					-1) > 0);
	pump();
}

static void a_fresh_link_is_told_everything(void **state)
{
	(void)state;
	record_put("spawning", "run", 1);
	vmm_attach();
	assert_int_equal(box.sets, 1);
	assert_int_equal(box.syncs, 1);
	assert_string_equal(box.guest.id, ID);
	assert_int_equal(box.guest.power, GUEST_RUN);
	assert_int_equal(box.guest.memory_mib, 128);
	assert_int_equal(box.disks, 1);
	channel_close(&box.vmm);
	pump();
	vmm_attach();
	assert_int_equal(box.sets, 2);
	assert_int_equal(box.syncs, 2);
}

static void reports_reach_the_record_once(void **state)
{
	uint64_t revision;

	(void)state;
	vmm_report(ID, GUEST_RUNNING, 0); /* about an older wish */
	assert_true(record_is("OS-EXT-STS:vm_state", "building"));
	vmm_report(ID, GUEST_RUNNING, 1);
	assert_true(record_is("OS-EXT-STS:vm_state", "active"));
	assert_int_equal(box.sets, 2); /* a report is not a wish */
	revision = store_revision(box.cloud.store);
	vmm_report(ID, GUEST_RUNNING, 1);
	assert_int_equal(store_revision(box.cloud.store), revision);
}

static void wishes_are_sent_when_they_change(void **state)
{
	(void)state;
	record_put("powering-off", "stop", 2);
	assert_int_equal(box.sets, 3);
	assert_int_equal(box.guest.power, GUEST_STOP);
	assert_int_equal(box.guest.generation, 2);
	vmm_report(ID, GUEST_STOPPED, 2);
	assert_true(record_is("OS-EXT-STS:vm_state", "stopped"));
	assert_int_equal(box.sets, 3);
}

static void strangers_are_removed(void **state)
{
	struct vmm_image_get get = { .image_id = OTHER };

	(void)state;
	vmm_report(OTHER, GUEST_RUNNING, 1);
	assert_int_equal(box.deletes, 1);
	assert_string_equal(box.deleted, OTHER);
	assert_true(channel_send_struct(&box.vmm, VMM_IMAGE_GET, 0, vmm_image_get_fields, &get,
					-1) > 0);
	pump();
	assert_int_equal(box.images, 1);
	assert_int_equal(box.image.code, ENOENT);
}

static void a_deleted_server_goes_when_its_guest_has(void **state)
{
	(void)state;
	record_put("deleting", "stop", 3);
	assert_int_equal(box.deletes, 2);
	assert_string_equal(box.deleted, ID);
	assert_true(record_is("name", "first"));
	vmm_report(ID, GUEST_GONE, 0);
	assert_false(record_is("name", "first"));
}

static int setup(void **state)
{
	struct store_options options = { .path = box.path,
					 .map_size = 64 << 20,
					 .indexes = box.indexes };
	const struct service *services_used[] = { &network_service, &compute_service };
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (const struct store_index *from = services_used[i]->indexes; from->prefix;
		     from++)
			box.indexes[count++] = *from;
	strcpy(box.path, "/tmp/compute-test-XXXXXX");
	assert_non_null(mkdtemp(box.path));
	assert_int_equal(loop_new(&box.cloud.loop), 0);
	options.loop = box.cloud.loop;
	box.cloud.directory = box.path;
	box.vmm.fd = -1;
	assert_int_equal(store_open(&box.cloud.store, &options, NULL), 0);
	box.cloud.links[ROLE_VMM] = link_new(box.cloud.loop, ROLE_VMM);
	return reconcile_start(&box.cloud, NULL);
}

static int teardown(void **state)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "" };
	char path[160];

	(void)state;
	channel_close(&box.vmm);
	link_free(box.cloud.links[ROLE_VMM]);
	store_close(box.cloud.store);
	loop_free(box.cloud.loop);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", box.path, files[i]);
		remove(path);
	}
	return 0;
}

/* The highest of all guests of a kind; of one on its way nobody knows what it is. */
static void what_a_guest_costs_is_kept(void **state)
{
	(void)state;
	if (!channel_is_open(&box.vmm))
		vmm_attach();
	record_put("spawning", "run", 1);
	vmm_weighs(1, 30); /* the task is over with this very report */
	assert_int_equal(learned("tcg:q35:bios:1"), 0);
	vmm_weighs(1, 30);
	assert_int_equal(learned("tcg:q35:bios:1"), 30);
	vmm_weighs(1, 20);
	assert_int_equal(learned("tcg:q35:bios:1"), 30);
	vmm_weighs(1, 41);
	assert_int_equal(learned("tcg:q35:bios:1"), 41);
	vmm_weighs(0, 50);
	assert_int_equal(learned("tcg:q35:bios:1"), 41);
	record_put("powering-off", "stop", 2);
	vmm_weighs(2, 60);
	assert_int_equal(learned("tcg:q35:bios:1"), 41);
}

/* Even where nothing else is wished than before: vmm is to forget it. */
static void a_crash_is_heard_of(void **state)
{
	unsigned sets;

	(void)state;
	record_put("powering-off", "stop", 10);
	sets = box.sets;
	vmm_report(ID, GUEST_CRASHED, 10);
	assert_true(record_is("OS-EXT-STS:vm_state", "stopped"));
	assert_int_equal(box.sets, sets + 1);
	assert_int_equal(box.guest.generation, 11);
	assert_int_equal(box.guest.power, GUEST_STOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_link_is_told_everything),
		cmocka_unit_test(reports_reach_the_record_once),
		cmocka_unit_test(wishes_are_sent_when_they_change),
		cmocka_unit_test(strangers_are_removed),
		cmocka_unit_test(a_deleted_server_goes_when_its_guest_has),
		cmocka_unit_test(what_a_guest_costs_is_kept),
		cmocka_unit_test(a_crash_is_heard_of),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
