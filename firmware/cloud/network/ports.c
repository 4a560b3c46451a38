/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports: what a guest, a router or a service plugs into a network. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/dns_names.h"
#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/trunk.h"
#include "firmware/lib/uuid.h"

#define MAC_TURNS 8 /* attempts at a MAC that nobody has */
#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)
#define ADMIN_ONLY (ATTRIBUTE_ADMIN | ATTRIBUTE_SECRET)

static const char *const vnic_types[] = { "normal", NULL };

static int check_fixed_ips(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	yyjson_val *item, *key, *value;
	size_t index, count, member, members;
	struct ip ip;

	yyjson_arr_foreach (list, index, count, item) {
		if (!yyjson_is_obj(item))
			return attribute_invalid(error, attribute,
						 "Invalid data format for fixed IP: '%s'", "");
		yyjson_obj_foreach (item, member, members, key, value) {
			if (!yyjson_equals_str(key, "subnet_id") &&
			    !yyjson_equals_str(key, "ip_address") &&
			    !yyjson_equals_str(key, "delete_subnet"))
				return attribute_invalid(error, attribute,
							 "Invalid data format for fixed IP: '%s'",
							 yyjson_get_str(key));
		}
		if (yyjson_obj_get(item, "ip_address") &&
		    !ip_parse(json_string(item, "ip_address"), &ip))
			return attribute_invalid(error, attribute, "'%s' is not a valid IP address",
						 json_string(item, "ip_address") ?: "");
	}
	return 0;
}

static int check_pairs(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	yyjson_val *item;
	size_t index, count;
	struct ip_prefix prefix;
	char mac[18];

	yyjson_arr_foreach (list, index, count, item) {
		const char *address = json_string(item, "ip_address");
		yyjson_val *given = yyjson_obj_get(item, "mac_address");

		if (!address)
			return error_fault(error, -EINVAL, 400, "AllowedAddressPairsMissingIP",
					   "AllowedAddressPair must contain ip_address");
		if (!ip_prefix_parse(address, &prefix))
			return attribute_invalid(error, attribute, "'%s' is not a valid IP address",
						 address);
		if (given && !yyjson_is_null(given) && !mac_canonical(yyjson_get_str(given), mac))
			return attribute_invalid(error, attribute,
						 "'%s' is not a valid MAC address",
						 yyjson_get_str(given) ?: "");
	}
	return count > 10 ? error_fault(error, -EINVAL, 400, "AllowedAddressPairExhausted",
					"The number of allowed address pair exceeds the maximum "
					"10.")
			  : 0;
}

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "network_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "admin_state_up", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ "mac_address", ATTRIBUTE_MAC, POST_PUT, NULL, 0, 0, NULL, NULL },
	{ "fixed_ips", ATTRIBUTE_LIST, POST_PUT | ATTRIBUTE_NULL, NULL, 0, 0, NULL,
	  check_fixed_ips },
	{ "device_id", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "device_owner", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "security_groups", ATTRIBUTE_UUIDS, POST_PUT | ATTRIBUTE_NULL, NULL, 0, 0, NULL, NULL },
	{ "port_security_enabled", ATTRIBUTE_BOOLEAN, POST_PUT, NULL, 0, 0, NULL, NULL },
	{ "allowed_address_pairs", ATTRIBUTE_LIST, POST_PUT | ATTRIBUTE_NULL, "[]", 0, 0, NULL,
	  check_pairs },
	{ "extra_dhcp_opts", ATTRIBUTE_LIST, POST_PUT | ATTRIBUTE_NULL, "[]", 0, 0, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "dns_name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, dns_name_check },
	{ "qos_policy_id", ATTRIBUTE_UUID, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL, NULL },
	{ "binding:vnic_type", ATTRIBUTE_CHOICE, POST_PUT, "\"normal\"", 0, 0, vnic_types, NULL },
	{ "binding:host_id", ATTRIBUTE_NAME, POST_PUT | ADMIN_ONLY, "\"\"", 0, 255, NULL, NULL },
	{ "binding:profile", ATTRIBUTE_OBJECT, POST_PUT | ADMIN_ONLY | ATTRIBUTE_NULL, "{}", 0, 0,
	  NULL, NULL },
	{ "binding:vif_type", ATTRIBUTE_STRING, ATTRIBUTE_SECRET, NULL, 0, 0, NULL, NULL },
	{ "binding:vif_details", ATTRIBUTE_OBJECT, ATTRIBUTE_SECRET, NULL, 0, 0, NULL, NULL },
	{ 0 }
};

