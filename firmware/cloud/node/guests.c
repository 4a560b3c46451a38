/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many servers there are, and what their guests take of the box's memory. */
#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/node/internal.h"
#include "firmware/cloud/placement/placement.h"

#define GIB_MIB 1024.0

static int add_servers(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root,
		       struct error *error)
{
	yyjson_mut_val *servers = yyjson_mut_obj(doc);
	struct compute_counts counts;
	int result = compute_count(request->cloud, &counts);

	if (result < 0)
		return error_set(error, result, "counting servers failed");
	json_set_integer(doc, servers, "total", counts.servers);
	json_set_integer(doc, servers, "running", counts.running);
	json_set_integer(doc, servers, "error", counts.error);
	json_set(doc, root, "servers", servers);
	return 0;
}

/* Of such guests as the box has, so many fit into a GiB: their memory and what they cost beyond it. */
static yyjson_mut_val *per_gib(yyjson_mut_doc *doc, const struct placement_provider *provider)
{
	int64_t taken = provider->used[RESOURCE_MEMORY_MB] + provider->overhead;

	if (taken <= 0)
		return yyjson_mut_null(doc);
	return yyjson_mut_real(doc, (double)provider->consumers * GIB_MIB / (double)taken);
}

static yyjson_mut_val *kinds_json(yyjson_mut_doc *doc, const struct placement_provider *provider)
{
	yyjson_mut_val *kinds = yyjson_mut_arr(doc), *kind;

	for (size_t i = 0; i < provider->overhead_count; i++) {
		kind = yyjson_mut_arr_add_obj(doc, kinds);
		json_set_string(doc, kind, "kind", provider->overheads[i].kind);
		json_set_integer(doc, kind, "highest_mib", provider->overheads[i].highest);
	}
	return kinds;
}

static void add_memory(yyjson_mut_doc *doc, yyjson_mut_val *root,
		       const struct placement_provider *provider)
{
	const struct placement_inventory *memory = &provider->inventory[RESOURCE_MEMORY_MB];
	yyjson_mut_val *guests = yyjson_mut_obj(doc);
	int64_t used = provider->used[RESOURCE_MEMORY_MB];

	json_set_integer(doc, guests, "count", provider->consumers);
	json_set_integer(doc, guests, "memory_mib", used);
	json_set_integer(doc, guests, "overhead_mib", provider->overhead);
	json_set_integer(doc, guests, "host_mib", memory->reserved - provider->overhead);
	json_set_integer(doc, guests, "free_mib", memory->total - memory->reserved - used);
	json_set(doc, guests, "per_gib", per_gib(doc, provider));
	json_set(doc, guests, "kinds", kinds_json(doc, provider));
	json_set(doc, root, "guests", guests);
}

int node_add_guests(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root,
		    struct error *error)
{
	struct placement_provider provider;
	struct store_view *view;
	int result = add_servers(request, doc, root, error);

	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = placement_provider_read(request->cloud, view, request->arena, &provider,
						 error);
	if (result < 0)
		return result;
	add_memory(doc, root, &provider);
	yyjson_mut_obj_add_uint(doc, root, "revision", store_revision(request->cloud->store));
	return 0;
}
