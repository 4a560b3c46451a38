/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of OAuth: those of RFC 5849, section 1.2, and some that oauthlib signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/identity/oauth_message.h"

#define NONE                                                                                       \
	{                                                                                          \
		NULL, NULL                                                                         \
	}

/* With %25C3%25A9 an accented letter, blanks, a quoted quote, and a parameter without quotes. */
#define ODD                                                                                        \
	"oAuth oauth_consumer_key=\"c0ffee\",oauth_nonce=\"0\", oauth_timestamp=1, "               \
	"oauth_signature_method=\"%s\",x=\"a, \\\"b\\\"\", oauth_token=\"t%%C3%%A9%%2F+\","        \
	"oauth_signature=\"%s\""

static const struct signed_case {
	const char *header, *method, *uri;
	struct name_value query[6];
	const char *consumer_secret, *token_secret, *signature;
} signed_cases[] = {
	{ "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", "
	  "oauth_token=\"hh5s93j4hdidpola\", oauth_signature_method=\"HMAC-SHA1\", "
	  "oauth_timestamp=\"137131201\", oauth_nonce=\"walatlh\", "
	  "oauth_verifier=\"hfdp7dh39dks9884\", "
	  "oauth_signature=\"gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D\"",
	  "POST",
	  "https://photos.example.net/token",
	  { NONE },
	  "kd94hf93k423kf44",
	  "hdhd0244k9j7ao03",
	  "gKgrFCywp7rO0OXSjdot/IHF7IU=" },
	{ "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", "
	  "oauth_token=\"nnch734d00sl2jdk\", oauth_signature_method=\"HMAC-SHA1\", "
	  "oauth_timestamp=\"137131202\", oauth_nonce=\"chapoH\", "
	  "oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\"",
	  "GET",
	  "http://photos.example.net/photos",
	  { { "file", "vacation.jpg" }, { "size", "original" }, NONE },
	  "kd94hf93k423kf44",
	  "pfkkdhi9sl3r4s00",
	  "MdpQcU8iPSUjWoN/UDMsK2sui9I=" },
};

static void messages_are_signed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(signed_cases) / sizeof(signed_cases[0]); i++) {
		const struct signed_case *it = &signed_cases[i];
		struct oauth_signing signing = { it->method, it->uri, it->query,
						 it->consumer_secret, it->token_secret };
		CLEANUP_ARENA struct arena arena = ARENA_INIT;
		struct oauth_message message;

		assert_int_equal(oauth_message_parse(&arena, it->header, &message), 0);
		assert_string_equal(oauth_message_sign(&arena, &message, &signing), it->signature);
		assert_true(oauth_message_holds(&arena, &message, &signing));
		signing.consumer_secret = "other";
		assert_false(oauth_message_holds(&arena, &message, &signing));
	}
}

static void odd_messages_are_signed_as_well(void **state)
{
	static const struct name_value query[] = {
		{ "b", "2" }, { "a", "%" }, { "a", " 1" }, { "B", "" }, NONE,
	};
	static const struct {
		const char *method, *uri;
		const struct name_value *query;
		const char *consumer_secret, *token_secret, *signature;
	} cases[] = {
		{ "HMAC-SHA1", "HTTPS://Api.Example.org:443/V3/x%20y", query, "s/1&", "t~2",
		  "hUQXWq/hLRUKF9klMPQgidoX00A=" },
		{ "HMAC-SHA256", "HTTPS://Api.Example.org:443/V3/x%20y", query, "s/1&", "t~2",
		  "LjhrTu6HLmmNCdfkcX3g19XArTURgoVX0+2HvYSkPbU=" },
		{ "HMAC-SHA1", "https://Api.Example.org:8443/v3", NULL, "s", "",
		  "GzXi3XJ/22nwMhg7dM8YayemEUk=" },
		{ "PLAINTEXT", "https://other/", NULL, "s/1&", "t~2", "s%2F1%26&t~2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oauth_signing signing = { "POST", cases[i].uri, cases[i].query,
						 cases[i].consumer_secret, cases[i].token_secret };
		CLEANUP_ARENA struct arena arena = ARENA_INIT;
		struct oauth_message message;

		assert_int_equal(
			oauth_message_parse(&arena, arena_printf(&arena, ODD, cases[i].method, "x"),
					    &message),
			0);
		assert_string_equal(oauth_message_value(&message, "x"), "a, \"b\"");
		assert_string_equal(oauth_message_value(&message, "oauth_token"), "té/+");
		assert_string_equal(oauth_message_sign(&arena, &message, &signing),
				    cases[i].signature);
	}
}

