/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making servers. Records, ports, quota and what the host gives are one transaction: it is all
 * there once the request is answered, and nothing is there when it is refused.
 */
#include "firmware/cloud/compute/admission.h"
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/scheduler.h"
#include "firmware/cloud/compute/server_groups.h"
#include "firmware/cloud/compute/server_order.h"
#include "firmware/cloud/compute/server_plug.h"
#include "firmware/cloud/compute/state.h"

struct making {
	struct request *request;
	struct server_order order;
	yyjson_mut_doc *doc;
	struct store_txn *txn;
	struct placement_claims claims;
	char id[UUID_SIZE];
	const char *name;
	int64_t index;
	const char *refused; /* why there is no host for them; NULL: there is one */
};

/* What the caller said. */
static void record_asked(struct making *making, yyjson_mut_val *record)
{
	const struct server_order *order = &making->order;
	yyjson_mut_doc *doc = making->doc;
	yyjson_val *metadata = yyjson_obj_get(order->body, "metadata");
	yyjson_val *tags = yyjson_obj_get(order->body, "tags");
	const char *disk_config = json_string(order->body, "OS-DCF:diskConfig");
	const char *v4 = json_string(order->body, "accessIPv4");
	const char *v6 = json_string(order->body, "accessIPv6");

	json_set_string(doc, record, "id", making->id);
	json_set_string(doc, record, "name", making->name);
	json_set_string(doc, record, "description",
			order->description == order->name ? making->name : order->description);
	json_set(doc, record, "metadata",
		 metadata ? yyjson_val_mut_copy(doc, metadata) : yyjson_mut_obj(doc));
	json_set(doc, record, "tags", tags ? yyjson_val_mut_copy(doc, tags) : yyjson_mut_arr(doc));
	json_set_string(doc, record, "OS-DCF:diskConfig", disk_config ? disk_config : "MANUAL");
	json_set_string(doc, record, "accessIPv4", v4 ? v4 : "");
	json_set_string(doc, record, "accessIPv6", address_short(making->order.request->arena, v6));
	json_set_string(doc, record, "config_drive", order->config_drive ? "True" : "");
	json_set_string(doc, record, "key_name", json_string(order->keypair, "name"));
	json_set_string(doc, record, "pinned_availability_zone", order->zone);
	json_set_bool(doc, record, "_user_data", order->user_data);
	if (order->group)
		json_set_string(doc, record, "_group", json_string(order->group, "id"));
	json_set(doc, record, "_flavor", flavor_kept(doc, order->flavor));
	json_set(doc, record, "_image", image_kept(doc, &order->image));
	json_set(doc, record, "_key", key_kept(doc, order->keypair));
}

/* Who and where. */
static void record_placed(struct making *making, yyjson_mut_val *record)
{
	struct arena *arena = making->request->arena;
	const struct caller *caller = making->request->caller;
	const char *host = !making->refused ? COMPUTE_HOST : NULL;
	yyjson_mut_doc *doc = making->doc;

	json_set_string(doc, record, "tenant_id", caller->project_id);
	json_set_string(doc, record, "user_id", caller->user_id);
	json_set_string(doc, record, "OS-EXT-AZ:availability_zone",
			host ? making->order.host.zone : "");
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:host", host);
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:hypervisor_hostname", host);
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:instance_name",
			arena_printf(arena, "instance-%.8s", making->id));
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:reservation_id", making->order.reservation);
	json_set_integer(doc, record, "OS-EXT-SRV-ATTR:launch_index", making->index);
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:hostname",
			making->order.hostname ? making->order.hostname
					       : hostname_of(arena, making->name, making->id));
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:kernel_id", "");
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:ramdisk_id", "");
	json_set_string(doc, record, "OS-EXT-SRV-ATTR:root_device_name", "/dev/vda");
}

static void record_fault(struct making *making, yyjson_mut_val *record, const char *now)
{
	yyjson_mut_val *fault = yyjson_mut_obj(making->doc);

	json_set_integer(making->doc, fault, "code", 500);
	json_set_string(making->doc, fault, "created", now);
	json_set_string(making->doc, fault, "message", making->refused);
	json_set(making->doc, record, "_fault", fault);
}

