/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URLs, redirections, rules, addresses, packets of names, heads of replies: all without a socket. */
#include "firmware/fetch/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/fetch/dns.h"
#include "firmware/fetch/reply.h"
#include "firmware/lib/cleanup.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *scheme, *host;
		unsigned port;
		const char *target; /* NULL: refused */
	} cases[] = {
		{ "http://example.com", "http", "example.com", 80, "/" },
		{ "HTTPS://Example.COM./a?b#c", "https", "example.com", 443, "/a?b" },
		{ "http://example.com:8080?x=1", "http", "example.com", 8080, "/?x=1" },
		{ "http://example.com:/x", "http", "example.com", 80, "/x" },
		{ "https://[2001:DB8::1]:444/x", "https", "2001:db8::1", 444, "/x" },
		{ "ftp://example.com:21/x", "ftp", "example.com", 21, "/x" },
		{ .text = "" },
		{ .text = "example.com/x" },
		{ .text = "http:/example.com/x" },
		{ .text = "http:///x" },
		{ .text = "http://user@example.com/" },
		{ .text = "http://user:secret@example.com/" },
		{ .text = "http://example.com:0/" },
		{ .text = "http://example.com:65536/" },
		{ .text = "http://example.com:100000/" },
		{ .text = "http://example.com:8x/" },
		{ .text = "http://exa%6dple.com/" },
		{ .text = "http://[::1/" },
		{ .text = "http://[name]/" },
		{ .text = "http://example.com/a b" },
		{ .text = "http://example.com/\r\nX: y" },
		{ .text = "http://ex\xc3\xa4mple.com/" },
		{ .text = "1http://example.com/" },
		{ .text = "file:///etc/passwd" },
	};
	struct url url;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int result = url_parse(cases[i].text, &url);

		if (!cases[i].target) {
			if (result != -EINVAL)
				fail_msg("%s was taken", cases[i].text);
			continue;
		}
		if (result)
			fail_msg("%s was refused", cases[i].text);
		assert_string_equal(url.scheme, cases[i].scheme);
		assert_string_equal(url.host, cases[i].host);
		assert_int_equal(url.port, cases[i].port);
		assert_string_equal(url.target, cases[i].target);
	}
}

static void test_length(void **state)
{
	char text[FETCH_URL_MAX + 2] = "http://example.com/";
	struct url url;

	(void)state;
	memset(text + strlen(text), 'x', FETCH_URL_MAX - strlen(text));
	assert_int_equal(url_parse(text, &url), 0);
	assert_string_equal(url.target, text + strlen("http://example.com"));
	text[FETCH_URL_MAX] = 'x';
	assert_int_equal(url_parse(text, &url), -EINVAL);
}

static void test_join(void **state)
{
	static const struct {
		const char *location, *host;
		unsigned port;
		const char *target;
	} cases[] = {
		{ "https://other.org/y", "other.org", 443, "/y" },
		{ "//other.org/y", "other.org", 80, "/y" },
		{ "/y?z", "example.com", 8080, "/y?z" },
		{ "?z", "example.com", 8080, "/a/b?z" },
		{ "y:z", NULL, 0, NULL },
		{ "y/z", "example.com", 8080, "/a/y/z" },
		{ "javascript:alert(1)", NULL, 0, NULL },
		{ "http://user@other.org/", NULL, 0, NULL },
		{ "/a b", NULL, 0, NULL },
	};
	struct url base, url;

	(void)state;
	assert_int_equal(url_parse("http://example.com:8080/a/b?c/d", &base), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int result = url_join(&base, cases[i].location, &url);

		assert_int_equal(result, cases[i].host ? 0 : -EINVAL);
		if (result)
			continue;
		assert_string_equal(url.host, cases[i].host);
		assert_int_equal(url.port, cases[i].port);
		assert_string_equal(url.target, cases[i].target);
	}
}

