/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What administrators see of the box: zones, hypervisors, services. There is one of each kind. */
#include "firmware/cloud/compute/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/link.h"
#include "firmware/cloud/placement/placement.h"
#include "hypervisor/message.h"

/* The processes that Nova's clients look for; all of them are this box. Their ids never change. */
static const struct {
	const char *binary, *zone, *uuid;
	int id;
} services_known[] = {
	{ "nova-scheduler", "internal", "5c0de000-0000-4000-8000-000000000001", 1 },
	{ "nova-conductor", "internal", "5c0de000-0000-4000-8000-000000000002", 2 },
	{ "nova-compute", COMPUTE_ZONE, "5c0de000-0000-4000-8000-000000000003", 3 },
};
#define SERVICES (sizeof(services_known) / sizeof(services_known[0]))
#define SERVICE_COMPUTE 2

static bool service_up(struct request *request, size_t index)
{
	return index != SERVICE_COMPUTE || link_is_up(request->cloud->links[ROLE_VMM]);
}

/* --- zones */

static void zone_add(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *name,
		     yyjson_mut_val *hosts)
{
	yyjson_mut_val *zone = yyjson_mut_arr_add_obj(doc, list);

	json_set_string(doc, zone, "zoneName", name);
	json_set_bool(doc, yyjson_mut_obj_add_obj(doc, zone, "zoneState"), "available", true);
	yyjson_mut_obj_add_val(doc, zone, "hosts", hosts);
}

int handle_zones(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	(void)error;
	zone_add(doc, yyjson_mut_obj_add_arr(doc, root, "availabilityZoneInfo"), COMPUTE_ZONE,
		 yyjson_mut_null(doc));
	return reply_json(request, 200, doc, root);
}

static yyjson_mut_val *zone_hosts(struct request *request, yyjson_mut_doc *doc, const char *zone)
{
	yyjson_mut_val *hosts = yyjson_mut_obj(doc), *host, *service;

	host = yyjson_mut_obj_add_obj(doc, hosts, COMPUTE_HOST);
	for (size_t i = 0; i < SERVICES; i++) {
		if (strcmp(services_known[i].zone, zone))
			continue;
		service = yyjson_mut_obj_add_obj(doc, host, services_known[i].binary);
		json_set_bool(doc, service, "available", service_up(request, i));
		json_set_bool(doc, service, "active", true);
		json_set_string(doc, service, "updated_at", time_now(request->arena));
	}
	return hosts;
}

int handle_zones_detail(struct request *request, struct error *error)
{
	static const char *const zones[] = { "internal", COMPUTE_ZONE };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;

	(void)error;
	list = yyjson_mut_obj_add_arr(doc, root, "availabilityZoneInfo");
	for (size_t i = 0; i < 2; i++)
		zone_add(doc, list, zones[i], zone_hosts(request, doc, zones[i]));
	return reply_json(request, 200, doc, root);
}

/* --- services */

static yyjson_mut_val *service_view(struct request *request, yyjson_mut_doc *doc, size_t index)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	if (request->microversion >= 53)
		json_set_string(doc, view, "id", services_known[index].uuid);
	else
		json_set_integer(doc, view, "id", services_known[index].id);
	json_set_string(doc, view, "binary", services_known[index].binary);
	json_set_string(doc, view, "host", COMPUTE_HOST);
	json_set_string(doc, view, "zone", services_known[index].zone);
	json_set_string(doc, view, "status", "enabled");
	json_set_string(doc, view, "state", service_up(request, index) ? "up" : "down");
	json_set_string(doc, view, "updated_at", time_now(request->arena));
	json_set_string(doc, view, "disabled_reason", NULL);
	if (request->microversion >= 11)
		json_set_bool(doc, view, "forced_down", false);
	return view;
}

