/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_order.h"

/* Made by ssh-keygen; the fingerprint is what 'ssh-keygen -E md5 -lf' says of it. */
static const char ed25519[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFkipj6onj"
			      "ohPP53EJUg78OqPOubZwDFc2a6qfDPJFlu someone@somewhere\n";

static void fingerprints_are_those_of_ssh(void **state)
{
	char fingerprint[48];

	(void)state;
	assert_int_equal(key_fingerprint(ed25519, fingerprint), 0);
	assert_string_equal(fingerprint, "1f:6d:fd:10:c8:7e:32:c9:1c:ea:b5:8a:8b:5f:0d:fc");
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"ssh-rsa",
		"ssh-rsa ",
		"ssh-rsa AAAA",
		"ssh-rsa !!!! comment",
		"ssh-unknown AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
		/* says RSA, holds something else */
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIFkipj6onjohPP53EJUg78OqPOubZwDFc2a6qfDPJFlu",
		/* a string that is longer than what follows */
		"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB//8=",
	};
	char fingerprint[48];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(key_fingerprint(bad[i], fingerprint), -EINVAL);
}

static void a_made_pair_is_sound(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *private_key, *public_key;
	char fingerprint[48];

	(void)state;
	assert_int_equal(key_generate(&arena, "comment", &private_key, &public_key, NULL), 0);
	assert_non_null(strstr(private_key, "-----BEGIN RSA PRIVATE KEY-----"));
	assert_int_equal(key_fingerprint(public_key, fingerprint), 0);
	assert_int_equal(strlen(fingerprint), 47);
	assert_non_null(strstr(public_key, " comment"));
}

static void hostnames_follow_novas_rule(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(hostname_of(&arena, "My VM_1.x!", "id"), "my-vm-1-x");
	assert_string_equal(hostname_of(&arena, "--a--", "id"), "a");
	assert_string_equal(hostname_of(&arena, "\xc3\xa4!", "id"), "server-id");
}

static void console_bytes_become_text(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(console_text(&arena, "a\033[1mb\r\n\tc", 10), "a[1mb\n\tc");
	assert_string_equal(console_text(&arena, "\xff\xc3\xa4\xc3", 4),
			    "\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd");
	assert_string_equal(console_text(&arena, "x\0y", 3), "xy");
}

static void times_are_read(void **state)
{
	time_t one, other;

	(void)state;
	assert_int_equal(time_parse("2026-11-22T10:00:00Z", &one), 0);
	assert_int_equal(time_parse("2026-11-22T12:00:00.5+02:00", &other), 0);
	assert_int_equal(one, other);
	assert_int_equal(time_parse("2026-11-22 10:00", &other), 0);
	assert_int_equal(one, other);
	assert_int_equal(time_parse("bad", &one), -EINVAL);
	assert_int_equal(time_parse("2026-13-22", &one), -EINVAL);
	assert_int_equal(time_parse("2026-11-22T10:00:00X", &one), -EINVAL);
}

static void certificates_have_fingerprints(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *private_key = NULL, *certificate = NULL;
	char fingerprint[64];
	struct error error;

	(void)state;
	assert_int_equal(key_x509_generate(&arena, "u1", &private_key, &certificate, &error), 0);
	assert_memory_equal(certificate, "-----BEGIN CERTIFICATE-----\n", 28);
	assert_memory_equal(private_key, "MII", 3); /* a SEQUENCE of more than 255 bytes */
	assert_int_equal(key_x509_fingerprint(certificate, fingerprint), 0);
	assert_int_equal(strlen(fingerprint), 59);
	assert_int_equal(key_x509_fingerprint("ssh-rsa AAAA", fingerprint), -EINVAL);
	assert_int_equal(key_x509_fingerprint(private_key, fingerprint), -EINVAL);
	if (getenv("CUMULET_X509_OUT")) /* for a look with other tools */
		printf("%s%s\n%s\n", certificate, private_key, fingerprint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_have_fingerprints),
		cmocka_unit_test(fingerprints_are_those_of_ssh),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(a_made_pair_is_sound),
		cmocka_unit_test(hostnames_follow_novas_rule),
		cmocka_unit_test(console_bytes_become_text),
		cmocka_unit_test(times_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
