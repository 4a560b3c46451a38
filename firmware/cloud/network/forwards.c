/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port forwardings: single ports, or ranges of them, of a floating IP that lead to a port's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/port.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)
#define PORT_LAST 65535

static const char *const protocols[] = { "tcp", "udp", NULL };

static const struct attribute attributes[] = {
	{ "external_port", ATTRIBUTE_INTEGER, POST_PUT | ATTRIBUTE_NULL, NULL, 1, PORT_LAST, NULL,
	  NULL },
	{ "internal_port", ATTRIBUTE_INTEGER, POST_PUT | ATTRIBUTE_NULL, NULL, 1, PORT_LAST, NULL,
	  NULL },
	{ "external_port_range", ATTRIBUTE_STRING, POST_PUT | ATTRIBUTE_NULL, NULL, 0, 11, NULL,
	  NULL },
	{ "internal_port_range", ATTRIBUTE_STRING, POST_PUT | ATTRIBUTE_NULL, NULL, 0, 11, NULL,
	  NULL },
	{ "internal_ip_address", ATTRIBUTE_IP, POST_PUT | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "protocol", ATTRIBUTE_CHOICE, POST_PUT | ATTRIBUTE_REQUIRED, NULL, 0, 0, protocols,
	  NULL },
	{ "internal_port_id", ATTRIBUTE_UUID, POST_PUT | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 1024, NULL, NULL },
	{ 0 }
};

#define REFUSE(error, ...)                                                                         \
	error_fault(error, -EINVAL, 400, "BadRequest", "Bad port_forwarding request: " __VA_ARGS__)

int forwards_of(struct store_view *view, struct arena *arena, const char *floating_id,
		struct network_ports *list, struct error *error)
{
	return resource_range(view, arena, &resource_forward, "floatingip", floating_id, list,
			      error);
}

yyjson_mut_val *forward_summary(yyjson_mut_doc *doc, yyjson_val *record)
{
	static const char *const members[] = { "id",
					       "protocol",
					       "internal_ip_address",
					       "internal_port",
					       "external_port",
					       "internal_port_id",
					       NULL };
	yyjson_mut_val *out = yyjson_mut_obj(doc);

	for (const char *const *name = members; *name; name++)
		if (yyjson_obj_get(record, *name))
			json_set(doc, out, *name,
				 yyjson_val_mut_copy(doc, yyjson_obj_get(record, *name)));
	return out;
}

/* --- ranges --- */

struct range {
	long first, last;
};

static bool range_parse(const char *text, struct range *range)
{
	char *end = NULL;

	if (!text)
		return false;
	range->first = range->last = strtol(text, &end, 10);
	if (*end == ':')
		range->last = strtol(end + 1, &end, 10);
	return !*end && range->first >= 1 && range->last <= PORT_LAST &&
	       range->first <= range->last;
}

static bool range_overlap(const struct range *one, const struct range *other)
{
	return one->first <= other->last && other->first <= one->last;
}

/* From "<side>_port" or "<side>_port_range", whichever was given; both forms are kept. */
static int range_settle(struct change *change, yyjson_mut_val *object, yyjson_mut_val *given,
			const char *side, struct range *range, struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *single = arena_printf(arena, "%s_port", side);
	const char *both = arena_printf(arena, "%s_port_range", side);
	yyjson_mut_val *port = yyjson_mut_obj_get(given, single);

	if (yyjson_mut_is_int(port))
		range->first = range->last = (long)yyjson_mut_get_sint(port);
	else if (!range_parse(json_member(object, both), range))
		return REFUSE(error, "Invalid port value, the port value must be a value between 1 "
				     "and 65535..");
	json_set_string(change->doc, object, both,
			arena_printf(arena, "%ld:%ld", range->first, range->last));
	yyjson_mut_obj_remove_key(object, single);
	if (range->first == range->last)
		json_set_integer(change->doc, object, single, range->first);
	return 0;
}

static int refuse_collision(const struct network_ports *others, yyjson_mut_val *object,
			    const char *member, const struct range *range, struct error *error)
{
	struct range taken;

	for (size_t i = 0; i < others->count; i++) {
		yyjson_val *other = others->items[i];

		if (json_is(other, "id", json_member(object, "id")) ||
		    !json_is(other, "protocol", json_member(object, "protocol")) ||
		    !range_parse(json_string(other, member), &taken) ||
		    !range_overlap(&taken, range))
			continue;
		return REFUSE(error,
			      "There is a port collision with the %s. The following ranges "
			      "collides: %s and %ld:%ld.",
			      member, json_string(other, member), range->first, range->last);
	}
	return 0;
}

