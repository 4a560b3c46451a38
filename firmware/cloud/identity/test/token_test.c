/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/identity/base64url.h"
#include "firmware/cloud/identity/token.h"

static const struct token_key key = { .number = 7, .bytes = { 1, 2, 3 } };

static struct token_claims usual_claims(void)
{
	return (struct token_claims){ .methods = METHOD_PASSWORD | METHOD_TOKEN,
				      .scope = SCOPE_PROJECT,
				      .epoch = 3,
				      .issued = 1763800000,
				      .expires = 1763803600,
				      .audit = { 9, 8, 7 },
				      .parent = { 1, 1, 1 },
				      .has_parent = true,
				      .user_id = "0123456789abcdef0123456789abcdef",
				      .scope_id = "fedcba98765432100123456789abcdef" };
}

static void sealed_claims_come_back(void **state)
{
	struct token_claims claims = usual_claims(), back;
	char text[TOKEN_TEXT_MAX];

	(void)state;
	assert_int_equal(token_seal(&key, &claims, text, NULL), 0);
	assert_true(strlen(text) < 255);
	assert_int_equal(token_unseal(&key, 1, text, &back, NULL), 0);
	assert_memory_equal(&claims, &back, sizeof(claims));
}

/* Everything that a token of the box can say: all of its ids are such. */
static void the_fullest_token_is_bounded(void **state)
{
	struct token_claims claims = usual_claims();
	char text[TOKEN_TEXT_MAX];

	(void)state;
	claims.methods = (1U << METHOD_COUNT) - 1;
	claims.epoch = UINT32_MAX;
	claims.issued = claims.expires = UINT64_MAX;
	strcpy(claims.credential_id, claims.user_id);
	strcpy(claims.trust_id, claims.user_id);
	assert_int_equal(token_seal(&key, &claims, text, NULL), 0);
	assert_true(strlen(text) <= TOKEN_TEXT_USUAL);
}

static void ids_that_are_no_uuids_fit(void **state)
{
	struct token_claims claims = usual_claims(), back;
	char text[TOKEN_TEXT_MAX];

	(void)state;
	strcpy(claims.scope_id, "default");
	memset(claims.user_id, 'u', TOKEN_ID_SIZE - 1);
	memset(claims.credential_id, 'c', TOKEN_ID_SIZE - 1);
	assert_int_equal(token_seal(&key, &claims, text, NULL), 0);
	assert_int_equal(token_unseal(&key, 1, text, &back, NULL), 0);
	assert_string_equal(back.scope_id, "default");
	assert_string_equal(back.user_id, claims.user_id);
	assert_string_equal(back.credential_id, claims.credential_id);
}

static void two_tokens_of_the_same_claims_differ(void **state)
{
	struct token_claims claims = usual_claims();
	char one[TOKEN_TEXT_MAX], other[TOKEN_TEXT_MAX];

	(void)state;
	token_seal(&key, &claims, one, NULL);
	token_seal(&key, &claims, other, NULL);
	assert_string_not_equal(one, other);
}

/* Whatever single character is changed, cut off or added. */
static void a_changed_token_is_refused(void **state)
{
	struct token_claims claims = usual_claims(), back;
	char text[TOKEN_TEXT_MAX], changed[TOKEN_TEXT_MAX + 1];
	size_t length;

	(void)state;
	token_seal(&key, &claims, text, NULL);
	length = strlen(text);
	for (size_t i = 0; i < length; i++) {
		strcpy(changed, text);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_int_equal(token_unseal(&key, 1, changed, &back, NULL), -EPERM);
		strcpy(changed, text);
		changed[i] = '\0';
		assert_int_equal(token_unseal(&key, 1, changed, &back, NULL), -EPERM);
	}
	snprintf(changed, sizeof(changed), "%sA", text);
	assert_int_equal(token_unseal(&key, 1, changed, &back, NULL), -EPERM);
}

static void a_token_of_another_key_is_refused(void **state)
{
	struct token_key same_number = key, other_number = key;
	struct token_claims claims = usual_claims(), back;
	char text[TOKEN_TEXT_MAX];

	(void)state;
	same_number.bytes[31] ^= 1;
	other_number.number = 8;
	token_seal(&key, &claims, text, NULL);
	assert_int_equal(token_unseal(&same_number, 1, text, &back, NULL), -EPERM);
	assert_int_equal(token_unseal(&other_number, 1, text, &back, NULL), -EPERM);
	assert_int_equal(token_unseal(NULL, 0, text, &back, NULL), -EPERM);
}

static void an_older_key_still_opens(void **state)
{
	struct token_key keys[2] = { { .number = 8, .bytes = { 5 } }, key };
	struct token_claims claims = usual_claims(), back;
	char text[TOKEN_TEXT_MAX];

	(void)state;
	token_seal(&key, &claims, text, NULL);
	assert_int_equal(token_unseal(keys, 2, text, &back, NULL), 0);
}

static void base64url_has_one_spelling(void **state)
{
	unsigned char bytes[4];

	(void)state;
	assert_int_equal(base64url_decode("_-8", bytes, sizeof(bytes)), 2);
	assert_int_equal(bytes[0], 0xff);
	assert_int_equal(bytes[1], 0xef);
	assert_int_equal(base64url_decode("_-9", bytes, sizeof(bytes)),
			 -EINVAL); /* left-over bits */
	assert_int_equal(base64url_decode("A", bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64url_decode("AA=", bytes, sizeof(bytes)), -EINVAL);
	assert_int_equal(base64url_decode("AAAAAAAAAA", bytes, sizeof(bytes)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_claims_come_back),
		cmocka_unit_test(the_fullest_token_is_bounded),
		cmocka_unit_test(ids_that_are_no_uuids_fit),
		cmocka_unit_test(two_tokens_of_the_same_claims_differ),
		cmocka_unit_test(a_changed_token_is_refused),
		cmocka_unit_test(a_token_of_another_key_is_refused),
		cmocka_unit_test(an_older_key_still_opens),
		cmocka_unit_test(base64url_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
