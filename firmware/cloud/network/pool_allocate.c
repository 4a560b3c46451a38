/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts subnets from subnet pools. */
#include <inttypes.h>
#include <string.h>

#include "firmware/cloud/network/subnetpools.h"

#define REFUSE(error, ...)                                                                         \
	error_fault(error, -EINVAL, 400, "BadRequest", "Bad subnets request: " __VA_ARGS__)

int pool_taken(struct change *change, const char *pool_id, struct prefixes *set,
	       struct error *error)
{
	struct network_ports subnets;
	int result = resource_range(change->view, change->request->arena, &resource_subnet, "pool",
				    pool_id, &subnets, error);

	*set = (struct prefixes){ NULL, 0 };
	if (result)
		return result;
	set->items = arena_alloc(change->request->arena, subnets.count * sizeof(*set->items) + 1);
	for (size_t i = 0; set->items && i < subnets.count; i++)
		if (ip_prefix_parse(json_string(subnets.items[i], "cidr"), &set->items[set->count]))
			set->count++;
	return set->items ? 0 : error_set(error, -ENOMEM, "out of memory");
}

/* --- which pool --- */

static int find_default(struct change *change, yyjson_mut_val *subnet, const char **id,
			struct error *error)
{
	int64_t version = yyjson_mut_get_sint(yyjson_mut_obj_get(subnet, "ip_version"));
	yyjson_val *pool;
	int result;

	if (!yyjson_mut_get_bool(yyjson_mut_obj_get(subnet, "use_default_subnetpool")))
		return 0;
	if (*id)
		return REFUSE(error, "subnetpool_id and use_default_subnetpool cannot both be "
				     "specified.");
	result = pool_standard(change, version, &pool, error);
	if (!result && !pool)
		return REFUSE(error, "No default subnetpool found for IPv%" PRId64 ".", version);
	*id = result ? NULL : json_string(pool, "id");
	return result;
}

static bool same_scope(struct change *change, const char *pool_id, const char *other_id)
{
	struct arena *arena = change->request->arena;
	const char *scope = scope_of_pool(change->view, arena, pool_id);
	const char *other = scope_of_pool(change->view, arena, other_id);

	return scope && other && !strcmp(scope, other);
}

/* Subnets of one network and version come from one pool, one address scope, or none. */
static int refuse_mixture(struct change *change, yyjson_mut_val *subnet, const char *pool_id,
			  struct error *error)
{
	int64_t version = yyjson_mut_get_sint(yyjson_mut_obj_get(subnet, "ip_version"));
	struct network_ports subnets;
	int result = resource_range(change->view, change->request->arena, &resource_subnet,
				    "network", json_member(subnet, "network_id"), &subnets, error);

	for (size_t i = 0; !result && i < subnets.count; i++) {
		const char *other = json_string(subnets.items[i], "subnetpool_id");

		if (json_integer(subnets.items[i], "ip_version", 0) == version &&
		    strcmp(other ? other : "", pool_id ? pool_id : "") &&
		    !same_scope(change, pool_id, other))
			return error_fault(error, -EINVAL, 400, "NetworkSubnetPoolAffinityError",
					   "Subnets hosted on the same network must be allocated "
					   "from the same subnet pool.");
	}
	return result;
}

/* --- how much of it --- */

static int check_length(yyjson_val *pool, int64_t length, struct error *error)
{
	int64_t least = json_integer(pool, "min_prefixlen", 0);
	int64_t most = json_integer(pool, "max_prefixlen", 128);

	if (length > most)
		return error_fault(error, -EINVAL, 400, "MaxPrefixSubnetAllocationError",
				   "Unable to allocate subnet with prefix length %" PRId64
				   ", maximum allowed prefix is %" PRId64 ".",
				   length, most);
	if (length < least)
		return error_fault(error, -EINVAL, 400, "MinPrefixSubnetAllocationError",
				   "Unable to allocate subnet with prefix length %" PRId64
				   ", minimum allowed prefix is %" PRId64 ".",
				   length, least);
	return 0;
}

/* IPv4 is counted in addresses, IPv6 in /64. */
static double units(int64_t version, unsigned length)
{
	int power = (version == 4 ? 32 : 64) - (int)length;

	return power >= 0 ? (double)(UINT64_C(1) << (power < 63 ? power : 63))
			  : 1.0 / (double)(UINT64_C(1) << (-power < 63 ? -power : 63));
}

