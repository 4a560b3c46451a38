/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board's physical networks: names for NICs, and the VLANs on them of which networks may be given
 * one. Record: /node/setting/physical-networks. netd gets it like the peers.
 */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/node/internal.h"
#include "firmware/lib/cleanup.h"

static const struct schema name = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 64, .pattern = "^[A-Za-z0-9._-]*$"
};
static const struct schema link_name = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 15, .pattern = "^[A-Za-z0-9._-]*$"
};
static const struct schema number = { .types = SCHEMA_INTEGER,
				      .has_minimum = true,
				      .minimum = 1,
				      .has_maximum = true,
				      .maximum = 4094 };
static const struct schema_member range_members[] = {
	{ .name = "minimum", .schema = &number, .required = true },
	{ .name = "maximum", .schema = &number, .required = true },
	{ .name = NULL },
};
static const struct schema range = { .types = SCHEMA_OBJECT, .members = range_members };
static const struct schema ranges = { .types = SCHEMA_ARRAY, .items = &range, .max_items = 16 };
static const struct schema_member members[] = {
	{ .name = "name", .schema = &name, .required = true },
	{ .name = "link", .schema = &link_name, .required = true },
	{ .name = "vlan_ranges", .schema = &ranges },
	{ .name = NULL },
};
static const struct schema object = { .types = SCHEMA_OBJECT, .members = members };
static const struct schema list = { .types = SCHEMA_ARRAY,
				    .items = &object,
				    .max_items = NET_PHYSICALS_MAX };
static const struct schema_member body[] = {
	{ .name = "physical_networks", .schema = &list, .required = true },
	{ .name = NULL },
};
const struct schema node_physical_schema = { .types = SCHEMA_OBJECT, .members = body };

/* --- the setting --- */

yyjson_val *node_physicals(struct store_view *view, struct arena *arena, struct error *error)
{
	struct store_record record;

	if (store_get(view, arena, NODE_PHYSICAL_KEY, &record, error))
		return json_parse(arena, "[]", 2);
	return json_parse(arena, record.value, record.size);
}

yyjson_val *node_physical(struct store_view *view, struct arena *arena, const char *wanted,
			  struct error *error)
{
	yyjson_val *physicals = node_physicals(view, arena, error), *item;
	size_t i, most;

	yyjson_arr_foreach (physicals, i, most, item)
		if (json_is(item, "name", wanted))
			return item;
	return NULL;
}

void node_physical_send(struct node *node, struct store_view *view, struct arena *arena)
{
	yyjson_val *physicals = node_physicals(view, arena, NULL), *item;
	struct net_physical items[NET_PHYSICALS_MAX] = { 0 };
	struct net_physicals message = { { items, 0 } };
	size_t i, most;

	yyjson_arr_foreach (physicals, i, most, item) {
		struct net_physical *physical = &items[message.physicals.count];

		if (message.physicals.count++ == NET_PHYSICALS_MAX)
			break;
		snprintf(physical->name, sizeof(physical->name), "%s", json_string(item, "name"));
		snprintf(physical->link, sizeof(physical->link), "%s", json_string(item, "link"));
	}
	link_send(node->cloud->links[ROLE_NETD], NETD_PHYSICALS_SET, net_physicals_fields, &message,
		  -1);
}

/* --- GET and PUT /node/v1/physical-networks --- */

static int reply_list(struct request *request, yyjson_val *physicals)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "physical_networks", yyjson_val_mut_copy(doc, physicals));
	return reply_json(request, 200, doc, root);
}

int node_physical_show(struct request *request, struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	return result ? result : reply_list(request, node_physicals(view, request->arena, error));
}

static bool ranges_are_sound(yyjson_val *item)
{
	yyjson_val *one;
	size_t i, most;

	yyjson_arr_foreach (yyjson_obj_get(item, "vlan_ranges"), i, most, one)
		if (json_integer(one, "minimum", 0) > json_integer(one, "maximum", 0))
			return false;
	return true;
}

/* "uplink" is what routers get to through the box, whatever its NIC is. */
static int check(yyjson_val *physicals, struct error *error)
{
	yyjson_val *item, *other;
	size_t i, j, most, others;

	yyjson_arr_foreach (physicals, i, most, item) {
		if (json_is(item, "name", "uplink"))
			return error_set(error, -EINVAL, "'uplink' names the box's own way out.");
		if (!ranges_are_sound(item))
			return error_set(error, -EINVAL, "A range ends before it begins.");
		yyjson_arr_foreach (physicals, j, others, other)
			if (j != i && (json_is(other, "name", json_string(item, "name")) ||
				       json_is(other, "link", json_string(item, "link"))))
				return error_set(error, -EINVAL,
						 "Each physical network has a name and a link of "
						 "its own.");
	}
	return 0;
}

int node_physical_set(struct request *request, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(request->body, "physical_networks");
	struct store_txn *txn = store_txn_new(request->arena);
	int result = check(given, error);

	if (result)
		return result;
	store_txn_put(
		txn, NODE_PHYSICAL_KEY,
		request_write(request, yyjson_val_mut_copy(request_document(request), given)));
	result = request_commit(request, txn, error);
	return result < 0 ? result : reply_list(request, given);
}
