/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keystone's refusals, in its own words. Each fills the error and returns its negative errno. */
#ifndef CUMULET_IDENTITY_REFUSAL_H
#define CUMULET_IDENTITY_REFUSAL_H

#include <stddef.h>

#include "firmware/lib/error.h"

int refuse_unauthorized(struct error *error);
/* "You are not authorized to perform the requested action: <action>." */
int refuse_forbidden(struct error *error, const char *action);
/* "You are not authorized to perform the requested action." */
int refuse_denied(struct error *error);
/* "Could not find user: <id>." */
int refuse_not_found(struct error *error, const char *what, const char *id);
/* "Expecting to find <attribute> in <target>. ..." */
int refuse_expecting(struct error *error, const char *attribute, const char *target);
/* "Conflict occurred attempting to store <what> - <details>." */
int refuse_conflict(struct error *error, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "String length exceeded. ...": Keystone's columns are as wide as this. */
int refuse_length(struct error *error, const char *text, const char *column, size_t most);
int refuse_not_implemented(struct error *error);
/* What a lookup gave: -ENOENT becomes 'not found', the rest passes. */
int refuse_lookup(int result, struct error *error, const char *what, const char *id);

#endif
