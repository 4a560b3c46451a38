/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What security groups need of their rules. */
#ifndef CUMULET_NETWORK_RULES_H
#define CUMULET_NETWORK_RULES_H

#include "firmware/cloud/network/resource.h"

/* Puts a whole rule of a group in the making. */
int rule_put(struct change *change, yyjson_mut_val *object, struct error *error);
/* The members by which a rule tells packets apart: checked, and brought to one form. */
int rule_conditions_settle(struct change *change, yyjson_mut_val *object, struct error *error);
/* They are the same in both. */
bool rule_same(yyjson_val *one, yyjson_val *other);
int rule_port_check(const struct attribute *attribute, yyjson_val *value, struct error *error);
yyjson_mut_val *rule_view(yyjson_mut_doc *doc, yyjson_val *record);
/* The IP protocol number of a rule's protocol (name or number), -1 for any, -2 when unknown. */
int rule_protocol_number(const char *protocol);

#endif
