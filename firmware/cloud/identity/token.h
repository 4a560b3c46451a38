/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tokens: what a token says, sealed with AES-256-GCM, so that it needs no record of its own.
 *
 *	text    base64url, without padding, of
 *	binary  u8 version, u32 key number, 12 bytes nonce, ciphertext, 16 bytes tag
 *	plain   u8 methods, u8 scope, u32 epoch, u64 issued, u64 expires, 16 bytes audit id,
 *	        u8 has parent [16 bytes parent], then the ids of user, scope, credential, trust
 *	        and access token; of the last two, those that are empty at the end are left out
 *
 * Integers are little-endian. An id is a length byte and the text; one of 32 hexadecimal digits
 * is packed into 16 bytes (length byte 0x90). The usual project token has 164 characters, and none of the box has more than
 * 255, as with Keystone: its ids are packed ones, or shorter.
 *
 * 'epoch' is the sum of the counters in the records that the token hangs on: its user, project,
 * domains, trustor. A change of the password raises the user's, disabling a project or a domain
 * raises theirs, and with it goes every older token. Counters, not times, because the box's clock
 * may be wrong and set back; they only grow, so a sum tells as well as each of them would.
 */
#ifndef CUMULET_IDENTITY_TOKEN_H
#define CUMULET_IDENTITY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/lib/error.h"

#define TOKEN_KEY_SIZE 32
#define TOKEN_AUDIT_SIZE 16
#define TOKEN_TEXT_MAX 600   /* with NUL; five ids of 64 unpacked characters fit */
#define TOKEN_TEXT_USUAL 255 /* what none exceeds whose ids the box made */
#define TOKEN_ID_SIZE 65     /* with NUL */
#define TOKEN_AUDIT_TEXT_SIZE 23

enum token_method {
	METHOD_PASSWORD = 1,
	METHOD_TOKEN = 2,
	METHOD_APPLICATION_CREDENTIAL = 4,
	METHOD_TOTP = 8,
	METHOD_EC2 = 16,
	METHOD_OAUTH1 = 32,
};

#define METHOD_COUNT 6

/* As clients name them, in the order of their bits. */
extern const char *const token_method_names[METHOD_COUNT];
/* Its bit; 0 for a name that is none, or NULL. */
unsigned token_method_by_name(const char *name);

enum token_scope {
	SCOPE_NONE,
	SCOPE_PROJECT,
	SCOPE_DOMAIN,
	SCOPE_SYSTEM,
	SCOPE_RECEIPT,
	SCOPE_COUNT
};

struct token_key {
	uint32_t number;
	uint64_t created; /* Unix seconds */
	unsigned char bytes[TOKEN_KEY_SIZE];
};

struct token_claims {
	unsigned methods; /* token_method bits */
	enum token_scope scope;
	uint32_t epoch;
	uint64_t issued, expires; /* Unix seconds */
	unsigned char audit[TOKEN_AUDIT_SIZE];
	unsigned char parent[TOKEN_AUDIT_SIZE]; /* of the token that this one was made from */
	bool has_parent;
	char user_id[TOKEN_ID_SIZE];
	char scope_id[TOKEN_ID_SIZE];      /* project or domain; "" for the others */
	char credential_id[TOKEN_ID_SIZE]; /* application credential; "": none */
	char trust_id[TOKEN_ID_SIZE];      /* "": none; the user is its trustee */
	char access_id[TOKEN_ID_SIZE];     /* access token of OAuth; "": none */
};

/* -EINVAL when an id is too long. */
int token_seal(const struct token_key *key, const struct token_claims *claims,
	       char text[static TOKEN_TEXT_MAX], struct error *error);
/* -EPERM for whatever was not sealed with one of these keys. Says nothing about expiry. */
int token_unseal(const struct token_key *keys, size_t count, const char *text,
		 struct token_claims *claims, struct error *error);
/* An audit id as clients see it: 22 characters of base64url. */
void token_audit_text(const unsigned char audit[static TOKEN_AUDIT_SIZE],
		      char text[static TOKEN_AUDIT_TEXT_SIZE]);

#endif
