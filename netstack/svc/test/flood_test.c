/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guest sends whatever it likes, as fast as it can: memory stays bounded, and another one is
 * still answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "netstack/svc/test/network.h"

#define FRAMES 20000
#define TCP_SYN 0x02
#define TCP_SYN_ACK 0x12

static const uint8_t metadata[4] = { 169, 254, 169, 254 }, dns[4] = { 10, 1, 0, 2 };
static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t nobody[4], all[4] = { 255, 255, 255, 255 };
static uint8_t svc_mac[6];

/* Of the address sanitizer; not there in other builds, where memory is not looked at. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL
		       ? __sanitizer_get_current_allocated_bytes()
		       : 0;
}

static uint32_t noise(void)
{
	static uint32_t state = 2463534242U; /* xorshift: the same frames each time */

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* --- frames of guest n, 10.1.0.(10 + n) --- */

static void guest_address(unsigned guest, uint8_t address[4])
{
	memcpy(address, (const uint8_t[]){ 10, 1, 0, (uint8_t)(10 + guest) }, 4);
}

static void guest_add(unsigned guest)
{
	struct net_address fixed;
	struct net_port port = { .addresses = { &fixed, 1 } };

	snprintf(fixed.address, sizeof(fixed.address), "10.1.0.%u", 10 + guest);
	snprintf(port.id, sizeof(port.id), "%08u-0000-4000-8000-000000000001", guest);
	snprintf(port.mac, sizeof(port.mac), "fa:16:3e:00:00:%02x", guest);
	snprintf(port.hostname, sizeof(port.hostname), "guest-%u", guest);
	lease_set(&svc.leases, &port);
}

static void send_as(unsigned guest, uint8_t *frame, size_t size)
{
	frame[11] = (uint8_t)guest; /* the last of its MAC */
	svc_input(&svc, frame, size);
}

static void arp_ask(unsigned guest, const uint8_t target[4])
{
	uint8_t frame[60] = { [12] = 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };

	memcpy(frame, everybody, 6);
	memcpy(frame + 6, "\xfa\x16\x3e\x00\x00", 5);
	memcpy(frame + 22, "\xfa\x16\x3e\x00\x00", 5);
	frame[27] = (uint8_t)guest;
	guest_address(guest, frame + 28);
	memcpy(frame + 38, target, 4);
	send_as(guest, frame, sizeof(frame));
}

static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	return sum;
}

/* A TCP segment without data to the metadata service. */
static void segment(unsigned guest, unsigned port, uint32_t sequence, unsigned flags)
{
	uint8_t frame[54] = { 0 }, *ip = frame + 14, *tcp = frame + 34;
	uint32_t sum;

	memcpy(frame, svc_mac, 6);
	memcpy(frame + 6, "\xfa\x16\x3e\x00\x00", 5);
	frame[12] = 8;
	memcpy(ip, (const uint8_t[]){ 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6 }, 10);
	guest_address(guest, ip + 12);
	memcpy(ip + 16, metadata, 4);
	checksum_put(ip);
	tcp[0] = (uint8_t)(port >> 8);
	tcp[1] = (uint8_t)port;
	tcp[3] = 80;
	for (int i = 0; i < 4; i++)
		tcp[4 + i] = (uint8_t)(sequence >> (24 - 8 * i));
	tcp[12] = 5 << 4;
	tcp[13] = (uint8_t)flags;
	tcp[14] = 0x10;
	sum = sum_add(sum_add(6 + 20, ip + 12, 8), tcp, 20);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
	send_as(guest, frame, sizeof(frame));
}

/* The last that came out agrees to a connection of this guest's port. */
static bool is_agreed(unsigned guest, unsigned port)
{
	uint8_t address[4];

	guest_address(guest, address);
	return sent_size >= 54 && sent[12] == 8 && sent[13] == 0 && sent[23] == 6 &&
	       memcmp(sent + 30, address, 4) == 0 && (sent[36] << 8 | sent[37]) == (int)port &&
	       (sent[47] & 0x3f) == TCP_SYN_ACK;
}

static bool connects(unsigned guest, unsigned port)
{
	sent_size = 0;
	segment(guest, port, 1000, TCP_SYN);
	return is_agreed(guest, port);
}

static void discover(unsigned guest)
{
	uint8_t message[300] = { 1, 1, 6 }, frame[400];

	memcpy(message + 4, &(uint32_t){ noise() }, 4);
	memcpy(message + 28, "\xfa\x16\x3e\x00\x00", 5);
	message[33] = (uint8_t)guest;
	memcpy(message + 236, (const uint8_t[]){ 99, 130, 83, 99, 53, 1, 1, 255 }, 8);
	send_as(guest, frame,
		frame_udp(frame, everybody, nobody, all, 68, 67, message, sizeof(message)));
}