static void headers_of_another_kind_are_refused(void **state)
{
	static const char *const headers[] = {
		"",
		"Basic eDp5",
		"OAuth x",
		"OAuth a=",
		"OAuth a=\"1\",,b=\"2\"",
		"OAuth oauth_token=\"%0\"",
		"OAuth oauth_token=\"%00\"",
		"OAuth oauth_token=\"%ff\"",
	};
	char many[600] = "OAuth ";
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct oauth_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (oauth_message_parse(&arena, headers[i], &message) != -EINVAL)
			fail_msg("%s", headers[i]);
	for (unsigned i = 0; i <= OAUTH_PARAMETERS_MAX; i++) {
		char item[16];

		snprintf(item, sizeof(item), "n%u=\"1\",", i);
		strcat(many, item);
	}
	assert_int_equal(oauth_message_parse(&arena, many, &message), -EINVAL);
	assert_int_equal(oauth_message_parse(&arena, "OAuth a=\"1\", a=\"2\"", &message), 0);
	assert_string_equal(oauth_message_value(&message, "a"), "2");
}

#define GOOD                                                                                       \
	"OAuth oauth_signature=\"s\", oauth_signature_method=\"HMAC-SHA1\", oauth_nonce=\"12ab\"," \
	"oauth_consumer_key=\"0123456789abcdef0123456789abcdef\", oauth_timestamp=\"1700000000\""

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *more, *expected; /* NULL: nothing is wrong */
	} cases[] = {
		{ "", NULL },
		{ ", oauth_version=\"1.0\"", NULL },
		{ ", oauth_timestamp=\"1700000600\"", NULL },
		{ ", oauth_timestamp=\"1699999399\"",
		  "invalid_request, detail message is: Timestamp given is invalid, differ from "
		  "allowed by over 600 seconds.." },
		{ ", oauth_timestamp=\"170000000\"",
		  "invalid_request, detail message is: Invalid timestamp size." },
		{ ", oauth_timestamp=\"17000000x0\"",
		  "invalid_request, detail message is: Timestamp must be an integer.." },
		{ ", oauth_version=\"2.0\"",
		  "invalid_request, detail message is: Invalid OAuth version.." },
		{ ", oauth_nonce=\"\"",
		  "invalid_request, detail message is: Missing mandatory OAuth parameters.." },
		{ ", oauth_nonce=\"x\"",
		  "invalid_request, detail message is: Invalid nonce format.." },
		{ ", oauth_consumer_key=\"0123456789ABCDEF0123456789abcdef\"",
		  "invalid_request, detail message is: Invalid client key format.." },
		{ ", oauth_signature_method=\"RSA-SHA1\"",
		  "invalid_signature_method, detail message is: Invalid signature, RSA-SHA1 not in "
		  "('HMAC-SHA1', 'HMAC-SHA256', 'PLAINTEXT').." },
	};
	static const struct name_value doubled[] = { { "oauth_token", "1" }, NONE };
	struct oauth_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_ARENA struct arena arena = ARENA_INIT;
		const char *header = arena_printf(&arena, "%s%s", GOOD, cases[i].more);
		struct error error = { 0 };
		int result;

		assert_int_equal(oauth_message_parse(&arena, header, &message), 0);
		result = oauth_message_check(&message, NULL, 1700000000, &error);
		assert_int_equal(result, cases[i].expected ? -EINVAL : 0);
		if (cases[i].expected)
			assert_string_equal(error.message,
					    arena_printf(&arena,
							 "Validation failed with errors: %s",
							 cases[i].expected));
		assert_int_equal(oauth_message_check(&message, doubled, 1700000000, &error),
				 -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_signed),
		cmocka_unit_test(odd_messages_are_signed_as_well),
		cmocka_unit_test(headers_of_another_kind_are_refused),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
