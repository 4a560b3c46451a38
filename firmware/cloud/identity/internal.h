/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identity's own files share: its state in memory, and the steps that its handlers have in
 * common. */
#ifndef CUMULET_IDENTITY_INTERNAL_H
#define CUMULET_IDENTITY_INTERNAL_H

#include <stdatomic.h>

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/identity/keyring.h"
#include "firmware/cloud/identity/lockout.h"
#include "firmware/cloud/identity/passcodes.h"
#include "firmware/cloud/identity/principal.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/identity/vault.h"

#define TOKEN_LIFE 3600 /* seconds; Keystone's default */

/* No token lives longer than TOKEN_LIFE: one that ends long after that was made while the clock was
 * wrong, and would never end once it is right. */
static inline bool token_holds(uint64_t expires, uint64_t now)
{
	return expires > now && expires <= now + 2 * TOKEN_LIFE;
}

struct caller_cache;

struct identity {
	struct store *store;
	struct keyring keyring;
	struct vault vault;
	struct lockout lockout;
	struct passcodes passcodes;
	struct caller_cache *cache;
	/* Raised after each change below /identity/: what was worked out before is void. */
	_Atomic uint64_t generation;
	struct store_watch watch;
	atomic_bool first_password; /* its file is still there */
	struct cloud *cloud;
};

struct caller_cache *caller_cache_new(void);
void caller_cache_free(struct caller_cache *cache);

/* The principal behind a token, read afresh; -EPERM as identity_caller(). */
int principal_of_token(struct identity *identity, const struct reader *reader, const char *token,
		       struct principal **principal, struct error *error);

/* It showed up itself: by no method in which somebody acts for it. A trust's holder does that, too. */
bool caller_is_in_person(const struct caller *caller);

/* Commits and makes it known at once: when it returns, no cached token outlives the change. */
int identity_commit(struct request *request, struct store_txn *txn, struct error *error);
void identity_changed(struct identity *identity);

/* The records of first boot, or what a newer firmware adds to them; see bootstrap.h. */
int identity_bootstrap(struct identity *identity, struct error *error);
/* The password shown on the console until it was used or changed once. */
void first_password_forget(struct identity *identity);

#endif
