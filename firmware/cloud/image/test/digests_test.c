/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define ROOM (4 * IMAGE_CHUNK_SIZE)

static char bytes[ROOM];

static int setup(void **state)
{
	uint32_t number = 1;

	(void)state;
	for (size_t i = 0; i < ROOM; i++) {
		number = number * 1103515245 + 12345;
		bytes[i] = (char)(number >> 16);
	}
	return 0;
}

/* As it is done without any helper. */
static void plain(size_t size, char *checksum, char *hash)
{
	uint8_t md5_bytes[MD5_DIGEST_SIZE], sha_bytes[SHA512_DIGEST_SIZE];
	struct sha512_ctx sha512;
	struct md5_ctx md5;

	md5_init(&md5);
	sha512_init(&sha512);
	md5_update(&md5, size, (const uint8_t *)bytes);
	sha512_update(&sha512, size, (const uint8_t *)bytes);
	md5_digest(&md5, sizeof(md5_bytes), md5_bytes);
	sha512_digest(&sha512, sizeof(sha_bytes), sha_bytes);
	for (size_t i = 0; i < sizeof(md5_bytes); i++)
		snprintf(checksum + 2 * i, 3, "%02x", md5_bytes[i]);
	for (size_t i = 0; i < sizeof(sha_bytes); i++)
		snprintf(hash + 2 * i, 3, "%02x", sha_bytes[i]);
}

/* In two buffers in turns, which are overwritten as soon as they may be. */
static void in_pieces(const size_t *pieces, char *checksum, char *hash)
{
	static char buffers[2][2 * IMAGE_CHUNK_SIZE];
	struct digests *digests = digests_new();
	size_t at = 0;

	assert_non_null(digests);
	for (size_t i = 0; pieces[i] != SIZE_MAX; i++) {
		memcpy(buffers[i % 2], bytes + at, pieces[i]);
		digests_update(digests, buffers[i % 2], pieces[i]);
		at += pieces[i];
	}
	digests_finish(digests, checksum, hash);
	digests_free(digests);
}

static void digests_are_those_of_the_whole(void **state)
{
	static const size_t cases[][6] = {
		{ SIZE_MAX },
		{ 0, 1, 127, SIZE_MAX },
		{ IMAGE_CHUNK_SIZE, SIZE_MAX },
		{ IMAGE_CHUNK_SIZE, IMAGE_CHUNK_SIZE, IMAGE_CHUNK_SIZE, 77777, SIZE_MAX },
		{ 5, IMAGE_CHUNK_SIZE + 3, 0, 9, IMAGE_CHUNK_SIZE, SIZE_MAX },
	};
	char checksum[33], hash[129], right_checksum[33], right_hash[129];

	(void)state;
	for (int turn = 0; turn < 20; turn++)
		for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
			size_t size = 0;

			for (size_t j = 0; cases[i][j] != SIZE_MAX; j++)
				size += cases[i][j];
			plain(size, right_checksum, right_hash);
			in_pieces(cases[i], checksum, hash);
			assert_string_equal(checksum, right_checksum);
			assert_string_equal(hash, right_hash);
		}
}

static void digests_may_be_given_up(void **state)
{
	(void)state;
	digests_free(NULL);
	digests_free(digests_new());
	for (int turn = 0; turn < 20; turn++) {
		struct digests *digests = digests_new();

		digests_update(digests, bytes, IMAGE_CHUNK_SIZE);
		digests_free(digests);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_whole),
		cmocka_unit_test(digests_may_be_given_up),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