/* The owner of a network sees the ports that others have on it. */
static bool visible(struct request *request, yyjson_val *record)
{
	struct store_view *view;
	yyjson_val *network;

	return !request_view(request, &view, NULL) &&
	       !resource_get(view, request->arena, &resource_network,
			     json_string(record, "network_id"), &network, NULL) &&
	       policy_owns(request, json_string(network, "project_id"));
}

/* ?fixed_ips=ip_address=A, =subnet_id=S, =ip_address_substr=X; each that is given must match. */
static bool fixed_ip_matches(yyjson_val *record, const char *condition)
{
	const char *equals = strchr(condition, '=');
	yyjson_val *list = yyjson_obj_get(record, "fixed_ips"), *item;
	size_t index, count, length = equals ? (size_t)(equals - condition) : 0;

	if (!equals)
		return false;
	yyjson_arr_foreach (list, index, count, item) {
		const char *address = json_string(item, "ip_address");

		if (!strncmp(condition, "ip_address", length) && length == 10 && address &&
		    !strcmp(address, equals + 1))
			return true;
		if (!strncmp(condition, "subnet_id", length) && length == 9 &&
		    json_is(item, "subnet_id", equals + 1))
			return true;
		if (!strncmp(condition, "ip_address_substr", length) && length == 17 && address &&
		    strstr(address, equals + 1))
			return true;
	}
	return false;
}

static bool matches(struct request *request, yyjson_val *record)
{
	const struct name_value *query = request->query;

	for (; query && query->name; query++)
		if (!strcmp(query->name, "fixed_ips") && !fixed_ip_matches(record, query->value))
			return false;
	return true;
}

static int check_group_ids(struct change *change, yyjson_mut_val *groups, const char *project_id,
			   struct error *error)
{
	yyjson_mut_val *item;
	size_t index, count;
	const char *found;

	yyjson_mut_arr_foreach (groups, index, count, item) {
		int result =
			group_find(change, project_id, yyjson_mut_get_str(item), &found, error);

		if (result)
			return result;
	}
	return 0;
}

static const char *group_key(struct change *change, const char *group, const char *port)
{
	return arena_printf(change->request->arena, GROUP_PORT_PREFIX "%s/%s", group, port);
}

static void forget_groups(struct change *change, yyjson_val *port)
{
	yyjson_val *list = yyjson_obj_get(port, "security_groups"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		store_txn_delete(change->txn,
				 group_key(change, yyjson_get_str(item), json_string(port, "id")));
	}
}

static bool was_member(yyjson_val *old, const char *group)
{
	yyjson_val *list = yyjson_obj_get(old, "security_groups"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (yyjson_equals_str(item, group))
			return true;
	}
	return false;
}

void port_groups_changed(struct change *change, yyjson_val *old, yyjson_mut_val *port)
{
	yyjson_mut_val *list = yyjson_mut_obj_get(port, "security_groups"), *item;
	yyjson_val *had = yyjson_obj_get(old, "security_groups"), *gone;
	size_t index, count;

	yyjson_mut_arr_foreach (list, index, count, item) {
		if (!was_member(old, yyjson_mut_get_str(item)))
			store_txn_put(change->txn,
				      group_key(change, yyjson_mut_get_str(item),
						json_member(port, "id")),
				      "{}");
	}
	yyjson_arr_foreach (had, index, count, gone) {
		yyjson_mut_val *same = NULL;
		size_t i, size;

		yyjson_mut_arr_foreach (list, i, size, item) {
			same = yyjson_mut_equals_str(item, yyjson_get_str(gone)) ? item : same;
		}
		if (!same)
			store_txn_delete(change->txn, group_key(change, yyjson_get_str(gone),
								json_member(port, "id")));
	}
}

static bool has_items(yyjson_mut_val *list)
{
	return yyjson_mut_is_arr(list) && yyjson_mut_arr_size(list);
}

static int refuse_pairs(struct error *error)
{
	return error_fault(error, -EEXIST, 409, "AddressPairAndPortSecurityRequired",
			   "Port Security must be enabled in order to have allowed address pairs "
			   "on a port.");
}