/* A question for a name; what svc knows itself is answered at once. */
static void ask_name(unsigned guest, unsigned from_port, const char *label)
{
	uint8_t message[100] = { (uint8_t)noise(), 1, 1, 0, 0, 1 }, frame[200], address[4];
	size_t size = 12, length = strlen(label);

	message[size++] = (uint8_t)length;
	memcpy(message + size, label, length);
	memcpy(message + size + length, "\5cloud\4test\0\0\1\0\1", 16);
	size += length + 16;
	guest_address(guest, address);
	send_as(guest, frame,
		frame_udp(frame, svc_mac, address, dns, from_port, 53, message, size));
}

/* --- the tests --- */

static int start(void **state)
{
	(void)state;
	network_start();
	mac_parse(SVC_MAC, svc_mac);
	for (unsigned guest = 1; guest <= 6; guest++) {
		guest_add(guest);
		arp_ask(guest, metadata);
		arp_ask(guest, dns);
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	network_stop();
	return 0;
}

/* Each connection is begun and never gone on with, by one guest and then by four at once. */
static void half_open_connections_make_room(void **state)
{
	(void)state;
	assert_true(connects(2, 40000));
	for (unsigned i = 0; i < FRAMES; i++) {
		segment(1, 1024 + i, 1, TCP_SYN);
		if (i % 1000 == 0)
			assert_true(connects(2, 2000 + i / 1000));
	}
	for (unsigned i = 0; i < FRAMES; i++)
		segment(3 + i % 4, 1024 + i / 4, 1, TCP_SYN);
	assert_true(connects(2, 41000));
	/* What is agreed to goes on: the last step is taken, and is not refused. */
	sent_size = 0;
	segment(2, 41000, 1001, 0x10);
	assert_false(sent_size >= 54 && (sent[47] & 4) != 0 && sent[11] == 2);
}

static void dhcp_answers_others(void **state)
{
	size_t before, count;

	(void)state;
	discover(1);
	before = allocated();
	count = sent_count;
	for (unsigned i = 0; i < FRAMES; i++)
		discover(1);
	assert_true(allocated() <= before + 4096);
	assert_in_range(sent_count - count, 1, 20); /* then it has had its share */
	sent_size = 0;
	discover(2);
	assert_true(sent_size > 282 && sent[70 + 5] == 2);
}

static void names_are_told_to_others(void **state)
{
	char label[20];
	size_t before;

	(void)state;
	ask_name(1, 1000, "guest-1");
	before = allocated();
	for (unsigned i = 0; i < FRAMES; i++) {
		snprintf(label, sizeof(label), "n%u", noise());
		ask_name(1, 1024 + i % 60000, label);
	}
	assert_true(allocated() <= before + 4096);
	sent_size = 0;
	ask_name(2, 5000, "guest-1");
	assert_true(sent_size > 54 && memcmp(sent + sent_size - 4, "\x0a\x01\x00\x0b", 4) == 0);
}

/* Of all kinds that svc looks into: ARP, IPv4 with UDP and TCP, fragments, IPv6. */
static void noise_leaves_nothing(void **state)
{
	static const uint16_t types[] = { 0x0806, 0x0800, 0x0800, 0x0800, 0x86dd, 0x1234 };
	uint8_t frame[1514];
	size_t before = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * FRAMES; i++) {
		size_t size = 14 + noise() % 300;
		uint16_t type = types[noise() % 6];

		for (size_t at = 0; at < size; at++)
			frame[at] = (uint8_t)noise();
		memcpy(frame, noise() % 2 == 0 ? everybody : svc_mac, 6);
		memcpy(frame + 6, "\xfa\x16\x3e\x00\x00", 5);
		frame[12] = (uint8_t)(type >> 8);
		frame[13] = (uint8_t)type;
		if (type == 0x0800 && size >= 34) {
			frame[14] = 0x45;
			frame[16] = 0;
			frame[17] = (uint8_t)(size - 14);
			frame[20] &= 0x3f;
			frame[23] = noise() % 2 == 0 ? 17 : 6;
			guest_address(1, frame + 26);
			memcpy(frame + 30, noise() % 2 == 0 ? metadata : dns, 4);
			checksum_put(frame + 14);
		}
		send_as(1, frame, size);
		if (i == FRAMES)
			before = allocated();
	}
	assert_true(allocated() <= before + 16384);
	arp_ask(2, metadata);
	assert_true(connects(2, 42000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(half_open_connections_make_room, start, stop),
		cmocka_unit_test_setup_teardown(dhcp_answers_others, start, stop),
		cmocka_unit_test_setup_teardown(names_are_told_to_others, start, stop),
		cmocka_unit_test_setup_teardown(noise_leaves_nothing, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
