/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/network/pools.h"

static void prefix_is_canonical(void **state)
{
	struct ip_prefix prefix;
	char text[IP_CIDR_SIZE];

	(void)state;
	assert_true(ip_prefix_parse("10.1.2.3/8", &prefix));
	ip_prefix_format(&prefix, text);
	assert_string_equal(text, "10.0.0.0/8");
	assert_true(ip_prefix_parse("2001:db8::1/64", &prefix));
	ip_prefix_format(&prefix, text);
	assert_string_equal(text, "2001:db8::/64");
}

static void bad_prefixes_are_refused(void **state)
{
	static const char *const bad[] = { "10.0.0.0/33", "10.0.0/8",       "10.0.0.0/",   "/8", "",
					   "10.0.0.0/8x", "2001:db8::/129", "10.0.0.0/-1", NULL };
	struct ip_prefix prefix;

	(void)state;
	for (const char *const *text = bad; *text; text++)
		assert_false(ip_prefix_parse(*text, &prefix));
	assert_false(ip_prefix_parse(NULL, &prefix));
}

static void numbers_carry(void **state)
{
	struct ip ip;
	char text[IP_SIZE];

	(void)state;
	assert_true(ip_parse("10.0.0.255", &ip));
	ip = ip_add(ip, 1);
	ip_format(&ip, text);
	assert_string_equal(text, "10.0.1.0");
	ip = ip_add(ip, -1);
	ip_format(&ip, text);
	assert_string_equal(text, "10.0.0.255");
}

static void keys_order_like_addresses(void **state)
{
	struct ip low, high, back;
	char low_key[IP_KEY_SIZE], high_key[IP_KEY_SIZE];

	(void)state;
	assert_true(ip_parse("10.0.0.9", &low));
	assert_true(ip_parse("10.0.0.10", &high));
	ip_key(&low, low_key);
	ip_key(&high, high_key);
	assert_true(strcmp(low_key, high_key) < 0);
	assert_true(ip_from_key(low_key, 4, &back));
	assert_int_equal(ip_compare(&back, &low), 0);
}

static void overlap_is_symmetric(void **state)
{
	struct ip_prefix wide, narrow, other;

	(void)state;
	assert_true(ip_prefix_parse("10.0.0.0/8", &wide));
	assert_true(ip_prefix_parse("10.20.0.0/24", &narrow));
	assert_true(ip_prefix_parse("192.0.2.0/24", &other));
	assert_true(ip_prefix_overlap(&wide, &narrow));
	assert_true(ip_prefix_overlap(&narrow, &wide));
	assert_false(ip_prefix_overlap(&other, &wide));
}

static void mac_addresses(void **state)
{
	char mac[18];

	(void)state;
	assert_true(mac_canonical("FA-16-3E-00-11-22", mac));
	assert_string_equal(mac, "fa:16:3e:00:11:22");
	assert_false(mac_canonical("01:00:5e:00:00:01", mac));
	assert_false(mac_canonical("fa:16:3e:00:11", mac));
	assert_false(mac_canonical("fa:16:3e:00:11:22:33", mac));
	assert_false(mac_canonical("00:00:00:00:00:00", mac));
}

static void standard_pools_leave_the_gateway_out(void **state)
{
	yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
	struct ip_prefix prefix;
	struct ip gateway;
	yyjson_mut_val *pools;

	(void)state;
	assert_true(ip_prefix_parse("10.0.0.0/24", &prefix));
	assert_true(ip_parse("10.0.0.100", &gateway));
	pools = pools_standard(doc, &prefix, &gateway);
	assert_int_equal(yyjson_mut_arr_size(pools), 2);
	assert_string_equal(json_member(yyjson_mut_arr_get(pools, 0), "start"), "10.0.0.1");
	assert_string_equal(json_member(yyjson_mut_arr_get(pools, 0), "end"), "10.0.0.99");
	assert_string_equal(json_member(yyjson_mut_arr_get(pools, 1), "start"), "10.0.0.101");
	assert_string_equal(json_member(yyjson_mut_arr_get(pools, 1), "end"), "10.0.0.254");
	assert_int_equal(pools_check(pools, &prefix, &gateway, NULL), 0);
	yyjson_mut_doc_free(doc);
}

static int check(const char *json)
{
	yyjson_doc *given = yyjson_read(json, strlen(json), 0);
	yyjson_mut_doc *doc = yyjson_doc_mut_copy(given, NULL);
	struct ip_prefix prefix;
	struct ip gateway;
	struct error error = { 0 };
	int result;

	ip_prefix_parse("10.0.0.0/24", &prefix);
	ip_parse("10.0.0.1", &gateway);
	result = pools_check(yyjson_mut_doc_get_root(doc), &prefix, &gateway, &error);
	assert_true(!result == !error.message[0]);
	yyjson_mut_doc_free(doc);
	yyjson_doc_free(given);
	return result ? error.status : 0;
}

static void pools_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check("[{\"start\":\"10.0.0.2\",\"end\":\"10.0.0.9\"}]"), 0);
	assert_int_equal(check("[{\"start\":\"10.0.0.9\",\"end\":\"10.0.0.2\"}]"), 400);
	assert_int_equal(check("[{\"start\":\"10.0.0.9\",\"end\":\"10.0.1.2\"}]"), 400);
	assert_int_equal(check("[{\"start\":\"10.0.0.1\",\"end\":\"10.0.0.2\"}]"), 409);
	assert_int_equal(check("[{\"start\":\"10.0.0.2\"}]"), 400);
	assert_int_equal(check("[{\"start\":\"::1\",\"end\":\"::2\"}]"), 400);
	assert_int_equal(check("[{\"start\":\"10.0.0.2\",\"end\":\"10.0.0.9\"},"
			       "{\"start\":\"10.0.0.5\",\"end\":\"10.0.0.12\"}]"),
			 409);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_is_canonical),
		cmocka_unit_test(bad_prefixes_are_refused),
		cmocka_unit_test(numbers_carry),
		cmocka_unit_test(keys_order_like_addresses),
		cmocka_unit_test(overlap_is_symmetric),
		cmocka_unit_test(mac_addresses),
		cmocka_unit_test(standard_pools_leave_the_gateway_out),
		cmocka_unit_test(pools_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
