/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Router advertisements (RFC 4861) and DHCPv6 (RFC 8415) as whole frames, the clock turned here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "netstack/svc/dhcp6.h"
#include "netstack/svc/frame6.h"
#include "netstack/svc/ra.h"
#include "netstack/svc/test/network.h"

static const uint8_t guest_mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 1 };
static const uint8_t router_mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 0xaa };
static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 }, all_routers[16] = { 0xff, 2, [15] = 2 };
static const uint8_t all_servers[16] = { 0xff, 2, [13] = 1, [15] = 2 }, nobody[16];

static uint64_t now = 1000000;
static struct frame6 answer; /* the last frame that came out */

/* --- a network with one subnet --- */

static void network_make(const char *mode)
{
	struct net_subnet subnet = { .id = "aaaaaaaa-0000-4000-8000-000000000006",
				     .cidr = "2001:db8:1::/64",
				     .gateway = "2001:db8:1::1",
				     .dhcp = true,
				     .dhcp_address = "2001:db8:1::2" };
	struct net_network network = { .id = "aaaaaaaa-0000-4000-8000-000000000001",
				       .mtu = 1450,
				       .dns_domain = "cloud.test",
				       .dhcp_mac = SVC_MAC,
				       .subnets = { &subnet, 1 } };
	struct arena arena = ARENA_INIT;

	snprintf(subnet.ra_mode, sizeof(subnet.ra_mode), "%s", mode);
	snprintf(subnet.address_mode, sizeof(subnet.address_mode), "%s", mode);
	network.subnets.items = arena_memdup(&arena, &subnet, sizeof(subnet));
	assert_int_equal(svc_network_set(&svc, &network, &arena, NULL), 0);
}

static void port_make(const char *id, const char *mac, const char *owner, const char *address)
{
	struct net_address fixed = { 0 };
	struct net_port port = { .hostname = "one", .addresses = { &fixed, 1 } };

	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.mac, sizeof(port.mac), "%s", mac);
	snprintf(port.owner, sizeof(port.owner), "%s", owner);
	assert_int_equal(lease_set(&svc.leases, &port), 0);
}

static void router_make(void)
{
	port_make("bbbbbbbb-0000-4000-8000-000000000002", "fa:16:3e:00:00:aa",
		  "network:router_interface", "2001:db8:1::1");
}

static int setup(void **state)
{
	(void)state;
	now = 1000000;
	network_start();
	port_make(PORT_ID, "fa:16:3e:00:00:01", "compute:nova", "2001:db8:1::11");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	network_stop();
	return 0;
}

/* Lets the time pass; the number of frames that came out. */
static size_t pass(uint64_t ms)
{
	size_t before = sent_count;

	now += ms;
	loop_clock_fake(loop, now);
	loop_once(loop, 0);
	return sent_count - before;
}

/* --- frames --- */

static bool send_frame(uint8_t next, uint8_t hops, const uint8_t *from, const uint8_t *to,
		       const void *payload, size_t size, size_t checksum_at)
{
	struct frame6 frame = { guest_mac, from, to, next, hops, NULL, size };
	uint8_t data[1500], mac[6];

	frame6_multicast(to, mac);
	memcpy(data + FRAME6_HEADERS, payload, size);
	size = frame6_build(data, mac, &frame, checksum_at);
	sent_size = 0;
	svc_input(&svc, data, size);
	if (sent_size == 0)
		return false;
	assert_true(frame6_parse(sent, sent_size, &answer));
	assert_int_equal(frame6_checksum(&answer), 0);
	return true;
}

static bool solicit(const uint8_t *from)
{
	static const uint8_t message[8] = { 133 };

	return send_frame(FRAME6_ICMP, 255, from, all_routers, message, sizeof(message), 2);
}

static const uint8_t *ra_option(uint8_t type)
{
	for (size_t at = 16; at < answer.size; at += answer.payload[at + 1] * 8U)
		if (answer.payload[at] == type)
			return answer.payload + at;
	return NULL;
}

static const uint8_t *own_address(void)
{
	static struct address own;

	own = address_from_mac(guest_mac);
	return own.bytes;
}

/* --- advertisements --- */

