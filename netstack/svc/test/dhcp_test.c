/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCP with whole frames: what goes in, what comes out, by RFC 2131. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "netstack/svc/dhcp.h"
#include "netstack/svc/test/network.h"

static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t nobody[4], all[4] = { 255, 255, 255, 255 };

struct request {
	uint8_t type;
	uint8_t requested[4], server[4], ciaddr[4];
	uint8_t mac_last;
	bool broadcast, wants_routes;
};

static size_t option(uint8_t *at, uint8_t code, const void *data, uint8_t size)
{
	at[0] = code;
	at[1] = size;
	memcpy(at + 2, data, size);
	return 2U + size;
}

static size_t message_build(const struct request *request, uint8_t *message)
{
	static const uint8_t cookie[4] = { 99, 130, 83, 99 }, wanted[] = { 1, 3, 6, 121 };
	size_t size = 240;

	memset(message, 0, 300);
	message[0] = message[1] = 1;
	message[2] = 6;
	memcpy(message + 4, "\x12\x34\x56\x78", 4);
	message[10] = request->broadcast ? 0x80 : 0;
	memcpy(message + 12, request->ciaddr, 4);
	memcpy(message + 28, "\xfa\x16\x3e\x00\x00", 5);
	message[33] = request->mac_last;
	memcpy(message + 236, cookie, 4);
	size += option(message + size, 53, &request->type, 1);
	if (request->requested[0] != 0)
		size += option(message + size, 50, request->requested, 4);
	if (request->server[0] != 0)
		size += option(message + size, 54, request->server, 4);
	if (request->wants_routes)
		size += option(message + size, 55, wanted, sizeof(wanted));
	message[size++] = 255;
	return size;
}

static void ask(const struct request *request)
{
	uint8_t message[400], frame[600];
	size_t size = message_build(request, message);

	sent_size = 0;
	size = frame_udp(frame, everybody, nobody, all, 68, 67, message, size);
	svc_input(&svc, frame, size);
}

/* The option's data in the answer that was sent, or NULL. */
static const uint8_t *answered(uint8_t code)
{
	size_t at = 42 + 240;

	while (at + 1 < sent_size && sent[at] != 255) {
		if (sent[at] == code)
			return sent + at + 1;
		at += sent[at] == 0 ? 1 : 2U + sent[at + 1];
	}
	return NULL;
}

static int answer_type(void)
{
	const uint8_t *type = sent_size > 0 ? answered(53) : NULL;

	return type != NULL ? type[1] : 0;
}

static int setup(void **state)
{
	(void)state;
	network_start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	network_stop();
	return 0;
}

#define ADDRESS                                                                                    \
	{                                                                                          \
		10, 1, 0, 11                                                                       \
	}
#define SERVER                                                                                     \
	{                                                                                          \
		10, 1, 0, 2                                                                        \
	}

static void discover_is_offered(void **state)
{
	static const uint8_t mac[] = { 0xfa, 0x16, 0x3e, 0, 0, 1 }, address[] = ADDRESS;
	static const uint8_t server[] = { 4, 10, 1, 0, 2 };

	(void)state;
	ask(&(struct request){ .type = DHCP_DISCOVER, .mac_last = 1 });
	assert_int_equal(answer_type(), DHCP_OFFER);
	assert_memory_equal(sent, mac, 6);          /* to the client itself */
	assert_memory_equal(sent + 30, address, 4); /* at the address it will have */
	assert_memory_equal(sent + 42 + 16, address, 4);
	assert_memory_equal(sent + 42 + 4, "\x12\x34\x56\x78", 4);
	assert_memory_equal(answered(54), server, 5);
	assert_memory_equal(answered(6), server, 5);
	assert_memory_equal(answered(1), "\x04\xff\xff\xff\x00", 5);
	assert_memory_equal(answered(3), "\x04\x0a\x01\x00\x01", 5);
	assert_memory_equal(answered(12), "\x03one", 4);
	assert_memory_equal(answered(15),
			    "\x0a"
			    "cloud.test",
			    11);
	assert_memory_equal(answered(26), "\x02\x05\xaa", 3);
	assert_memory_equal(answered(51), "\x04\x00\x01\x51\x80", 5);
}

static void routes_hold_metadata_and_default(void **state)
{
	static const uint8_t routes[] = { 24, 32, 169, 254, 169, 254, 10, 1,  0, 2, 16,
					  10, 9,  10,  1,   0,   9,   0,  10, 1, 0, 1 };

	(void)state;
	ask(&(struct request){ .type = DHCP_DISCOVER, .mac_last = 1, .wants_routes = true });
	assert_non_null(answered(121));
	assert_int_equal(answered(121)[0], 9 + 7 + 5);
	assert_memory_equal(answered(121) + 1, routes + 1, 9 + 7 + 5);
}

static void broadcast_flag_is_heeded(void **state)
{
	(void)state;
	ask(&(struct request){ .type = DHCP_DISCOVER, .mac_last = 1, .broadcast = true });
	assert_memory_equal(sent, everybody, 6);
	assert_memory_equal(sent + 30, all, 4);
}

