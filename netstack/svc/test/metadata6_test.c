/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metadata service by IPv6: a guest's TCP as whole frames, cloud at the other end of its link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "netstack/svc/frame6.h"
#include "netstack/svc/test/network.h"

enum { FIN = 1, SYN = 2, RST = 4, PUSH = 8, ACK = 16 };

static const uint8_t guest_mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 1 };
static const uint8_t svc_mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 0xfe };
static const uint8_t guest[16] = { 0xfe, 0x80, [8] = 0xf8, 0x16, 0x3e, 0xff, 0xfe, 0, 0, 1 };

static struct channel cloud;
static struct svc_metadata_get asked;
static uint32_t asked_serial, questions;
static struct arena arena;
static uint64_t now;

/* --- cloud's end --- */

static void cloud_message(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	(void)context;
	memset(&asked, 0, sizeof(asked));
	assert_int_equal(message->type, SVC_METADATA_GET);
	assert_int_equal(message_decode(&arena, message, svc_metadata_get_fields, &asked, NULL), 0);
	asked_serial = message->serial;
	questions++;
}

static void turn(uint64_t ms)
{
	now += ms;
	loop_clock_fake(loop, now);
	loop_once(loop, 0);
}

static int setup(void **state)
{
	static const struct channel_handler handler = { cloud_message, NULL };
	int pair[2];

	(void)state;
	now = 1000000;
	questions = 0;
	network_start();
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	channel_open(&cloud, loop, pair[0], "svc", &handler, NULL);
	svc_cloud_attach(&svc, pair[1]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	/* lwIP outlives the network: connections that are over are forgotten by it. */
	for (int i = 0; i < 60; i++)
		turn(500);
	channel_close(&cloud);
	network_stop();
	arena_free(&arena);
	return 0;
}

/* --- the guest's end: one connection at a time --- */

static struct {
	uint8_t mac[6], address[16];
	uint16_t port;
	uint32_t sequence, expected; /* own next byte, the other's */
	uint8_t flags;               /* of the last segment that came */
	char text[4000];             /* all that came */
	size_t text_size;
} tcp;

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* What came out is a sound segment for this guest; its text is kept. */
static void segment_take(void)
{
	struct frame6 frame;
	size_t head;

	tcp.flags = 0;
	if (sent_size == 0)
		return;
	assert_true(frame6_parse(sent, sent_size, &frame));
	assert_memory_equal(sent, tcp.mac, 6);
	assert_memory_equal(frame.mac, svc_mac, 6);
	assert_int_equal(frame.next, FRAME6_TCP);
	assert_memory_equal(frame.from, metadata6_address, 16);
	assert_memory_equal(frame.to, tcp.address, 16);
	assert_int_equal(frame6_checksum(&frame), 0);
	assert_int_equal(frame.payload[0] << 8 | frame.payload[1], 80);
	assert_int_equal(frame.payload[2] << 8 | frame.payload[3], tcp.port);
	head = (size_t)(frame.payload[12] >> 4) * 4;
	tcp.flags = frame.payload[13];
	tcp.expected = get32(frame.payload + 4) + (uint32_t)(frame.size - head) +
		       (tcp.flags & (SYN | FIN) ? 1 : 0);
	assert_true(tcp.text_size + frame.size - head < sizeof(tcp.text));
	memcpy(tcp.text + tcp.text_size, frame.payload + head, frame.size - head);
	tcp.text_size += frame.size - head;
}

static void segment_send(uint8_t flags, const char *text)
{
	uint8_t data[1500] = { 0 }, *segment = data + FRAME6_HEADERS;
	struct frame6 frame = { .mac = tcp.mac,
				.from = tcp.address,
				.to = metadata6_address,
				.next = FRAME6_TCP,
				.hops = 64,
				.size = 20 + strlen(text) };

	segment[0] = (uint8_t)(tcp.port >> 8);
	segment[1] = (uint8_t)tcp.port;
	segment[3] = 80;
	put32(segment + 4, tcp.sequence);
	put32(segment + 8, tcp.expected);
	segment[12] = 5 << 4;
	segment[13] = flags;
	segment[14] = 0x20; /* window */
	memcpy(segment + 20, text, strlen(text));
	sent_size = 0;
	svc_input(&svc, data, frame6_build(data, svc_mac, &frame, 16));
	tcp.sequence += (uint32_t)strlen(text) + (flags & (SYN | FIN) ? 1 : 0);
	segment_take();
}

static void guest_is(const uint8_t *mac, const uint8_t *address, uint16_t port)
{
	memset(&tcp, 0, sizeof(tcp));
	memcpy(tcp.mac, mac, 6);
	memcpy(tcp.address, address, 16);
	tcp.port = port;
	tcp.sequence = 1000;
}

static bool connect_now(void)
{
	segment_send(SYN, "");
	if (tcp.flags != (SYN | ACK))
		return false;
	segment_send(ACK, "");
	return true;
}

/* --- the tests --- */

static void neighbours_find_it(void **state)
{
	uint8_t data[FRAME6_HEADERS + 24] = { 0 }, *message = data + FRAME6_HEADERS, mac[6];
	static const uint8_t solicited[16] = { 0xff, 2, [11] = 1, 0xff, 0xfe, 0xa9, 0xfe };
	struct frame6 frame = { guest_mac, guest, solicited, FRAME6_ICMP, 255, NULL, 24 }, answer;

	(void)state;
	frame6_multicast(solicited, mac);
	message[0] = 135;
	memcpy(message + 8, metadata6_address, 16);
	svc_input(&svc, data, frame6_build(data, mac, &frame, 2));
	assert_true(frame6_parse(sent, sent_size, &answer));
	assert_int_equal(answer.payload[0], 136);
	assert_memory_equal(answer.payload + 8, metadata6_address, 16);
	assert_memory_equal(answer.payload + 26, svc_mac, 6);
}

static void request_is_answered(void **state)
{
	struct svc_metadata reply = { .status = 200,
				      .content_type = "text/plain",
				      .body = { "one\n", 4 } };

	(void)state;
	guest_is(guest_mac, guest, 40000);
	assert_true(connect_now());
	segment_send(ACK | PUSH, "GET /latest/meta-data/hostname HTTP/1.1\r\n\r\n");
	turn(10);
	assert_int_equal(questions, 1);
	assert_string_equal(asked.path, "/latest/meta-data/hostname");
	assert_string_equal(asked.address, "fe80::f816:3eff:fe00:1");
	assert_string_equal(asked.mac, "fa:16:3e:00:00:01");
	channel_send_struct(&cloud, SVC_METADATA, asked_serial, svc_metadata_fields, &reply, -1);
	sent_size = 0;
	turn(10);
	segment_take();
	tcp.text[tcp.text_size] = '\0';
	assert_non_null(strstr(tcp.text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(tcp.text, "\r\n\r\none\n"));
	segment_send(ACK, "");
	assert_true(tcp.flags & FIN);
	segment_send(ACK | FIN, "");
	assert_int_equal(tcp.flags, ACK);
}

static void broken_segments_are_dropped(void **state)
{
	uint8_t data[200] = { 0 };
	struct frame6 frame = { .mac = guest_mac,
				.from = guest,
				.to = metadata6_address,
				.next = FRAME6_TCP,
				.hops = 64,
				.size = 20 };
	size_t size;

	(void)state;
	data[FRAME6_HEADERS + 12] = 5 << 4;
	data[FRAME6_HEADERS + 13] = SYN;
	size = frame6_build(data, svc_mac, &frame, 16);
	data[FRAME6_HEADERS] ^= 1;
	svc_input(&svc, data, size);
	assert_int_equal(sent_count, 0);
	frame.size = 19; /* shorter than any */
	svc_input(&svc, data, frame6_build(data, svc_mac, &frame, 16));
	assert_int_equal(sent_count, 0);
	/* Another port is closed, and says so; another address is nobody's. */
	guest_is(guest_mac, guest, 40000);
	frame.size = 20;
	data[FRAME6_HEADERS + 2] = 0;
	data[FRAME6_HEADERS + 3] = 81;
	data[FRAME6_HEADERS + 12] = 5 << 4;
	data[FRAME6_HEADERS + 13] = SYN;
	size = frame6_build(data, svc_mac, &frame, 16);
	svc_input(&svc, data, size);
	assert_int_equal(sent_count, 1);
	assert_true(sent[FRAME6_HEADERS + 13] & RST);
	frame.to = guest;
	svc_input(&svc, data, frame6_build(data, svc_mac, &frame, 16));
	assert_int_equal(sent_count, 1);
}

/* One guest has four connections, under whatever addresses. */
static void guests_are_bounded(void **state)
{
	static const uint8_t other_mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 2 };
	uint8_t address[16];
	unsigned connected = 0;

	(void)state;
	memcpy(address, guest, sizeof(address));
	for (uint8_t i = 0; i < 12; i++) {
		address[15] = (uint8_t)(10 + i % 3);
		guest_is(guest_mac, address, (uint16_t)(40000 + i));
		segment_send(SYN, "");
		if (tcp.flags != (SYN | ACK))
			continue;
		segment_send(ACK, "");
		connected += !(tcp.flags & RST);
	}
	assert_int_equal(connected, 4);
	address[15] = 2;
	guest_is(other_mac, address, 40000);
	assert_true(connect_now());
	assert_false(tcp.flags & RST);
}

/* A guest that changes its address for each segment drives out itself, not the others. */
static void others_are_not_driven_out(void **state)
{
	static const uint8_t flooder[6] = { 0xfa, 0x16, 0x3e, 0, 0, 9 };
	uint8_t address[16];
	uint32_t sequence, expected;

	(void)state;
	guest_is(guest_mac, guest, 40000);
	assert_true(connect_now());
	sequence = tcp.sequence;
	expected = tcp.expected;
	memcpy(address, guest, sizeof(address));
	for (unsigned i = 0; i < 2 * METADATA6_PEERS; i++) {
		address[14] = (uint8_t)(1 + i);
		guest_is(flooder, address, 50000);
		segment_send(RST, "");
	}
	guest_is(guest_mac, guest, 40000);
	tcp.sequence = sequence;
	tcp.expected = expected;
	segment_send(ACK | PUSH, "GET / HTTP/1.1\r\n\r\n");
	turn(10);
	assert_int_equal(questions, 1);
	assert_string_equal(asked.mac, "fa:16:3e:00:00:01");
}

/* A SYN by IPv4: a datagram's frame made into one, as both begin with the ports. */
static void syn_send4(const uint8_t from[4])
{
	static const uint8_t to[4] = { 169, 254, 169, 254 };
	uint8_t frame[100], rest[12] = { [4] = 5 << 4, SYN, 0x20 }, *tcp4 = frame + 34;
	uint32_t sum = 6 + 20;

	frame_udp(frame, svc_mac, from, to, 5000, 80, rest, sizeof(rest));
	frame[14 + 9] = 6;
	checksum_put(frame + 14);
	memset(tcp4 + 4, 0, 4);
	for (int i = 26; i < 54; i += 2) /* both addresses, and the segment */
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	tcp4[16] = (uint8_t)(sum >> 8);
	tcp4[17] = (uint8_t)sum;
	svc_input(&svc, frame, 54);
}

/* By IPv4 nobody comes under an address that stands for a guest of IPv6. */
static void stand_ins_are_not_borrowed(void **state)
{
	static const uint8_t borrowed[4] = { 0, 0, 1, 1 }, own[4] = { 10, 1, 0, 11 };

	(void)state;
	syn_send4(own); /* is answered, once its sender has been asked for its MAC */
	assert_int_equal(sent_count, 1);
	guest_is(guest_mac, guest, 40000);
	assert_true(connect_now());
	sent_count = 0;
	syn_send4(borrowed);
	assert_int_equal(sent_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(neighbours_find_it, setup, teardown),
		cmocka_unit_test_setup_teardown(request_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_segments_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(guests_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(others_are_not_driven_out, setup, teardown),
		cmocka_unit_test_setup_teardown(stand_ins_are_not_borrowed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
