/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AES-GCM as it is linked (mbedTLS's interface, nettle's code): NIST's vectors, and pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/gcm.h>

#define MESSAGE 300
#define TAG 16

static const unsigned char nonce[12] = "twelve bytes";

static void vectors(void **state)
{
	(void)state;
	assert_int_equal(mbedtls_gcm_self_test(0), 0);
}

static void key_set(mbedtls_gcm_context *gcm, unsigned bits)
{
	unsigned char key[32];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)(i * 7 + bits);
	mbedtls_gcm_init(gcm);
	assert_int_equal(mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, bits), 0);
}

/* In pieces of 'step' bytes, in place. */
static void in_pieces(mbedtls_gcm_context *gcm, int mode, size_t step, unsigned char *data,
		      unsigned char tag[TAG])
{
	size_t done, size;

	assert_int_equal(mbedtls_gcm_starts(gcm, mode, nonce, sizeof(nonce)), 0);
	for (size_t i = 0; i < 20; i += size) {
		size = step < 20 - i ? step : 20 - i;
		assert_int_equal(
			mbedtls_gcm_update_ad(
				gcm, (const unsigned char *)"additional data, 20b" + i, size),
			0);
	}
	for (size_t i = 0; i < MESSAGE; i += size) {
		size = step < MESSAGE - i ? step : MESSAGE - i;
		assert_int_equal(mbedtls_gcm_update(gcm, data + i, size, data + i, size, &done), 0);
		assert_int_equal(done, size);
	}
	assert_int_equal(mbedtls_gcm_finish(gcm, NULL, 0, &done, tag, TAG), 0);
}

static void pieces_give_what_the_whole_gives(void **state)
{
	unsigned char plain[MESSAGE], whole[MESSAGE], data[MESSAGE], tag[TAG], other[TAG];
	mbedtls_gcm_context gcm;

	(void)state;
	for (size_t i = 0; i < MESSAGE; i++)
		plain[i] = (unsigned char)(i * 31);
	for (unsigned bits = 128; bits <= 256; bits += 64) {
		key_set(&gcm, bits);
		assert_int_equal(mbedtls_gcm_crypt_and_tag(
					 &gcm, MBEDTLS_GCM_ENCRYPT, MESSAGE, nonce, sizeof(nonce),
					 (const unsigned char *)"additional data, 20b", 20, plain,
					 whole, TAG, tag),
				 0);
		for (size_t step = 1; step < 70; step++) {
			memcpy(data, plain, MESSAGE);
			in_pieces(&gcm, MBEDTLS_GCM_ENCRYPT, step, data, other);
			assert_memory_equal(data, whole, MESSAGE);
			assert_memory_equal(other, tag, TAG);
			in_pieces(&gcm, MBEDTLS_GCM_DECRYPT, step, data, other);
			assert_memory_equal(data, plain, MESSAGE);
			assert_memory_equal(other, tag, TAG);
		}
		mbedtls_gcm_free(&gcm);
	}
}

static void what_was_touched_is_refused(void **state)
{
	unsigned char data[MESSAGE] = { 0 }, tag[TAG], plain[MESSAGE];
	const unsigned char zero[MESSAGE] = { 0 };
	mbedtls_gcm_context gcm;

	(void)state;
	key_set(&gcm, 256);
	assert_int_equal(mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, MESSAGE, nonce,
						   sizeof(nonce), NULL, 0, data, data, TAG, tag),
			 0);
	data[MESSAGE - 1] ^= 1;
	assert_int_equal(mbedtls_gcm_auth_decrypt(&gcm, MESSAGE, nonce, sizeof(nonce), NULL, 0, tag,
						  TAG, data, plain),
			 MBEDTLS_ERR_GCM_AUTH_FAILED);
	assert_memory_equal(plain, zero, MESSAGE);
	data[MESSAGE - 1] ^= 1;
	assert_int_equal(mbedtls_gcm_auth_decrypt(&gcm, MESSAGE, nonce, sizeof(nonce), NULL, 0, tag,
						  TAG, data, plain),
			 0);
	mbedtls_gcm_free(&gcm);
}

static void wrong_calls_are_refused(void **state)
{
	unsigned char data[4] = { 0 };
	mbedtls_gcm_context gcm;
	size_t done;

	(void)state;
	mbedtls_gcm_init(&gcm);
	assert_int_not_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, nonce, 12), 0);
	assert_int_not_equal(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, data, 32), 0);
	key_set(&gcm, 128);
	assert_int_equal(mbedtls_gcm_starts(&gcm, MBEDTLS_GCM_ENCRYPT, nonce, 12), 0);
	assert_int_equal(mbedtls_gcm_update(&gcm, data, 4, data, 3, &done),
			 MBEDTLS_ERR_GCM_BUFFER_TOO_SMALL);
	assert_int_equal(mbedtls_gcm_update(&gcm, data, 4, data, 4, &done), 0);
	assert_int_not_equal(mbedtls_gcm_update_ad(&gcm, data, 4), 0);
	assert_int_not_equal(mbedtls_gcm_finish(&gcm, NULL, 0, &done, data, 17), 0);
	mbedtls_gcm_free(&gcm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(pieces_give_what_the_whole_gives),
		cmocka_unit_test(what_was_touched_is_refused),
		cmocka_unit_test(wrong_calls_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