int handle_services(struct request *request, struct error *error)
{
	const char *binary = request_query(request, "binary"),
		   *host = request_query(request, "host");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;

	(void)error;
	list = yyjson_mut_obj_add_arr(doc, root, "services");
	for (size_t i = 0; i < SERVICES; i++)
		if ((!binary || !strcmp(binary, services_known[i].binary)) &&
		    (!host || !strcmp(host, COMPUTE_HOST)))
			yyjson_mut_arr_append(list, service_view(request, doc, i));
	return reply_json(request, 200, doc, root);
}

/* --- hypervisors */

struct load {
	int64_t running;
	struct placement_provider provider; /* what there is and what is taken */
};

static int load_read(struct request *request, struct load *load, struct record_list *list,
		     struct error *error)
{
	struct store_view *view;
	int result;

	memset(load, 0, sizeof(*load));
	*list = (struct record_list){ .request = request };
	result = record_list_range(request, list, KEY_SERVER, error);
	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = placement_provider_read(request->cloud, view, request->arena,
						 &load->provider, error);
	for (size_t i = 0; result == 0 && i < list->count; i++)
		load->running += json_is(list->items[i], "OS-EXT-STS:vm_state", "active");
	return result;
}

/* "10.0.3" as Nova packs it: 10000003. */
static int64_t version_packed(const char *text)
{
	int64_t parts[3] = { 0 };
	char *end;

	for (size_t i = 0; i < 3; i++) {
		parts[i] = strtol(text, &end, 10);
		if (*end != '.')
			break;
		text = end + 1;
	}
	return parts[0] * 1000000 + parts[1] * 1000 + parts[2];
}

static void hypervisor_load(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
			    const struct vmm_host *host, const struct load *load)
{
	const struct placement_inventory *inventory = load->provider.inventory;
	const int64_t *used = load->provider.used;
	int64_t memory = inventory[RESOURCE_MEMORY_MB].total;
	int64_t disk = inventory[RESOURCE_DISK_GB].total;
	const char *cpu;
	yyjson_mut_val *info = yyjson_mut_obj(doc);

	json_set_integer(doc, view, "vcpus", inventory[RESOURCE_VCPU].total);
	json_set_integer(doc, view, "memory_mb", memory);
	json_set_integer(doc, view, "local_gb", disk);
	json_set_integer(doc, view, "vcpus_used", used[RESOURCE_VCPU]);
	json_set_integer(doc, view, "memory_mb_used", used[RESOURCE_MEMORY_MB]);
	json_set_integer(doc, view, "local_gb_used", used[RESOURCE_DISK_GB]);
	json_set_integer(doc, view, "free_ram_mb", memory - used[RESOURCE_MEMORY_MB]);
	json_set_integer(doc, view, "free_disk_gb", disk - used[RESOURCE_DISK_GB]);
	json_set_integer(doc, view, "current_workload", 0);
	json_set_integer(doc, view, "running_vms", load->running);
	json_set_integer(doc, view, "disk_available_least", disk - used[RESOURCE_DISK_GB]);
	json_set_string(doc, info, "arch", host->arch);
	json_set_string(doc, info, "model", host->cpu_model);
	json_set_string(doc, info, "accelerator", host->accelerator);
	cpu = request->microversion < 28 ? request_write(request, info) : NULL;
	json_set(doc, view, "cpu_info", cpu ? yyjson_mut_str(doc, cpu) : info);
}

static void hypervisor_service(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view)
{
	yyjson_mut_val *service = yyjson_mut_obj_add_obj(doc, view, "service");

	if (request->microversion >= 53)
		json_set_string(doc, service, "id", services_known[SERVICE_COMPUTE].uuid);
	else
		json_set_integer(doc, service, "id", services_known[SERVICE_COMPUTE].id);
	json_set_string(doc, service, "host", COMPUTE_HOST);
	json_set_string(doc, service, "disabled_reason", NULL);
}

