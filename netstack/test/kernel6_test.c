/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 against the real kernel: two networks, one with SLAAC (guests g1, g2), one with stateful
 * DHCPv6 (g3, an address of its own in C below), a router between them. See world.h.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include "netstack/netd/test/world.h"
#include "netstack/svc/dhcp6.h"
#include "netstack/svc/frame6.h"

#define NETWORK_A "aaaaaaaa-0000-4000-8000-000000000001"
#define NETWORK_B "bbbbbbbb-0000-4000-8000-000000000001"
#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define ROUTER "dddddddd-0000-4000-8000-000000000001"
#define ROUTER_A "a0a0a0a0-0000-4000-8000-00000000000a"
#define ROUTER_B "b0b0b0b0-0000-4000-8000-00000000000b"
#define EXTERNAL "eeeeeeee-0000-4000-8000-000000000001"
#define ROUTER_OUTSIDE "2001:db8:f::100"
#define PORT_1 "11111111-0000-4000-8000-000000000001"
#define PORT_2 "22222222-0000-4000-8000-000000000002"
#define PORT_3 "33333333-0000-4000-8000-000000000003"
#define MAC_1 "fa:16:3e:00:00:01"
#define MAC_2 "fa:16:3e:00:00:02"
#define MAC_3 "fa:16:3e:00:00:03"
#define MAC_A "fa:16:3e:00:00:aa"
#define MAC_B "fa:16:3e:00:00:bb"
#define ADDRESS_1 "2001:db8:a:0:f816:3eff:fe00:1"
#define ADDRESS_2 "2001:db8:a:0:f816:3eff:fe00:2"
#define ADDRESS_3 "2001:db8:b::33"
#define PING "busybox ping6 -c1 -W2 "

/* --- what cloud would send --- */

static void network_send(const char *id, uint32_t vni, const char *cidr, const char *service,
			 const char *mode, const char *mac)
{
	struct net_subnet subnet = { .dhcp = true };
	struct net_network network = { .type = "vxlan",
				       .vni = vni,
				       .mtu = 1450,
				       .admin_up = true,
				       .dns_domain = "cloud.test",
				       .subnets = { &subnet, 1 } };

	snprintf(network.id, sizeof(network.id), "%s", id);
	snprintf(network.dhcp_mac, sizeof(network.dhcp_mac), "%s", mac);
	snprintf(subnet.id, sizeof(subnet.id), "%s", id);
	snprintf(subnet.cidr, sizeof(subnet.cidr), "%s", cidr);
	snprintf(subnet.dhcp_address, sizeof(subnet.dhcp_address), "%s", service);
	snprintf(subnet.ra_mode, sizeof(subnet.ra_mode), "%s", mode);
	snprintf(subnet.address_mode, sizeof(subnet.address_mode), "%s", mode);
	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

static void port_send(const char *id, const char *network, const char *mac, const char *owner,
		      const char *address)
{
	struct net_address fixed = { 0 };
	struct net_id member = { GROUP };
	struct net_port port = { .admin_up = true,
				 .port_security = strncmp(owner, "network:", 8) != 0,
				 .addresses = { &fixed, 1 },
				 .groups = { &member, 1 } };

	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.network_id, sizeof(port.network_id), "%s", network);
	snprintf(port.mac, sizeof(port.mac), "%s", mac);
	snprintf(port.owner, sizeof(port.owner), "%s", owner);
	snprintf(port.hostname, sizeof(port.hostname), "h%c", mac[16]);
	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, &port), 0);
}

/* All egress; ingress from members, and UDP 9000 from anybody. */
static void group_send(bool members)
{
	struct net_rule rules[2] = { { .id = GROUP, .egress = true, .ipv6 = true },
				     { .id = GROUP, .ipv6 = true } };
	struct net_group group = { .id = GROUP, .stateful = true, .rules = { rules, 2 } };

	if (members)
		snprintf(rules[1].remote_group, sizeof(rules[1].remote_group), "%s", GROUP);
	else
		rules[1].protocol = 17 + 1;
	assert_int_equal(ask(&world.cloud, NETD_GROUP_SET, net_group_fields, &group), 0);
}

