/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks that go beyond the box, against the fake back end: other boxes, NICs, VLANs. */
#include "netstack/netd/test/fixture.h"

static void peers_make_tunnels(void **state)
{
	struct fixture *fixture = *state;
	struct net_remote remote[] = { { "fa:16:3e:00:00:60", "192.0.2.1", "10.1.0.60" },
				       { "fa:16:3e:00:00:61", "192.0.2.99", "" } };
	struct net_remotes remotes = { .vni = 101, .remotes = { remote, 2 } };

	network_set(fixture);
	netd_reconcile(&fixture->netd);
	assert_null(strstr(fake_calls(&fixture->fake), "vxlan"));
	assert_null(strstr(fixture->fake.rules, "tunnels-in"));
	fake_forget(&fixture->fake);
	peers_set(fixture, "192.0.2.10");
	assert_has(fake_calls(&fixture->fake), "vxlan cv101 bridge=cbr101 vni=101 mtu=1450 "
					       "local=192.0.2.10 port=4789 learning\n"
					       "flood cv101 192.0.2.1\n");
	/* The list may name the box itself. */
	assert_null(strstr(fake_calls(&fixture->fake), "flood cv101 192.0.2.10"));
	assert_has(fixture->fake.rules, "set peers4 { type ipv4_addr; elements = { 192.0.2.1, } }");
	fake_forget(&fixture->fake);
	assert_int_equal(overlay_remotes_set(&fixture->netd.overlay, &remotes, NULL), 0);
	netd_networks_dirty(&fixture->netd, 101);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "learning suppress\n");
	assert_has(fake_calls(&fixture->fake),
		   "remote cv101 fa:16:3e:00:00:60 192.0.2.1 10.1.0.60\n");
	/* behind nobody's end */
	assert_null(strstr(fake_calls(&fixture->fake), "fa:16:3e:00:00:61"));
	peers_set(fixture, "");
	assert_has(fake_calls(&fixture->fake), "delete cv101");
}

static void peers_are_checked(void **state)
{
	struct fixture *fixture = *state;
	struct net_address other = { "2001:db8::1" };
	struct net_peers peers = { .endpoint = "192.0.2.10", .peers = { &other, 1 } };
	struct net_remote remote = { "fb:16:3e:00:00:60", "192.0.2.1", "" };
	struct net_remotes remotes = { .vni = 101, .remotes = { &remote, 1 } };
	struct error error;

	peers_set(fixture, "192.0.2.10");
	assert_int_equal(overlay_peers_set(&fixture->netd.overlay, &peers, &error), -EINVAL);
	snprintf(peers.endpoint, sizeof(peers.endpoint), "192.0.2.0/24");
	assert_int_equal(overlay_peers_set(&fixture->netd.overlay, &peers, &error), -EINVAL);
	assert_int_equal(fixture->netd.overlay.count, 1); /* as before */
	/* a group's MAC */
	assert_int_equal(overlay_remotes_set(&fixture->netd.overlay, &remotes, &error), -EINVAL);
}

static void physicals_are(struct fixture *fixture, const char *link)
{
	struct net_physical physical = { .name = "lan" };
	struct net_physicals physicals = { .physicals = { &physical, 1 } };

	snprintf(physical.link, sizeof(physical.link), "%s", link);
	assert_int_equal(physicals_set(&fixture->netd.physicals, &physicals, NULL), 0);
	netd_networks_dirty(&fixture->netd, 0);
	fake_forget(&fixture->fake);
	netd_reconcile(&fixture->netd);
}