/* Security: the network's default for port security, the project's default group. */
static int complete_security(struct change *change, yyjson_val *network, yyjson_mut_val *object,
			     struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *groups = yyjson_mut_obj_get(object, "security_groups");
	yyjson_mut_val *enabled = yyjson_mut_obj_get(object, "port_security_enabled");
	const char *group = NULL;
	bool secure = enabled ? yyjson_mut_get_bool(enabled)
			      : json_bool(network, "port_security_enabled", true);
	int result;

	json_set_bool(doc, object, "port_security_enabled", secure);
	if (!secure && has_items(groups))
		return error_fault(error, -EEXIST, 409,
				   "PortSecurityAndIPRequiredForSecurityGroups",
				   "Port security must be enabled and port must have an IP address "
				   "in order to use security groups.");
	if (!secure && has_items(yyjson_mut_obj_get(object, "allowed_address_pairs")))
		return refuse_pairs(error);
	if (groups && !yyjson_mut_is_null(groups))
		return check_group_ids(change, groups, json_member(object, "project_id"), error);
	groups = yyjson_mut_arr(doc);
	json_set(doc, object, "security_groups", groups);
	if (!secure || !strncmp(json_member(object, "device_owner"), "network:", 8))
		return 0;
	result = group_default(change, json_member(object, "project_id"), &group, error);
	if (!result)
		yyjson_mut_arr_add_strcpy(doc, groups, group);
	return result;
}

static int mac_found(const struct store_record *record, void *context)
{
	(void)record;
	*(bool *)context = true;
	return 1;
}

static bool mac_is_taken(struct change *change, const char *network_id, const char *mac)
{
	bool taken = false;

	store_range_index(change->view, change->request->arena, resource_port.prefix, "mac",
			  network_id, mac, mac_found, &taken, NULL);
	return taken;
}

/* Three bytes are few: of a thousand ports two may draw the same. */
static void complete_mac(struct change *change, yyjson_mut_val *object)
{
	const char *network_id = json_member(object, "network_id");
	unsigned char random[3];
	char mac[18];

	if (json_member(object, "mac_address"))
		return;
	for (int turn = 0; turn < MAC_TURNS; turn++) {
		random_bytes(random, sizeof(random));
		snprintf(mac, sizeof(mac), "fa:16:3e:%02x:%02x:%02x", random[0], random[1],
			 random[2]);
		if (!network_id || !mac_is_taken(change, network_id, mac))
			break;
	}
	json_set_string(change->doc, object, "mac_address", mac);
}

static void set_nulls_empty(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
	if (!yyjson_mut_is_arr(yyjson_mut_obj_get(object, "allowed_address_pairs")))
		json_set(doc, object, "allowed_address_pairs", yyjson_mut_arr(doc));
	if (!yyjson_mut_is_arr(yyjson_mut_obj_get(object, "extra_dhcp_opts")))
		json_set(doc, object, "extra_dhcp_opts", yyjson_mut_arr(doc));
	if (!yyjson_mut_is_obj(yyjson_mut_obj_get(object, "binding:profile")))
		json_set(doc, object, "binding:profile", yyjson_mut_obj(doc));
}

/* A port that has a host is plugged by netd's bridge; one without is not bound. */
void port_binding_set(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
	const char *host = json_member(object, "binding:host_id");
	bool bound = host && host[0];
	yyjson_mut_val *details = yyjson_mut_obj(doc);

	if (bound)
		json_set_bool(doc, details, "port_filter", true);
	json_set_string(doc, object, "binding:vif_type", bound ? "bridge" : "unbound");
	json_set(doc, object, "binding:vif_details", details);
}

/* Free floating IPs do not keep their network from going. */
static void put_member(struct change *change, yyjson_mut_val *object)
{
	if (!strcmp(json_member(object, "device_owner"), "network:floatingip"))
		return;
	store_txn_put(change->txn,
		      arena_printf(change->request->arena, "/network/member/%s/%s",
				   json_member(object, "network_id"), json_member(object, "id")),
		      "{}");
	port_addresses_changed(change, json_member(object, "network_id"));
}

static struct address_holder holder_of(yyjson_mut_val *port)
{
	return (struct address_holder){ .network_id = json_member(port, "network_id"),
					.port_id = json_member(port, "id"),
					.owner = json_member(port, "device_owner"),
					.mac = json_member(port, "mac_address") };
}

