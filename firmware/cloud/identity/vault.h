/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets at rest that have to be readable again (EC2 keys, TOTP seeds): AES-256-GCM under a key of
 * their own, /identity/vault/key, which stays when the keys of tokens change. What is sealed is
 * bound to the name of its record: it opens nowhere else.
 *
 *	text    base64url of 12 bytes nonce, ciphertext, 16 bytes tag
 */
#ifndef CUMULET_IDENTITY_VAULT_H
#define CUMULET_IDENTITY_VAULT_H

#include "firmware/cloud/store/store.h"

#define VAULT_KEY_SIZE 32

struct vault {
	unsigned char key[VAULT_KEY_SIZE];
};

/* Reads the key, and makes it when there is none. */
int vault_load(struct vault *vault, struct store *store, struct error *error);
/* In the arena; NULL when memory is out, or (opening) when it was not sealed for this name. */
const char *vault_seal(const struct vault *vault, struct arena *arena, const char *name,
		       const char *secret);
const char *vault_open(const struct vault *vault, struct arena *arena, const char *name,
		       const char *sealed);

#endif