static void networks_are_bridged_to_nics(void **state)
{
	struct fixture *fixture = *state;
	struct net_physical bad = { "lan", "cbr101" };
	struct net_physicals physicals = { .physicals = { &bad, 1 } };
	struct net_network network = {
		.id = NETWORK, .type = "flat", .physical = "lan", .mtu = 1500, .admin_up = true
	};

	fake_link(&fixture->fake, "eth0");
	fake_link(&fixture->fake, "eth1");
	snprintf(fixture->netd.uplink.link, sizeof(fixture->netd.uplink.link), "eth0");
	set(fixture, OBJECT_NETWORK, net_network_fields, &network);
	physicals_are(fixture, "eth1");
	assert_has(fake_calls(&fixture->fake), "nic eth1 bridge=cbxaaaaaaaa000\n");
	/* The box never cuts its own way: the uplink is no port, and the former NIC is let go. */
	physicals_are(fixture, "eth0");
	assert_has(fake_calls(&fixture->fake), "nic eth1 bridge=\n");
	assert_null(strstr(fake_calls(&fixture->fake), "nic eth0"));
	assert_false(model_network(&fixture->netd.model, NETWORK)->object.wired);
	snprintf(network.type, sizeof(network.type), "vlan");
	network.vlan = 7;
	set(fixture, OBJECT_NETWORK, net_network_fields, &network);
	physicals_are(fixture, "eth0");
	assert_has(fake_calls(&fixture->fake), "vlan claaaaaaaa000 parent=eth0 "
					       "bridge=cbxaaaaaaaa000 number=7 mtu=1500\n");
	assert_true(model_network(&fixture->netd.model, NETWORK)->object.wired);
	assert_int_equal(physicals_set(&fixture->netd.physicals, &physicals, NULL), -EINVAL);
}

static void router_is_a_port_of_a_bridged_network(void **state)
{
	struct fixture *fixture = *state;
	struct net_subnet subnet = { .id = SUBNET,
				     .cidr = "198.51.100.0/24",
				     .gateway = "198.51.100.1" };
	struct net_network network = { .id = "eeeeeeee-0000-4000-8000-000000000001",
				       .type = "vxlan",
				       .vni = 9,
				       .mtu = 1450,
				       .admin_up = true,
				       .external = true,
				       .subnets = { &subnet, 1 } };
	struct net_floating floating = { .address = "198.51.100.101", .fixed = "10.1.0.11" };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = "eeeeeeee-0000-4000-8000-000000000001",
				     .external_address = "198.51.100.100/24",
				     .floatings = { &floating, 1 } };

	set(fixture, OBJECT_NETWORK, net_network_fields, &network);
	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake),
		   "veth cubbbbbbbb000 bridge=cbr9 space=cr-bbbbbbbb-000 inner=up\n"
		   "addresses :cubbbbbbbb000\n"
		   "addresses cr-bbbbbbbb-000:up 198.51.100.100/24 198.51.100.101\n");
	assert_has(fake_calls(&fixture->fake), "announce cr-bbbbbbbb-000:up 198.51.100.101\n");
	assert_has(fake_calls(&fixture->fake),
		   "routes cr-bbbbbbbb-000 0.0.0.0/0 via 198.51.100.1\n");
	assert_has(fixture->fake.router_rules, "oifname up snat to 198.51.100.100\n");
	/* Nothing of it is the uplink's matter. */
	assert_int_equal(fixture->netd.uplink.external_count, 0);
}

/* A fresh cloud that names no peers means that there are none, but only once it has said all. */
static void peers_are_forgotten_with_sync(void **state)
{
	struct fixture *fixture = *state;

	network_set(fixture);
	peers_set(fixture, "192.0.2.10");
	overlay_stale(&fixture->netd.overlay);
	fake_forget(&fixture->fake);
	netd_sweep(&fixture->netd);
	assert_null(strstr(fake_calls(&fixture->fake), "delete cv101"));
	assert_true(overlay_sync(&fixture->netd.overlay));
	netd_sweep(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "delete cv101");
}

/* --- trunks --- */

#define PARENT "11111111-0000-4000-8000-000000000001"
#define SUBPORT "22222222-0000-4000-8000-000000000002"

static void trunk_port_set(struct fixture *fixture, const char *id, const char *parent,
			   uint32_t vlan)
{
	struct net_address address = { "10.1.0.11" };
	struct net_port port = { .network_id = NETWORK,
				 .mac = "fa:16:3e:00:00:01",
				 .owner = "compute:nova",
				 .admin_up = true,
				 .port_security = true,
				 .addresses = { &address, 1 },
				 .trunk_vlan = vlan };

	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.trunk_port, sizeof(port.trunk_port), "%s", parent);
	set(fixture, OBJECT_PORT, net_port_fields, &port);
	netd_reconcile(&fixture->netd);
}