static void router_send(bool outside)
{
	struct net_router_interface interfaces[] = {
		{ ROUTER_A, NETWORK_A, NETWORK_A, MAC_A, "2001:db8:a::1/64" },
		{ ROUTER_A, NETWORK_A, NETWORK_A, MAC_A, "2001:db8:aa::1/64" },
		{ ROUTER_B, NETWORK_B, NETWORK_B, MAC_B, "2001:db8:b::1/64" },
	};
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .interfaces = { interfaces, 3 } };

	if (outside) {
		snprintf(router.external_network, UUID_SIZE, "%s", EXTERNAL);
		snprintf(router.external_address6, CIDR_SIZE, "%s", ROUTER_OUTSIDE "/64");
	}

	assert_int_equal(ask(&world.cloud, NETD_ROUTER_SET, net_router_fields, &router), 0);
}

static void everything_send(void)
{
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	network_send(NETWORK_A, 201, "2001:db8:a::/64", "2001:db8:a::2", "slaac",
		     "fa:16:3e:00:00:fe");
	network_send(NETWORK_B, 202, "2001:db8:b::/64", "2001:db8:b::2", "dhcpv6-stateful",
		     "fa:16:3e:00:00:fd");
	group_send(true);
	port_send(PORT_1, NETWORK_A, MAC_1, "compute:nova", ADDRESS_1);
	port_send(PORT_2, NETWORK_A, MAC_2, "compute:nova", ADDRESS_2);
	port_send(PORT_3, NETWORK_B, MAC_3, "compute:nova", ADDRESS_3);
	port_send(ROUTER_A, NETWORK_A, MAC_A, "network:router_interface", "2001:db8:a::1");
	port_send(ROUTER_B, NETWORK_B, MAC_B, "network:router_interface", "2001:db8:b::1");
	router_send(false);
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
}

/* --- what a guest does --- */

/* Runs in the guest's namespace, in a process of its own: its result is returned. */
static int inside(const char *guest, int (*action)(void))
{
	char path[64];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd;

		snprintf(path, sizeof(path), "/run/netns/%s", guest);
		fd = open(path, O_RDONLY);
		_exit(fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? 99 : action());
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		loop_once(world.loop, 20);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int frame_send(const char *mac, const char *from, const char *to, const uint8_t *message,
		      size_t size)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IPV6),
				    .sll_ifindex = (int)if_nametoindex("eth0") };
	struct address source, destination;
	uint8_t own[MAC_SIZE], data[400];
	struct frame6 frame = { .mac = own, .next = FRAME6_ICMP, .hops = 255, .size = size };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IPV6));

	mac_parse(mac, own);
	address_parse(from, &source);
	address_parse(to, &destination);
	frame.from = source.bytes;
	frame.to = destination.bytes;
	memcpy(data + FRAME6_HEADERS, message, size);
	/* To everybody, by Ethernet: whoever the bridge lets it reach has it. */
	size = frame6_build(data, (const uint8_t[6]){ 0x33, 0x33, 0, 0, 0, 1 }, &frame, 2);
	return sendto(fd, data, size, 0, (void *)&link, sizeof(link)) == (ssize_t)size ? 0 : 1;
}

/* A router that is none, with a prefix of its own. */
static int forge_advertisement(void)
{
	static const uint8_t message[] = { 134, 0, 0,    0,    64,   0,    7,    8,    0,  0,
					   0,   0, 0,    0,    0,    0,    3,    4,    64, 0xc0,
					   0,   0, 0xff, 0xff, 0,    0,    0xff, 0xff, 0,  0,
					   0,   0, 0x20, 1,    0x0d, 0xb8, 0xee, 0xee, 0,  0,
					   0,   0, 0,    0,    0,    0,    0,    0 };

	return frame_send(MAC_2, "fe80::f816:3eff:fe00:2", "ff02::1", message, sizeof(message));
}

/* The router's address, at our MAC: override, unsolicited. */
static int advertise_neighbour(const char *from, const char *target)
{
	uint8_t message[32] = { 136, [4] = 0x20, [24] = 2, [25] = 1 };
	struct address address;

	address_parse(target, &address);
	memcpy(message + 8, address.bytes, 16);
	mac_parse(MAC_2, message + 26);
	return frame_send(MAC_2, from, "ff02::1", message, sizeof(message));
}

static int forge_neighbour(void)
{
	return advertise_neighbour("fe80::f816:3eff:fe00:2", "fe80::f816:3eff:fe00:aa");
}

static int forge_source(void)
{
	return advertise_neighbour("fe80::f816:3eff:fe00:aa", "fe80::f816:3eff:fe00:2");
}

static int own_neighbour(void)
{
	return advertise_neighbour("fe80::f816:3eff:fe00:2", "fe80::f816:3eff:fe00:2");
}

