/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/pools.h"

#include <stdio.h>

static void add_pool(yyjson_mut_doc *doc, yyjson_mut_val *pools, const struct ip *start,
		     const struct ip *end)
{
	char text[IP_SIZE];
	yyjson_mut_val *pool;

	if (ip_compare(start, end) > 0)
		return;
	pool = yyjson_mut_arr_add_obj(doc, pools);
	ip_format(start, text);
	json_set_string(doc, pool, "start", text);
	ip_format(end, text);
	json_set_string(doc, pool, "end", text);
}

/* A /31 and a /32 have no network and broadcast address (RFC 3021); the first address of an IPv6
 * prefix is all routers', its last one is like any other. */
static unsigned margin_of(const struct ip_prefix *prefix)
{
	return prefix->length >= (prefix->base.version == 4 ? 31 : 128) ? 0 : 1;
}

static void pools_bounds(const struct ip_prefix *prefix, struct ip *first, struct ip *last)
{
	unsigned margin = margin_of(prefix);

	*first = ip_add(prefix->base, margin);
	*last = ip_last(prefix);
	if (prefix->base.version == 4)
		*last = ip_add(*last, -(int64_t)margin);
}

yyjson_mut_val *pools_standard(yyjson_mut_doc *doc, const struct ip_prefix *prefix,
			       const struct ip *gateway)
{
	yyjson_mut_val *pools = yyjson_mut_arr(doc);
	struct ip first, last, before, after;

	pools_bounds(prefix, &first, &last);
	if (!gateway->version || ip_compare(gateway, &first) < 0 ||
	    ip_compare(gateway, &last) > 0) {
		add_pool(doc, pools, &first, &last);
		return pools;
	}
	before = ip_add(*gateway, -1);
	after = ip_add(*gateway, 1);
	add_pool(doc, pools, &first, &before);
	add_pool(doc, pools, &after, &last);
	return pools;
}

struct span {
	struct ip start, end;
	char text[2 * IP_SIZE + 2];
};

static int read_span(yyjson_mut_val *pool, struct span *span, struct error *error)
{
	const char *start = json_member(pool, "start"), *end = json_member(pool, "end");

	if (!yyjson_mut_is_obj(pool) || yyjson_mut_obj_size(pool) != 2 || !start || !end)
		return attribute_refuse(error, "Invalid input for allocation_pools. Reason: "
					       "Validation of dictionary's keys failed. Expected "
					       "keys: {'start', 'end'}.");
	if (!ip_parse(start, &span->start))
		return attribute_refuse(error,
					"Invalid input for allocation_pools. Reason: '%s' "
					"is not a valid IP address.",
					start);
	if (!ip_parse(end, &span->end))
		return attribute_refuse(error,
					"Invalid input for allocation_pools. Reason: '%s' "
					"is not a valid IP address.",
					end);
	snprintf(span->text, sizeof(span->text), "%.45s-%.45s", start, end);
	return 0;
}

static int check_span(const struct span *span, const struct ip_prefix *prefix,
		      const struct ip *gateway, struct error *error)
{
	char cidr[IP_CIDR_SIZE], address[IP_SIZE];
	struct ip first, last;

	ip_prefix_format(prefix, cidr);
	pools_bounds(prefix, &first, &last);
	if (span->start.version != prefix->base.version ||
	    span->end.version != span->start.version || ip_compare(&span->end, &span->start) < 0)
		return error_fault(error, -EINVAL, 400, "InvalidAllocationPool",
				   "The allocation pool %s is not valid.", span->text);
	if (ip_compare(&span->start, &first) < 0 || ip_compare(&span->end, &last) > 0)
		return error_fault(error, -EINVAL, 400, "OutOfBoundsAllocationPool",
				   "The allocation pool %s spans beyond the subnet cidr %s.",
				   span->text, cidr);
	ip_format(gateway, address);
	if (gateway->version && ip_compare(gateway, &span->start) >= 0 &&
	    ip_compare(gateway, &span->end) <= 0)
		return error_fault(error, -EEXIST, 409, "GatewayConflictWithAllocationPools",
				   "Gateway ip %s conflicts with allocation pool %s.", address,
				   span->text);
	return 0;
}

static int check_overlap(yyjson_mut_val *pools, size_t count, const struct span *span,
			 const struct ip_prefix *prefix, struct error *error)
{
	char cidr[IP_CIDR_SIZE];
	struct span other;

	ip_prefix_format(prefix, cidr);
	for (size_t i = 0; i < count; i++) {
		if (read_span(yyjson_mut_arr_get(pools, i), &other, error))
			continue;
		if (ip_compare(&other.start, &span->end) <= 0 &&
		    ip_compare(&span->start, &other.end) <= 0)
			return error_fault(error, -EEXIST, 409, "OverlappingAllocationPools",
					   "Found overlapping allocation pools: %s %s for subnet "
					   "%s.",
					   other.text, span->text, cidr);
	}
	return 0;
}

int pools_check(yyjson_mut_val *pools, const struct ip_prefix *prefix, const struct ip *gateway,
		struct error *error)
{
	yyjson_mut_val *pool;
	size_t index, count;
	struct span span;
	int result = 0;

	yyjson_mut_arr_foreach (pools, index, count, pool) {
		result = read_span(pool, &span, error);
		if (!result)
			result = check_span(&span, prefix, gateway, error);
		if (!result)
			result = check_overlap(pools, index, &span, prefix, error);
		if (result)
			return result;
	}
	return 0;
}
