/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a running guest has used: processors, disks and memory by vmm, interfaces by netd. Until 2.47
 * in the words of Nova's libvirt driver, whose lists are names with numbers; from 2.48 on in a form
 * that all drivers share.
 */
#include <string.h>
#include <time.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/state.h"
#include "firmware/cloud/link.h"
#include "hypervisor/message.h"
#include "netstack/message.h"

#define ASK_MS 5000
#define KIB 1024
#define MIB (1024 * 1024)

struct diagnostics {
	struct request *request;
	struct server server;
	struct vmm_diagnostics guest;
	struct network_ports ports;
	struct net_counters *nics; /* of each port; code is not 0: not known */
	yyjson_mut_doc *doc;
	yyjson_mut_val *root;
};

/* --- asking */

static const char *power_name(yyjson_val *record)
{
	static const char *const names[] = {
		[POWER_NOSTATE] = "pending", [POWER_RUNNING] = "running",
		[POWER_PAUSED] = "paused",   [POWER_SHUTDOWN] = "shutdown",
		[POWER_CRASHED] = "crashed",
	};
	size_t state = (size_t)json_integer(record, "OS-EXT-STS:power_state", 0);

	return state < sizeof(names) / sizeof(names[0]) && names[state] ? names[state]
									: names[POWER_NOSTATE];
}

static int state_refused(const struct server *server, const char *state, struct error *error)
{
	return error_set(error, -EBUSY,
			 "Cannot 'get_diagnostics' instance %s while it is in power state %s",
			 server->id, state);
}

static int guest_ask(struct diagnostics *diagnostics, struct error *error)
{
	struct request *request = diagnostics->request;
	struct guest_id id;
	struct message reply;
	int result;

	strcpy(id.id, diagnostics->server.id);
	result = link_call(request->cloud->links[ROLE_VMM], request->arena, VMM_DIAGNOSTICS_GET,
			   guest_id_fields, &id, -1, ASK_MS, &reply, NULL, error);
	if (result == 0)
		result = message_decode(request->arena, &reply, vmm_diagnostics_fields,
					&diagnostics->guest, error);
	if (result == 0 && diagnostics->guest.code == ESRCH)
		return state_refused(&diagnostics->server, power_name(NULL), error);
	if (result == 0 && diagnostics->guest.code == 0)
		return 0;
	return error_fault(error, -EBUSY, 503, NULL,
			   "The diagnostics of instance %s can't be read now.",
			   diagnostics->server.id);
}

static int nics_ask(struct diagnostics *diagnostics, struct error *error)
{
	struct request *request = diagnostics->request;
	int result = server_ports(request, diagnostics->server.id, &diagnostics->ports, error);

	if (result < 0)
		return result;
	diagnostics->nics = arena_alloc(request->arena, (diagnostics->ports.count + 1) *
								sizeof(*diagnostics->nics));
	for (size_t i = 0; diagnostics->nics && i < diagnostics->ports.count; i++) {
		struct net_counters *nic = &diagnostics->nics[i];
		struct message reply;
		struct net_id id;

		*nic = (struct net_counters){ 0 };
		strcpy(id.id, json_string(diagnostics->ports.items[i], "id"));
		if (link_call(request->cloud->links[ROLE_NETD], request->arena, NETD_COUNTERS_GET,
			      net_id_fields, &id, -1, ASK_MS, &reply, NULL, NULL) < 0 ||
		    message_decode(request->arena, &reply, net_counters_fields, nic, NULL) < 0)
			nic->code = EIO;
	}
	return diagnostics->nics ? 0 : -ENOMEM;
}

static int diagnostics_read(struct request *request, struct diagnostics *diagnostics,
			    struct error *error)
{
	yyjson_val *record;
	int result;

	*diagnostics = (struct diagnostics){ .request = request, .doc = request_document(request) };
	diagnostics->root = yyjson_mut_obj(diagnostics->doc);
	result = server_find(request, &diagnostics->server, error);
	if (result < 0)
		return result;
	record = diagnostics->server.record;
	if (!json_string(record, "OS-EXT-SRV-ATTR:host"))
		return error_set(error, -EBUSY, "Instance %s is not ready", diagnostics->server.id);
	if (json_integer(record, "OS-EXT-STS:power_state", 0) != POWER_RUNNING)
		return state_refused(&diagnostics->server, power_name(record), error);
	result = guest_ask(diagnostics, error);
	return result < 0 ? result : nics_ask(diagnostics, error);
}

/* --- until 2.47 */

