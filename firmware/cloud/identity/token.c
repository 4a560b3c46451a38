/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/token.h"

#include <mbedtls/gcm.h>
#include <string.h>

#include "firmware/cloud/identity/base64url.h"
#include "firmware/lib/uuid.h"

#define VERSION 1
#define HEAD_SIZE 5 /* version and key number: authenticated, not encrypted */
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define PLAIN_MAX (1 + 1 + 4 + 8 + 8 + 2 * TOKEN_AUDIT_SIZE + 1 + 5 * TOKEN_ID_SIZE)
#define BINARY_MAX (HEAD_SIZE + NONCE_SIZE + PLAIN_MAX + TAG_SIZE)
#define PACKED_ID 0x90

_Static_assert(BASE64URL_SIZE(BINARY_MAX) <= TOKEN_TEXT_MAX, "the longest token must fit");

const char *const token_method_names[METHOD_COUNT] = {
	"password", "token", "application_credential", "totp", "ec2credential", "oauth1"
};

unsigned token_method_by_name(const char *name)
{
	for (unsigned bit = 0; name && bit < METHOD_COUNT; bit++)
		if (!strcmp(name, token_method_names[bit]))
			return 1U << bit;
	return 0;
}

/* A cursor over bytes to write or to read; 'bad' once it would pass the end. */
struct cursor {
	unsigned char *data;
	size_t at, size;
	bool bad;
	unsigned char nowhere[TOKEN_ID_SIZE]; /* what a bad cursor gives: as long as any item */
};

static unsigned char *cursor_take(struct cursor *cursor, size_t count)
{
	if (cursor->bad || cursor->size - cursor->at < count) {
		cursor->bad = true;
		return cursor->nowhere;
	}
	cursor->at += count;
	return cursor->data + cursor->at - count;
}

