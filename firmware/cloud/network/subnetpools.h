/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subnet pools: prefixes of which subnets are cut; address scopes, within which pools don't overlap. */
#ifndef CUMULET_NETWORK_SUBNETPOOLS_H
#define CUMULET_NETWORK_SUBNETPOOLS_H

#include "firmware/cloud/network/prefixes.h"
#include "firmware/cloud/network/resource.h"

#define POOL_PREFIXES_MAX 256

/* The prefixes of a JSON list, in the request's memory, with room for POOL_PREFIXES_MAX. */
int pool_prefixes(struct request *request, yyjson_val *list, struct prefixes *set,
		  struct error *error);
/* Those of the subnets that were cut from the pool. */
int pool_taken(struct change *change, const char *pool_id, struct prefixes *set,
	       struct error *error);
/* Cuts a subnet's prefix from the pool that it names (or the default one): its 'cidr' is set. A
 * subnet that names none is left as it is. */
int pool_allocate(struct change *change, yyjson_mut_val *subnet, struct error *error);
/* The default pool of an IP version; NULL when there is none. */
int pool_standard(struct change *change, int64_t version, yyjson_val **pool, struct error *error);
/* 400, 409: a pool with these prefixes can't be in the scope. */
int scope_check(struct change *change, yyjson_mut_val *pool, const struct prefixes *set,
		struct error *error);
/* The address scope of a pool (NULL: none). */
const char *scope_of_pool(struct store_view *view, struct arena *arena, const char *pool_id);
/* PUT /v2.0/subnetpools/{id}/add_prefixes and remove_prefixes */
int pool_prefixes_add(struct request *request, struct error *error);
int pool_prefixes_remove(struct request *request, struct error *error);

#endif