static void number_add(struct diagnostics *diagnostics, const char *name, const char *what,
		       uint64_t value)
{
	const char *member = arena_printf(diagnostics->request->arena, "%s%s", name, what);

	json_set_integer(diagnostics->doc, diagnostics->root, member, (int64_t)value);
}

static void disk_add(struct diagnostics *diagnostics, const struct vmm_disk_counters *disk)
{
	number_add(diagnostics, disk->name, "_read_req", disk->read_requests);
	number_add(diagnostics, disk->name, "_read", disk->read_bytes);
	number_add(diagnostics, disk->name, "_write_req", disk->write_requests);
	number_add(diagnostics, disk->name, "_write", disk->write_bytes);
	number_add(diagnostics, disk->name, "_errors", disk->errors);
}

/* By the name that Nova gives to a port's tap. */
static void nic_add(struct diagnostics *diagnostics, yyjson_val *port,
		    const struct net_counters *nic)
{
	const char *name =
		arena_printf(diagnostics->request->arena, "tap%.11s", json_string(port, "id"));

	number_add(diagnostics, name, "_rx", nic->received_bytes);
	number_add(diagnostics, name, "_rx_packets", nic->received_packets);
	number_add(diagnostics, name, "_rx_errors", nic->received_errors);
	number_add(diagnostics, name, "_rx_drop", nic->received_dropped);
	number_add(diagnostics, name, "_tx", nic->sent_bytes);
	number_add(diagnostics, name, "_tx_packets", nic->sent_packets);
	number_add(diagnostics, name, "_tx_errors", nic->sent_errors);
	number_add(diagnostics, name, "_tx_drop", nic->sent_dropped);
}

static uint64_t memory_mib(const struct diagnostics *diagnostics)
{
	return (uint64_t)json_integer(yyjson_obj_get(diagnostics->server.record, "_flavor"), "ram",
				      0);
}

static int diagnostics_by_name(struct request *request, struct error *error)
{
	struct diagnostics diagnostics;
	const struct vmm_cpu_time *cpus;
	const struct vmm_disk_counters *disks;
	int result = diagnostics_read(request, &diagnostics, error);

	if (result < 0)
		return result;
	cpus = diagnostics.guest.cpus.items;
	disks = diagnostics.guest.disks.items;
	for (size_t i = 0; i < diagnostics.guest.cpus.count; i++)
		number_add(&diagnostics, arena_printf(request->arena, "cpu%u", cpus[i].id), "_time",
			   cpus[i].time);
	for (size_t i = 0; i < diagnostics.guest.disks.count; i++)
		disk_add(&diagnostics, &disks[i]);
	for (size_t i = 0; i < diagnostics.ports.count; i++)
		if (diagnostics.nics[i].code == 0)
			nic_add(&diagnostics, diagnostics.ports.items[i], &diagnostics.nics[i]);
	number_add(&diagnostics, "memory", "", memory_mib(&diagnostics) * KIB);
	if (diagnostics.guest.memory_actual)
		number_add(&diagnostics, "memory", "-actual",
			   diagnostics.guest.memory_actual / KIB);
	number_add(&diagnostics, "memory", "-rss", diagnostics.guest.memory_resident / KIB);
	return reply_json(request, 200, diagnostics.doc, diagnostics.root);
}

/* --- from 2.48 on */

static void cpus_view(struct diagnostics *diagnostics)
{
	yyjson_mut_val *list =
		yyjson_mut_obj_add_arr(diagnostics->doc, diagnostics->root, "cpu_details");
	const struct vmm_cpu_time *cpus = diagnostics->guest.cpus.items;
	yyjson_mut_val *view;

	for (size_t i = 0; i < diagnostics->guest.cpus.count; i++) {
		view = yyjson_mut_arr_add_obj(diagnostics->doc, list);
		json_set_integer(diagnostics->doc, view, "id", cpus[i].id);
		json_set_integer(diagnostics->doc, view, "time", (int64_t)cpus[i].time);
		json_set_string(diagnostics->doc, view, "utilisation", NULL);
	}
}

static void disks_view(struct diagnostics *diagnostics)
{
	yyjson_mut_doc *doc = diagnostics->doc;
	yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, diagnostics->root, "disk_details");
	const struct vmm_disk_counters *disks = diagnostics->guest.disks.items;
	yyjson_mut_val *view;

	for (size_t i = 0; i < diagnostics->guest.disks.count; i++) {
		view = yyjson_mut_arr_add_obj(doc, list);
		json_set_integer(doc, view, "read_bytes", (int64_t)disks[i].read_bytes);
		json_set_integer(doc, view, "read_requests", (int64_t)disks[i].read_requests);
		json_set_integer(doc, view, "write_bytes", (int64_t)disks[i].write_bytes);
		json_set_integer(doc, view, "write_requests", (int64_t)disks[i].write_requests);
		json_set_integer(doc, view, "errors_count", (int64_t)disks[i].errors);
	}
}