static void solicited_advertisement(void **state)
{
	static const uint8_t prefix[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1 };
	static const uint8_t server[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 2 };
	const uint8_t *option;

	(void)state;
	network_make("slaac");
	router_make();
	assert_true(solicit(own_address()));
	assert_int_equal(answer.hops, 255);
	assert_memory_equal(sent, guest_mac, 6);
	assert_memory_equal(answer.to, own_address(), 16);
	/* From the router's own address, though the frame is svc's. */
	assert_memory_equal(answer.from, address_from_mac(router_mac).bytes, 16);
	assert_int_equal(answer.mac[5], 0xfe);
	assert_int_equal(answer.payload[0], 134);
	assert_int_equal(answer.payload[5] & 0xc0, 0);
	assert_int_equal(answer.payload[6] << 8 | answer.payload[7], RA_ROUTER_SECONDS);
	assert_memory_equal(ra_option(1) + 2, router_mac, 6);
	assert_int_equal(ra_option(5)[6] << 8 | ra_option(5)[7], 1450);
	option = ra_option(3);
	assert_int_equal(option[2], 64);
	assert_int_equal(option[3], 0xc0);
	assert_memory_equal(option + 16, prefix, 16);
	assert_memory_equal(ra_option(25) + 8, server, 16);
	assert_memory_equal(ra_option(31) + 8, "\5cloud\4test\0", 12);
}

static void nameless_solicitor_is_answered_at_its_mac(void **state)
{
	(void)state;
	network_make("slaac");
	assert_true(solicit(nobody));
	assert_memory_equal(sent, guest_mac, 6);
	assert_memory_equal(answer.to, all_nodes, 16);
	/* Nobody routes: the prefix alone. */
	assert_int_equal(answer.payload[6] << 8 | answer.payload[7], 0);
}

static void modes_are_flags(void **state)
{
	(void)state;
	network_make("dhcpv6-stateful");
	assert_true(solicit(own_address()));
	assert_int_equal(answer.payload[5], 0x80);
	assert_int_equal(ra_option(3)[3], 0x80);
	network_make("dhcpv6-stateless");
	assert_true(solicit(own_address()));
	assert_int_equal(answer.payload[5], 0x40);
	assert_int_equal(ra_option(3)[3], 0xc0);
	network_make("");
	assert_false(solicit(own_address()));
}

static void bad_solicitations_are_dropped(void **state)
{
	static const uint8_t message[16] = { 133, [8] = 1, [9] = 1 }, endless[16] = { 133 };
	static const uint8_t coded[8] = { 133, 1 };

	(void)state;
	network_make("slaac");
	assert_true(send_frame(FRAME6_ICMP, 255, own_address(), all_routers, message, 16, 2));
	assert_false(send_frame(FRAME6_ICMP, 64, own_address(), all_routers, message, 16, 2));
	assert_false(send_frame(FRAME6_ICMP, 255, nobody, all_routers, message, 16, 2));
	assert_false(send_frame(FRAME6_ICMP, 255, own_address(), all_routers, endless, 16, 2));
	assert_false(send_frame(FRAME6_ICMP, 255, own_address(), all_routers, coded, 8, 2));
}

static void solicitations_are_limited(void **state)
{
	unsigned answered = 0;

	(void)state;
	network_make("slaac");
	for (int i = 0; i < 50; i++)
		answered += solicit(own_address());
	assert_int_equal(answered, 10);
	pass(1000);
	assert_true(solicit(own_address()));
}

static void advertisements_go_out_by_themselves(void **state)
{
	(void)state;
	network_make("slaac");
	router_make();
	assert_int_equal(pass(600), 1);
	assert_int_equal(pass(5000), 0);
	assert_int_equal(pass(12000), 1);
	assert_int_equal(pass(17000), 1);
	assert_int_equal(pass(190000), 0);
	assert_int_equal(pass(420000), 1);
	assert_true(frame6_parse(sent, sent_size, &answer));
	assert_memory_equal(answer.to, all_nodes, 16);
	/* The router goes, and says so; the prefix is told on. */
	ipv6_router_gone(&svc, lease_by_mac(&svc.leases, router_mac));
	assert_true(frame6_parse(sent, sent_size, &answer));
	assert_int_equal(answer.payload[6] << 8 | answer.payload[7], 0);
	assert_memory_equal(answer.from, address_from_mac(router_mac).bytes, 16);
	/* Without a mode nothing is said, and no timer runs. */
	network_make("");
	assert_int_equal(pass(700000), 0);
}

/* --- DHCPv6 --- */