static void requests_are_decided(void **state)
{
	static const struct {
		struct request request;
		int answer;
	} cases[] = {
		/* selecting: right, wrong address, another server */
		{ { DHCP_REQUEST, ADDRESS, SERVER, { 0 }, 1, false, false }, DHCP_ACK },
		{ { DHCP_REQUEST, { 10, 1, 0, 99 }, SERVER, { 0 }, 1, false, false }, DHCP_NAK },
		{ { DHCP_REQUEST, ADDRESS, { 10, 1, 0, 3 }, { 0 }, 1, false, false }, 0 },
		/* init-reboot: right, wrong */
		{ { DHCP_REQUEST, ADDRESS, { 0 }, { 0 }, 1, false, false }, DHCP_ACK },
		{ { DHCP_REQUEST, { 192, 168, 0, 5 }, { 0 }, { 0 }, 1, false, false }, DHCP_NAK },
		/* renewing: right, wrong */
		{ { DHCP_REQUEST, { 0 }, { 0 }, ADDRESS, 1, false, false }, DHCP_ACK },
		{ { DHCP_REQUEST, { 0 }, { 0 }, { 10, 1, 0, 12 }, 1, false, false }, DHCP_NAK },
		/* nothing asked, no port, and what is never answered */
		{ { DHCP_REQUEST, { 0 }, { 0 }, { 0 }, 1, false, false }, 0 },
		{ { DHCP_DISCOVER, { 0 }, { 0 }, { 0 }, 7, false, false }, 0 },
		{ { DHCP_DECLINE, ADDRESS, SERVER, { 0 }, 1, false, false }, 0 },
		{ { DHCP_RELEASE, { 0 }, SERVER, ADDRESS, 1, false, false }, 0 },
		{ { DHCP_OFFER, { 0 }, { 0 }, { 0 }, 1, false, false }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		loop_clock_fake(loop, 1000000 + i * 10000);
		ask(&cases[i].request);
		if (answer_type() != cases[i].answer)
			fail_msg("case %zu: %d", i, answer_type());
	}
}

static void nak_is_broadcast_and_bare(void **state)
{
	(void)state;
	ask(&(struct request){ .type = DHCP_REQUEST, .requested = { 10, 1, 0, 9 }, .mac_last = 1 });
	assert_int_equal(answer_type(), DHCP_NAK);
	assert_memory_equal(sent, everybody, 6);
	assert_memory_equal(sent + 42 + 16, nobody, 4);
	assert_null(answered(51));
	assert_null(answered(3));
}

static void inform_gets_no_lease(void **state)
{
	(void)state;
	ask(&(struct request){ .type = DHCP_INFORM, .ciaddr = ADDRESS, .mac_last = 1 });
	assert_int_equal(answer_type(), DHCP_ACK);
	assert_null(answered(51));
	assert_non_null(answered(6));
	assert_memory_equal(sent + 42 + 16, nobody, 4);
}

static void each_port_has_its_rate(void **state)
{
	size_t before = sent_count;

	(void)state;
	for (int i = 0; i < 100; i++)
		ask(&(struct request){ .type = DHCP_DISCOVER, .mac_last = 1 });
	assert_in_range(sent_count - before, 10, 12);
	loop_clock_fake(loop, 1000000 + 1000);
	before = sent_count;
	for (int i = 0; i < 100; i++)
		ask(&(struct request){ .type = DHCP_DISCOVER, .mac_last = 1 });
	assert_int_equal(sent_count - before, 2);
}

static void deleted_port_is_not_served(void **state)
{
	(void)state;
	lease_delete(&svc.leases, PORT_ID);
	ask(&(struct request){ .type = DHCP_DISCOVER, .mac_last = 1 });
	assert_int_equal(sent_size, 0);
}

/* Each prefix of a good message, and each byte of its options made long. */
static void damaged_messages_are_survived(void **state)
{
	struct request request = { .type = DHCP_DISCOVER, .mac_last = 1, .wants_routes = true };
	struct dhcp_message parsed;
	uint8_t message[400];
	size_t size = message_build(&request, message);

	(void)state;
	for (size_t i = 0; i < 243; i++)
		assert_int_equal(dhcp_parse(message, i, &parsed), -EBADMSG);
	message[241] = 255;
	assert_int_equal(dhcp_parse(message, size, &parsed), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(discover_is_offered, setup, teardown),
		cmocka_unit_test_setup_teardown(routes_hold_metadata_and_default, setup, teardown),
		cmocka_unit_test_setup_teardown(broadcast_flag_is_heeded, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_are_decided, setup, teardown),
		cmocka_unit_test_setup_teardown(nak_is_broadcast_and_bare, setup, teardown),
		cmocka_unit_test_setup_teardown(inform_gets_no_lease, setup, teardown),
		cmocka_unit_test_setup_teardown(each_port_has_its_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(deleted_port_is_not_served, setup, teardown),
		cmocka_unit_test(damaged_messages_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
