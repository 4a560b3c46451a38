/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The links over which the metadata services of the networks ask for what a guest may know. */
#ifndef CUMULET_NETWORK_METADATA_H
#define CUMULET_NETWORK_METADATA_H

#include "firmware/cloud/cloud.h"

/* Takes the descriptor of a NETD_SVC_LINK message: SVC_METADATA_GET on it is answered until the
 * service goes away. Loop's thread. */
void metadata_link_take(struct cloud *cloud, struct message *message);

/* How many services are there. Any thread. */
size_t metadata_link_count(void);

#endif