static size_t put(uint8_t *at, unsigned code, const void *value, size_t size)
{
	at[0] = 0;
	at[1] = (uint8_t)code;
	at[2] = 0;
	at[3] = (uint8_t)size;
	memcpy(at + 4, value, size);
	return 4 + size;
}

static const uint8_t client_id[10] = { 0, 3, 0, 1, 0xfa, 0x16, 0x3e, 0, 0, 1 };
static const uint8_t server_id[10] = { 0, 3, 0, 1, 0xfa, 0x16, 0x3e, 0, 0, 0xfe };
static const uint8_t own[24] = { 0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x11 };
static const uint8_t elsewhere[24] = { 0x20, 1, 0x0d, 0xb8, 0, 2, [15] = 0x11 };

/* asked NULL: none; the association's identifier is 1. */
static bool ask(uint8_t type, const void *server, const void *asked, bool association)
{
	uint8_t message[300] = { [8] = type, [9] = 1, [10] = 2, [11] = 3 },
		ia[12 + 28] = { [3] = 1 };
	size_t size = 12, ia_size = 12;

	size += put(message + size, 1, client_id, sizeof(client_id));
	if (server != NULL)
		size += put(message + size, 2, server, 10);
	if (asked != NULL)
		ia_size += put(ia + ia_size, 5, asked, 24);
	if (association)
		size += put(message + size, 3, ia, ia_size);
	message[0] = 546 >> 8;
	message[1] = 546 & 255;
	message[2] = 547 >> 8;
	message[3] = 547 & 255;
	message[5] = (uint8_t)size;
	return send_frame(FRAME6_UDP, 1, own_address(), all_servers, message, size, 6);
}

/* The value of an option of the answer, or of one within an association. */
static const uint8_t *find(const uint8_t *at, const uint8_t *end, unsigned code)
{
	while (at + 4 <= end) {
		if ((at[0] << 8 | at[1]) == (int)code)
			return at + 4;
		at += 4 + (at[2] << 8 | at[3]);
	}
	return NULL;
}

static const uint8_t *option_of(unsigned code)
{
	return find(answer.payload + 12, answer.payload + answer.size, code);
}

static const uint8_t *option_of_association(unsigned code)
{
	const uint8_t *value = option_of(3);

	return find(value + 12, value + (value[-2] << 8 | value[-1]), code);
}

static void port_gets_its_address(void **state)
{
	(void)state;
	network_make("dhcpv6-stateful");
	assert_true(ask(DHCP6_SOLICIT, NULL, NULL, true));
	assert_memory_equal(sent, guest_mac, 6);
	assert_memory_equal(answer.to, own_address(), 16);
	assert_int_equal(answer.payload[8], DHCP6_ADVERTISE);
	assert_memory_equal(answer.payload + 9, "\1\2\3", 3);
	assert_memory_equal(option_of(1), client_id, sizeof(client_id));
	assert_memory_equal(option_of(2), server_id, sizeof(server_id));
	assert_memory_equal(option_of_association(5), own, 16);
	assert_true(ask(DHCP6_REQUEST, server_id, own, true));
	assert_int_equal(answer.payload[8], DHCP6_REPLY);
	assert_memory_equal(option_of_association(5), own, 16);
	assert_int_equal(option_of(23)[15], 2);
	assert_memory_equal(option_of(24), "\5cloud\4test\0", 12);
	assert_true(ask(DHCP6_RENEW, server_id, own, true));
	assert_true(ask(DHCP6_REBIND, NULL, own, true));
	assert_true(ask(DHCP6_RELEASE, server_id, own, true));
	assert_int_equal(option_of(13)[1], 0);
}

static void foreign_address_goes(void **state)
{
	const uint8_t *second;

	(void)state;
	network_make("dhcpv6-stateful");
	assert_true(ask(DHCP6_RENEW, server_id, elsewhere, true));
	assert_memory_equal(option_of_association(5), own, 16);
	second = option_of_association(5) + 24;
	assert_memory_equal(second + 4, elsewhere, 16);
	assert_memory_equal(second + 20, "\0\0\0\0\0\0\0\0", 8);
	assert_true(ask(DHCP6_CONFIRM, NULL, elsewhere, true));
	assert_int_equal(option_of(13)[1], 4);
	assert_true(ask(DHCP6_CONFIRM, NULL, own, true));
	assert_int_equal(option_of(13)[1], 0);
}

