/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a network is: a VXLAN number, or a physical network of the board, untagged or with a VLAN.
 * Each is given once; /network/segment/<physical network>/<vlan, 0 for untagged> says to whom.
 */
#ifndef CUMULET_NETWORK_SEGMENTS_H
#define CUMULET_NETWORK_SEGMENTS_H

#include "firmware/cloud/network/resource.h"

/* Settles the provider attributes of a network in the making, in Neutron's words. */
int segment_take(struct change *change, yyjson_mut_val *network, struct error *error);
void segment_release(struct change *change, yyjson_val *network);

#endif
