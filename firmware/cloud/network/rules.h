/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What security groups need of their rules. */
#ifndef CUMULET_NETWORK_RULES_H
#define CUMULET_NETWORK_RULES_H

#include "firmware/cloud/network/resource.h"

/* The attributes of conditions, by which a rule tells packets apart, */
#define RULE_CONDITIONS                                                                                          \
	{ "direction",                                                                                           \
	  ATTRIBUTE_CHOICE,                                                                                      \
	  ATTRIBUTE_POST | ATTRIBUTE_REQUIRED,                                                                   \
	  NULL,                                                                                                  \
	  0,                                                                                                     \
	  0,                                                                                                     \
	  rule_directions,                                                                                       \
	  NULL },                                                                                                \
		{ "ethertype", ATTRIBUTE_STRING, ATTRIBUTE_POST, "\"IPv4\"", 0, 8, NULL, NULL },                 \
		{ "protocol", ATTRIBUTE_ANY, ATTRIBUTE_POST, "null", 0, 0, NULL, NULL },                         \
		{ "port_range_min",                                                                              \
		  ATTRIBUTE_INTEGER,                                                                             \
		  ATTRIBUTE_POST | ATTRIBUTE_NULL,                                                               \
		  "null",                                                                                        \
		  INT64_MIN,                                                                                     \
		  INT64_MAX,                                                                                     \
		  NULL,                                                                                          \
		  rule_port_check },                                                                             \
		{ "port_range_max",                                                                              \
		  ATTRIBUTE_INTEGER,                                                                             \
		  ATTRIBUTE_POST | ATTRIBUTE_NULL,                                                               \
		  "null",                                                                                        \
		  INT64_MIN,                                                                                     \
		  INT64_MAX,                                                                                     \
		  NULL,                                                                                          \
		  rule_port_check },                                                                             \
		{ "remote_ip_prefix",                                                                            \
		  ATTRIBUTE_STRING,                                                                              \
		  ATTRIBUTE_POST | ATTRIBUTE_NULL,                                                               \
		  "null",                                                                                        \
		  0,                                                                                             \
		  64,                                                                                            \
		  NULL,                                                                                          \
		  NULL }, /* As in Neutron any text: what names no group is not found, rather than malformed. */ \
		{ "remote_group_id",                                                                             \
		  ATTRIBUTE_STRING,                                                                              \
		  ATTRIBUTE_POST | ATTRIBUTE_NULL,                                                               \
		  "null",                                                                                        \
		  0,                                                                                             \
		  255,                                                                                           \
		  NULL,                                                                                          \
		  NULL },                                                                                        \
	{                                                                                                        \
		"remote_address_group_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_NULL,                      \
			"null", 0, 0, NULL, NULL                                                                 \
	}
extern const char *const rule_directions[];
int rule_port_check(const struct attribute *attribute, yyjson_val *value, struct error *error);
/* The names of all of them, and of what is made of them; ends with NULL. */
extern const char *const rule_conditions[];
/* Puts a whole rule of a group in the making. */
int rule_put(struct change *change, yyjson_mut_val *object, struct error *error);
/* The members by which a rule tells packets apart: checked, and brought to one form. */
int rule_conditions_settle(struct change *change, yyjson_mut_val *object, struct error *error);
/* They are the same in both. */
bool rule_same(yyjson_val *one, yyjson_val *other);
yyjson_mut_val *rule_view(yyjson_mut_doc *doc, yyjson_val *record);
/* The IP protocol number of a rule's protocol (name or number), -1 for any, -2 when unknown. */
int rule_protocol_number(const char *protocol);

#endif