int port_complete(struct change *change, yyjson_val *network, yyjson_val *wanted,
		  yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	struct address_holder holder;
	yyjson_mut_val *fixed_ips;
	int result;

	complete_mac(change, object);
	holder = holder_of(object);
	result = addresses_choose(change, &holder, wanted, &fixed_ips, error);
	if (!result)
		result = complete_security(change, network, object, error);
	if (result)
		return result;
	json_set(doc, object, "fixed_ips", fixed_ips);
	json_set_string(doc, object, "status",
			strcmp(json_member(object, "device_owner"), "network:floatingip") ? "DOWN"
											  : "N/A");
	if (!yyjson_mut_obj_get(object, "qos_policy_id"))
		json_set(doc, object, "qos_policy_id", yyjson_mut_null(doc));
	set_nulls_empty(doc, object);
	dns_name_lower(change, object, "dns_name");
	port_binding_set(doc, object);
	put_member(change, object);
	port_groups_changed(change, NULL, object);
	return qos_bind_record(change, QOS_PORT, NULL, object, error);
}

/* The owner of a network may delete the ports that others have on it. */
static bool writable(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "project_id")) || visible(request, record);
}

static bool names_address(yyjson_mut_val *given)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (yyjson_mut_obj_get(given, "fixed_ips"), index, count, item) {
		if (yyjson_mut_obj_get(item, "ip_address"))
			return true;
	}
	return false;
}

/* What a guest of somebody else's network may not say. */
static int check_rights(struct change *change, const char *verb, yyjson_val *network,
			yyjson_mut_val *given, struct error *error)
{
	const char *name = NULL;

	if (policy_owns(change->request, json_string(network, "project_id")))
		return 0;
	if (has_items(yyjson_mut_obj_get(given, "allowed_address_pairs")))
		name = "allowed_address_pairs";
	else if (yyjson_mut_obj_get(given, "mac_address"))
		name = "mac_address";
	else if (yyjson_mut_obj_get(given, "port_security_enabled"))
		name = "port_security_enabled";
	else if (names_address(given))
		name = "fixed_ips:ip_address";
	return name ? error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
				  "(rule:%s_port and rule:%s_port:%s) is disallowed by policy",
				  verb, verb, name)
		    : 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_val *given = yyjson_mut_obj_get(object, "fixed_ips");
	yyjson_val *network, *wanted = NULL;
	int result = change_find(change, &resource_network, json_member(object, "network_id"),
				 &network, error);

	if (!result)
		result = check_rights(change, "create", network, object, error);
	if (result)
		return result;
	if (yyjson_mut_is_arr(given))
		wanted = value_freeze(change->request, given);
	return port_complete(change, network, wanted, object, error);
}

int port_make(struct change *change, const struct port_plan *plan, yyjson_mut_val **port,
	      struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *object = yyjson_mut_obj(doc);
	int result;

	object_begin(change, object);
	json_set_string(doc, object, "tenant_id", plan->project_id);
	json_set_string(doc, object, "project_id", plan->project_id);
	json_set_string(doc, object, "name", plan->name ? plan->name : "");
	json_set_string(doc, object, "network_id", json_string(plan->network, "id"));
	json_set_bool(doc, object, "admin_state_up", true);
	json_set_string(doc, object, "device_id", plan->device_id);
	json_set_string(doc, object, "device_owner", plan->device_owner);
	json_set_string(doc, object, "description", "");
	json_set_string(doc, object, "dns_name", plan->hostname ? plan->hostname : "");
	json_set_string(doc, object, "binding:vnic_type", "normal");
	json_set_string(doc, object, "binding:host_id", plan->host ? plan->host : "");
	if (plan->made_for_server)
		json_set_bool(doc, object, "_made_for_server", true);
	if (plan->groups)
		json_set(doc, object, "security_groups", plan->groups);
	result = port_complete(change, plan->network, plan->fixed_ips, object, error);
	if (result)
		return result;
	change_put(change, &resource_port, object);
	*port = object;
	return 0;
}

/* A new MAC stands for other automatic addresses. */
static int update_addresses(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			    yyjson_mut_val *given, struct error *error)
{
	yyjson_val *had = yyjson_obj_get(old, "fixed_ips"), *wanted = had;
	yyjson_mut_val *fixed_ips = yyjson_mut_obj_get(given, "fixed_ips");
	struct address_holder holder = holder_of(object);
	int result;

	if (!fixed_ips && json_is(old, "mac_address", holder.mac))
		return 0;
	if (fixed_ips)
		wanted = value_freeze(change->request, yyjson_mut_is_arr(fixed_ips)
							       ? fixed_ips
							       : yyjson_mut_arr(change->doc));
	result = addresses_change(change, &holder, had, wanted, &fixed_ips, error);
	if (result)
		return result;
	json_set(change->doc, object, "fixed_ips", fixed_ips);
	port_addresses_changed(change, holder.network_id);
	return floating_addresses_gone(change, old, fixed_ips, error);
}

