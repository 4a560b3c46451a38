/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access rules: what tokens of an application credential may ask for. A rule belongs to a user,
 * and several of its credentials may name it; each holds a copy.
 *
 *	/identity/access_rule/<id>   user_id, service, method, path
 */
#ifndef CUMULET_IDENTITY_ACCESS_RULES_H
#define CUMULET_IDENTITY_ACCESS_RULES_H

#include "firmware/cloud/identity/kind.h"

/* The rules of the body's credential, found by id or by what they say, or made; into the record. */
int access_rules_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
			yyjson_mut_val *credential, struct error *error);
/* Those of a credential as the HTTP server checks them; NULL: none. */
const struct access_rule *access_rules_of(struct arena *arena, yyjson_val *credential);
/* 0, or Keystone's refusal of a token that acts for somebody else. */
int access_rules_delegate_check(const struct request *request, struct error *error);

#endif
