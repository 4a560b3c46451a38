/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trunk against the real kernel: g1 is in network A by its link, and in network B by VLAN 7 on it. g2 is
 * in B, g3 in A; see world.h.
 */
#include "netstack/netd/test/world.h"

#define NETWORK_A "aaaaaaaa-0000-4000-8000-000000000001"
#define NETWORK_B "bbbbbbbb-0000-4000-8000-000000000001"
#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define OTHERS "cccccccc-0000-4000-8000-000000000002"
#define PARENT "11111111-0000-4000-8000-000000000001"
#define PORT_2 "22222222-0000-4000-8000-000000000002"
#define PORT_3 "33333333-0000-4000-8000-000000000003"
#define SUBPORT "44444444-0000-4000-8000-000000000004"
#define MAC_1 "fa:16:3e:00:00:01"
#define MAC_2 "fa:16:3e:00:00:02"
#define MAC_3 "fa:16:3e:00:00:03"
#define MAC_4 "fa:16:3e:00:00:04"
#define PING(guest, to) run_beside("ip netns exec " guest " busybox ping -c1 -W1 " to " >/dev/null")

static bool vlans; /* the kernel has them */

#define NEED_VLANS()                                                                               \
	do {                                                                                       \
		NEED_WORLD();                                                                      \
		if (!vlans) {                                                                      \
			print_message("needs VLANs\n");                                            \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

static void network_send(const char *id, uint32_t vni)
{
	struct net_network network = { .type = "vxlan", .vni = vni, .mtu = 1450, .admin_up = true };

	snprintf(network.id, sizeof(network.id), "%s", id);
	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

/* All egress, ingress from the group itself. */
static void group_send(const char *id)
{
	struct net_rule rules[2] = { { .egress = true }, { .egress = false } };
	struct net_group group = { .stateful = true, .rules = { rules, 2 } };

	snprintf(group.id, sizeof(group.id), "%s", id);
	snprintf(rules[1].remote_group, sizeof(rules[1].remote_group), "%s", id);
	for (int i = 0; i < 2; i++)
		snprintf(rules[i].id, sizeof(rules[i].id), "%s", id);
	assert_int_equal(ask(&world.cloud, NETD_GROUP_SET, net_group_fields, &group), 0);
}

static struct net_port port_of(const char *id, const char *network, const char *mac)
{
	struct net_port port = { .owner = "compute:nova", .admin_up = true, .port_security = true };

	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.network_id, sizeof(port.network_id), "%s", network);
	snprintf(port.mac, sizeof(port.mac), "%s", mac);
	return port;
}

static void port_put(struct net_port *port, const char *address, const char *group)
{
	struct net_address fixed = { 0 };
	struct net_id member = { 0 };

	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	snprintf(member.id, sizeof(member.id), "%s", group);
	port->addresses = (struct message_list){ &fixed, 1 };
	port->groups = (struct message_list){ &member, 1 };
	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, port), 0);
}

static void port_send(const char *id, const char *network, const char *mac, const char *address)
{
	struct net_port port = port_of(id, network, mac);

	port_put(&port, address, GROUP);
}

/* vlan 0: it is in no trunk. */
static void subport_send(uint32_t vlan, const char *group)
{
	struct net_port port = port_of(SUBPORT, NETWORK_B, MAC_4);

	snprintf(port.owner, sizeof(port.owner), "trunk:subport");
	if (vlan != 0)
		snprintf(port.trunk_port, sizeof(port.trunk_port), "%s", PARENT);
	port.trunk_vlan = vlan;
	port_put(&port, "10.2.0.14", group);
}

static void everything_send(void)
{
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	network_send(NETWORK_A, 101);
	network_send(NETWORK_B, 102);
	group_send(GROUP);
	group_send(OTHERS);
	port_send(PARENT, NETWORK_A, MAC_1, "10.1.0.11");
	port_send(PORT_2, NETWORK_B, MAC_2, "10.2.0.12");
	port_send(PORT_3, NETWORK_A, MAC_3, "10.1.0.13");
	subport_send(7, GROUP);
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
}

/* Whether or not there can be subports. */
static void parent_is_a_port_like_any(void **state)
{
	(void)state;
	if (!world.possible)
		skip();
	everything_send();
	wait_until(PING("g1", "10.1.0.13") == 0);
	wait_until(PING("g3", "10.1.0.11") == 0);
	if (!vlans)
		assert_int_not_equal(PING("g2", "10.2.0.14"), 0);
}

static void one_link_leads_to_both_networks(void **state)
{
	(void)state;
	NEED_VLANS();
	wait_until(PING("g1", "10.2.0.12") == 0);
	wait_until(PING("g2", "10.2.0.14") == 0);
	wait_until(PING("g1", "10.1.0.13") == 0);
	wait_until(world.port.up);
	assert_int_equal(run("ip -d link show ct44444444000 | grep -q 'vlan.* id 7 ' && "
			     "ip link show ct44444444000 | grep -q 'master cbr102'"),
			 0);
}

