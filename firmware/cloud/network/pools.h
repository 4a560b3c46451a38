/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation pools and gateways of a subnet: defaults and checks. */
#ifndef CUMULET_NETWORK_POOLS_H
#define CUMULET_NETWORK_POOLS_H

#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/resource.h"

/* The whole prefix but its network and broadcast addresses and the gateway (version 0: none). */
yyjson_mut_val *pools_standard(yyjson_mut_doc *doc, const struct ip_prefix *prefix,
			       const struct ip *gateway);
/* Checks shape, bounds, order, overlap and the gateway, with Neutron's refusals. */
int pools_check(yyjson_mut_val *pools, const struct ip_prefix *prefix, const struct ip *gateway,
		struct error *error);

#endif
