/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that security groups begin with: those of projects' default groups, and those of all others.
 * An admin changes them; groups that are there keep theirs. A store begins with Neutron's own four.
 */
#ifndef CUMULET_NETWORK_DEFAULT_RULES_H
#define CUMULET_NETWORK_DEFAULT_RULES_H

#include "firmware/cloud/network/resource.h"

/* Puts Neutron's four unless that was done before; commits. */
int default_rules_found(struct cloud *cloud, struct arena *arena, struct error *error);
/* Puts the rules of a group in the making. */
int default_rules_apply(struct change *change, const char *group_id, const char *project_id,
			bool is_default, struct error *error);
/* How many that would be. */
int default_rules_count(struct change *change, bool is_default, int64_t *count,
			struct error *error);

extern const struct service_part default_rule_part;

#endif
