/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/certificate.h"

#include <mbedtls/x509_crt.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/cloud/http/test/unit.h"

static char directory[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/certificate_test.XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const files[] = { "ca.pem", "ca.key", "server.pem", "server.key" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	return rmdir(directory);
}

static bool ensure(const char *more)
{
	struct certificate_names names = { { "localhost", "127.0.0.1", "::1" }, 3 };
	struct error error = { 0 };
	bool changed;

	if (more)
		certificate_name_add(&names, more);
	if (certificate_ensure(directory, &names, &changed, &error) < 0)
		fail_msg("%s", error.message);
	return changed;
}

static void load(const char *file, mbedtls_x509_crt *certificate)
{
	char path[128];

	mbedtls_x509_crt_init(certificate);
	snprintf(path, sizeof(path), "%s/%s", directory, file);
	assert_int_equal(mbedtls_x509_crt_parse_file(certificate, path), 0);
}

/* Would a client that trusts the authority take this box for 'name'? */
static bool trusted(const char *name)
{
	mbedtls_x509_crt ca, chain;
	uint32_t flags;
	int result;

	load("ca.pem", &ca);
	load("server.pem", &chain);
	result = mbedtls_x509_crt_verify(&chain, &ca, NULL, name, &flags, NULL, NULL);
	mbedtls_x509_crt_free(&ca);
	mbedtls_x509_crt_free(&chain);
	return result == 0;
}

static mode_t mode_of(const char *file)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 0777;
}

static void test_make(void **state)
{
	(void)state;
	assert_true(ensure(NULL));
	assert_true(trusted("localhost"));
	assert_true(trusted("127.0.0.1"));
	assert_true(trusted("::1"));
	assert_false(trusted("10.0.0.1"));
	assert_int_equal(mode_of("ca.key"), 0600);
	assert_int_equal(mode_of("server.key"), 0600);
	assert_false(ensure(NULL)); /* nothing is written at the next boot */
}

static void test_names(void **state)
{
	char ca[CERTIFICATE_FINGERPRINT_SIZE], now[CERTIFICATE_FINGERPRINT_SIZE];
	char before[CERTIFICATE_FINGERPRINT_SIZE];

	(void)state;
	ensure(NULL);
	assert_int_equal(certificate_fingerprint(directory, "ca.pem", before, NULL), 0);
	assert_int_equal(strlen(before), 32 * 3 - 1);
	assert_true(ensure("10.0.0.1"));
	assert_true(trusted("10.0.0.1"));
	assert_false(ensure(NULL)); /* more names than are asked for do no harm */
	assert_true(ensure("box.example"));
	assert_true(trusted("box.example"));
	/* the authority stays */
	assert_int_equal(certificate_fingerprint(directory, "ca.pem", ca, NULL), 0);
	assert_string_equal(ca, before);
	assert_int_equal(certificate_fingerprint(directory, "server.pem", now, NULL), 0);
	assert_string_not_equal(ca, now);
}

static void damage(const char *file)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	out = fopen(path, "w");
	fputs("half", out);
	fclose(out);
}

/* A power cut between two files, or a damaged one, must not keep the box from serving. */
static void test_damage(void **state)
{
	static const char *const files[] = { "server.pem", "server.key", "ca.pem", "ca.key" };

	(void)state;
	ensure(NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		damage(files[i]);
		assert_true(ensure(NULL));
		assert_true(trusted("localhost"));
		assert_false(ensure(NULL));
	}
}

static void move(const char *from, const char *to)
{
	char old[128], new[128];

	snprintf(old, sizeof(old), "%s/%s", directory, from);
	snprintf(new, sizeof(new), "%s/%s", directory, to);
	assert_int_equal(rename(old, new), 0);
}

/* Whole files that do not belong together, as a power cut may leave them. */
static void test_key_of_another(void **state)
{
	static const char *const keys[] = { "server.key", "ca.key" };

	(void)state;
	ensure(NULL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		move(keys[i], "former.key");
		assert_true(ensure(NULL));
		assert_false(ensure(NULL));
		move("former.key", keys[i]);
		assert_true(ensure(NULL));
		assert_true(trusted("localhost"));
		assert_false(ensure(NULL));
	}
}

/* A limit on the size of files is what a full disk is: the box serves under the names that it has. */
static void test_no_room(void **state)
{
	struct rlimit limit, none;

	(void)state;
	ensure(NULL);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(ensure("10.0.0.1"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(trusted("localhost"));
	assert_true(ensure("10.0.0.1"));
	assert_true(trusted("10.0.0.1"));
}

/* Whatever the box's clock says: clients with a right one accept it for decades. */
static void test_validity(void **state)
{
	mbedtls_x509_crt chain;

	(void)state;
	ensure(NULL);
	load("server.pem", &chain);
	for (const mbedtls_x509_crt *one = &chain; one; one = one->next) {
		assert_int_equal(one->valid_from.year, 2020);
		assert_int_equal(one->valid_to.year, 2049);
	}
	assert_non_null(chain.next);
	mbedtls_x509_crt_free(&chain);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_make),    TEST(test_names),
					    TEST(test_damage),  TEST(test_key_of_another),
					    TEST(test_no_room), TEST(test_validity) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