static void hypervisor_servers(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
			       const struct record_list *list)
{
	const char *wanted = request_query(request, "with_servers");
	yyjson_mut_val *array, *item;
	bool with = false;

	if (request->microversion < 53 || !wanted || boolean_parse(wanted, &with) < 0 || !with)
		return;
	if (!list->count && request->microversion < 75)
		return;
	array = yyjson_mut_obj_add_arr(doc, view, "servers");
	for (size_t i = 0; i < list->count; i++) {
		item = yyjson_mut_arr_add_obj(doc, array);
		json_set_string(doc, item, "name",
				json_string(list->items[i], "OS-EXT-SRV-ATTR:instance_name"));
		json_set_string(doc, item, "uuid", json_string(list->items[i], "id"));
	}
}

static int hypervisor_view(struct request *request, yyjson_mut_doc *doc, bool detail,
			   yyjson_mut_val **made, struct error *error)
{
	yyjson_mut_val *view = *made = yyjson_mut_obj(doc);
	struct record_list list;
	struct vmm_host host = { 0 };
	struct load load;
	int result = load_read(request, &load, &list, error);

	if (result < 0)
		return result;
	admission_host_get(&host);
	if (request->microversion >= 53)
		json_set_string(doc, view, "id", load.provider.uuid);
	else
		json_set_integer(doc, view, "id", 1);
	json_set_string(doc, view, "hypervisor_hostname", COMPUTE_HOST);
	json_set_string(doc, view, "state", service_up(request, SERVICE_COMPUTE) ? "up" : "down");
	json_set_string(doc, view, "status", "enabled");
	hypervisor_servers(request, doc, view, &list);
	if (!detail)
		return 0;
	json_set_string(doc, view, "hypervisor_type", "QEMU");
	json_set_integer(doc, view, "hypervisor_version", version_packed(host.qemu_version));
	json_set_string(doc, view, "host_ip", "127.0.0.1");
	hypervisor_service(request, doc, view);
	if (request->microversion < 88)
		hypervisor_load(request, doc, view, &host, &load);
	else
		json_set_string(doc, view, "uptime", NULL);
	return 0;
}

static int hypervisors_reply(struct request *request, bool detail, struct error *error)
{
	const char *pattern = request->microversion >= 53
				      ? request_query(request, "hypervisor_hostname_pattern")
				      : NULL;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	int result;

	if (pattern && !strcasestr(COMPUTE_HOST, pattern))
		return error_set(error, -ENOENT, "No hypervisor matching '%s' could be found.",
				 pattern);
	result = hypervisor_view(request, doc, detail, &view, error);
	if (result < 0)
		return result;
	yyjson_mut_arr_append(yyjson_mut_obj_add_arr(doc, root, "hypervisors"), view);
	return reply_json(request, 200, doc, root);
}

int handle_hypervisors(struct request *request, struct error *error)
{
	return hypervisors_reply(request, false, error);
}

int handle_hypervisors_detail(struct request *request, struct error *error)
{
	return hypervisors_reply(request, true, error);
}

int handle_hypervisor_show(struct request *request, struct error *error)
{
	const char *id = request_param(request, "hypervisor_id"), *own;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	int result;

	if (request->microversion >= 53 && !uuid_like(id))
		return error_set(error, -EINVAL, "Invalid uuid %s", id);
	result = hypervisor_view(request, doc, true, &view, error);
	if (result < 0)
		return result;
	own = request->microversion >= 53 ? yyjson_mut_get_str(yyjson_mut_obj_get(view, "id"))
					  : "1";
	if (strcmp(id, own))
		return error_set(error, -ENOENT, "Hypervisor with ID '%s' could not be found.", id);
	yyjson_mut_obj_add_val(doc, root, "hypervisor", view);
	return reply_json(request, 200, doc, root);
}

int handle_hypervisor_statistics(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	struct vmm_host host = { 0 };
	struct record_list list;
	struct load load;
	int result = load_read(request, &load, &list, error);

	if (result < 0)
		return result;
	admission_host_get(&host);
	view = yyjson_mut_obj_add_obj(doc, root, "hypervisor_statistics");
	json_set_integer(doc, view, "count", 1);
	hypervisor_load(request, doc, view, &host, &load);
	yyjson_mut_obj_remove_key(view, "cpu_info");
	return reply_json(request, 200, doc, root);
}