/* Another's address in question, as if we wanted it: who has it would not dare to use it. */
static int forge_detection(void)
{
	uint8_t message[24] = { 135 };
	struct address address;

	address_parse("2001:db8:a:0:f816:3eff:fe00:1", &address);
	memcpy(message + 8, address.bytes, 16);
	return frame_send(MAC_2, "::", "ff02::1", message, sizeof(message));
}

/* The least of DHCPv6 clients: asks once, requests what is offered, prints what it got. */
static int dhcp6_exchange(int fd, uint8_t type, const uint8_t *more, size_t more_size,
			  uint8_t *answer, ssize_t *size)
{
	static const uint8_t head[] = { 0,    7,    7,    7, 0, 1, 0, 10, 0, 3,  0, 1,
					0xfa, 0x16, 0x3e, 0, 0, 3, 0, 3,  0, 12, 0, 0,
					0,    1,    0,    0, 0, 0, 0, 0,  0, 0 };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(547) };
	uint8_t message[300];

	inet_pton(AF_INET6, "ff02::1:2", &to.sin6_addr);
	to.sin6_scope_id = if_nametoindex("eth0");
	memcpy(message, head, sizeof(head));
	message[0] = type;
	if (more_size > 0)
		memcpy(message + sizeof(head), more, more_size);
	if (sendto(fd, message, sizeof(head) + more_size, 0, (void *)&to, sizeof(to)) < 0)
		return 1;
	*size = recv(fd, answer, 1500, 0);
	return *size > 4 ? 0 : 2;
}

static const uint8_t *option_find(const uint8_t *at, const uint8_t *end, int code)
{
	for (; at + 4 <= end; at += 4 + (at[2] << 8 | at[3]))
		if ((at[0] << 8 | at[1]) == code)
			return at;
	return NULL;
}

static int dhcp6_client(void)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons(546) };
	struct timeval limit = { .tv_sec = 3 };
	uint8_t answer[1500];
	char text[INET6_ADDRSTRLEN];
	const uint8_t *server, *association;
	ssize_t size;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (bind(fd, (void *)&own, sizeof(own)) < 0 ||
	    dhcp6_exchange(fd, DHCP6_SOLICIT, NULL, 0, answer, &size) != 0 ||
	    answer[0] != DHCP6_ADVERTISE)
		return 3;
	server = option_find(answer + 4, answer + size, 2);
	if (server == NULL || dhcp6_exchange(fd, DHCP6_REQUEST, server, 14, answer, &size) != 0 ||
	    answer[0] != DHCP6_REPLY)
		return 4;
	association = option_find(answer + 4, answer + size, 3);
	if (association == NULL || association[17] != 5)
		return 5;
	inet_ntop(AF_INET6, association + 20, text, sizeof(text));
	return run("ip addr add %s/128 dev eth0 nodad", text);
}

/* --- the tests, in this order --- */

static void guests_configure_themselves(void **state)
{
	(void)state;
	NEED_WORLD();
	everything_send();
	for (int i = 1; i <= 3; i++)
		run("ip -n g%d link set eth0 up", i);
	wait_until(run("ip -n g1 -6 addr show dev eth0 -tentative | grep -q " ADDRESS_1 "/64") ==
		   0);
	wait_until(run("ip -n g2 -6 addr show dev eth0 -tentative | grep -q " ADDRESS_2 "/64") ==
		   0);
	assert_int_equal(
		run("ip -n g1 -6 route | grep -q 'default via fe80::f816:3eff:fe00:aa dev eth0'"),
		0);
	wait_until(run("ip -n g3 -6 route | grep -q 'default via fe80::f816:3eff:fe00:bb'") == 0);
	assert_int_not_equal(run("ip -n g3 -6 addr show dev eth0 | grep -q 2001:db8:b:"), 0);
	wait_until(inside("g3", dhcp6_client) == 0);
	assert_int_equal(run("ip -n g3 -6 addr show dev eth0 | grep -q " ADDRESS_3), 0);
}

static void neighbours_and_routed_networks_answer(void **state)
{
	(void)state;
	NEED_WORLD();
	wait_until(run("ip netns exec g1 " PING ADDRESS_2 " >/dev/null") == 0);
	wait_until(run("ip netns exec g1 " PING "2001:db8:a::1 >/dev/null") == 0);
	wait_until(run("ip netns exec g1 " PING ADDRESS_3 " >/dev/null") == 0);
	wait_until(run("ip netns exec g3 " PING ADDRESS_2 " >/dev/null") == 0);
	/* the router's second prefix */
	wait_until(run("ip netns exec g3 " PING "2001:db8:aa::1 >/dev/null") == 0);
}