static void put_integer(struct cursor *cursor, uint64_t value, size_t count)
{
	unsigned char *bytes = cursor_take(cursor, count);

	for (size_t i = 0; i < count; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_integer(struct cursor *cursor, size_t count)
{
	const unsigned char *bytes = cursor_take(cursor, count);
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool id_pack(const char *id, unsigned char packed[static 16])
{
	if (strlen(id) != 32)
		return false;
	for (size_t i = 0; i < 16; i++) {
		int high = hex_value(id[2 * i]), low = hex_value(id[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		packed[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static void put_id(struct cursor *cursor, const char *id)
{
	unsigned char packed[16];
	size_t length = strlen(id);

	if (id_pack(id, packed)) {
		put_integer(cursor, PACKED_ID, 1);
		memcpy(cursor_take(cursor, sizeof(packed)), packed, sizeof(packed));
		return;
	}
	if (length >= TOKEN_ID_SIZE) {
		cursor->bad = true;
		return;
	}
	put_integer(cursor, length, 1);
	memcpy(cursor_take(cursor, length), id, length);
}

static void get_id(struct cursor *cursor, char id[static TOKEN_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	size_t length = get_integer(cursor, 1);

	if (length == PACKED_ID) {
		const unsigned char *packed = cursor_take(cursor, 16);

		for (size_t i = 0; i < 16; i++) {
			id[2 * i] = digits[packed[i] >> 4];
			id[2 * i + 1] = digits[packed[i] & 15];
		}
		id[32] = '\0';
		return;
	}
	if (length >= TOKEN_ID_SIZE) {
		cursor->bad = true;
		length = 0;
	}
	memcpy(id, cursor_take(cursor, length), length);
	id[length] = '\0';
}

static size_t claims_encode(const struct token_claims *claims,
			    unsigned char plain[static PLAIN_MAX])
{
	struct cursor cursor = { .data = plain, .size = PLAIN_MAX };

	put_integer(&cursor, claims->methods, 1);
	put_integer(&cursor, claims->scope, 1);
	put_integer(&cursor, claims->epoch, 4);
	put_integer(&cursor, claims->issued, 8);
	put_integer(&cursor, claims->expires, 8);
	memcpy(cursor_take(&cursor, TOKEN_AUDIT_SIZE), claims->audit, TOKEN_AUDIT_SIZE);
	put_integer(&cursor, claims->has_parent, 1);
	if (claims->has_parent)
		memcpy(cursor_take(&cursor, TOKEN_AUDIT_SIZE), claims->parent, TOKEN_AUDIT_SIZE);
	put_id(&cursor, claims->user_id);
	put_id(&cursor, claims->scope_id);
	put_id(&cursor, claims->credential_id);
	if (claims->trust_id[0] || claims->access_id[0])
		put_id(&cursor, claims->trust_id);
	if (claims->access_id[0])
		put_id(&cursor, claims->access_id);
	return cursor.bad ? 0 : cursor.at;
}

/* The bytes are our own by now (the tag held), but a bug of an older version may have made them. */
static bool claims_decode(unsigned char *plain, size_t size, struct token_claims *claims)
{
	struct cursor cursor = { .data = plain, .size = size };

	memset(claims, 0, sizeof(*claims));
	claims->methods = (unsigned)get_integer(&cursor, 1);
	claims->scope = (enum token_scope)get_integer(&cursor, 1);
	claims->epoch = (uint32_t)get_integer(&cursor, 4);
	claims->issued = get_integer(&cursor, 8);
	claims->expires = get_integer(&cursor, 8);
	memcpy(claims->audit, cursor_take(&cursor, TOKEN_AUDIT_SIZE), TOKEN_AUDIT_SIZE);
	claims->has_parent = get_integer(&cursor, 1) == 1;
	if (claims->has_parent)
		memcpy(claims->parent, cursor_take(&cursor, TOKEN_AUDIT_SIZE), TOKEN_AUDIT_SIZE);
	get_id(&cursor, claims->user_id);
	get_id(&cursor, claims->scope_id);
	get_id(&cursor, claims->credential_id);
	if (cursor.at < size)
		get_id(&cursor, claims->trust_id);
	if (cursor.at < size)
		get_id(&cursor, claims->access_id);
	return !cursor.bad && cursor.at == size && claims->scope < SCOPE_COUNT;
}

static int seal(const struct token_key *key, unsigned char *binary, const unsigned char *plain,
		size_t size)
{
	unsigned char *nonce = binary + HEAD_SIZE, *cipher = nonce + NONCE_SIZE;
	mbedtls_gcm_context gcm;
	int result;

	random_bytes(nonce, NONCE_SIZE);
	mbedtls_gcm_init(&gcm);
	result = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key->bytes, TOKEN_KEY_SIZE * 8);
	if (!result)
		result = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, size, nonce,
						   NONCE_SIZE, binary, HEAD_SIZE, plain, cipher,
						   TAG_SIZE, cipher + size);
	mbedtls_gcm_free(&gcm);
	return result ? -EIO : 0;
}

static int unseal(const struct token_key *key, const unsigned char *binary, size_t size,
		  unsigned char *plain)
{
	const unsigned char *nonce = binary + HEAD_SIZE, *cipher = nonce + NONCE_SIZE;
	mbedtls_gcm_context gcm;
	int result;

	mbedtls_gcm_init(&gcm);
	result = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key->bytes, TOKEN_KEY_SIZE * 8);
	if (!result)
		result = mbedtls_gcm_auth_decrypt(&gcm, size, nonce, NONCE_SIZE, binary, HEAD_SIZE,
						  cipher + size, TAG_SIZE, cipher, plain);
	mbedtls_gcm_free(&gcm);
	return result ? -EPERM : 0;
}

int token_seal(const struct token_key *key, const struct token_claims *claims,
	       char text[static TOKEN_TEXT_MAX], struct error *error)
{
	unsigned char plain[PLAIN_MAX], binary[BINARY_MAX];
	struct cursor head = { .data = binary, .size = HEAD_SIZE };
	size_t size = claims_encode(claims, plain);

	if (!size)
		return error_set(error, -EINVAL, "an id does not fit into a token");
	put_integer(&head, VERSION, 1);
	put_integer(&head, key->number, 4);
	if (seal(key, binary, plain, size) < 0)
		return error_set(error, -EIO, "token can't be sealed");
	base64url_encode(binary, HEAD_SIZE + NONCE_SIZE + size + TAG_SIZE, text);
	return 0;
}

static const struct token_key *key_by_number(const struct token_key *keys, size_t count,
					     uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].number == number)
			return &keys[i];
	return NULL;
}

int token_unseal(const struct token_key *keys, size_t count, const char *text,
		 struct token_claims *claims, struct error *error)
{
	unsigned char binary[BINARY_MAX], plain[PLAIN_MAX];
	struct cursor head = { .data = binary, .size = HEAD_SIZE };
	ssize_t length = base64url_decode(text, binary, sizeof(binary));
	const struct token_key *key;
	size_t size;

	if (length <= HEAD_SIZE + NONCE_SIZE + TAG_SIZE)
		return error_set(error, -EPERM, "not a token");
	size = (size_t)length - HEAD_SIZE - NONCE_SIZE - TAG_SIZE;
	if (get_integer(&head, 1) != VERSION)
		return error_set(error, -EPERM, "token of an unknown version");
	key = key_by_number(keys, count, (uint32_t)get_integer(&head, 4));
	if (!key)
		return error_set(error, -EPERM, "token of an unknown key");
	if (unseal(key, binary, size, plain) < 0)
		return error_set(error, -EPERM, "forged token");
	if (!claims_decode(plain, size, claims))
		return error_set(error, -EPERM, "token with bad content");
	return 0;
}

void token_audit_text(const unsigned char audit[static TOKEN_AUDIT_SIZE],
		      char text[static TOKEN_AUDIT_TEXT_SIZE])
{
	base64url_encode(audit, TOKEN_AUDIT_SIZE, text);
}
