/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of trunks: which may be one, and what being one does to them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/trunk.h"
#include "firmware/lib/uuid.h"

#define VLAN_MOST 4094
#define OWNER "trunk:subport"

bool trunk_is_subport(yyjson_val *port)
{
	return json_string(port, "_trunk_port") != NULL;
}

bool trunk_is_parent(yyjson_val *port)
{
	return json_string(port, "_trunk_id") && !trunk_is_subport(port);
}

/* --- what a list of subports must be --- */

static bool says_type(yyjson_val *item)
{
	const char *type = json_string(item, "segmentation_type");

	return type && *type;
}

static bool says_number(yyjson_val *item)
{
	yyjson_val *number = yyjson_obj_get(item, "segmentation_id");

	return number && !yyjson_is_null(number);
}

static bool is_inherited(yyjson_val *item)
{
	return json_is(item, "segmentation_type", "inherit");
}

static bool same_segment(yyjson_val *one, yyjson_val *other)
{
	return says_number(one) &&
	       yyjson_equals(yyjson_obj_get(one, "segmentation_id"),
			     yyjson_obj_get(other, "segmentation_id")) &&
	       yyjson_equals(yyjson_obj_get(one, "segmentation_type"),
			     yyjson_obj_get(other, "segmentation_type"));
}

static const char *missing_segment(yyjson_val *item, char *text, size_t size)
{
	char *shown = yyjson_val_write(item, 0, NULL);

	snprintf(text, size,
		 "Invalid subport details '%.300s': missing segmentation information. Must specify "
		 "both segmentation_id and segmentation_type",
		 shown ? shown : "");
	free(shown);
	return text;
}

/* One item, and those of the list that stand before it. */
static const char *subport_fault(yyjson_val *list, size_t place, yyjson_val *item, char *text,
				 size_t size)
{
	const char *id = json_string(item, "port_id");

	if (!yyjson_is_obj(item)) {
		snprintf(text, size, "Invalid data format for subport: '%.200s' is not a dict",
			 yyjson_get_str(item) ? yyjson_get_str(item) : "");
		return text;
	}
	if (!yyjson_obj_get(item, "port_id"))
		return "A valid port UUID must be specified";
	if (!id || !uuid_like(id)) {
		snprintf(text, size, "Invalid UUID for subport: '%.200s'", id ? id : "");
		return text;
	}
	for (size_t i = 0; i < place; i++)
		if (json_is(yyjson_arr_get(list, i), "port_id", id)) {
			snprintf(text, size, "Non unique UUID for subport: '%s'", id);
			return text;
		}
	if (is_inherited(item))
		return NULL;
	if ((!says_type(item) || !says_number(item)) && yyjson_obj_size(item) > 1)
		return missing_segment(item, text, size);
	for (size_t i = 0; i < place; i++)
		if (same_segment(item, yyjson_arr_get(list, i))) {
			snprintf(text, size, "Segmentation ID '%" PRId64 "' for '%s' is not unique",
				 json_integer(item, "segmentation_id", 0), id);
			return text;
		}
	return NULL;
}

const char *subports_fault(yyjson_val *list, char *text, size_t size)
{
	const char *fault = NULL;
	size_t index, count;
	yyjson_val *item;

	if (!yyjson_is_arr(list)) {
		char *shown = yyjson_val_write(list, 0, NULL);

		snprintf(text, size, "Invalid data format for subports: '%.300s' is not a list",
			 shown ? shown : "None");
		free(shown);
		return text;
	}
	yyjson_arr_foreach (list, index, count, item) {
		if (!fault)
			fault = subport_fault(list, index, item, text, size);
	}
	return fault;
}

/* --- which ports may be in a trunk --- */

static int refuse_parent(const char *id, struct error *error)
{
	return error_fault(error, -EBUSY, 409, "ParentPortInUse",
			   "Port %s is currently in use and is not eligible for use as a parent "
			   "port.",
			   id);
}

/* In no trunk yet. */
static int check_free(yyjson_val *port, struct error *error)
{
	const char *id = json_string(port, "id");

	if (trunk_is_subport(port))
		return error_fault(error, -EBUSY, 409, "TrunkPortInUse",
				   "Port %s is in use by another trunk.", id);
	return trunk_is_parent(port) ? refuse_parent(id, error) : 0;
}