/* Where its life begins. */
static void record_state(struct making *making, yyjson_mut_val *record)
{
	const char *now = time_now(making->request->arena);
	yyjson_mut_doc *doc = making->doc;
	char disk[UUID_SIZE];

	uuid_make(disk);
	json_set_string(doc, record, "created_at", now);
	json_set_string(doc, record, "updated_at", now);
	json_set_string(doc, record, "OS-SRV-USG:launched_at", NULL);
	json_set_string(doc, record, "OS-SRV-USG:terminated_at", NULL);
	json_set_string(doc, record, "OS-EXT-STS:vm_state",
			vm_state_name(!making->refused ? VM_BUILDING : VM_ERROR));
	json_set_string(doc, record, "OS-EXT-STS:task_state",
			!making->refused ? task_state_name(TASK_SPAWNING) : NULL);
	json_set_integer(doc, record, "OS-EXT-STS:power_state", POWER_NOSTATE);
	json_set_integer(doc, record, "progress", 0);
	json_set_bool(doc, record, "locked", false);
	json_set_string(doc, record, "locked_reason", NULL);
	json_set_string(doc, record, "trusted_image_certificates", NULL);
	json_set_string(doc, record, "_disk", disk);
	json_set_string(doc, record, "_power", "run");
	json_set_integer(doc, record, "_generation", 1);
	json_set_integer(doc, record, "_reboots_soft", 0);
	json_set_integer(doc, record, "_reboots_hard", 0);
	json_set_bool(doc, record, "_placed", !making->refused);
	if (making->refused)
		record_fault(making, record, now);
}

/* What the network service says, with the codes and fault names that Nova gives for it. */
static int network_refused(int result, struct error *error)
{
	if (result == 0 || !error)
		return result;
	error->type = NULL;
	if (result == -ENOENT || result == -EEXIST || result == -ENOSPC) {
		error->status = 0;
		error->code = -EINVAL;
		return -EINVAL;
	}
	return result;
}

static int ports_make(struct making *making, yyjson_mut_val *record, struct error *error)
{
	struct network_device device = {
		.device_id = making->id,
		.device_owner =
			arena_printf(making->request->arena, "compute:%s", making->order.host.zone),
		.project_id = making->request->caller->project_id,
		.hostname =
			yyjson_mut_get_str(yyjson_mut_obj_get(record, "OS-EXT-SRV-ATTR:hostname")),
		.host = COMPUTE_HOST,
	};
	yyjson_mut_val *made;
	yyjson_val *bound;
	int result = 0;

	for (size_t i = 0; result == 0 && i < making->order.nic_count; i++) {
		const struct nic_order *nic = &making->order.nics[i];

		if (nic->port_id)
			result = network_port_bind(making->request, making->txn, nic->port_id,
						   &device, &bound, error);
		else
			result = network_port_make(making->request, making->txn, nic->network_id,
						   nic->fixed_ip, &device, making->order.groups,
						   &made, error);
		if (result == 0)
			tag_keep(making->doc, record,
				 nic->port_id ? nic->port_id
					      : yyjson_mut_get_str(yyjson_mut_obj_get(made, "id")),
				 nic->tag);
	}
	return network_refused(result, error);
}

static int server_make(struct making *making, yyjson_mut_val **made, struct error *error)
{
	struct request *request = making->request;
	yyjson_mut_val *record = yyjson_mut_obj(making->doc);
	int result = 0;

	uuid_make(making->id);
	making->name = making->order.most > 1
			       ? arena_printf(request->arena, "%s-%lld", making->order.name,
					      (long long)making->index + 1)
			       : making->order.name;
	if (!making->refused)
		result = admission_claim(request, &making->claims, making->id, making->order.flavor,
					 making->order.image.record, error);
	if (result < 0)
		return result;
	record_asked(making, record);
	record_placed(making, record);
	record_state(making, record);
	action_begin_record(request, making->doc, record, making->txn, "create",
			    "compute__do_build_and_run_instance");
	result = !making->refused ? ports_make(making, record, error) : 0;
	if (result < 0)
		return result;
	store_txn_put(making->txn, arena_printf(request->arena, KEY_SERVER "%s", making->id),
		      request_write(request, record));
	if (making->order.user_data || making->order.files)
		server_data_put(request, making->txn, making->id, making->order.user_data,
				making->order.files);
	*made = *made ? *made : record;
	return 0;
}

