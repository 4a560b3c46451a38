/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passwords of users: /identity/password/<user id> {"hashes": [newest, ...]}. The last
 * PASSWORD_HISTORY are kept, so that a user who changes the own password has to choose a new one.
 */
#ifndef CUMULET_IDENTITY_USER_PASSWORD_H
#define CUMULET_IDENTITY_USER_PASSWORD_H

#include "firmware/cloud/identity/internal.h"

#define PASSWORD_HISTORY 2

/* Puts the new password's hash before those of 'history' (an array, NULL: none). */
int user_password_put(struct request *request, struct store_txn *txn, const char *user_id,
		      const char *password, yyjson_val *history, struct error *error);
/* Raises the record's epoch: tokens that are out are void. */
void user_revoke_tokens(yyjson_mut_doc *doc, yyjson_mut_val *user);

#endif
