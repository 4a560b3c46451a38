/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of users (member "options"): what the rules about passwords and logins leave out for
 * one user, and how many factors the user needs. */
#ifndef CUMULET_IDENTITY_USER_OPTIONS_H
#define CUMULET_IDENTITY_USER_OPTIONS_H

#include "firmware/cloud/http/schema.h"
#include "firmware/cloud/identity/kind.h"

extern const struct schema schema_user_options;

/* Whether an option of a user's record is set to true. */
bool user_option(yyjson_val *user, const char *option);
/* The options of 'before' with those of the body over them; null takes one away. */
void user_options_merge(struct request *request, yyjson_mut_doc *doc, yyjson_val *before,
			yyjson_mut_val *after);

#endif