static void test_authority(void **state)
{
	char text[300];
	struct url url;

	(void)state;
	url_parse("https://[::2]:443/", &url);
	url_authority(&url, text, sizeof(text));
	assert_string_equal(text, "[::2]");
	url_parse("https://example.com:80/", &url);
	url_authority(&url, text, sizeof(text));
	assert_string_equal(text, "example.com:80");
}

/* --- rules */

static struct fetch_word some_words[] = { { "example.com" }, { "127.0.0.1" } };
static struct fetch_word http_words[] = { { "http" } };
static struct fetch_port some_ports[] = { { 80 }, { 8080 } };
static const struct message_list hosts = { some_words, 2 }, http = { http_words, 1 },
				 ports = { some_ports, 2 };

static bool allows(const struct fetch_rules *rules, const char *text)
{
	struct url url;

	assert_int_equal(url_parse(text, &url), 0);
	return rules_allow(rules, &url);
}

static void test_rules(void **state)
{
	const struct fetch_rules all = { 0 };
	const struct fetch_rules some = { .schemes_allowed = http,
					  .hosts_allowed = hosts,
					  .ports_allowed = ports,
					  .hosts_disallowed = hosts };
	const struct fetch_rules others = { .schemes_disallowed = http,
					    .hosts_disallowed = hosts,
					    .ports_disallowed = ports };

	(void)state;
	assert_true(allows(&all, "ftp://anywhere:1/"));
	assert_true(allows(&some, "http://EXAMPLE.com./"));
	assert_false(allows(&some, "https://example.com:80/"));
	assert_false(allows(&some, "http://other.org/"));
	assert_false(allows(&some, "http://example.com:81/"));
	assert_true(allows(&others, "https://other.org/"));
	assert_false(allows(&others, "http://other.org:1/"));
	assert_false(allows(&others, "https://example.com/"));
	assert_false(allows(&others, "https://other.org:8080/"));
	assert_true(rules_name_host(&some, "127.0.0.1"));
	assert_false(rules_name_host(&others, "127.0.0.1"));
}

/* --- addresses */

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool near;
	} cases[] = {
		{ "0.0.0.0", true },
		{ "0.1.2.3", true },
		{ "127.0.0.1", true },
		{ "127.255.0.1", true },
		{ "169.254.169.254", true },
		{ "224.0.0.1", true },
		{ "255.255.255.255", true },
		{ "::", true },
		{ "::1", true },
		{ "fe80::1", true },
		{ "febf::1", true },
		{ "ff02::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::127.0.0.1", true },
		{ "64:ff9b::169.254.169.254", true },
		{ "2002:7f00:1::", true },
		{ "10.0.0.1", false },
		{ "192.0.2.1", false },
		{ "169.253.0.1", false },
		{ "2001:db8::1", false },
		{ "fec0::1", false },
		{ "::ffff:192.0.2.1", false },
		{ "2002:c000:201::", false },
	};
	union fetch_address address;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(fetch_address_parse(cases[i].text, 80, &address));
		if (fetch_address_is_near(&address) != cases[i].near)
			fail_msg("%s", cases[i].text);
	}
	assert_false(fetch_address_parse("2130706433", 80, &address));
	assert_false(fetch_address_parse("0177.0.0.1", 80, &address));
	assert_true(fetch_address_parse("127.0.0.1", 80, &address));
	assert_true(fetch_address_is_own(&address));
}

/* --- names */

static uint8_t question[DNS_PACKET_MAX], packet[DNS_PACKET_MAX];
static size_t question_size, packet_size;

static void put(const void *bytes, size_t size)
{
	assert_true(packet_size + size <= sizeof(packet));
	memcpy(packet + packet_size, bytes, size);
	packet_size += size;
}

/* The question, answered with 'count' records that follow. */
static void answer_begin(unsigned count, unsigned code)
{
	question_size = (size_t)dns_question(question, 0x1234, "example.com", DNS_A);
	packet_size = 0;
	put(question, question_size);
	packet[2] = 0x81;
	packet[3] = (uint8_t)(0x80 | code);
	packet[7] = (uint8_t)count;
}

