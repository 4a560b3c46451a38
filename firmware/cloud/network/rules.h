/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What security groups need of their rules. */
#ifndef CUMULET_NETWORK_RULES_H
#define CUMULET_NETWORK_RULES_H

#include "firmware/cloud/network/resource.h"

struct rule_plan {
	const char *group_id, *project_id, *direction, *ethertype;
	const char *remote_group_id; /* NULL: anybody */
};

void rule_put(struct change *change, const struct rule_plan *plan);
yyjson_mut_val *rule_view(yyjson_mut_doc *doc, yyjson_val *record);
/* The IP protocol number of a rule's protocol (name or number), -1 for any, -2 when unknown. */
int rule_protocol_number(const char *protocol);

#endif
