/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a record to the guest that vmm is to have. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/guest_kind.h"
#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/compute/server_plug.h"
#include "firmware/cloud/compute/state.h"

#define STOP_TIMEOUT 60 /* seconds, as Nova's shutdown_timeout */
#define GIB (1024ull * 1024 * 1024)

bool guest_absent(yyjson_val *record)
{
	if (json_is(record, "OS-EXT-STS:task_state", task_state_name(TASK_DELETING)) ||
	    json_is(record, "OS-EXT-STS:task_state", task_state_name(TASK_SHELVING_OFFLOADING)))
		return true;
	return !json_bool(record, "_placed", false) ||
	       (json_is(record, "OS-EXT-STS:vm_state", vm_state_name(VM_ERROR)) &&
		!json_string(record, "OS-SRV-USG:launched_at") &&
		json_is(record, "_power", "stop"));
}

static void text_copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

static uint32_t power_of(yyjson_val *record)
{
	if (json_is(record, "_power", "stop"))
		return GUEST_STOP;
	if (json_is(record, "_power", "suspend"))
		return GUEST_SUSPEND;
	return json_is(record, "_power", "pause") ? GUEST_PAUSE : GUEST_RUN;
}

static void disk_set(struct guest_disk *disk, const char *id, yyjson_val *image, const char *bus,
		     int64_t gib, uint32_t boot_index)
{
	text_copy(disk->id, sizeof(disk->id), id);
	text_copy(disk->image_id, sizeof(disk->image_id), json_string(image, "id"));
	text_copy(disk->image_format, sizeof(disk->image_format), json_string(image, "format"));
	text_copy(disk->bus, sizeof(disk->bus), *bus ? bus : "virtio");
	disk->image_size = (uint64_t)json_integer(image, "size", 0);
	disk->size = (uint64_t)gib * GIB;
	disk->boot_index = boot_index;
}

/* The server's own disk, and in front of it the one that it is rescued from. */
static int disks_set(struct arena *arena, yyjson_val *record, const char *bus, struct guest *guest)
{
	yyjson_val *rescue = yyjson_obj_get(record, "_rescue");
	yyjson_val *image = yyjson_obj_get(record, "_boot");
	yyjson_val *volumes = yyjson_obj_get(record, "_volumes"), *volume;
	size_t most = 2 + yyjson_arr_size(volumes), i, all;
	struct guest_disk *disks = arena_alloc(arena, most * sizeof(*disks));
	uint32_t count = 0;

	if (!disks)
		return -ENOMEM;
	if (!yyjson_is_obj(image))
		image = yyjson_obj_get(record, "_image");
	if (yyjson_is_obj(rescue)) {
		disk_set(&disks[0], json_string(rescue, "disk"), yyjson_obj_get(rescue, "image"),
			 bus, 0, 0);
		count = 1;
	}
	disk_set(&disks[count], json_string(record, "_disk"), image, bus,
		 json_integer(yyjson_obj_get(record, "_flavor"), "disk", 0), count);
	guest->disks.items = disks;
	guest->disks.count = count + 1;
	yyjson_arr_foreach (volumes, i, all, volume) {
		struct guest_disk *disk = &disks[guest->disks.count];

		if (guest->disks.count == GUEST_DISKS_MAX)
			break;
		memset(disk, 0, sizeof(*disk));
		text_copy(disk->id, sizeof(disk->id), json_string(volume, "id"));
		disk->attached = true;
		guest->disks.count++;
	}
	return 0;
}

/* Without those that are being detached. */
static void ports_staying(yyjson_val *record, struct network_ports *ports)
{
	size_t kept = 0;

	for (size_t i = 0; i < ports->count; i++)
		if (!plug_is_leaving(record, json_string(ports->items[i], "id")))
			ports->items[kept++] = ports->items[i];
	ports->count = kept;
}

static int nics_set(struct store_view *view, struct arena *arena, const struct network_ports *ports,
		    const char *model, struct guest *guest)
{
	size_t count = ports->count < GUEST_NICS_MAX ? ports->count : GUEST_NICS_MAX;
	struct guest_nic *nics = arena_alloc(arena, (count ? count : 1) * sizeof(*nics));
	yyjson_val *network;

	if (!nics)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		text_copy(nics[i].port_id, sizeof(nics[i].port_id),
			  json_string(ports->items[i], "id"));
		text_copy(nics[i].mac, sizeof(nics[i].mac),
			  json_string(ports->items[i], "mac_address"));
		text_copy(nics[i].model, sizeof(nics[i].model), model);
		if (network_lookup(view, arena, json_string(ports->items[i], "network_id"),
				   &network, NULL) == 0)
			nics[i].mtu = (uint32_t)json_integer(network, "mtu", 0);
	}
	guest->nics.items = nics;
	guest->nics.count = count;
	return 0;
}

static int drive_set(struct store_view *view, struct arena *arena, yyjson_val *record,
		     struct guest *guest, struct error *error)
{
	struct metadata metadata;
	int result;

	if (!json_is(record, "config_drive", "True"))
		return 0;
	result = metadata_load(view, arena, json_string(record, "id"), &metadata, error);
	if (result == 0)
		result = metadata_drive(&metadata, &guest->config_drive_iso.data,
					&guest->config_drive_iso.size);
	guest->config_drive = result == 0;
	return result;
}

int guest_desired(struct store_view *view, struct arena *arena, yyjson_val *record,
		  struct guest *guest, struct error *error)
{
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	yyjson_val *properties = yyjson_obj_get(yyjson_obj_get(record, "_image"), "properties");
	struct network_ports ports = { 0 };
	struct hardware hardware;
	int result;

	memset(guest, 0, sizeof(*guest));
	text_copy(guest->id, sizeof(guest->id), json_string(record, "id"));
	text_copy(guest->name, sizeof(guest->name), json_string(record, "name"));
	guest->generation = (uint64_t)json_integer(record, "_generation", 0);
	guest->power = power_of(record);
	guest->vcpus = (uint32_t)json_integer(flavor, "vcpus", 1);
	guest->memory_mib = (uint32_t)json_integer(flavor, "ram", 0);
	guest->reboots_soft = (uint32_t)json_integer(record, "_reboots_soft", 0);
	guest->reboots_hard = (uint32_t)json_integer(record, "_reboots_hard", 0);
	guest->interrupts = (uint32_t)json_integer(record, "_interrupts", 0);
	guest->stop_timeout = json_bool(record, "_pull", false) ? 0 : STOP_TIMEOUT;
	result = hardware_read(flavor, properties, &hardware, error);
	if (result < 0)
		return result;
	guest_machine_set(guest, &hardware);
	result = network_device_ports(view, arena, guest->id, &ports, error);
	ports_staying(record, &ports);
	if (result == 0)
		result = disks_set(arena, record, hardware.disk_bus, guest);
	if (result == 0)
		result = nics_set(view, arena, &ports, hardware.nic_model, guest);
	return result < 0 ? result : drive_set(view, arena, record, guest, error);
}