static int parse(struct dns_addresses *addresses)
{
	*addresses = (struct dns_addresses){ 0 };
	return dns_answer(packet, packet_size, question, question_size, addresses);
}

static void test_dns(void **state)
{
	static const char alias[] = "\xc0\x0c\0\5\0\1\0\0\0\1\0\6\3www\xc0\x0c";
	static const char address[] = "\3www\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1";
	struct dns_addresses addresses;

	(void)state;
	answer_begin(2, 0);
	put(alias, sizeof(alias) - 1);
	put(address, sizeof(address) - 1);
	assert_int_equal(parse(&addresses), 0);
	assert_int_equal(addresses.count, 1);
	assert_int_equal(addresses.list[0].ipv4.sin_addr.s_addr, inet_addr("192.0.2.1"));
	packet[7] = 3;
	assert_int_equal(parse(&addresses), 0); /* cut off behind a whole record */
	packet_size--;
	assert_int_equal(parse(&addresses), -EBADMSG);
	answer_begin(0, 3);
	assert_int_equal(parse(&addresses), -ENOENT);
	answer_begin(0, 2);
	assert_int_equal(parse(&addresses), -EAGAIN);
	answer_begin(0, 0);
	assert_int_equal(parse(&addresses), 0);
	assert_int_equal(addresses.count, 0);
	packet[12 + 1] = 'E'; /* the case of letters does not count */
	assert_int_equal(parse(&addresses), 0);
	packet[12 + 1] = 'x';
	assert_int_equal(parse(&addresses), -EBADMSG);
	answer_begin(0, 0);
	packet[1]++;
	assert_int_equal(parse(&addresses), -EBADMSG);
}

static void test_dns_names(void **state)
{
	char label[70], name[260];

	(void)state;
	memset(label, 'a', sizeof(label));
	label[64] = '\0';
	memset(name, 'b', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	name[259] = '\0';
	assert_int_equal(dns_question(question, 1, label, DNS_A), -EINVAL);
	assert_int_equal(dns_question(question, 1, name, DNS_A), -EINVAL);
	assert_int_equal(dns_question(question, 1, "a..b", DNS_A), -EINVAL);
	assert_int_equal(dns_question(question, 1, "", DNS_A), -EINVAL);
	assert_int_equal(dns_question(question, 1, "a.b", DNS_AAAA), 12 + 5 + 4);
}

/* --- heads */

static int head_of(const char *text, struct reply_head *head)
{
	static char data[1024];

	snprintf(data, sizeof(data), "%s", text);
	assert_int_equal(reply_head_length(data, strlen(data)), strlen(data));
	return reply_head_parse(head, data, strlen(data));
}

static void test_heads(void **state)
{
	static const char *const wrong[] = {
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 2000\r\n\r\n",
		"HTTP/1.1 099 x\r\n\r\n",
		"ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nname\r\n\r\n",
		"HTTP/1.1 200 OK\r\nname : x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
	};
	struct reply_head head;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		if (head_of(wrong[i], &head) != -EBADMSG)
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(
		head_of("HTTP/1.1 302 Found\r\nLOCATION:  /x \r\ncontent-length:0\r\n\r\n", &head),
		0);
	assert_int_equal(head.status, 302);
	assert_string_equal(head.reason, "Found");
	assert_string_equal(head.location, "/x");
	assert_true(head.has_length);
	assert_int_equal(head_of("HTTP/1.0 200\n\n", &head), 0);
	assert_string_equal(head.reason, "");
	assert_int_equal(head_of("HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n", &head), 0);
	assert_true(head.chunked);
	assert_int_equal(reply_head_length("HTTP/1.1 200 OK\r\nX: y\r\n\r", 25), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_length),
		cmocka_unit_test(test_join),  cmocka_unit_test(test_authority),
		cmocka_unit_test(test_rules), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_dns),   cmocka_unit_test(test_dns_names),
		cmocka_unit_test(test_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
