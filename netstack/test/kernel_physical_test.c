/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks that are bridged to a NIC, against the real kernel: eth0 is the uplink, eth1 leads to the
 * namespace "lan". g1 is in the LAN's network, g2 behind a router whose gateway is there; see world.h.
 */
#include "netstack/netd/test/world.h"

#define LAN "aaaaaaaa-0000-4000-8000-000000000001"
#define PRIVATE "bbbbbbbb-0000-4000-8000-000000000001"
#define SUBNET "aaaaaaaa-0000-4000-8000-000000000002"
#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define ROUTER "dddddddd-0000-4000-8000-000000000001"
#define ROUTER_PORT "dddddddd-0000-4000-8000-000000000002"
#define PORT_1 "11111111-0000-4000-8000-000000000001"
#define PORT_2 "22222222-0000-4000-8000-000000000002"
#define MAC_1 "fa:16:3e:00:00:01"
#define MAC_2 "fa:16:3e:00:00:02"
#define IN_LAN "ip netns exec lan busybox "

static void lan_send(const char *type, uint32_t vlan)
{
	struct net_subnet subnet = { .id = SUBNET,
				     .cidr = "198.51.100.0/24",
				     .gateway = "198.51.100.1" };
	struct net_network network = { .id = LAN,
				       .physical = "lan",
				       .vlan = vlan,
				       .mtu = 1500,
				       .admin_up = true,
				       .external = true,
				       .subnets = { &subnet, 1 } };

	snprintf(network.type, sizeof(network.type), "%s", type);
	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

static void private_send(void)
{
	struct net_network network = {
		.id = PRIVATE, .type = "vxlan", .vni = 101, .mtu = 1450, .admin_up = true
	};

	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

static void port_send(const char *id, const char *network, const char *mac, const char *address)
{
	struct net_address fixed = { 0 };
	struct net_id member = { GROUP };
	struct net_port port = { .owner = "compute:nova",
				 .admin_up = true,
				 .port_security = true,
				 .addresses = { &fixed, 1 },
				 .groups = { &member, 1 } };

	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.network_id, sizeof(port.network_id), "%s", network);
	snprintf(port.mac, sizeof(port.mac), "%s", mac);
	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, &port), 0);
}

static void group_send(void)
{
	struct net_rule rules[] = { { .id = GROUP, .egress = true },
				    { .id = GROUP, .protocol = 1 + 1 } };
	struct net_group group = { .id = GROUP, .stateful = true, .rules = { rules, 2 } };

	assert_int_equal(ask(&world.cloud, NETD_GROUP_SET, net_group_fields, &group), 0);
}

static void router_send(void)
{
	struct net_router_interface interface = { .port_id = ROUTER_PORT,
						  .network_id = PRIVATE,
						  .mac = "fa:16:3e:00:00:aa",
						  .address = "10.1.0.1/24" };
	struct net_floating floating = { .address = "198.51.100.101", .fixed = "10.1.0.12" };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = LAN,
				     .external_address = "198.51.100.100/24",
				     .external_mac = "fa:16:3e:00:00:ee",
				     .interfaces = { &interface, 1 },
				     .floatings = { &floating, 1 } };

	assert_int_equal(ask(&world.cloud, NETD_ROUTER_SET, net_router_fields, &router), 0);
}

static void physical_send(const char *link)
{
	struct net_physical physical = { .name = "lan" };
	struct net_physicals physicals = { .physicals = { &physical, 1 } };

	snprintf(physical.link, sizeof(physical.link), "%s", link);
	assert_int_equal(ask(&world.cloud, NETD_PHYSICALS_SET, net_physicals_fields, &physicals),
			 0);
}

static void everything_send(void)
{
	struct net_uplink uplink = { .mode = "static", .address = "192.0.2.10/24" };
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
	wait_until(world.uplink.addresses.count == 1);
	physical_send("eth1");
	group_send();
	lan_send("flat", 0);
	private_send();
	port_send(PORT_1, LAN, MAC_1, "198.51.100.11");
	port_send(PORT_2, PRIVATE, MAC_2, "10.1.0.12");
	router_send();
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
}

/* --- the tests, in this order --- */

