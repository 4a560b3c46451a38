/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a token to its caller. What a token was worked out to mean is remembered under the
 * generation of the records that it was worked out from, so a token that is seen again costs a
 * hash and a copy. The generation is read before the view is opened: whatever commits in between
 * leaves an entry that is void already.
 */
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/internal.h"
#include "firmware/lib/cleanup.h"

#define CACHE_ENTRIES 64
#define DIGEST_SIZE 32

struct cache_entry {
	unsigned char digest[DIGEST_SIZE];
	uint64_t generation; /* 0: free */
	struct caller caller;
	struct arena arena; /* of what 'caller' points to */
};

struct caller_cache {
	pthread_mutex_t lock;
	struct cache_entry entries[CACHE_ENTRIES];
};

struct caller_cache *caller_cache_new(void)
{
	struct caller_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void caller_cache_free(struct caller_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < CACHE_ENTRIES; i++)
		arena_free(&cache->entries[i].arena);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static const char *const *strings_copy(struct arena *arena, const char *const *strings)
{
	const char **copy;
	size_t count = 0;

	while (strings[count])
		count++;
	copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_strdup(arena, strings[i]);
	return copy;
}

static const struct access_rule *access_rules_copy(struct arena *arena,
						   const struct access_rule *rules)
{
	struct access_rule *copy;
	size_t count = 0;

	if (!rules)
		return NULL;
	while (rules[count].service)
		count++;
	copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i].service = arena_strdup(arena, rules[i].service);
		copy[i].method = arena_strdup(arena, rules[i].method);
		copy[i].path = arena_strdup(arena, rules[i].path);
	}
	return copy;
}

/* False when memory ran out. */
static bool caller_copy(struct arena *arena, struct caller *to, const struct caller *from)
{
	*to = *from;
	to->user_id = arena_strdup(arena, from->user_id);
	to->user_name = arena_strdup(arena, from->user_name);
	to->user_domain_id = arena_strdup(arena, from->user_domain_id);
	to->user_domain_name = arena_strdup(arena, from->user_domain_name);
	to->project_id = arena_strdup(arena, from->project_id);
	to->project_name = arena_strdup(arena, from->project_name);
	to->project_domain_id = arena_strdup(arena, from->project_domain_id);
	to->project_domain_name = arena_strdup(arena, from->project_domain_name);
	to->domain_id = arena_strdup(arena, from->domain_id);
	to->domain_name = arena_strdup(arena, from->domain_name);
	to->audit_id = arena_strdup(arena, from->audit_id);
	to->trust_id = arena_strdup(arena, from->trust_id);
	to->access_rules = access_rules_copy(arena, from->access_rules);
	to->roles = strings_copy(arena, from->roles);
	to->methods = strings_copy(arena, from->methods);
	return !arena->failed;
}

static struct cache_entry *cache_slot(struct caller_cache *cache, const unsigned char *digest)
{
	return &cache->entries[digest[0] % CACHE_ENTRIES];
}

static bool cache_find(struct identity *identity, struct arena *arena, const unsigned char *digest,
		       struct caller *caller)
{
	struct caller_cache *cache = identity->cache;
	struct cache_entry *entry = cache_slot(cache, digest);
	bool found;

	pthread_mutex_lock(&cache->lock);
	found = entry->generation == atomic_load(&identity->generation) &&
		!memcmp(entry->digest, digest, DIGEST_SIZE) &&
		token_holds(entry->caller.expires, instant_now()) &&
		caller_copy(arena, caller, &entry->caller);
	pthread_mutex_unlock(&cache->lock);
	return found;
}

static void cache_keep(struct caller_cache *cache, const unsigned char *digest, uint64_t generation,
		       const struct caller *caller)
{
	struct cache_entry *entry = cache_slot(cache, digest);

	pthread_mutex_lock(&cache->lock);
	arena_reset(&entry->arena);
	memcpy(entry->digest, digest, DIGEST_SIZE);
	entry->generation = caller_copy(&entry->arena, &entry->caller, caller) ? generation : 0;
	pthread_mutex_unlock(&cache->lock);
}

int principal_of_token(struct identity *identity, const struct reader *reader, const char *token,
		       struct principal **principal, struct error *error)
{
	struct token_key keys[KEYRING_KEYS];
	size_t count = keyring_copy(&identity->keyring, keys);
	struct principal *made = arena_alloc(reader->arena, sizeof(*made));
	int result;

	if (!made)
		return error_set(error, -ENOMEM, "no memory");
	result = token_unseal(keys, count, token, &made->claims, error);
	explicit_bzero(keys, sizeof(keys));
	if (result < 0)
		return result;
	if (made->claims.scope == SCOPE_RECEIPT)
		return error_set(error, -EPERM, "a receipt is no token");
	if (!token_holds(made->claims.expires, instant_now()))
		return error_set(error, -EPERM, "token has expired");
	result = principal_resolve(reader, made, error);
	*principal = made;
	return result;
}

bool caller_is_in_person(const struct caller *caller)
{
	static const char *const methods[] = { "password", "token", "totp", NULL };

	for (const char *const *method = caller->methods; method && *method; method++) {
		const char *const *known = methods;

		while (*known && strcmp(*known, *method) != 0)
			known++;
		if (!*known)
			return false;
	}
	return true;
}

static uint64_t earlier(uint64_t end, yyjson_val *record)
{
	const char *text = json_string(record, "expires_at");
	int64_t other = text ? instant_parse(text) : -1;

	return other >= 0 && (uint64_t)other < end ? (uint64_t)other : end;
}

/* An application credential or a trust that ends before its token ends the token. */
static uint64_t principal_end(const struct principal *principal)
{
	return earlier(earlier(principal->caller.expires, principal->credential), principal->trust);
}

static int caller_read(struct identity *identity, struct arena *arena, const char *token,
		       struct caller *caller, struct error *error)
{
	struct reader reader = { .arena = arena };
	struct principal *principal;
	int result = store_view_open(identity->store, &reader.view, error);

	if (result < 0)
		return result;
	result = principal_of_token(identity, &reader, token, &principal, error);
	store_view_close(reader.view);
	if (result < 0)
		return result;
	*caller = principal->caller;
	caller->expires = principal_end(principal);
	return 0;
}

int identity_caller(struct cloud *cloud, struct arena *arena, const char *token,
		    const struct caller **caller, struct error *error)
{
	struct identity *identity = cloud->identity;
	struct caller *made = arena_alloc(arena, sizeof(*made));
	unsigned char digest[DIGEST_SIZE];
	uint64_t generation = atomic_load(&identity->generation);
	int result;

	if (!made)
		return error_set(error, -ENOMEM, "no memory");
	*caller = made;
	mbedtls_sha256((const unsigned char *)token, strlen(token), digest, 0);
	if (cache_find(identity, arena, digest, made))
		return 0;
	result = caller_read(identity, arena, token, made, error);
	if (result == 0)
		cache_keep(identity->cache, digest, generation, made);
	return result;
}

void identity_changed(struct identity *identity)
{
	atomic_fetch_add(&identity->generation, 1);
}

int identity_commit(struct request *request, struct store_txn *txn, struct error *error)
{
	int result = request_commit(request, txn, error);

	identity_changed(request->cloud->identity);
	return result;
}