/* Each subport speaks in its own name alone, and within its own tag. */
static void subports_are_told_apart(void **state)
{
	(void)state;
	NEED_VLANS();
	run("ip -n g1 addr add 10.2.0.99/24 dev eth0.7");
	assert_int_not_equal(run("ip netns exec g1 busybox ping -c1 -W1 -I 10.2.0.99 10.2.0.12 "
				 ">/dev/null"),
			     0);
	run("ip -n g1 addr del 10.2.0.99/24 dev eth0.7");
	/* The parent's MAC is not the subport's. */
	run("ip -n g1 link set eth0.7 address " MAC_1);
	assert_int_not_equal(PING("g1", "10.2.0.12"), 0);
	run("ip -n g1 link set eth0.7 address " MAC_4);
	wait_until(PING("g1", "10.2.0.12") == 0);
	/* Without its tag, and with another. */
	run("ip -n g1 route add 10.2.0.12/32 dev eth0 src 10.2.0.14");
	assert_int_not_equal(PING("g1", "10.2.0.12"), 0);
	run("ip -n g1 route del 10.2.0.12/32 dev eth0");
	run("ip -n g1 link add link eth0 name eth0.8 address " MAC_4 " type vlan id 8; "
	    "ip -n g1 link set eth0.8 up; ip -n g1 route add 10.2.0.12/32 dev eth0.8 src 10.2.0.14");
	assert_int_not_equal(PING("g1", "10.2.0.12"), 0);
	run("ip -n g1 link del eth0.8");
	wait_until(PING("g1", "10.2.0.12") == 0);
}

static void subports_have_groups_of_their_own(void **state)
{
	(void)state;
	NEED_VLANS();
	subport_send(7, OTHERS);
	wait_until(PING("g2", "10.2.0.14") != 0);
	wait_until(PING("g1", "10.1.0.13") == 0);
	subport_send(7, GROUP);
	wait_until(PING("g2", "10.2.0.14") == 0);
}

static void numbers_may_change(void **state)
{
	(void)state;
	NEED_VLANS();
	subport_send(9, GROUP);
	wait_until(PING("g1", "10.2.0.12") != 0);
	run("ip -n g1 link add link eth0 name eth0.9 address " MAC_4 " type vlan id 9; "
	    "ip -n g1 link set eth0.9 up; ip -n g1 route add 10.2.0.12/32 dev eth0.9 src 10.2.0.14");
	wait_until(PING("g1", "10.2.0.12") == 0);
	run("ip -n g1 link del eth0.9");
	subport_send(7, GROUP);
	wait_until(PING("g1", "10.2.0.12") == 0);
}

static void trunks_outlive_netd(void **state)
{
	(void)state;
	NEED_VLANS();
	run("ip netns exec g1 busybox ping -i 0.1 -c 20 10.2.0.12 >/run/pings &");
	netd_kill();
	netd_start();
	everything_send();
	wait_until(run("grep -q transmitted /run/pings") == 0);
	assert_int_equal(run("grep -q ' 0%% packet loss' /run/pings"), 0);
}

static void subports_leave(void **state)
{
	(void)state;
	NEED_VLANS();
	subport_send(0, GROUP);
	wait_until(run("ip link show ct44444444000 2>/dev/null") != 0);
	assert_int_not_equal(PING("g1", "10.2.0.12"), 0);
	wait_until(PING("g1", "10.1.0.13") == 0);
}

static int world_setup(void **state)
{
	(void)state;
	world.possible = world_make();
	if (!world.possible)
		return 0;
	vlans = run("ip link add eth9 type veth peer name eth8 && "
		    "ip link add link eth9 name probe type vlan id 9 2>/dev/null") == 0;
	run("ip link del eth9");
	guest_make("g1", PARENT, MAC_1);
	guest_make("g2", PORT_2, MAC_2);
	guest_make("g3", PORT_3, MAC_3);
	run("ip -n g1 addr add 10.1.0.11/24 dev eth0; ip -n g2 addr add 10.2.0.12/24 dev eth0; "
	    "ip -n g3 addr add 10.1.0.13/24 dev eth0");
	if (vlans)
		run("ip -n g1 link add link eth0 name eth0.7 address " MAC_4 " type vlan id 7; "
		    "ip -n g1 link set eth0.7 up; ip -n g1 addr add 10.2.0.14/24 dev eth0.7");
	netd_start();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parent_is_a_port_like_any),
		cmocka_unit_test(one_link_leads_to_both_networks),
		cmocka_unit_test(subports_are_told_apart),
		cmocka_unit_test(subports_have_groups_of_their_own),
		cmocka_unit_test(numbers_may_change),
		cmocka_unit_test(trunks_outlive_netd),
		cmocka_unit_test(subports_leave),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
