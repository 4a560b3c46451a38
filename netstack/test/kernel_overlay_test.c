/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks that go on to other boxes, against the real kernel. The other box is the namespace
 * "outside" with a VXLAN link of its own kernel; see world.h.
 */
#include "netstack/netd/test/world.h"

#define NETWORK "aaaaaaaa-0000-4000-8000-000000000001"
#define SUBNET "aaaaaaaa-0000-4000-8000-000000000002"
#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define PORT_1 "11111111-0000-4000-8000-000000000001"
#define MAC_1 "fa:16:3e:00:00:01"
#define FAR_MAC "fa:16:3e:00:00:99"
#define BOX "192.0.2.10"
#define PEER "192.0.2.1"
#define STRANGER "192.0.2.77"
#define INSIDE "ip netns exec g1 busybox "
#define OUTSIDE "ip netns exec outside busybox "

static void network_send(void)
{
	struct net_subnet subnet = {
		.id = SUBNET, .cidr = "10.1.0.0/24", .dhcp = true, .dhcp_address = "10.1.0.2"
	};
	struct net_network network = { .id = NETWORK,
				       .type = "vxlan",
				       .vni = 101,
				       .mtu = 1450,
				       .admin_up = true,
				       .dhcp_mac = "fa:16:3e:00:00:fe",
				       .subnets = { &subnet, 1 } };

	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

static void port_send(void)
{
	struct net_address fixed[] = { { "10.1.0.11" }, { "2001:db8::11" } };
	struct net_id member = { GROUP };
	struct net_port port = { .id = PORT_1,
				 .network_id = NETWORK,
				 .mac = MAC_1,
				 .owner = "compute:nova",
				 .admin_up = true,
				 .port_security = true,
				 .addresses = { fixed, 2 },
				 .groups = { &member, 1 } };

	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, &port), 0);
}

/* All egress; from anybody echo requests, if 'open' is set. */
static void group_send(bool open)
{
	struct net_rule rules[] = {
		{ .id = GROUP, .egress = true },
		{ .id = GROUP, .egress = true, .ipv6 = true },
		{ .id = GROUP, .protocol = 1 + 1 },
		{ .id = GROUP, .ipv6 = true, .protocol = 58 + 1 },
	};
	struct net_group group = { .id = GROUP,
				   .stateful = true,
				   .rules = { rules, open ? 4 : 2 } };

	assert_int_equal(ask(&world.cloud, NETD_GROUP_SET, net_group_fields, &group), 0);
}

static uint32_t peers_send(const char *endpoint, const char *peer)
{
	struct net_address other = { 0 };
	struct net_peers peers = { .port = 4789, .learning = true, .peers = { &other, 1 } };

	snprintf(peers.endpoint, sizeof(peers.endpoint), "%s", endpoint);
	snprintf(other.address, sizeof(other.address), "%s", peer);
	return ask(&world.cloud, NETD_PEERS_SET, net_peers_fields, &peers);
}

static void sync_send(void)
{
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
}

static void uplink_send(void)
{
	struct net_uplink uplink = { .mode = "static", .address = BOX "/24" };

	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
	wait_until(world.uplink.addresses.count == 1);
}

static void everything_send(void)
{
	uplink_send();
	assert_int_equal(peers_send(BOX, PEER), 0);
	group_send(true);
	network_send();
	port_send();
	sync_send();
}

/* --- the tests, in this order --- */

static void guests_of_two_boxes_reach_each_other(void **state)
{
	(void)state;
	NEED_WORLD();
	everything_send();
	assert_int_equal(world.uplink.mtu, 1500);
	assert_int_equal(run("ip -d link show cv101 | grep -q 'master cbr101'"), 0);
	assert_int_equal(run_beside(INSIDE "ping -c1 -W5 10.1.0.50 >/dev/null"), 0);
	assert_int_equal(run_beside(INSIDE "ping6 -c1 -W5 2001:db8::50 >/dev/null"), 0);
	assert_int_equal(run_beside(OUTSIDE "ping -c1 -W5 10.1.0.11 >/dev/null"), 0);
	assert_int_equal(run_beside(OUTSIDE "ping6 -c1 -W5 2001:db8::11 >/dev/null"), 0);
}

static void group_of_the_receiver_applies(void **state)
{
	(void)state;
	NEED_WORLD();
	group_send(false);
	/* connections that are tracked go on: a fresh one */
	wait_until(run(OUTSIDE "ping -c1 -W1 10.1.0.11 >/dev/null") != 0);
	assert_int_not_equal(run(OUTSIDE "ping6 -c1 -W1 2001:db8::11 >/dev/null"), 0);
	assert_int_equal(run(INSIDE "ping -c1 -W5 10.1.0.50 >/dev/null"), 0);
	group_send(true);
	wait_until(run(OUTSIDE "ping -c1 -W1 10.1.0.11 >/dev/null") == 0);
}