static void subports_are_vlans_of_a_tap(void **state)
{
	struct fixture *fixture = *state;
	struct object *subport;
	int fd = -1;

	network_set(fixture);
	trunk_port_set(fixture, PARENT, "", 0);
	trunk_port_set(fixture, SUBPORT, PARENT, 7);
	subport = &model_port(&fixture->netd.model, SUBPORT)->object;
	/* Without its parent's tap there is nothing to be a VLAN of. */
	assert_lacks(fake_calls(&fixture->fake), "vlan ");
	assert_false(subport->wired);
	assert_false(subport->dirty);
	assert_int_equal(netd_tap_open(&fixture->netd, PARENT, &fd, NULL), 0);
	close(fd);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake),
		   "vlan ct22222222000 parent=ct11111111000 bridge=cbr101 number=7 mtu=1450\n");
	assert_true(subport->wired);
	assert_has(fixture->fake.rules, "ct22222222000 . fa:16:3e:00:00:01 . 10.1.0.11,\n");
	/* Nobody opens it as if it were a tap, or takes its link away. */
	assert_int_equal(netd_tap_open(&fixture->netd, SUBPORT, &fd, NULL), -EBUSY);
	fake_forget(&fixture->fake);
	assert_int_equal(netd_tap_close(&fixture->netd, SUBPORT, NULL), 0);
	assert_lacks(fake_calls(&fixture->fake), "delete");
}

static void subports_follow_their_parent(void **state)
{
	struct fixture *fixture = *state;
	int fd = -1;

	network_set(fixture);
	trunk_port_set(fixture, PARENT, "", 0);
	trunk_port_set(fixture, SUBPORT, PARENT, 7);
	assert_int_equal(netd_tap_open(&fixture->netd, PARENT, &fd, NULL), 0);
	close(fd);
	netd_reconcile(&fixture->netd);
	assert_int_equal(netd_tap_close(&fixture->netd, PARENT, NULL), 0);
	assert_true(model_port(&fixture->netd.model, SUBPORT)->object.dirty);
	netd_reconcile(&fixture->netd);
	assert_false(model_port(&fixture->netd.model, SUBPORT)->object.wired);
	/* Deleted, its link goes; a port that has left the trunk is one like any other. */
	assert_int_equal(netd_tap_open(&fixture->netd, PARENT, &fd, NULL), 0);
	close(fd);
	netd_reconcile(&fixture->netd);
	fake_forget(&fixture->fake);
	model_find(&fixture->netd.model, OBJECT_PORT, SUBPORT)->doomed = true;
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "delete ct22222222000\n");
	trunk_port_set(fixture, SUBPORT, "", 0);
	assert_int_equal(netd_tap_open(&fixture->netd, SUBPORT, &fd, NULL), 0);
	close(fd);
}

static void unsound_trunks_are_refused(void **state)
{
	struct fixture *fixture = *state;

	network_set(fixture);
	trunk_port_set(fixture, SUBPORT, "../../x", 7);
	assert_true(model_port(&fixture->netd.model, SUBPORT)->object.dirty);
	trunk_port_set(fixture, SUBPORT, PARENT, 4095);
	assert_true(model_port(&fixture->netd.model, SUBPORT)->object.dirty);
	assert_lacks(fake_calls(&fixture->fake), "vlan ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(peers_make_tunnels, setup, teardown),
		cmocka_unit_test_setup_teardown(peers_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(peers_are_forgotten_with_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(networks_are_bridged_to_nics, setup, teardown),
		cmocka_unit_test_setup_teardown(router_is_a_port_of_a_bridged_network, setup,
						teardown),
		cmocka_unit_test_setup_teardown(subports_are_vlans_of_a_tap, setup, teardown),
		cmocka_unit_test_setup_teardown(subports_follow_their_parent, setup, teardown),
		cmocka_unit_test_setup_teardown(unsound_trunks_are_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