static size_t same_address(struct network_ports *list, const char *address)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (address && json_is(list->items[i], "internal_ip_address", address))
			list->items[kept++] = list->items[i];
	return kept;
}

static int check_ranges(struct change *change, yyjson_mut_val *object, yyjson_mut_val *given,
			struct error *error)
{
	struct range external, internal;
	struct network_ports others;
	int result = range_settle(change, object, given, "external", &external, error);

	if (!result)
		result = range_settle(change, object, given, "internal", &internal, error);
	if (!result && internal.last > internal.first &&
	    internal.last - internal.first != external.last - external.first)
		return REFUSE(error, "Invalid ranges of internal and/or external ports. The "
				     "relation between internal and external ports must be N-N or "
				     "1-N.");
	if (!result)
		result = resource_range(change->view, change->request->arena, &resource_forward,
					"port", json_member(object, "internal_port_id"), &others,
					error);
	if (result)
		return result;
	others.count = same_address(&others, json_member(object, "internal_ip_address"));
	result = refuse_collision(&others, object, "internal_port_range", &internal, error);
	if (!result)
		result = forwards_of(change->view, change->request->arena,
				     json_member(object, "floatingip_id"), &others, error);
	return result ? result
		      : refuse_collision(&others, object, "external_port_range", &external, error);
}

/* --- what it leads to --- */

static int refuse_bound(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *port_id = json_member(object, "internal_port_id");
	struct network_ports list;
	int result = resource_range(change->view, change->request->arena, &resource_floatingip,
				    "port", port_id, &list, error);

	return result || !list.count
		       ? result
		       : error_fault(error, -EBUSY, 409, "PortHasBindingFloatingIP",
				     "Cannot create port forwarding to floating IP %s (%s) with "
				     "port %s using fixed IP %s, as that port already has a "
				     "binding floating IP.",
				     json_string(list.items[0], "floating_ip_address"),
				     json_string(list.items[0], "id"), port_id,
				     json_member(object, "internal_ip_address"));
}

static const char *subnet_of(yyjson_val *port, const char *address)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	size_t index, count;
	struct ip ip;

	yyjson_arr_foreach (list, index, count, item) {
		if (ip_parse(address, &ip) && ip.version == 4 &&
		    json_is(item, "ip_address", address))
			return json_string(item, "subnet_id");
	}
	return NULL;
}

static int find_router(struct change *change, yyjson_mut_val *object, yyjson_val *floating,
		       yyjson_val **router, struct error *error)
{
	const char *port_id = json_member(object, "internal_port_id");
	const char *address = json_member(object, "internal_ip_address"), *subnet_id;
	const char *network_id = json_string(floating, "floating_network_id");
	yyjson_val *port;
	int result = change_find(change, &resource_port, port_id, &port, error);

	if (result)
		return result;
	subnet_id = subnet_of(port, address);
	if (!subnet_id)
		return REFUSE(
			error,
			"Requested internal IP address %s is not suitable for internal "
			"neutron port %s, as its fixed_ips are %s.",
			address, port_id,
			request_write(change->request,
				      yyjson_val_mut_copy(change->doc,
							  yyjson_obj_get(port, "fixed_ips"))));
	result = floating_router(change, port, subnet_id, network_id, router, error);
	return result != -ENOENT
		       ? result
		       : REFUSE(error,
				"External network %s is not reachable from subnet %s. Cannot set "
				"Port forwarding for port %s with Floating IP %s.",
				network_id, subnet_id, port_id, json_string(floating, "id"));
}

static int refuse_other_router(yyjson_mut_val *object, yyjson_val *floating, yyjson_val *router,
			       struct error *error)
{
	const char *held = json_string(floating, "router_id");

	return !held || json_is(router, "id", held)
		       ? 0
		       : REFUSE(error,
				"The Floating IP %s had been set on router %s, the internal "
				"Neutron port %s can not reach it.",
				json_string(floating, "id"), held,
				json_member(object, "internal_port_id"));
}

static const char *mark_key(struct change *change, const char *port_id, const char *id)
{
	return arena_printf(change->request->arena, "/network/floating-port/%s/%s", port_id, id);
}

