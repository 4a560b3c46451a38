/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS answers as bytes, and the first line of HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "netstack/svc/dns.h"
#include "netstack/svc/http.h"

enum { A = 1, PTR = 12, MX = 15, AAAA = 28 };
#define NETWORK6 "0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

enum { NOERROR = 0, FORMERR = 1, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5 };

static struct lease_table leases;
static struct address subnets[2];
static struct dns_zone zone = {
	.leases = &leases, .domain = "cloud.test", .subnets = subnets, .subnet_count = 2
};
static uint8_t answer[DNS_ANSWER_MAX];
static size_t answer_size;

static size_t query_build(uint8_t *packet, const char *name, uint8_t type)
{
	static const uint8_t header[] = { 0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	size_t size = sizeof(header);

	memcpy(packet, header, sizeof(header));
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		packet[size++] = (uint8_t)label;
		memcpy(packet + size, name, label);
		size += label;
		name += label + (name[label] == '.');
	}
	packet[size++] = 0;
	memcpy(packet + size, "\0\0\0\1", 4);
	packet[size + 1] = type;
	return size + 4;
}

/* -1: forwarded; -2: dropped; else the answer's code. */
static int ask(const char *name, uint8_t type)
{
	uint8_t packet[DNS_PACKET_MAX];
	size_t size = query_build(packet, name, type);
	enum dns_verdict verdict = dns_query(&zone, packet, size, answer, &answer_size);

	if (verdict != DNS_ANSWER)
		return verdict == DNS_FORWARD ? -1 : -2;
	assert_memory_equal(answer, packet, 2);
	assert_true(answer[2] & 0x80);
	return answer[3] & 15;
}

static int setup(void **state)
{
	struct net_address fixed[] = { { "10.1.0.11" }, { "2001:db8:1::11" } };
	struct net_port port = { .id = "11111111-0000-4000-8000-000000000001",
				 .mac = "fa:16:3e:00:00:01",
				 .hostname = "one",
				 .addresses = { fixed, 2 } };

	(void)state;
	assert_int_equal(address_parse("10.1.0.0/24", &subnets[0]), 0);
	assert_int_equal(address_parse("2001:db8:1::/64", &subnets[1]), 0);
	return lease_set(&leases, &port);
}

static int teardown(void **state)
{
	(void)state;
	lease_free(&leases);
	return 0;
}

static void own_names_are_answered(void **state)
{
	(void)state;
	assert_int_equal(ask("one.cloud.test", A), NOERROR);
	assert_int_equal(answer[7], 1);
	assert_memory_equal(answer + answer_size - 4, "\x0a\x01\x00\x0b", 4);
	assert_int_equal(ask("ONE", A), NOERROR);
	assert_int_equal(answer[7], 1);
	assert_int_equal(ask("one.cloud.test", AAAA), NOERROR);
	assert_int_equal(answer[7], 1);
	assert_memory_equal(answer + answer_size - 16, "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\x11",
			    16);
	assert_int_equal(ask("one.cloud.test", MX), NOERROR);
	assert_int_equal(answer[7], 0);
	assert_int_equal(ask("two.cloud.test", A), NXDOMAIN);
	assert_int_equal(ask("two", A), NXDOMAIN);
}

static void own_addresses_are_named(void **state)
{
	(void)state;
	assert_int_equal(ask("11.0.1.10.in-addr.arpa", PTR), NOERROR);
	assert_memory_equal(answer + answer_size - 16, "\3one\5cloud\4test", 16);
	assert_int_equal(ask("12.0.1.10.in-addr.arpa", PTR), NXDOMAIN);
	assert_int_equal(ask("1.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NETWORK6, PTR), NOERROR);
	assert_memory_equal(answer + answer_size - 16, "\3one\5cloud\4test", 16);
	assert_int_equal(ask("2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NETWORK6, PTR), NXDOMAIN);
	assert_int_equal(ask("x.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NETWORK6, PTR), -1);
	assert_int_equal(ask("8.8.8.8.in-addr.arpa", PTR), -1);
	assert_int_equal(ask("999.0.1.10.in-addr.arpa", PTR), -1);
}

static void the_rest_is_forwarded(void **state)
{
	uint8_t packet[DNS_PACKET_MAX];
	size_t size = query_build(packet, "far.example", A);

	(void)state;
	assert_int_equal(ask("far.example", A), -1);
	assert_int_equal(ask("one.notcloud.test", A), -1);
	packet[2] = 0; /* no recursion desired */
	assert_int_equal(dns_query(&zone, packet, size, answer, &answer_size), DNS_ANSWER);
	assert_int_equal(answer[3] & 15, REFUSED);
}

static void damaged_queries_are_survived(void **state)
{
	uint8_t packet[DNS_PACKET_MAX];
	size_t size = query_build(packet, "one.cloud.test", A);

	(void)state;
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(dns_query(&zone, packet, i, answer, &answer_size), DNS_DROP);
	for (size_t i = 12; i < size; i++) {
		assert_int_equal(dns_query(&zone, packet, i, answer, &answer_size), DNS_ANSWER);
		assert_int_equal(answer[3] & 15, FORMERR);
		assert_int_equal(answer_size, 12);
	}
	packet[12] = 0xc0; /* a question that is compressed */
	assert_int_equal(dns_query(&zone, packet, size, answer, &answer_size), DNS_ANSWER);
	assert_int_equal(answer[3] & 15, FORMERR);
	packet[2] = 0x80; /* an answer */
	assert_int_equal(dns_query(&zone, packet, size, answer, &answer_size), DNS_DROP);
	packet[2] = 0x28; /* an update */
	assert_int_equal(dns_query(&zone, packet, size, answer, &answer_size), DNS_ANSWER);
	assert_int_equal(answer[3] & 15, NOTIMP);
}

static void http_heads_are_parsed(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
		{ "HEAD /a/b?c=d HTTP/1.0\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\nHost: x\r\n", 0 },
		{ "", 0 },
		{ "PUT /latest/api/token HTTP/1.1\r\n\r\n", 405 },
		{ "PROPPATCHES / HTTP/1.1\r\n\r\n", 405 },
		{ "GET x HTTP/1.1\r\n\r\n", 400 },
		{ "GET /\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\n\r\n", 505 },
		{ "GET /\x01 HTTP/1.1\r\n\r\n", 400 },
		{ "\r\n\r\n", 400 },
	};
	struct http_request request;
	char long_text[HTTP_HEAD_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (http_parse(cases[i].text, strlen(cases[i].text), &request) != cases[i].status)
			fail_msg("case %zu", i);
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(http_parse(long_text, sizeof(long_text), &request), 431);
	memcpy(long_text, "GET /", 5);
	memcpy(long_text + 1000, " HTTP/1.1\r\n\r\n", 13);
	assert_int_equal(http_parse(long_text, 1013, &request), 414);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_names_are_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(own_addresses_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rest_is_forwarded, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_queries_are_survived, setup, teardown),
		cmocka_unit_test(http_heads_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
