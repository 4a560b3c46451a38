/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identity's policy: Keystone's secure RBAC as it stands by default. Each rule says which scopes a
 * token may have for it, and names the personas that it lets pass; rules.c has the table.
 */
#ifndef CUMULET_IDENTITY_RULES_H
#define CUMULET_IDENTITY_RULES_H

#include "firmware/cloud/identity/internal.h"

/* 1: the caller may; 0: may not; -ENOENT: the table has no such rule; other negatives: the store
 * could not be read. What the rule is about is read from the route's parameters. */
int identity_decide(struct request *request, const char *rule);
/* 0, or Keystone's 403 for the rule. */
int identity_allow(struct request *request, const char *rule, struct error *error);

#endif
