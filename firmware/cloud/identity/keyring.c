/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/keyring.h"

#include <stdio.h>
#include <string.h>

#include "firmware/cloud/identity/base64url.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

#define PREFIX "/identity/key/"

static void key_name(char name[static STORE_KEY_MAX], uint32_t number)
{
	snprintf(name, STORE_KEY_MAX, PREFIX "%010u", number);
}

static bool key_decode(yyjson_val *record, struct token_key *key)
{
	const char *text = json_string(record, "key");

	key->number = (uint32_t)json_integer(record, "number", 0);
	key->created = (uint64_t)json_integer(record, "created_at", 0);
	return text && base64url_decode(text, key->bytes, TOKEN_KEY_SIZE) == TOKEN_KEY_SIZE;
}

static const char *key_encode(struct arena *arena, const struct token_key *key)
{
	char text[BASE64URL_SIZE(TOKEN_KEY_SIZE)];

	base64url_encode(key->bytes, TOKEN_KEY_SIZE, text);
	return arena_printf(arena, "{\"number\":%u,\"created_at\":%llu,\"key\":\"%s\"}",
			    key->number, (unsigned long long)key->created, text);
}

/* The newest first; what falls off the end is forgotten. */
static void keyring_push(struct keyring *keyring, const struct token_key *key)
{
	memmove(keyring->keys + 1, keyring->keys, sizeof(*key) * (KEYRING_KEYS - 1));
	keyring->keys[0] = *key;
	if (keyring->count < KEYRING_KEYS)
		keyring->count++;
}

static int key_add(struct keyring *keyring, struct store *store, uint64_t now, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	struct token_key key = { .number = 1, .created = now };
	char name[STORE_KEY_MAX], oldest[STORE_KEY_MAX];
	int result;

	if (keyring->count)
		key.number = keyring->keys[0].number + 1;
	random_bytes(key.bytes, sizeof(key.bytes));
	key_name(name, key.number);
	store_txn_compare(txn, name, 0);
	store_txn_put(txn, name, key_encode(&arena, &key));
	if (keyring->count == KEYRING_KEYS) {
		key_name(oldest, keyring->keys[KEYRING_KEYS - 1].number);
		store_txn_delete(txn, oldest);
	}
	result = store_commit(store, txn, NULL, error);
	if (result < 0)
		return result;
	keyring_push(keyring, &key);
	return 0;
}

static int keyring_read(struct keyring *keyring, struct store *store, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct records records = { 0 };
	struct token_key key;
	int result = store_view_open(store, &reader.view, error);

	if (result < 0)
		return result;
	result = records_range(&reader, &records, error, PREFIX);
	store_view_close(reader.view);
	for (size_t i = 0; result == 0 && i < records.count; i++)
		if (key_decode(records.items[i].value, &key))
			keyring_push(keyring, &key);
	return result;
}

int keyring_load(struct keyring *keyring, struct store *store, uint64_t now, struct error *error)
{
	int result = keyring_read(keyring, store, error);

	if (result == 0 && keyring->count == 0)
		result = key_add(keyring, store, now, error);
	return result;
}

/* Older than a key may be; or far from now because the clock was wrong when it was made, or is now. */
static bool key_is_old(const struct token_key *key, uint64_t now)
{
	return now > key->created + KEYRING_AGE || key->created > now + KEYRING_AGE;
}

struct token_key keyring_newest(struct keyring *keyring, struct store *store, uint64_t now)
{
	struct error error = { 0 };
	struct token_key key;

	pthread_mutex_lock(&keyring->lock);
	if (key_is_old(&keyring->keys[0], now) && key_add(keyring, store, now, &error) < 0)
		log_warning("identity", "key not changed", "error=%s", log_quote(error.message));
	key = keyring->keys[0];
	pthread_mutex_unlock(&keyring->lock);
	return key;
}

size_t keyring_copy(struct keyring *keyring, struct token_key keys[static KEYRING_KEYS])
{
	size_t count;

	pthread_mutex_lock(&keyring->lock);
	count = keyring->count;
	memcpy(keys, keyring->keys, count * sizeof(*keys));
	pthread_mutex_unlock(&keyring->lock);
	return count;
}