static const struct {
	const char *name;
	size_t offset;
} nic_members[] = {
	{ "rx_octets", offsetof(struct net_counters, received_bytes) },
	{ "rx_errors", offsetof(struct net_counters, received_errors) },
	{ "rx_drop", offsetof(struct net_counters, received_dropped) },
	{ "rx_packets", offsetof(struct net_counters, received_packets) },
	{ "tx_octets", offsetof(struct net_counters, sent_bytes) },
	{ "tx_errors", offsetof(struct net_counters, sent_errors) },
	{ "tx_drop", offsetof(struct net_counters, sent_dropped) },
	{ "tx_packets", offsetof(struct net_counters, sent_packets) },
};

static void nics_view(struct diagnostics *diagnostics)
{
	yyjson_mut_doc *doc = diagnostics->doc;
	yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, diagnostics->root, "nic_details"), *view;

	for (size_t i = 0; i < diagnostics->ports.count; i++) {
		const char *nic = (const char *)&diagnostics->nics[i];

		view = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, view, "mac_address",
				json_string(diagnostics->ports.items[i], "mac_address"));
		for (size_t k = 0; k < sizeof(nic_members) / sizeof(nic_members[0]); k++)
			if (diagnostics->nics[i].code)
				json_set_string(doc, view, nic_members[k].name, NULL);
			else
				json_set_integer(
					doc, view, nic_members[k].name,
					(int64_t) *
						(const uint64_t *)(nic + nic_members[k].offset));
		json_set_string(doc, view, "rx_rate", NULL);
		json_set_string(doc, view, "tx_rate", NULL);
	}
}

static int64_t seconds_since(const char *precise)
{
	time_t then;

	return precise && time_parse(precise, &then) == 0 ? (int64_t)(time(NULL) - then) : 0;
}

/* The driver's name is of those that clients know; what it drives is told as it is. */
static void machine_view(struct diagnostics *diagnostics)
{
	yyjson_mut_doc *doc = diagnostics->doc;
	yyjson_mut_val *root = diagnostics->root, *memory;
	yyjson_val *record = diagnostics->server.record;
	uint64_t all = memory_mib(diagnostics), actual = diagnostics->guest.memory_actual / MIB;
	struct vmm_host host = { 0 };
	bool kvm = admission_host_get(&host) && !strcmp(host.accelerator, "kvm");

	json_set_string(doc, root, "state", power_name(record));
	json_set_string(doc, root, "driver", "libvirt");
	json_set_string(doc, root, "hypervisor", kvm ? "kvm" : "qemu");
	json_set_string(doc, root, "hypervisor_os", "linux");
	json_set_integer(doc, root, "uptime",
			 seconds_since(json_string(record, "OS-SRV-USG:launched_at")));
	json_set_bool(doc, root, "config_drive", json_is(record, "config_drive", "True"));
	json_set_integer(doc, root, "num_cpus", (int64_t)diagnostics->guest.cpus.count);
	json_set_integer(doc, root, "num_nics", (int64_t)diagnostics->ports.count);
	json_set_integer(doc, root, "num_disks", (int64_t)diagnostics->guest.disks.count);
	memory = yyjson_mut_obj_add_obj(doc, root, "memory_details");
	json_set_integer(doc, memory, "maximum", (int64_t)all);
	json_set_integer(doc, memory, "used", (int64_t)(actual ? actual : all));
}

static int diagnostics_by_kind(struct request *request, struct error *error)
{
	struct diagnostics diagnostics;
	int result = diagnostics_read(request, &diagnostics, error);

	if (result < 0)
		return result;
	machine_view(&diagnostics);
	cpus_view(&diagnostics);
	disks_view(&diagnostics);
	nics_view(&diagnostics);
	return reply_json(request, 200, diagnostics.doc, diagnostics.root);
}

/* --- tables */

#define DIAGNOSTICS "/servers/{server_id}/diagnostics"
static const struct route routes[] = {
	ROUTE("GET", DIAGNOSTICS, diagnostics_by_name, "os-server-diagnostics", .last = 47),
	ROUTE("GET", DIAGNOSTICS, diagnostics_by_kind, "os-server-diagnostics", .first = 48),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-server-diagnostics"), ADMIN },
	{ 0 },
};

const struct service_part compute_diagnostics_part = { routes, policies };