static void service_answers_by_ipv6(void **state)
{
	(void)state;
	NEED_WORLD();
	assert_int_equal(run_beside("ip netns exec g1 " PING "2001:db8:a::2 >/dev/null"), 0);
	assert_int_equal(run_beside("ip netns exec g1 busybox nslookup -type=aaaa h2.cloud.test "
				    "2001:db8:a::2 >/run/dns; grep -q " ADDRESS_2 " /run/dns"),
			 0);
}

static void metadata_is_there(void **state)
{
	(void)state;
	NEED_WORLD();
	assert_int_equal(run_beside("printf 'GET /openstack/latest HTTP/1.1\\r\\n\\r\\n' | "
				    "ip netns exec g1 busybox nc -w 5 'fe80::a9fe:a9fe%%eth0' 80 | "
				    "grep -q 'metadata of /openstack/latest'"),
			 0);
	assert_string_equal(world.asked_address, "fe80::f816:3eff:fe00:1");
}

static void groups_are_enforced(void **state)
{
	(void)state;
	NEED_WORLD();
	group_send(false);
	wait_until(run("ip netns exec g1 " PING ADDRESS_2 " >/dev/null") != 0);
	wait_until(run("ip netns exec g3 " PING ADDRESS_2 " >/dev/null") != 0);
	group_send(true);
	wait_until(run("ip netns exec g1 " PING ADDRESS_2 " >/dev/null") == 0);
}

static int neighbour_of_g1(const char *address, const char *mac)
{
	return run("ip -n g1 -6 neigh show %s | grep -q %s", address, mac);
}

static void forged_frames_are_dropped(void **state)
{
	(void)state;
	NEED_WORLD();
	/* another address of the prefix */
	run("ip -n g2 addr add 2001:db8:a::99/64 dev eth0 nodad");
	wait_until(run("ip netns exec g2 " PING "-I 2001:db8:a::99 " ADDRESS_1 " >/dev/null") != 0);
	run("ip -n g2 addr del 2001:db8:a::99/64 dev eth0");
	run("ip netns exec g1 " PING "fe80::f816:3eff:fe00:aa%%eth0 >/dev/null");
	assert_int_equal(neighbour_of_g1("fe80::f816:3eff:fe00:aa", MAC_A), 0);
	run("ip -n g1 neigh replace fe80::f816:3eff:fe00:2 lladdr 02:00:00:00:00:99 nud stale dev "
	    "eth0");
	assert_int_equal(inside("g2", forge_advertisement), 0);
	assert_int_equal(inside("g2", forge_neighbour), 0);
	assert_int_equal(inside("g2", forge_source), 0);
	assert_int_equal(inside("g2", forge_detection), 0);
	run_beside("sleep 0.3");
	assert_int_not_equal(run("ip -n g1 -6 route | grep -q 'eeee\\|fe00:2 dev'"), 0);
	assert_int_equal(neighbour_of_g1("fe80::f816:3eff:fe00:aa", MAC_A), 0);
	assert_int_equal(neighbour_of_g1("fe80::f816:3eff:fe00:2", "02:00:00:00:00:99"), 0);
	/* what is its own passes: the same frame with the right names */
	assert_int_equal(inside("g2", own_neighbour), 0);
	wait_until(neighbour_of_g1("fe80::f816:3eff:fe00:2", MAC_2) == 0);
}

/* Without the rules the same forgeries succeed: the test can fail. */
static void forged_frames_pass_without_port_security(void **state)
{
	struct net_address fixed = { ADDRESS_2 };
	struct net_port port = { .id = PORT_2,
				 .network_id = NETWORK_A,
				 .mac = MAC_2,
				 .owner = "compute:nova",
				 .admin_up = true,
				 .addresses = { &fixed, 1 } };

	(void)state;
	NEED_WORLD();
	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, &port), 0);
	port.port_security = false;
	port_send(PORT_1, NETWORK_A, MAC_1, "compute:nova", ADDRESS_1);
	wait_until(inside("g2", forge_neighbour) == 0 &&
		   neighbour_of_g1("fe80::f816:3eff:fe00:aa", MAC_2) == 0);
}

/* --- out of the box --- */

static void uplink_send(const char *mode)
{
	struct net_uplink uplink = { .mode = "static",
				     .address = "192.0.2.10/24",
				     .ipv6_gateway = "2001:db8:f::1",
				     .ipv6_address = "2001:db8:f::10/64" };

	snprintf(uplink.ipv6_mode, sizeof(uplink.ipv6_mode), "%s", mode);
	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
}