static int check_quota(yyjson_val *pool, const struct prefixes *taken, unsigned length,
		       struct error *error)
{
	int64_t version = json_integer(pool, "ip_version", 4);
	int64_t quota = json_integer(pool, "default_quota", 0);
	double used = units(version, length);

	for (size_t i = 0; i < taken->count; i++)
		used += units(version, taken->items[i].length);
	return quota && used > (double)quota
		       ? error_fault(error, -EDQUOT, 409, "SubnetPoolQuotaExceeded",
				     "Per-tenant subnet pool prefix quota exceeded.")
		       : 0;
}

static int refuse_full(struct error *error, const char *reason)
{
	return error_fault(error, -ENOSPC, 409, "SubnetAllocationError",
			   "Failed to allocate subnet: %s.", reason);
}

static int choose(struct change *change, yyjson_mut_val *subnet, yyjson_val *pool,
		  struct ip_prefix *chosen, struct error *error)
{
	const char *cidr = json_member(subnet, "cidr");
	yyjson_mut_val *given = yyjson_mut_obj_get(subnet, "prefixlen");
	int64_t length = yyjson_mut_is_int(given) ? yyjson_mut_get_sint(given)
						  : json_integer(pool, "default_prefixlen", 0);
	struct prefixes set, taken;
	int result = pool_prefixes(change->request, yyjson_obj_get(pool, "prefixes"), &set, error);

	if (!result && cidr && !ip_prefix_parse(cidr, chosen))
		return attribute_refuse(
			error, "Invalid input for cidr. Reason: '%s' is not a valid IP subnet.",
			cidr);
	if (!result)
		result = check_length(pool, cidr ? chosen->length : length, error);
	if (!result)
		result = pool_taken(change, json_string(pool, "id"), &taken, error);
	if (!result)
		result = check_quota(pool, &taken, cidr ? chosen->length : (unsigned)length, error);
	if (result)
		return result;
	if (cidr)
		return prefixes_hold(&set, chosen) && !prefixes_overlap(&taken, chosen)
			       ? 0
			       : refuse_full(error, "Cannot allocate requested subnet from the "
						    "available set of prefixes");
	return prefixes_find(&set, &taken, (unsigned)length, chosen)
		       ? 0
		       : refuse_full(error, arena_printf(change->request->arena,
							 "Insufficient prefix space to allocate "
							 "subnet size /%" PRId64,
							 length));
}

static int cut(struct change *change, yyjson_mut_val *subnet, const char *pool_id,
	       struct error *error)
{
	struct ip_prefix chosen;
	char text[IP_CIDR_SIZE];
	yyjson_val *pool;
	int result = change_find(change, &resource_subnetpool, pool_id, &pool, error);

	if (result)
		return result;
	if (json_integer(pool, "ip_version", 0) !=
	    yyjson_mut_get_sint(yyjson_mut_obj_get(subnet, "ip_version")))
		return REFUSE(error, "Cannot allocate IPv%d subnet from IPv%d subnet pool %s.",
			      (int)yyjson_mut_get_sint(yyjson_mut_obj_get(subnet, "ip_version")),
			      (int)json_integer(pool, "ip_version", 0), pool_id);
	result = choose(change, subnet, pool, &chosen, error);
	if (result)
		return result;
	/* Two that cut at the same time meet here. */
	change_pin(change, &resource_subnetpool, pool);
	ip_prefix_format(&chosen, text);
	json_set_string(change->doc, subnet, "cidr", text);
	json_set_string(change->doc, subnet, "subnetpool_id", pool_id);
	return 0;
}

int pool_allocate(struct change *change, yyjson_mut_val *subnet, struct error *error)
{
	const char *id = json_member(subnet, "subnetpool_id");
	bool both = json_member(subnet, "cidr") &&
		    yyjson_mut_is_int(yyjson_mut_obj_get(subnet, "prefixlen"));
	int result = both ? REFUSE(error, "cidr and prefixlen must not be supplied together.") : 0;

	if (!result && id && !strcmp(id, "prefix_delegation"))
		return error_fault(error, -ENOSYS, 501, "NotImplemented",
				   "Prefix delegation is not implemented.");
	if (!result)
		result = find_default(change, subnet, &id, error);
	if (!result)
		result = refuse_mixture(change, subnet, id, error);
	if (!result && id)
		result = cut(change, subnet, id, error);
	yyjson_mut_obj_remove_key(subnet, "use_default_subnetpool");
	yyjson_mut_obj_remove_key(subnet, "prefixlen");
	return result;
}
