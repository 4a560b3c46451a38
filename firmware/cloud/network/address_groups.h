/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address groups: networks that rules of security groups name together. */
#ifndef CUMULET_NETWORK_ADDRESS_GROUPS_H
#define CUMULET_NETWORK_ADDRESS_GROUPS_H

#include "firmware/cloud/network/resource.h"

/* A rule that names one is made or goes: a key for each keeps the group from going meanwhile. */
int address_group_join(struct change *change, yyjson_mut_val *rule, struct error *error);
void address_group_leave(struct change *change, yyjson_val *rule);

extern const struct service_part address_group_part;

#endif