static bool uplink_has_address(const char *text)
{
	const struct net_address *addresses = world.uplink.addresses.items;

	for (size_t i = 0; i < world.uplink.addresses.count; i++)
		if (strcmp(addresses[i].address, text) == 0)
			return true;
	return false;
}

/* A router outside, with a prefix. */
static int advertise_outside(void)
{
	static const uint8_t message[] = { 134, 0, 0,    0,    64,   0,    7,    8,    0,  0,
					   0,   0, 0,    0,    0,    0,    3,    4,    64, 0xc0,
					   0,   0, 0xff, 0xff, 0,    0,    0xff, 0xff, 0,  0,
					   0,   0, 0x20, 1,    0x0d, 0xb8, 0xcc, 0xcc, 0,  0,
					   0,   0, 0,    0,    0,    0,    0,    0 };

	return frame_send("02:00:00:00:0f:01", "fe80::ff:fe00:f01", "ff02::1", message,
			  sizeof(message));
}

static void box_takes_what_is_advertised(void **state)
{
	(void)state;
	NEED_WORLD();
	uplink_send("slaac");
	run("ip link set eth0 addrgenmode eui64; ip link set eth0 address 02:00:00:00:00:10");
	wait_until(run("ip -6 addr show dev eth0 | grep -q 'inet6 fe80'") == 0);
	assert_int_equal(inside("outside", advertise_outside), 0);
	wait_until(uplink_has_address("2001:db8:cccc::ff:fe00:10/64"));
	assert_int_equal(run("ip -6 route | grep -q 'default via fe80::ff:fe00:f01 dev eth0'"), 0);
}

static void box_has_what_is_set(void **state)
{
	(void)state;
	NEED_WORLD();
	uplink_send("static");
	wait_until(uplink_has_address("2001:db8:f::10/64"));
	/* What was advertised has gone. */
	assert_int_not_equal(run("ip -6 addr show dev eth0 | grep -q cccc"), 0);
	assert_int_equal(run("ip -6 route | grep -q 'default via 2001:db8:f::1 dev eth0'"), 0);
	wait_until(run(PING "2001:db8:f::1 >/dev/null") == 0);
}

static void tenants_are_routed(void **state)
{
	struct net_network network = { .id = EXTERNAL,
				       .type = "flat",
				       .physical = "uplink",
				       .mtu = 1500,
				       .admin_up = true,
				       .external = true };

	(void)state;
	NEED_WORLD();
	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
	router_send(true);
	run("ip -n outside route add 2001:db8:a::/64 via " ROUTER_OUTSIDE);
	wait_until(run("ip netns exec g1 " PING "2001:db8:f::1 >/dev/null") == 0);
	wait_until(run("ip netns exec outside " PING ROUTER_OUTSIDE " >/dev/null") == 0);
	/* Nobody outside is a member of the guest's group. */
	wait_until(run("ip netns exec outside busybox ping6 -c1 -W1 " ADDRESS_1 " >/dev/null") !=
		   0);
	/* The box itself is nothing that tenants reach. */
	wait_until(run("ip netns exec g1 busybox ping6 -c1 -W1 2001:db8:f::10 >/dev/null") != 0);
	/* A prefix of which outside nobody was told stays out of the way of others. */
	router_send(false);
	wait_until(run("[ -z \"$(ip -6 neigh show proxy)\" ]") == 0);
	wait_until(run("ip netns exec g1 busybox ping6 -c1 -W1 2001:db8:f::1 >/dev/null") != 0);
}

static int world_setup(void **state)
{
	(void)state;
	world.possible = world_make() && access("/proc/sys/net/ipv6", F_OK) == 0;
	if (!world.possible)
		return 0;
	outside_connect("2001:db8:f::1/64");
	guest_make("g1", PORT_1, MAC_1);
	guest_make("g2", PORT_2, MAC_2);
	guest_make("g3", PORT_3, MAC_3);
	/* Their links have no bridge yet: what they would ask now, nobody hears. */
	run("for n in 1 2 3; do ip -n g$n link set eth0 down; done");
	netd_start();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_configure_themselves),
		cmocka_unit_test(neighbours_and_routed_networks_answer),
		cmocka_unit_test(service_answers_by_ipv6),
		cmocka_unit_test(metadata_is_there),
		cmocka_unit_test(groups_are_enforced),
		cmocka_unit_test(forged_frames_are_dropped),
		cmocka_unit_test(forged_frames_pass_without_port_security),
		cmocka_unit_test(box_takes_what_is_advertised),
		cmocka_unit_test(box_has_what_is_set),
		cmocka_unit_test(tenants_are_routed),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