/* Two that come at the same time meet in their floating IP's record. */
static void put_floating(struct change *change, yyjson_val *floating, const char *router_id)
{
	yyjson_mut_val *object = yyjson_val_mut_copy(change->doc, floating);

	json_set_string(change->doc, object, "router_id", router_id);
	json_set_string(change->doc, object, "status", router_id ? "ACTIVE" : "DOWN");
	change_put(change, &resource_floatingip, object);
}

static int settle(struct change *change, yyjson_mut_val *object, yyjson_mut_val *given,
		  struct error *error)
{
	yyjson_val *floating, *router;
	int result = check_ranges(change, object, given, error);

	if (!result)
		result = refuse_bound(change, object, error);
	if (!result)
		result = change_find(change, &resource_floatingip,
				     json_member(object, "floatingip_id"), &floating, error);
	if (result)
		return result;
	if (json_string(floating, "port_id"))
		return error_fault(error, -EBUSY, 409, "FloatingIPPortAlreadyAssociated",
				   "Cannot associate floating IP %s (%s) with port %s using fixed "
				   "IP %s, as that fixed IP already has a floating IP on external "
				   "network %s.",
				   json_string(floating, "floating_ip_address"),
				   json_string(floating, "id"),
				   json_member(object, "internal_port_id"),
				   json_member(object, "internal_ip_address"),
				   json_string(floating, "floating_network_id"));
	result = find_router(change, object, floating, &router, error);
	if (!result)
		result = refuse_other_router(object, floating, router, error);
	if (result)
		return result;
	put_floating(change, floating, json_string(router, "id"));
	change_touch(change, &resource_router, router);
	store_txn_put(change->txn,
		      mark_key(change, json_member(object, "internal_port_id"),
			       json_member(object, "id")),
		      "{}");
	return 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	return settle(change, object, object, error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	const char *port_id = json_string(old, "internal_port_id");

	if (strcmp(port_id, json_member(object, "internal_port_id")) != 0)
		store_txn_delete(change->txn, mark_key(change, port_id, json_string(old, "id")));
	return settle(change, object, given, error);
}

/* 'gone': a port whose forwardings all go. */
static bool others_remain(const struct network_ports *list, yyjson_val *forward, const char *gone)
{
	for (size_t i = 0; i < list->count; i++)
		if (!json_is(list->items[i], "id", json_string(forward, "id")) &&
		    !(gone && json_is(list->items[i], "internal_port_id", gone)))
			return true;
	return false;
}

static int forward_release(struct change *change, yyjson_val *forward, const char *gone,
			   struct error *error)
{
	const char *floating_id = json_string(forward, "floatingip_id");
	struct network_ports list;
	yyjson_val *floating, *router;
	const char *router_id;
	int result = forwards_of(change->view, change->request->arena, floating_id, &list, error);

	if (!result)
		result = change_get(change, &resource_floatingip, floating_id, &floating, error);
	if (result)
		return result;
	router_id = json_string(floating, "router_id");
	if (!store_txn_has(change->txn, arena_printf(change->request->arena, "%s%s",
						     resource_floatingip.prefix, floating_id)))
		put_floating(change, floating,
			     others_remain(&list, forward, gone) ? router_id : NULL);
	if (router_id)
		result = change_get(change, &resource_router, router_id, &router, error);
	if (!result && router_id)
		change_touch(change, &resource_router, router);
	store_txn_delete(change->txn, mark_key(change, json_string(forward, "internal_port_id"),
					       json_string(forward, "id")));
	return result == -ENOENT ? 0 : result;
}

int forward_drop(struct change *change, yyjson_val *forward, struct error *error)
{
	int result =
		forward_release(change, forward, json_string(forward, "internal_port_id"), error);

	change_delete(change, &resource_forward, json_string(forward, "id"));
	return result;
}

static int remove_forward(struct change *change, yyjson_val *old, struct error *error)
{
	return forward_release(change, old, NULL, error);
}

const struct resource resource_forward = {
	.singular = "port_forwarding",
	.plural = "port_forwardings",
	.prefix = "/network/port-forwarding/",
	.attributes = attributes,
	.parent = &resource_floatingip,
	.parent_member = "floatingip_id",
	.missing_type = "PortForwardingNotFound",
	.missing_before = "Port Forwarding ",
	.missing_after = " could not be found.",
	.create = create,
	.update = update,
	.remove = remove_forward,
};