static int check_idle(yyjson_val *port, struct error *error)
{
	const char *device = json_string(port, "device_id");

	return device && *device
		       ? error_fault(error, -EBUSY, 409, "PortInUse",
				     "Unable to complete operation on port %s for network %s. Port "
				     "already has an attached device %s.",
				     json_string(port, "id"), json_string(port, "network_id"),
				     device)
		       : 0;
}

/* --- one subport --- */

struct joining {
	struct change *change;
	yyjson_mut_val *trunk;
	yyjson_val *parent, *parent_network;
	yyjson_val *port, *network; /* the subport's */
	const char *type;
	int64_t number;
};

static int find_network(struct change *change, yyjson_val *port, yyjson_val **network,
			struct error *error)
{
	return resource_get(change->view, change->request->arena, &resource_network,
			    json_string(port, "network_id"), network, error);
}

static int check_mtu(const struct joining *joining, struct error *error)
{
	int64_t mtu = json_integer(joining->network, "mtu", 0);
	int64_t most = json_integer(joining->parent_network, "mtu", 0);

	return mtu > most ? error_fault(error, -EEXIST, 409, "SubPortMtuGreaterThanTrunkPortMtu",
					"MTU %" PRId64 " of subport %s cannot be greater than MTU "
					"%" PRId64 " of trunk %s.",
					mtu, json_string(joining->port, "id"), most,
					json_string(joining->parent, "id"))
			  : 0;
}

/* The segment that was given, or that of the subport's network. */
static int take_segment(struct joining *joining, yyjson_val *item, struct error *error)
{
	yyjson_val *number = yyjson_obj_get(item, "segmentation_id");
	const char *text = yyjson_get_str(number);
	char fault[400], *end = NULL;

	if (is_inherited(item)) {
		joining->type = json_string(joining->network, "provider:network_type");
		joining->number = json_integer(joining->network, "provider:segmentation_id", 0);
		return 0;
	}
	if (!says_type(item) || !says_number(item))
		return input_refuse(error, "%s", missing_segment(item, fault, sizeof(fault)));
	joining->type = json_string(item, "segmentation_type");
	joining->number = text ? strtoll(text, &end, 10) : yyjson_get_sint(number);
	if (text ? end == text || *end : !yyjson_is_int(number))
		return input_refuse(error,
				    "Invalid subport details: segmentation_id '%s' is not an "
				    "integer",
				    text ? text : "");
	return 0;
}

static int check_segment(const struct joining *joining, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_obj_get(joining->trunk, "sub_ports"), *item;
	size_t index, count;

	if (strcmp(joining->type, "vlan"))
		return input_refuse(error, "Unknown segmentation_type '%s'", joining->type);
	if (joining->number < 1 || joining->number > VLAN_MOST)
		return input_refuse(error, "Segmentation ID '%" PRId64 "' is not in range",
				    joining->number);
	yyjson_mut_arr_foreach (list, index, count, item) {
		if (yyjson_mut_get_sint(yyjson_mut_obj_get(item, "segmentation_id")) ==
		    joining->number)
			return error_fault(error, -EBUSY, 409, "DuplicateSubPort",
					   "segmentation_type vlan and segmentation_id %" PRId64
					   " already in use on trunk %s.",
					   joining->number, json_member(joining->trunk, "id"));
	}
	return 0;
}

static int check_subport(struct joining *joining, yyjson_val *item, struct error *error)
{
	const char *id = json_string(item, "port_id");
	int result;

	if (json_is(joining->parent, "id", id))
		return refuse_parent(id, error);
	result = change_find(joining->change, &resource_port, id, &joining->port, error);
	if (!result)
		result = find_network(joining->change, joining->port, &joining->network, error);
	if (!result)
		result = check_mtu(joining, error);
	if (!result)
		result = take_segment(joining, item, error);
	if (!result)
		result = check_segment(joining, error);
	if (!result)
		result = check_free(joining->port, error);
	return result ? result : check_idle(joining->port, error);
}

static void put_subport(const struct joining *joining)
{
	yyjson_mut_doc *doc = joining->change->doc;
	yyjson_mut_val *object = yyjson_val_mut_copy(doc, joining->port), *item;

	json_set_string(doc, object, "_trunk_id", json_member(joining->trunk, "id"));
	json_set_string(doc, object, "_trunk_port", json_string(joining->parent, "id"));
	json_set_integer(doc, object, "_trunk_vlan", joining->number);
	json_set_string(doc, object, "device_owner", OWNER);
	json_set_string(doc, object, "binding:host_id",
			json_string(joining->parent, "binding:host_id"));
	port_binding_set(doc, object);
	change_put(joining->change, &resource_port, object);
	item = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_get(joining->trunk, "sub_ports"));
	json_set_string(doc, item, "segmentation_type", joining->type);
	json_set_integer(doc, item, "segmentation_id", joining->number);
	json_set_string(doc, item, "port_id", json_string(joining->port, "id"));
}

