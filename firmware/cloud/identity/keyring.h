/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys that seal tokens: records /identity/key/<number>, made at first boot. The newest seals;
 * the one before it still opens, so that a change of keys ends no session. Keys change with age,
 * when a token is asked for: an idle box writes nothing.
 */
#ifndef CUMULET_IDENTITY_KEYRING_H
#define CUMULET_IDENTITY_KEYRING_H

#include <pthread.h>

#include "firmware/cloud/identity/token.h"
#include "firmware/cloud/store/store.h"

#define KEYRING_AGE (30 * 24 * 3600) /* seconds; far longer than a token lives */
#define KEYRING_KEYS 2

struct keyring {
	pthread_mutex_t lock;
	struct token_key keys[KEYRING_KEYS]; /* newest first */
	size_t count;
};

#define KEYRING_INIT                                                                               \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* Reads the keys, and makes the first one when there is none. */
int keyring_load(struct keyring *keyring, struct store *store, uint64_t now, struct error *error);
/* The key to seal with; changes keys first when the newest is too old, or by more than a key's age
 * from the future. If the change can't be written, the old key goes on. */
struct token_key keyring_newest(struct keyring *keyring, struct store *store, uint64_t now);
/* All keys, newest first; returns how many. */
size_t keyring_copy(struct keyring *keyring, struct token_key keys[static KEYRING_KEYS]);

#endif
