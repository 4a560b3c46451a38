/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd on the fake back end, without processes. Included by one test program each. */
#ifndef CUMULET_NETD_TEST_FIXTURE_H
#define CUMULET_NETD_TEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "netstack/netd/fake.h"
#include "netstack/netd/netd.h"
#include "netstack/netd/nft_text.h"

#define NETWORK "aaaaaaaa-0000-4000-8000-000000000001"
#define SUBNET "aaaaaaaa-0000-4000-8000-000000000002"
#define ROUTER "bbbbbbbb-0000-4000-8000-000000000001"

struct fixture {
	struct loop *loop;
	struct fake_backend fake;
	struct netd netd;
	struct arena arena;
};

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_int_equal(loop_new(&fixture->loop), 0);
	fake_init(&fixture->fake);
	netd_init(&fixture->netd, fixture->loop, &fixture->fake.backend);
	fixture->netd.svc_disabled = true;
	fixture->netd.model.synced = true;
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	netd_free(&fixture->netd);
	fake_free(&fixture->fake);
	arena_free(&fixture->arena);
	loop_free(fixture->loop);
	free(fixture);
	return 0;
}

static inline void set(struct fixture *fixture, enum object_kind kind, const struct field *fields,
		       const void *value)
{
	struct message message = { 0 };
	struct object *object;

	assert_int_equal(message_encode(&fixture->arena, &message, fields, value), 0);
	assert_int_equal(model_set(&fixture->netd.model, kind, &message, &object, NULL), 0);
}

static inline void network_set(struct fixture *fixture)
{
	struct net_subnet subnet = { .id = SUBNET,
				     .cidr = "10.1.0.0/24",
				     .gateway = "10.1.0.1",
				     .dhcp = true,
				     .dhcp_address = "10.1.0.2" };
	struct net_network network = { .id = NETWORK,
				       .type = "vxlan",
				       .vni = 101,
				       .mtu = 1450,
				       .admin_up = true,
				       .subnets = { &subnet, 1 } };

	set(fixture, OBJECT_NETWORK, net_network_fields, &network);
}

static inline void peers_set(struct fixture *fixture, const char *endpoint)
{
	struct net_address others[] = { { "192.0.2.1" }, { "192.0.2.10" } };
	struct net_peers peers = { .learning = true,
				   .peers = { others, *endpoint != '\0' ? 2 : 0 } };

	snprintf(peers.endpoint, sizeof(peers.endpoint), "%s", endpoint);
	assert_int_equal(overlay_peers_set(&fixture->netd.overlay, &peers, NULL), 0);
	netd_networks_dirty(&fixture->netd, 0);
	netd_reconcile(&fixture->netd);
}

#define assert_has(text, part) assert_non_null(strstr(text, part))
#define assert_lacks(text, part) assert_null(strstr(text, part))

#endif
