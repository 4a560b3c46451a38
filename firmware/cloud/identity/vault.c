/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/vault.h"

#include <mbedtls/gcm.h>
#include <string.h>

#include "firmware/cloud/identity/base64url.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/lib/uuid.h"

#define KEY_NAME "/identity/vault/key"
#define NONCE_SIZE 12
#define TAG_SIZE 16

static int key_make(struct vault *vault, struct store *store, struct arena *arena,
		    struct error *error)
{
	struct store_txn *txn = store_txn_new(arena);
	char text[BASE64URL_SIZE(VAULT_KEY_SIZE)];

	random_bytes(vault->key, sizeof(vault->key));
	base64url_encode(vault->key, sizeof(vault->key), text);
	store_txn_compare(txn, KEY_NAME, 0);
	store_txn_put(txn, KEY_NAME, arena_printf(arena, "{\"key\":\"%s\"}", text));
	return store_commit(store, txn, NULL, error);
}

int vault_load(struct vault *vault, struct store *store, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	int result = store_view_open(store, &reader.view, error);
	yyjson_val *record;
	const char *text;

	if (result < 0)
		return result;
	result = record_get(&reader, &record, NULL, error, KEY_NAME);
	store_view_close(reader.view);
	if (result == -ENOENT)
		return key_make(vault, store, &arena, error);
	text = result == 0 ? json_string(record, "key") : NULL;
	if (result == 0 &&
	    (!text || base64url_decode(text, vault->key, VAULT_KEY_SIZE) != VAULT_KEY_SIZE))
		return error_set(error, -EIO, "the vault's key can't be read");
	return result;
}

static int gcm_begin(mbedtls_gcm_context *gcm, const struct vault *vault)
{
	mbedtls_gcm_init(gcm);
	return mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, vault->key, VAULT_KEY_SIZE * 8);
}

const char *vault_seal(const struct vault *vault, struct arena *arena, const char *name,
		       const char *secret)
{
	size_t size = strlen(secret), whole = NONCE_SIZE + size + TAG_SIZE;
	unsigned char *binary = arena_alloc(arena, whole);
	char *text = arena_alloc(arena, BASE64URL_SIZE(whole));
	mbedtls_gcm_context gcm;
	int result;

	if (!binary || !text)
		return NULL;
	random_bytes(binary, NONCE_SIZE);
	result = gcm_begin(&gcm, vault);
	if (!result)
		result = mbedtls_gcm_crypt_and_tag(
			&gcm, MBEDTLS_GCM_ENCRYPT, size, binary, NONCE_SIZE,
			(const unsigned char *)name, strlen(name), (const unsigned char *)secret,
			binary + NONCE_SIZE, TAG_SIZE, binary + NONCE_SIZE + size);
	mbedtls_gcm_free(&gcm);
	if (result)
		return NULL;
	base64url_encode(binary, whole, text);
	return text;
}

static int gcm_open(const struct vault *vault, const char *name, const unsigned char *binary,
		    size_t size, char *secret)
{
	mbedtls_gcm_context gcm;
	int result = gcm_begin(&gcm, vault);

	if (!result)
		result = mbedtls_gcm_auth_decrypt(&gcm, size, binary, NONCE_SIZE,
						  (const unsigned char *)name, strlen(name),
						  binary + NONCE_SIZE + size, TAG_SIZE,
						  binary + NONCE_SIZE, (unsigned char *)secret);
	mbedtls_gcm_free(&gcm);
	return result;
}

const char *vault_open(const struct vault *vault, struct arena *arena, const char *name,
		       const char *sealed)
{
	size_t most = sealed ? strlen(sealed) : 0;
	unsigned char *binary = arena_alloc(arena, most + 1);
	ssize_t whole = binary && sealed ? base64url_decode(sealed, binary, most) : -1;
	size_t size = (size_t)whole - NONCE_SIZE - TAG_SIZE;
	char *secret;

	if (whole < NONCE_SIZE + TAG_SIZE)
		return NULL;
	secret = arena_alloc(arena, size + 1);
	if (!secret || gcm_open(vault, name, binary, size, secret))
		return NULL;
	secret[size] = '\0';
	return secret;
}
