/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passwords of users: /identity/password/<user id>
 *
 *	{"hashes": [newest, ...], "created_at": seconds[, "expires_at": seconds], "self": bool}
 *
 * As many hashes are kept as must differ (security.h); "self": the user chose it, no admin.
 */
#ifndef CUMULET_IDENTITY_USER_PASSWORD_H
#define CUMULET_IDENTITY_USER_PASSWORD_H

#include "firmware/cloud/identity/internal.h"

/* Puts a new password for the user, whose record has its options; it must satisfy the rules. */
int user_password_put(struct request *request, struct store_txn *txn, yyjson_mut_val *user,
		      const char *password, bool self, struct error *error);
/* Raises the record's epoch: tokens that are out are void. */
void user_revoke_tokens(yyjson_mut_doc *doc, yyjson_mut_val *user);

#endif