static void stateless_has_settings_alone(void **state)
{
	(void)state;
	network_make("dhcpv6-stateless");
	assert_true(ask(DHCP6_INFORMATION, NULL, NULL, false));
	assert_int_equal(option_of(23)[15], 2);
	assert_null(option_of(3));
	assert_true(ask(DHCP6_SOLICIT, NULL, NULL, true));
	assert_int_equal(option_of_association(13)[1], 2);
	assert_null(option_of_association(5));
}

static void unsound_messages_are_dropped(void **state)
{
	(void)state;
	network_make("dhcpv6-stateful");
	assert_false(ask(DHCP6_REQUEST, NULL, own, true));
	assert_false(ask(DHCP6_REQUEST, client_id, own, true));
	assert_false(ask(DHCP6_SOLICIT, server_id, NULL, true));
	assert_false(ask(DHCP6_CONFIRM, NULL, NULL, true));
	assert_false(ask(DHCP6_INFORMATION, NULL, NULL, true));
	assert_false(ask(DHCP6_REPLY, server_id, own, true));
	pass(10000);
	network_make("slaac");
	assert_false(ask(DHCP6_SOLICIT, NULL, NULL, true));
	network_make("");
	assert_false(ask(DHCP6_SOLICIT, NULL, NULL, true));
}

/* --- svc's own addresses --- */

static const uint8_t service[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 2 };
static const uint8_t service_mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 0xfe };

static void neighbours_find_the_service(void **state)
{
	uint8_t message[24] = { 135 };

	(void)state;
	network_make("slaac");
	memcpy(message + 8, service, 16);
	assert_true(send_frame(FRAME6_ICMP, 255, own_address(), all_nodes, message, 24, 2));
	assert_int_equal(answer.payload[0], 136);
	assert_int_equal(answer.payload[4], 0x60);
	assert_int_equal(answer.hops, 255);
	assert_memory_equal(answer.from, service, 16);
	assert_memory_equal(answer.payload + 26, service_mac, 6);
	/* somebody wants our address */
	assert_true(send_frame(FRAME6_ICMP, 255, nobody, all_nodes, message, 24, 2));
	assert_memory_equal(answer.to, all_nodes, 16);
	assert_false(send_frame(FRAME6_ICMP, 64, own_address(), all_nodes, message, 24, 2));
	assert_false(send_frame(FRAME6_ICMP, 255, own_address(), all_nodes, message, 23, 2));
	message[23] = 9;
	assert_false(send_frame(FRAME6_ICMP, 255, own_address(), all_nodes, message, 24, 2));
	memset(message, 0, sizeof(message));
	message[0] = 128;
	assert_true(send_frame(FRAME6_ICMP, 64, own_address(), service, message, 24, 2));
	assert_int_equal(answer.payload[0], 129);
	assert_false(send_frame(FRAME6_ICMP, 64, own_address(), all_nodes, message, 24, 2));
}

static void names_are_asked_by_ipv6(void **state)
{
	static const uint8_t query[] = { 0xab, 0xcd, 1,   0,   0,   1, 0, 0,  0, 0, 0,
					 0,    3,    'o', 'n', 'e', 0, 0, 28, 0, 1 };
	uint8_t message[8 + sizeof(query)] = { 0x12, 0x34, 0, 53, 0, sizeof(message) };

	(void)state;
	network_make("slaac");
	memcpy(message + 8, query, sizeof(query));
	assert_true(
		send_frame(FRAME6_UDP, 64, own_address(), service, message, sizeof(message), 6));
	assert_memory_equal(answer.from, service, 16);
	assert_memory_equal(answer.payload, "\0\65\x12\x34", 4);
	assert_int_equal(answer.payload[8 + 7], 1);
	assert_memory_equal(answer.payload + answer.size - 16, own, 16);
	message[1] = 53; /* from another server */
	message[0] = 0;
	assert_false(
		send_frame(FRAME6_UDP, 64, own_address(), service, message, sizeof(message), 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(solicited_advertisement, setup, teardown),
		cmocka_unit_test_setup_teardown(nameless_solicitor_is_answered_at_its_mac, setup,
						teardown),
		cmocka_unit_test_setup_teardown(modes_are_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_solicitations_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(solicitations_are_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(advertisements_go_out_by_themselves, setup,
						teardown),
		cmocka_unit_test_setup_teardown(port_gets_its_address, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_address_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(stateless_has_settings_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(unsound_messages_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(neighbours_find_the_service, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_asked_by_ipv6, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
