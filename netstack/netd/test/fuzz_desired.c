/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever cloud says, netd makes rules that it can read itself: texts of a message never become words
 * of the language, and nothing of them is left when the objects are gone. */
#include <stdlib.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/test/fuzz_fill.h"
#include "netstack/netd/fake.h"
#include "netstack/netd/netd.h"
#include "netstack/netd/nft_text.h"

#define OBJECTS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union desired {
	struct net_network network;
	struct net_port port;
	struct net_group group;
	struct net_addresses addresses;
	struct net_router router;
};

static const struct field *const tables[OBJECT_KINDS] = {
	[OBJECT_NETWORK] = net_network_fields, [OBJECT_PORT] = net_port_fields,
	[OBJECT_GROUP] = net_group_fields,     [OBJECT_ADDRESSES] = net_addresses_fields,
	[OBJECT_ROUTER] = net_router_fields,
};

static void rules_check(const char *rules)
{
	struct netlink_request request = NETLINK_REQUEST_INIT;
	struct error error;

	if (rules != NULL && nft_compile(rules, &request, &error) < 0)
		abort();
	netlink_free(&request);
}

static void object_set(struct netd *netd, struct fuzz_input *input)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	enum object_kind kind = fuzz_byte(input) % OBJECT_KINDS;
	union desired desired = { 0 };
	struct message message = { 0 };
	struct object *object;
	struct error error;

	fuzz_fill(input, &arena, tables[kind], &desired);
	if (message_encode(&arena, &message, tables[kind], &desired) == 0)
		model_set(&netd->model, kind, &message, &object, &error);
}

static void objects_remove(struct netd *netd)
{
	model_stale(&netd->model);
	model_sync(&netd->model);
	netd_reconcile(netd);
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		if (netd->model.objects[kind] != NULL)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct loop *loop;
	struct fuzz_input input = { data, data + size };
	struct fake_backend fake;
	struct netd netd;
	const char *port = "11111111-1111-4111-8111-111111111111";
	CLEANUP_FD int tap = -1;

	if (loop == NULL && loop_new(&loop) < 0)
		abort();
	fake_init(&fake);
	fake.backend.bridge_conntrack = fuzz_byte(&input) & 1;
	netd_init(&netd, loop, &fake.backend);
	netd.svc_disabled = true;
	netd.model.synced = true;
	for (size_t i = 0; i < OBJECTS_MAX && input.at < input.end; i++)
		object_set(&netd, &input);
	netd_tap_open(&netd, port, &tap, NULL);
	netd_reconcile(&netd);
	rules_check(fake.rules);
	rules_check(fake.router_rules);
	rules_check(fake.qos_rules);
	rules_check(fake.router_qos_rules);
	objects_remove(&netd);
	netd_free(&netd);
	fake_free(&fake);
	return 0;
}
