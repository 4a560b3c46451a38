/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nova's older view of hosts (until 2.42). */
#include <string.h>
#include <strings.h>

#include "firmware/cloud/compute/host_load.h"
#include "firmware/cloud/compute/host_state.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/schema_parts.h"

struct amount {
	int64_t cpu, memory, disk;
};

static struct amount amount_of(yyjson_val *server)
{
	yyjson_val *flavor = yyjson_obj_get(server, "_flavor");

	return (struct amount){ json_integer(flavor, "vcpus", 0), json_integer(flavor, "ram", 0),
				json_integer(flavor, "disk", 0) +
					json_integer(flavor, "ephemeral", 0) };
}

static void resource_add(yyjson_mut_doc *doc, yyjson_mut_val *array, const char *project,
			 const struct amount *amount)
{
	yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, array), *resource;

	resource = yyjson_mut_obj_add_obj(doc, item, "resource");
	json_set_string(doc, resource, "host", COMPUTE_HOST);
	json_set_string(doc, resource, "project", project);
	json_set_integer(doc, resource, "cpu", amount->cpu);
	json_set_integer(doc, resource, "memory_mb", amount->memory);
	json_set_integer(doc, resource, "disk_gb", amount->disk);
}

/* What the servers of a project have; NULL: of all. */
static struct amount amount_sum(const struct host_load *load, const char *project)
{
	struct amount sum = { 0 }, one;

	for (size_t i = 0; i < load->servers.count; i++) {
		if (project && !json_is(load->servers.items[i], "tenant_id", project))
			continue;
		one = amount_of(load->servers.items[i]);
		sum.cpu += one.cpu;
		sum.memory += one.memory;
		sum.disk += one.disk;
	}
	return sum;
}

static bool seen_before(const struct host_load *load, size_t at)
{
	const char *project = json_string(load->servers.items[at], "tenant_id");

	for (size_t i = 0; i < at; i++)
		if (json_is(load->servers.items[i], "tenant_id", project))
			return true;
	return false;
}

static void resources_add(yyjson_mut_doc *doc, yyjson_mut_val *array, const struct host_load *load)
{
	const struct placement_inventory *inventory = load->provider.inventory;
	const int64_t *used = load->provider.used;
	struct amount total = { inventory[RESOURCE_VCPU].total, inventory[RESOURCE_MEMORY_MB].total,
				inventory[RESOURCE_DISK_GB].total };
	struct amount now = { used[RESOURCE_VCPU],
			      used[RESOURCE_MEMORY_MB] + inventory[RESOURCE_MEMORY_MB].reserved,
			      used[RESOURCE_DISK_GB] };
	struct amount most = amount_sum(load, NULL), own;

	resource_add(doc, array, "(total)", &total);
	resource_add(doc, array, "(used_now)", &now);
	resource_add(doc, array, "(used_max)", &most);
	for (size_t i = 0; i < load->servers.count; i++) {
		const char *project = json_string(load->servers.items[i], "tenant_id");

		if (seen_before(load, i))
			continue;
		own = amount_sum(load, project);
		resource_add(doc, array, project, &own);
	}
}

static int host_find(struct request *request, struct error *error)
{
	const char *name = request_param(request, "host");

	return strcmp(name, COMPUTE_HOST)
		       ? error_set(error, -ENOENT, "Host '%s' is not mapped to any cell", name)
		       : 0;
}

static int host_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array, *item;
	const char *wanted = request_query(request, "zone"), *zone;
	struct host_state state;
	int result = host_state_read(request, &state, error);

	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "hosts");
	for (size_t i = 0; i < SERVICES; i++) {
		zone = host_service_zone(&state, i);
		if ((wanted && *wanted && strcmp(wanted, zone)) ||
		    (i == SERVICE_COMPUTE && state.disabled))
			continue;
		item = yyjson_mut_arr_add_obj(doc, array);
		json_set_string(doc, item, "host_name", COMPUTE_HOST);
		json_set_string(doc, item, "service", host_services[i].topic);
		json_set_string(doc, item, "zone", zone);
	}
	return reply_json(request, 200, doc, root);
}

static int host_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct host_load load;
	int result = host_find(request, error);

	if (result == 0)
		result = host_load_read(request, &load, error);
	if (result < 0)
		return result;
	resources_add(doc, yyjson_mut_obj_add_arr(doc, root, "host"), &load);
	return reply_json(request, 200, doc, root);
}

static int unsupported(struct request *request, struct error *error)
{
	int result = host_find(request, error);

	return result < 0
		       ? result
		       : error_set(error, -ENOSYS, "The requested functionality is not supported.");
}

/* Maintenance and power are nothing that Nova's libvirt driver does. */
static int host_update(struct request *request, struct error *error)
{
	const char *status = json_string(request->body, "status");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct host_state state;
	int result = host_find(request, error);

	if (result == 0 && yyjson_obj_get(request->body, "maintenance_mode"))
		return unsupported(request, error);
	if (result == 0 && status)
		result = host_state_read(request, &state, error);
	if (result < 0)
		return result;
	json_set_string(doc, root, "host", COMPUTE_HOST);
	if (status) {
		state.disabled = strcasecmp(status, "enable") != 0;
		state.reason = NULL;
		host_state_put(request, txn, &state);
		json_set_string(doc, root, "status", state.disabled ? "disabled" : "enabled");
		result = placement_disable(request, txn, state.disabled, error);
	}
	if (result == 0 && status)
		result = request_commit(request, txn, error);
	return result < 0 ? result : reply_json(request, 200, doc, root);
}

static const struct schema toggle = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "enable", "disable", "Enable", "Disable", "ENABLE",
					 "DISABLE", NULL },
};
static const struct schema schema_update = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "status", &toggle, false, 0, 0 },
						   { "maintenance_mode", &toggle, false, 0, 0 },
						   { 0 } },
};

#define HOST "/os-hosts/{host}"
static const struct route routes[] = {
	ROUTE("GET", "/os-hosts", host_list, "os-hosts:list", .last = 42),
	ROUTE("GET", HOST, host_show, "os-hosts:show", .last = 42),
	ROUTE("PUT", HOST, host_update, "os-hosts:update", .body = &schema_update, .last = 42),
	ROUTE("GET", HOST "/startup", unsupported, "os-hosts:start", .last = 42),
	ROUTE("GET", HOST "/shutdown", unsupported, "os-hosts:shutdown", .last = 42),
	ROUTE("GET", HOST "/reboot", unsupported, "os-hosts:reboot", .last = 42),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-hosts:list"), ADMIN },
	{ POLICY("os-hosts:show"), ADMIN },
	{ POLICY("os-hosts:update"), ADMIN },
	{ POLICY("os-hosts:start"), ADMIN },
	{ POLICY("os-hosts:shutdown"), ADMIN },
	{ POLICY("os-hosts:reboot"), ADMIN },
	{ 0 },
};

const struct service_part compute_host_part = { routes, policies };
