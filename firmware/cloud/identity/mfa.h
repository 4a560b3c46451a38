/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several factors. A user's option multi_factor_auth_rules lists sets of methods, any of which
 * suffices. Who has shown less gets a receipt, good for five minutes, that stands for what was
 * shown when it comes back with the rest. A receipt is sealed like a token, and is none.
 */
#ifndef CUMULET_IDENTITY_MFA_H
#define CUMULET_IDENTITY_MFA_H

#include "firmware/cloud/identity/auth.h"

#define RECEIPT_LIFE 300 /* seconds */
#define RECEIPT_HEADER "Openstack-Auth-Receipt"

/* Adds the methods of the receipt that came along; 401 when it does not hold for this user. */
int mfa_receipt_take(struct auth *auth, struct error *error);
/* Whether the methods that were shown suffice for the user. */
bool mfa_suffices(unsigned methods, yyjson_val *user);
/* 401, with a receipt. */
int mfa_receipt_reply(struct auth *auth, yyjson_val *user, struct error *error);

#endif