/* The far box speaks from an address that is no peer's: first it is none, then it is one. */
static void strangers_are_not_heard(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -n outside link del vx101; ip -n outside addr add " STRANGER "/24 dev eth0");
	run("ip -n outside link add vx101 address " FAR_MAC
	    " type vxlan id 101 dstport 4789 local " STRANGER);
	run("bridge -n outside fdb append 00:00:00:00:00:00 dev vx101 dst " BOX);
	run("ip -n outside addr add 10.1.0.50/24 dev vx101; ip -n outside link set vx101 up");
	assert_int_not_equal(run(OUTSIDE "ping -c2 -W1 10.1.0.11 >/dev/null"), 0);
	assert_int_equal(peers_send(BOX, STRANGER), 0);
	wait_until(run(OUTSIDE "ping -c1 -W1 10.1.0.11 >/dev/null") == 0);
}

/* What a neighbour of the same network says to svc, or svc to everybody, stays in its box. */
static void services_stay_in_their_box(void **state)
{
	(void)state;
	NEED_WORLD();
	assert_int_equal(run(INSIDE "ping -c1 -W5 10.1.0.2 >/dev/null"), 0);
	assert_int_not_equal(run(OUTSIDE "ping -c1 -W1 10.1.0.2 >/dev/null"), 0);
}

static void remotes_are_answered_for(void **state)
{
	struct net_remote remote[] = { { "fa:16:3e:00:00:60", STRANGER, "10.1.0.60" },
				       { "fa:16:3e:00:00:60", STRANGER, "2001:db8::60" } };
	struct net_remotes remotes = { .vni = 101, .remotes = { remote, 2 } };

	(void)state;
	NEED_WORLD();
	assert_int_equal(ask(&world.cloud, NETD_REMOTES_SET, net_remotes_fields, &remotes), 0);
	wait_until(run("bridge fdb show dev cv101 | grep -q 'fa:16:3e:00:00:60 dst " STRANGER
		       "'") == 0);
	/* There is no such guest anywhere: only the bridge can have told. */
	run(INSIDE "ping -c1 -W1 10.1.0.60 >/dev/null; " INSIDE
		   "ping6 -c1 -W1 2001:db8::60 >/dev/null");
	assert_int_equal(run("ip -n g1 neigh | grep -q '^10.1.0.60 .*fa:16:3e:00:00:60'"), 0);
	assert_int_equal(run("ip -n g1 neigh | grep -q '^2001:db8::60 .*fa:16:3e:00:00:60'"), 0);
	remotes.remotes.count = 0;
	assert_int_equal(ask(&world.cloud, NETD_REMOTES_SET, net_remotes_fields, &remotes), 0);
	wait_until(run("bridge fdb show dev cv101 | grep -q 'fa:16:3e:00:00:60'") != 0);
	assert_int_not_equal(run("ip neigh show dev cbr101 | grep -q 10.1.0.60"), 0);
	assert_int_equal(run(INSIDE "ping -c1 -W5 10.1.0.50 >/dev/null"), 0);
}

static void tunnel_outlives_netd(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -o link show cv101 | cut -d: -f1 >/run/before");
	netd_kill();
	assert_int_equal(run(INSIDE "ping -c1 -W5 10.1.0.50 >/dev/null"), 0);
	netd_start();
	uplink_send();
	assert_int_equal(peers_send(BOX, STRANGER), 0);
	group_send(true);
	network_send();
	port_send();
	sync_send();
	assert_int_equal(run("ip -o link show cv101 | cut -d: -f1 | cmp -s - /run/before"), 0);
	assert_int_equal(run(INSIDE "ping -c1 -W5 10.1.0.50 >/dev/null"), 0);
}

static void box_without_peers_has_no_tunnel(void **state)
{
	(void)state;
	NEED_WORLD();
	assert_int_not_equal(peers_send(BOX, "2001:db8::1"), 0);
	assert_int_not_equal(peers_send("", ""), 0); /* "" is no peer */
	sync_send();
	assert_int_equal(run("ip link show cv101 >/dev/null"), 0);
	/* A fresh cloud that says nothing of peers means none. */
	link_give(&world.cloud, ROLE_CLOUD, "cloud");
	group_send(true);
	network_send();
	port_send();
	sync_send();
	wait_until(run("ip link show cv101 >/dev/null 2>&1") != 0);
}

static int world_setup(void **state)
{
	(void)state;
	world.possible = world_make() && access("/proc/sys/net/ipv6", F_OK) == 0 &&
			 run("ip -n outside link add vx101 address " FAR_MAC
			     " type vxlan id 101 dstport 4789 local " PEER) == 0;
	if (!world.possible)
		return 0;
	outside_connect(PEER "/24");
	run("bridge -n outside fdb append 00:00:00:00:00:00 dev vx101 dst " BOX);
	run("ip -n outside addr add 10.1.0.50/24 dev vx101; "
	    "ip -n outside addr add 2001:db8::50/64 dev vx101 nodad; "
	    "ip -n outside link set vx101 up");
	guest_make("g1", PORT_1, MAC_1);
	run("ip -n g1 addr add 10.1.0.11/24 dev eth0; "
	    "ip -n g1 addr add 2001:db8::11/64 dev eth0 nodad");
	netd_start();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_of_two_boxes_reach_each_other),
		cmocka_unit_test(group_of_the_receiver_applies),
		cmocka_unit_test(strangers_are_not_heard),
		cmocka_unit_test(services_stay_in_their_box),
		cmocka_unit_test(remotes_are_answered_for),
		cmocka_unit_test(tunnel_outlives_netd),
		cmocka_unit_test(box_without_peers_has_no_tunnel),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