static void guest_is_in_the_lan(void **state)
{
	(void)state;
	NEED_WORLD();
	everything_send();
	assert_string_equal(world.uplink.link, "eth0");
	assert_int_equal(
		run_beside("ip netns exec g1 busybox ping -c1 -W5 198.51.100.1 >/dev/null"), 0);
	assert_int_equal(run(IN_LAN "ping -c1 -W5 198.51.100.11 >/dev/null"), 0);
	/* only in its own name */
	run("ip -n g1 addr add 198.51.100.66/24 dev eth0");
	assert_int_not_equal(
		run("ip netns exec g1 busybox ping -c1 -W1 -I 198.51.100.66 198.51.100.1 >/dev/null"),
		0);
}

static void router_has_its_own_place_there(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -n lan neigh flush dev eth0");
	assert_int_equal(run("ip netns exec g2 busybox ping -c1 -W5 198.51.100.1 >/dev/null"), 0);
	assert_int_equal(run(IN_LAN "ping -c1 -W5 198.51.100.101 >/dev/null"), 0);
	assert_int_equal(run("ip -n lan neigh | grep -q '^198.51.100.101 .*fa:16:3e:00:00:ee'"), 0);
	/* The uplink has no part in it. */
	assert_int_not_equal(run("ip neigh show proxy | grep -q 198.51.100"), 0);
}

static void box_is_not_in_the_lan(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -n lan route add 192.0.2.0/24 dev eth0");
	assert_int_not_equal(run(IN_LAN "ping -c1 -W1 192.0.2.10 >/dev/null"), 0);
}

static void all_of_it_outlives_netd(void **state)
{
	(void)state;
	NEED_WORLD();
	netd_kill();
	assert_int_equal(run(IN_LAN "ping -c1 -W5 198.51.100.101 >/dev/null"), 0);
	netd_start();
	assert_int_equal(run(IN_LAN "ping -c1 -W5 198.51.100.101 >/dev/null"), 0);
	everything_send();
	assert_int_equal(run(IN_LAN "ping -c1 -W5 198.51.100.101 >/dev/null"), 0);
	assert_int_equal(run("ip link show eth1 | grep -q master"), 0);
}

static void vlan_may_be_on_the_uplink(void **state)
{
	(void)state;
	NEED_WORLD();
	if (run("ip link add link eth1 name probe type vlan id 9 2>/dev/null") != 0)
		skip(); /* this kernel knows no VLAN */
	run("ip link del probe");
	physical_send("eth0");
	lan_send("vlan", 100);
	run("ip -n outside link add link eth0 name v100 type vlan id 100; "
	    "ip -n outside addr add 198.51.100.1/24 dev v100; ip -n outside link set v100 up");
	wait_until(run("ip netns exec g1 busybox ping -c1 -W1 198.51.100.1 >/dev/null") == 0);
	assert_int_equal(run("busybox ping -c1 -W5 192.0.2.1 >/dev/null"), 0);
}

static void uplink_itself_stays_the_boxs(void **state)
{
	(void)state;
	NEED_WORLD();
	physical_send("eth0");
	lan_send("flat", 0);
	wait_until(run("ip link show eth1 | grep -q master") != 0);
	assert_int_not_equal(run("ip link show eth0 | grep -q master"), 0);
	assert_int_equal(run("busybox ping -c1 -W5 192.0.2.1 >/dev/null"), 0);
}

static int world_setup(void **state)
{
	(void)state;
	world.possible = world_make();
	if (!world.possible)
		return 0;
	outside_connect("192.0.2.1/24");
	run("ip netns add lan; ip link add eth1 type veth peer name eth0 netns lan");
	run("ip -n lan addr add 198.51.100.1/24 dev eth0; ip -n lan link set eth0 up");
	guest_make("g1", PORT_1, MAC_1);
	guest_make("g2", PORT_2, MAC_2);
	run("ip -n g1 addr add 198.51.100.11/24 dev eth0");
	run("ip -n g2 addr add 10.1.0.12/24 dev eth0; ip -n g2 route add default via 10.1.0.1");
	netd_start();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest_is_in_the_lan),
		cmocka_unit_test(router_has_its_own_place_there),
		cmocka_unit_test(box_is_not_in_the_lan),
		cmocka_unit_test(all_of_it_outlives_netd),
		cmocka_unit_test(vlan_may_be_on_the_uplink),
		cmocka_unit_test(uplink_itself_stays_the_boxs),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