int subports_add(struct change *change, yyjson_mut_val *trunk, yyjson_val *parent, yyjson_val *list,
		 struct error *error)
{
	struct joining joining = { .change = change, .trunk = trunk, .parent = parent };
	size_t index, count;
	yyjson_val *item;
	int result = find_network(change, parent, &joining.parent_network, error);

	yyjson_arr_foreach (list, index, count, item) {
		if (!result)
			result = check_subport(&joining, item, error);
		if (!result)
			put_subport(&joining);
	}
	return result;
}

/* --- parents, and ports that are let go --- */

int trunk_parent_take(struct change *change, yyjson_mut_val *trunk, yyjson_val **parent,
		      struct error *error)
{
	yyjson_mut_val *object;
	int result =
		change_find(change, &resource_port, json_member(trunk, "port_id"), parent, error);

	if (!result)
		result = check_free(*parent, error);
	if (!result && !strncmp(json_string(*parent, "device_owner"), "network:", 8))
		result = refuse_parent(json_string(*parent, "id"), error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(change->doc, *parent);
	json_set_string(change->doc, object, "_trunk_id", json_member(trunk, "id"));
	change_put(change, &resource_port, object);
	return 0;
}

int subport_release(struct change *change, const char *port_id, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *object;
	yyjson_val *port;
	int result = change_get(change, &resource_port, port_id, &port, error);

	if (result)
		return result;
	object = yyjson_val_mut_copy(doc, port);
	if (trunk_is_subport(port)) {
		json_set_string(doc, object, "device_owner", "");
		json_set_string(doc, object, "binding:host_id", "");
		json_set_string(doc, object, "status", "DOWN");
		port_binding_set(doc, object);
	}
	yyjson_mut_obj_remove_key(object, "_trunk_id");
	yyjson_mut_obj_remove_key(object, "_trunk_port");
	yyjson_mut_obj_remove_key(object, "_trunk_vlan");
	change_put(change, &resource_port, object);
	return 0;
}

int trunk_refuse_delete(yyjson_val *port, struct error *error)
{
	const char *id = json_string(port, "id"), *trunk = json_string(port, "_trunk_id");

	if (trunk_is_subport(port))
		return error_fault(error, -EBUSY, 409, "PortInUseAsSubPort",
				   "Port %s is currently a subport for trunk %s.", id, trunk);
	return trunk ? error_fault(error, -EBUSY, 409, "PortInUseAsTrunkParent",
				   "Port %s is currently a parent port for trunk %s.", id, trunk)
		     : 0;
}

int trunk_refuse_use(yyjson_val *port, struct error *error)
{
	const char *trunk = json_string(port, "_trunk_id");

	return trunk ? error_fault(error, -EBUSY, 409, "PortInUse",
				   "Unable to complete operation on port %s for network %s. Port "
				   "already has an attached device %s.",
				   json_string(port, "id"), json_string(port, "network_id"), trunk)
		     : 0;
}

static int move_subport(struct change *change, const char *port_id, const char *host,
			struct error *error)
{
	yyjson_mut_val *object;
	yyjson_val *port;
	int result = change_get(change, &resource_port, port_id, &port, error);

	if (result)
		return result;
	object = yyjson_val_mut_copy(change->doc, port);
	json_set_string(change->doc, object, "binding:host_id", host);
	if (!*host)
		json_set_string(change->doc, object, "status", "DOWN");
	port_binding_set(change->doc, object);
	change_put(change, &resource_port, object);
	return 0;
}

int trunk_parent_moved(struct change *change, yyjson_val *parent, const char *host,
		       struct error *error)
{
	yyjson_val *trunk, *item;
	size_t index, count;
	int result;

	if (!trunk_is_parent(parent))
		return 0;
	result = change_get(change, &resource_trunk, json_string(parent, "_trunk_id"), &trunk,
			    error);
	if (result)
		return result;
	yyjson_arr_foreach (yyjson_obj_get(trunk, "sub_ports"), index, count, item) {
		if (!result)
			result = move_subport(change, json_string(item, "port_id"), host, error);
	}
	return result;
}
