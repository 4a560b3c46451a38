/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/availability.h"

#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/resource.h"

typedef unsigned __int128 big; /* an IPv6 prefix has more addresses than 64 bits count */

struct tally {
	big total;
	int64_t used;
};

static big as_number(const struct ip *ip)
{
	big number = 0;

	for (size_t i = 0; i < sizeof(ip->bytes); i++)
		number = number << 8 | ip->bytes[i];
	return number;
}

static void set_big(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, big number)
{
	char text[40], *at = text + sizeof(text) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + (int)(number % 10));
	while (number /= 10);
	json_set(doc, object, name, yyjson_mut_rawcpy(doc, at));
}

static big pool_size(yyjson_val *pool)
{
	struct ip start, end;

	return ip_parse(json_string(pool, "start"), &start) &&
			       ip_parse(json_string(pool, "end"), &end)
		       ? as_number(&end) - as_number(&start) + 1
		       : 0;
}

static struct tally tally_subnet(struct store_view *view, struct arena *arena, yyjson_val *subnet)
{
	yyjson_val *pools = yyjson_obj_get(subnet, "allocation_pools"), *pool;
	struct tally tally = { 0 };
	size_t index, count;

	yyjson_arr_foreach (pools, index, count, pool) {
		tally.total += pool_size(pool);
	}
	tally.used = store_count(
		view, arena_printf(arena, ADDRESS_PREFIX "%s/", json_string(subnet, "id")));
	tally.used += json_string(subnet, "_dhcp_address") != NULL;
	return tally;
}

static yyjson_mut_val *subnet_view(yyjson_mut_doc *doc, yyjson_val *subnet,
				   const struct tally *tally)
{
	yyjson_mut_val *out = yyjson_mut_obj(doc);

	json_set_string(doc, out, "subnet_id", json_string(subnet, "id"));
	json_set_string(doc, out, "subnet_name", json_string(subnet, "name"));
	json_set_integer(doc, out, "ip_version", json_integer(subnet, "ip_version", 4));
	json_set_string(doc, out, "cidr", json_string(subnet, "cidr"));
	set_big(doc, out, "total_ips", tally->total);
	json_set_integer(doc, out, "used_ips", tally->used);
	return out;
}

/* ?ip_version: subnets of that one alone are counted. */
static bool version_fits(struct request *request, yyjson_val *subnet)
{
	const char *wanted = request_query(request, "ip_version");

	return !wanted || (wanted[0] - '0' == json_integer(subnet, "ip_version", 4) && !wanted[1]);
}

static yyjson_mut_val *network_view(struct request *request, struct store_view *view,
				    yyjson_val *network, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *out = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct network_ports subnets;
	struct tally sum = { 0 }, one;

	if (resource_range(view, request->arena, &resource_subnet, "network",
			   json_string(network, "id"), &subnets, error))
		return NULL;
	for (size_t i = 0; i < subnets.count; i++) {
		if (!version_fits(request, subnets.items[i]))
			continue;
		one = tally_subnet(view, request->arena, subnets.items[i]);
		sum.total += one.total;
		sum.used += one.used;
		yyjson_mut_arr_add_val(list, subnet_view(doc, subnets.items[i], &one));
	}
	json_set_string(doc, out, "network_id", json_string(network, "id"));
	json_set_string(doc, out, "network_name", json_string(network, "name"));
	json_set_string(doc, out, "tenant_id", json_string(network, "project_id"));
	json_set_string(doc, out, "project_id", json_string(network, "project_id"));
	set_big(doc, out, "total_ips", sum.total);
	json_set_integer(doc, out, "used_ips", sum.used);
	json_set(doc, out, "subnet_ip_availability", list);
	return out;
}

static bool network_fits(struct request *request, yyjson_val *network)
{
	static const struct {
		const char *filter, *member;
	} filters[] = { { "network_id", "id" },
			{ "network_name", "name" },
			{ "tenant_id", "project_id" },
			{ "project_id", "project_id" } };
	const char *wanted;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		wanted = request_query(request, filters[i].filter);
		if (wanted && !json_is(network, filters[i].member, wanted))
			return false;
	}
	return true;
}

int availability_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc), *item;
	struct network_ports networks = { 0 };
	struct store_view *view;
	int result = request_view(request, &view, error);

	/* Admins' to see: others get an empty list, as from a policy that hides each item. */
	if (!result && request->caller->is_admin)
		result = resource_range(view, request->arena, &resource_network, NULL, NULL,
					&networks, error);
	for (size_t i = 0; !result && i < networks.count; i++) {
		if (!network_fits(request, networks.items[i]))
			continue;
		item = network_view(request, view, networks.items[i], error);
		if (!item)
			return error->code;
		yyjson_mut_arr_add_val(list, item);
	}
	json_set(doc, root, "network_ip_availabilities", list);
	return result ? result : reply_json(request, 200, doc, root);
}

int availability_show(struct request *request, struct error *error)
{
	const char *id = request_param(request, "id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *item;
	struct store_view *view;
	yyjson_val *network;
	int result = request_view(request, &view, error);

	if (!result && !request->caller->is_admin)
		return resource_missing(&resource_network, id, error);
	if (!result)
		result = resource_get(view, request->arena, &resource_network, id, &network, error);
	if (result)
		return result;
	item = network_view(request, view, network, error);
	if (!item)
		return error->code;
	json_set(doc, root, "network_ip_availability", item);
	return reply_json(request, 200, doc, root);
}