static int check_updater(struct change *change, yyjson_val *old, yyjson_mut_val *given,
			 struct error *error)
{
	yyjson_val *network;
	int result;

	if (!policy_owns(change->request, json_string(old, "project_id")))
		return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
				   "(rule:update_port) is disallowed by policy");
	result = resource_get(change->view, change->request->arena, &resource_network,
			      json_string(old, "network_id"), &network, error);
	return result ? result : check_rights(change, "update", network, given, error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	yyjson_mut_val *groups = yyjson_mut_obj_get(given, "security_groups");
	bool secure = yyjson_mut_get_bool(yyjson_mut_obj_get(object, "port_security_enabled"));
	int result = check_updater(change, old, given, error);

	if (!result)
		result = update_addresses(change, old, object, given, error);
	if (!result && yyjson_mut_is_arr(groups))
		result = check_group_ids(change, groups, json_string(old, "project_id"), error);
	if (!result && yyjson_mut_is_null(groups))
		json_set(change->doc, object, "security_groups", yyjson_mut_arr(change->doc));
	if (!result && !secure && has_items(yyjson_mut_obj_get(object, "security_groups")))
		return error_fault(error, -EEXIST, 409, "PortSecurityPortHasSecurityGroup",
				   "Port has security group associated. Cannot disable port "
				   "security or IP address until security group is removed.");
	if (!result && !secure && has_items(yyjson_mut_obj_get(object, "allowed_address_pairs")))
		return refuse_pairs(error);
	set_nulls_empty(change->doc, object);
	dns_name_lower(change, object, "dns_name");
	port_binding_set(change->doc, object);
	if (result)
		return result;
	port_groups_changed(change, old, object);
	if (yyjson_mut_obj_get(given, "binding:host_id"))
		result = trunk_parent_moved(change, old, json_member(object, "binding:host_id"),
					    error);
	return result ? result : qos_bind_record(change, QOS_PORT, old, object, error);
}

void port_put_gone(struct change *change, yyjson_val *port)
{
	const char *id = json_string(port, "id");

	addresses_release(change->txn, yyjson_obj_get(port, "fixed_ips"));
	store_txn_delete(change->txn, arena_printf(change->request->arena, "/network/member/%s/%s",
						   json_string(port, "network_id"), id));
	forget_groups(change, port);
	qos_unbind(change, QOS_PORT, port);
	change_delete(change, &resource_port, id);
}

int port_drop(struct change *change, yyjson_val *port, struct error *error)
{
	int result = floating_port_gone(change, port, error);

	if (!result)
		port_put_gone(change, port);
	return result;
}

static network_port_gone *port_observer;

void network_port_observe(network_port_gone *observer)
{
	port_observer = observer;
}

static int remove_port(struct change *change, yyjson_val *old, struct error *error)
{
	const char *owner = json_string(old, "device_owner");
	int result;

	if (owner &&
	    (!strncmp(owner, "network:router", 14) || !strcmp(owner, "network:floatingip")))
		return error_fault(error, -EBUSY, 409, "ServicePortInUse",
				   "Port %s cannot be deleted directly via the port API: has "
				   "device owner %s.",
				   json_string(old, "id"), owner);
	result = trunk_refuse_delete(old, error);
	if (!result)
		result = port_drop(change, old, error);
	if (!result && port_observer && owner && !strncmp(owner, "compute:", 8))
		result = port_observer(change->view, change->request->arena, change->txn,
				       json_string(old, "device_id"), error);
	return result;
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (result)
		return result;
	json_set_string(
		doc, out, "qos_network_policy_id",
		qos_network_policy(view, request->arena, json_string(record, "network_id")));
	result = trunk_details_derive(request, record, doc, out, error);
	return result ? result : dns_assignment_derive(request, record, doc, out, error);
}

bool port_on_subnet(yyjson_val *port, const char *subnet_id)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (json_is(item, "subnet_id", subnet_id))
			return true;
	}
	return false;
}

const struct resource resource_port = {
	.singular = "port",
	.plural = "ports",
	.prefix = "/network/port/",
	.attributes = attributes,
	.missing_type = "PortNotFound",
	.missing_before = "Port ",
	.missing_after = " could not be found.",
	.create = create,
	.update = update,
	.remove = remove_port,
	.derive = derive,
	.derives_apart = true,
	.visible = visible,
	.writable = writable,
	.matches = matches,
};
