/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VXLAN network identifiers (RFC 7348), each given to one network. */
#ifndef CUMULET_NETWORK_VNI_H
#define CUMULET_NETWORK_VNI_H

#include "firmware/cloud/network/resource.h"

#define VNI_FIRST 1
#define VNI_LAST 16777215

/* Takes *vni, or the lowest free one when it is 0, for a network. 409 when it is taken. */
int vni_take(struct change *change, const char *network_id, int64_t *vni, struct error *error);
/* 503, as Neutron says it. */
int vni_none_left(struct error *error);
void vni_release(struct change *change, int64_t vni); /* 0: nothing */

#endif