static int create_reply(struct making *making, yyjson_mut_val *record)
{
	struct request *request = making->request;
	yyjson_mut_doc *doc = making->doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc), *server;
	yyjson_val *groups = yyjson_obj_get(making->order.body, "security_groups");
	const char *id = yyjson_mut_get_str(yyjson_mut_obj_get(record, "id"));
	yyjson_mut_val *group_list;

	if (yyjson_is_true(yyjson_obj_get(making->order.body, "return_reservation_id"))) {
		json_set_string(doc, root, "reservation_id", making->order.reservation);
		return reply_json(request, 202, doc, root);
	}
	server = yyjson_mut_obj_add_obj(doc, root, "server");
	json_set_string(doc, server, "id", id);
	json_set(doc, server, "links", links_of(request, doc, "servers", id));
	json_set_string(doc, server, "OS-DCF:diskConfig",
			yyjson_mut_get_str(yyjson_mut_obj_get(record, "OS-DCF:diskConfig")));
	group_list = groups ? yyjson_val_mut_copy(doc, groups) : yyjson_mut_arr(doc);
	if (!groups)
		json_set_string(doc, yyjson_mut_arr_add_obj(doc, group_list), "name", "default");
	json_set(doc, server, "security_groups", group_list);
	json_set_string(doc, server, "adminPass", making->order.admin_pass);
	reply_header(request, "Location", "%s", link_self(request, "servers", id));
	return reply_json(request, 202, doc, root);
}

/* The group is to be there when its new members are. */
static int group_join(struct making *making, int64_t count, struct error *error)
{
	struct server_order *order = &making->order;

	if (!order->group)
		return 0;
	store_txn_compare(making->txn,
			  arena_printf(making->request->arena, KEY_SERVER_GROUP "%s",
				       json_string(order->group, "id")),
			  order->group_revision);
	return group_take(making->request, &order->members, count, error);
}

/* All of them have a host, or none has: as Nova's scheduler decides. */
static int hosts_find(struct making *making, int64_t count, struct error *error)
{
	const struct schedule schedule = { .request = making->request,
					   .host = &making->order.host,
					   .flavor = making->order.flavor,
					   .image = making->order.image.record,
					   .hints = making->order.hints,
					   .group = making->order.group,
					   .members = &making->order.members,
					   .count = count };
	int result = placement_claims_begin(making->request, making->txn, &making->claims, error);
	int64_t room;

	if (result < 0)
		return result;
	host_state_compare(making->txn, &making->order.host);
	room = admission_room(&making->claims, making->order.flavor, making->order.image.record);
	if (room < 1)
		making->refused = NO_HOST_ROOM;
	else if (room < count)
		making->refused = NO_HOST_FILTER;
	else
		result = schedule_run(&schedule, &making->refused, error);
	return result;
}

int handle_server_create(struct request *request, struct error *error)
{
	struct making making = { .request = request,
				 .doc = request_document(request),
				 .txn = store_txn_new(request->arena) };
	struct quota_amount each;
	yyjson_mut_val *first = NULL;
	int64_t count;
	int result = server_order_read(request, &making.order, error);

	if (result < 0)
		return result;
	each = quota_of_flavor(making.order.flavor);
	count = making.order.most;
	result = quota_take(request, making.txn, &each, making.order.least, &count, error);
	if (result == 0)
		result = group_join(&making, count, error);
	if (result == 0)
		result = hosts_find(&making, count, error);
	for (; result == 0 && making.index < count; making.index++)
		result = server_make(&making, &first, error);
	if (result == 0)
		result = request_commit(request, making.txn, error);
	return result < 0 ? result : create_reply(&making, first);
}
