/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Request schemas of servers and their actions. */
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/schema_parts.h"

static const struct schema any = { .types = SCHEMA_ANY };
static const struct schema image_or_empty = {
	.types = SCHEMA_STRING,
	.pattern = "^(|[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})$"
};
static const struct schema flavor_reference = {
	.types = SCHEMA_STRING | SCHEMA_INTEGER,
	.min_length = 1,
};
static const struct schema disk_config = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "AUTO", "MANUAL", NULL },
};
static const struct schema address_v4 = { .types = SCHEMA_STRING, .format = FORMAT_IPV4 };
static const struct schema address_v6 = { .types = SCHEMA_STRING, .format = FORMAT_IPV6 };
static const struct schema address = { .types = SCHEMA_STRING, .format = FORMAT_IP };
static const struct schema port_id = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.format = FORMAT_UUID,
};
static const struct schema user_data = {
	.types = SCHEMA_STRING,
	.max_length = 65535,
	.format = FORMAT_BASE64,
};
static const struct schema user_data_or_null = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.max_length = 65535,
	.format = FORMAT_BASE64,
};
static const struct schema hostname = {
	.types = SCHEMA_STRING,
	.min_length = 2,
	.max_length = 63,
	.pattern = "^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$",
};
static const struct schema hostname_294 = {
	.types = SCHEMA_STRING,
	.min_length = 2,
	.max_length = 255,
	.pattern = "^[a-zA-Z0-9]+[a-zA-Z0-9.-]*[a-zA-Z0-9]+$",
};

/* --- networks: a list; from 2.37 on required, and "auto" or "none" as well */

static const struct schema network_item = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "fixed_ip", &address, false, 0, 0 },
						   { "port", &port_id, false, 0, 0 },
						   { "uuid", &part_string, false, 0, 36 },
						   { "uuid", &part_uuid, false, 37, 0 },
						   { "tag", &part_tag, false, 32, 36 },
						   { "tag", &part_tag, false, 42, 0 },
						   { 0 } },
};
static const struct schema networks = { .types = SCHEMA_ARRAY, .items = &network_item };
static const struct schema networks_237 = {
	.types = SCHEMA_ARRAY | SCHEMA_STRING,
	.items = &network_item,
	.one_of = (const char *const[]){ "none", "auto", NULL },
};

/* --- block devices */

static const struct schema volume_size = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.format = FORMAT_INTEGER_STRING,
	.has_minimum = true,
	.minimum = 1,
	.has_maximum = true,
	.maximum = 0x7fffffff,
};
static const struct schema device_name = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
	.pattern = "^[a-zA-Z0-9._r/-]*$",
};
static const struct schema source_type = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "volume", "image", "snapshot", "blank", NULL },
};
static const struct schema destination_type = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "local", "volume", NULL },
};
static const struct schema boot_index = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING | SCHEMA_NULL,
	.pattern = "^-?[0-9]+$",
};
static const struct schema device_id = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
	.pattern = "^[a-zA-Z0-9._-]*$",
};

#define DEVICE_MEMBERS                                                                             \
	{ "virtual_name", &part_string_255, false, 0, 0 },                                         \
		{ "volume_id", &part_uuid, false, 0, 0 },                                          \
		{ "snapshot_id", &part_uuid, false, 0, 0 },                                        \
		{ "volume_size", &volume_size, false, 0, 0 },                                      \
		{ "device_name", &device_name, false, 0, 0 },                                      \
		{ "delete_on_termination", &part_boolean, false, 0, 0 },                           \
		{ "no_device", &any, false, 0, 0 },                                                \
	{                                                                                          \
		"connection_info", &part_string, false, 0, 0                                       \
	}

static const struct schema device = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ DEVICE_MEMBERS, { 0 } },
};
static const struct schema device_v2 = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			DEVICE_MEMBERS,
			{ "source_type", &source_type, false, 0, 0 },
			{ "uuid", &device_id, false, 0, 0 },
			{ "image_id", &part_uuid, false, 0, 0 },
			{ "destination_type", &destination_type, false, 0, 0 },
			{ "guest_format", &part_string_255, false, 0, 0 },
			{ "device_type", &part_string_255, false, 0, 0 },
			{ "disk_bus", &part_string_255, false, 0, 0 },
			{ "boot_index", &boot_index, false, 0, 0 },
			{ "tag", &part_tag, false, 32, 32 },
			{ "tag", &part_tag, false, 42, 0 },
			{ "volume_type", &part_description, false, 67, 0 },
			{ 0 } },
};
static const struct schema devices = { .types = SCHEMA_ARRAY, .items = &device };
static const struct schema devices_v2 = { .types = SCHEMA_ARRAY, .items = &device_v2 };

/* --- create */

static const struct schema group_item = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, false, 0, 0 }, { 0 } },
};
static const struct schema groups = { .types = SCHEMA_ARRAY, .items = &group_item };
static const struct schema file_content = { .types = SCHEMA_STRING, .format = FORMAT_BASE64 };
static const struct schema file_item = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "path", &part_string, false, 0, 0 },
						   { "contents", &file_content, false, 0, 0 },
						   { 0 } },
};
static const struct schema personality = { .types = SCHEMA_ARRAY, .items = &file_item };
static const struct schema certificate = { .types = SCHEMA_STRING, .min_length = 1 };
static const struct schema certificates = {
	.types = SCHEMA_ARRAY | SCHEMA_NULL,
	.min_items = 1,
	.max_items = 50,
	.unique_items = true,
	.items = &certificate,
};
static const struct schema hint_different = {
	.types = SCHEMA_STRING | SCHEMA_ARRAY,
	.format = FORMAT_UUID,
	.items = &part_uuid,
};
static const struct schema hint_same = {
	.types = SCHEMA_STRING | SCHEMA_ARRAY,
	.items = &part_uuid,
};
static const struct schema hint_query = { .types = SCHEMA_STRING | SCHEMA_OBJECT,
					  .additional = true };
static const struct schema hint_cells = {
	.types = SCHEMA_STRING | SCHEMA_ARRAY,
	.items = &part_string,
};
static const struct schema hint_cidr = { .types = SCHEMA_STRING, .pattern = "^/[0-9a-f.:]+$" };
static const struct schema hints = {
	.types = SCHEMA_OBJECT,
	.additional = true,
	.members =
		(const struct schema_member[]){ { "group", &part_uuid, false, 0, 0 },
						{ "different_host", &hint_different, false, 0, 0 },
						{ "same_host", &hint_same, false, 0, 0 },
						{ "query", &hint_query, false, 0, 0 },
						{ "target_cell", &part_name, false, 0, 0 },
						{ "different_cell", &hint_cells, false, 0, 0 },
						{ "build_near_host_ip", &address, false, 0, 0 },
						{ "cidr", &hint_cidr, false, 0, 0 },
						{ 0 } },
};

static const struct schema server_create = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "name", &part_name, true, 0, 0 },
			{ "imageRef", &image_or_empty, false, 0, 0 },
			{ "flavorRef", &flavor_reference, true, 0, 0 },
			{ "adminPass", &part_string, false, 0, 0 },
			{ "metadata", &part_metadata, false, 0, 0 },
			{ "networks", &networks, false, 0, 36 },
			{ "networks", &networks_237, true, 37, 0 },
			{ "OS-DCF:diskConfig", &disk_config, false, 0, 0 },
			{ "accessIPv4", &address_v4, false, 0, 0 },
			{ "accessIPv6", &address_v6, false, 0, 0 },
			{ "personality", &personality, false, 0, 56 },
			{ "availability_zone", &part_name, false, 0, 0 },
			{ "block_device_mapping", &devices, false, 0, 0 },
			{ "block_device_mapping_v2", &devices_v2, false, 0, 0 },
			{ "config_drive", &part_boolean, false, 0, 0 },
			{ "key_name", &part_name, false, 0, 0 },
			{ "min_count", &part_positive, false, 0, 0 },
			{ "max_count", &part_positive, false, 0, 0 },
			{ "return_reservation_id", &part_boolean, false, 0, 0 },
			{ "security_groups", &groups, false, 0, 0 },
			{ "user_data", &user_data, false, 0, 0 },
			{ "description", &part_description, false, 19, 0 },
			{ "tags", &part_tags, false, 52, 0 },
			{ "trusted_image_certificates", &certificates, false, 63, 0 },
			{ "host", &part_host, false, 74, 0 },
			{ "hypervisor_hostname", &part_host, false, 74, 0 },
			{ "hostname", &hostname, false, 90, 93 },
			{ "hostname", &hostname_294, false, 94, 0 },
			{ 0 } },
};
const struct schema schema_server_create = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "server", &server_create, true, 0, 0 },
						   { "os:scheduler_hints", &hints, false, 0, 0 },
						   { "OS-SCH-HNT:scheduler_hints", &hints, false, 0,
						     0 },
						   { 0 } },
};

/* --- update and actions */

static const struct schema server_update = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "name", &part_name, false, 0, 0 },
						{ "OS-DCF:diskConfig", &disk_config, false, 0, 0 },
						{ "accessIPv4", &address_v4, false, 0, 0 },
						{ "accessIPv6", &address_v6, false, 0, 0 },
						{ "description", &part_description, false, 19, 0 },
						{ "hostname", &hostname, false, 90, 93 },
						{ "hostname", &hostname_294, false, 94, 0 },
						{ 0 } },
};
const struct schema schema_server_update = ENVELOPE("server", &server_update);

static const struct schema reboot_type = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "HARD", "Hard", "hard", "SOFT", "Soft", "soft", NULL },
};
static const struct schema reboot = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "type", &reboot_type, true, 0, 0 }, { 0 } },
};
const struct schema schema_server_reboot = ENVELOPE("reboot", &reboot);

static const struct schema console_length = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING | SCHEMA_NULL,
	.pattern = "^-?[0-9]+$",
	.has_minimum = true,
	.minimum = -1,
};
static const struct schema console = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "length", &console_length, false, 0, 0 }, { 0 } },
};
const struct schema schema_server_console = ENVELOPE("os-getConsoleOutput", &console);

static const struct schema lock_reason = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
};
static const struct schema lock = {
	.types = SCHEMA_OBJECT | SCHEMA_NULL,
	.members = (const struct schema_member[]){ { "locked_reason", &lock_reason, false, 0, 0 },
						   { 0 } },
};
const struct schema schema_server_lock = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "lock", &any, false, 0, 72 },
						   { "lock", &lock, true, 73, 0 },
						   { 0 } },
};

static const struct schema group_action = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, true, 0, 0 }, { 0 } },
};
const struct schema schema_server_group_add = ENVELOPE("addSecurityGroup", &group_action);
const struct schema schema_server_group_remove = ENVELOPE("removeSecurityGroup", &group_action);

static const struct schema reset_state = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "active", "error", NULL },
};
static const struct schema reset = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "state", &reset_state, true, 0, 0 }, { 0 } },
};
const struct schema schema_server_reset_state = ENVELOPE("os-resetState", &reset);

static const struct schema resize = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "flavorRef", &flavor_reference, true, 0, 0 },
						{ "OS-DCF:diskConfig", &disk_config, false, 0, 0 },
						{ 0 } },
};
const struct schema schema_server_resize = ENVELOPE("resize", &resize);

static const struct schema rebuild = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "name", &part_name, false, 0, 0 },
			{ "imageRef", &part_uuid, true, 0, 0 },
			{ "adminPass", &part_string, false, 0, 0 },
			{ "metadata", &part_metadata, false, 0, 0 },
			{ "preserve_ephemeral", &part_boolean, false, 0, 0 },
			{ "OS-DCF:diskConfig", &disk_config, false, 0, 0 },
			{ "accessIPv4", &address_v4, false, 0, 0 },
			{ "accessIPv6", &address_v6, false, 0, 0 },
			{ "personality", &personality, false, 0, 56 },
			{ "description", &part_description, false, 19, 0 },
			{ "key_name", &part_description, false, 54, 0 },
			{ "user_data", &user_data_or_null, false, 57, 0 },
			{ "trusted_image_certificates", &certificates, false, 63, 0 },
			{ "hostname", &hostname, false, 90, 93 },
			{ "hostname", &hostname_294, false, 94, 0 },
			{ 0 } },
};
const struct schema schema_server_rebuild = ENVELOPE("rebuild", &rebuild);

static const struct schema create_image = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, true, 0, 0 },
						   { "metadata", &part_metadata, false, 0, 0 },
						   { 0 } },
};
const struct schema schema_server_create_image = ENVELOPE("createImage", &create_image);

static const struct schema host_or_null = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.min_length = 1,
	.max_length = 255,
	.pattern = "^[a-zA-Z0-9._-]*$",
};
static const struct schema migrate = {
	.types = SCHEMA_OBJECT | SCHEMA_NULL,
	.members = (const struct schema_member[]){ { "host", &host_or_null, false, 56, 0 }, { 0 } },
};
const struct schema schema_server_migrate = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "migrate", &any, true, 0, 55 },
						   { "migrate", &migrate, true, 56, 0 },
						   { 0 } },
};
static const struct schema block_migration = { .types = SCHEMA_BOOLEAN | SCHEMA_STRING };
static const struct schema migrate_live = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "block_migration", &part_boolean, true, 0, 24 },
			{ "block_migration", &block_migration, true, 25, 0 },
			{ "disk_over_commit", &part_boolean, true, 0, 24 },
			{ "host", &host_or_null, true, 0, 0 },
			{ "force", &part_boolean, false, 30, 67 },
			{ 0 } },
};
const struct schema schema_server_migrate_live = ENVELOPE("os-migrateLive", &migrate_live);
static const struct schema evacuate = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "host", &host_or_null, false, 0, 0 },
						{ "onSharedStorage", &part_boolean, true, 0, 13 },
						{ "adminPass", &part_string, false, 0, 0 },
						{ "force", &part_boolean, false, 29, 67 },
						{ 0 } },
};
const struct schema schema_server_evacuate = ENVELOPE("evacuate", &evacuate);
static const struct schema nothing = { .types = SCHEMA_NULL };
const struct schema schema_force_complete = ENVELOPE("force_complete", &nothing);

static const struct schema rotation = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.min_length = 1,
	.format = FORMAT_INTEGER_STRING,
	.has_minimum = true,
};
static const struct schema create_backup = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, true, 0, 0 },
						   { "backup_type", &part_string, true, 0, 0 },
						   { "rotation", &rotation, true, 0, 0 },
						   { "metadata", &part_metadata, false, 0, 0 },
						   { 0 } },
};
const struct schema schema_server_create_backup = ENVELOPE("createBackup", &create_backup);

static const struct schema rescue = {
	.types = SCHEMA_OBJECT | SCHEMA_NULL,
	.members = (const struct schema_member[]){ { "adminPass", &part_string, false, 0, 0 },
						   { "rescue_image_ref", &part_uuid, false, 0, 0 },
						   { 0 } },
};
const struct schema schema_server_rescue = ENVELOPE("rescue", &rescue);

static const struct schema unshelve_277 = {
	.types = SCHEMA_OBJECT | SCHEMA_NULL,
	.members = (const struct schema_member[]){ { "availability_zone", &part_name, true, 0, 90 },
						   { "availability_zone", &host_or_null, false, 91,
						     0 },
						   { "host", &part_host, false, 91, 0 },
						   { 0 } },
};
const struct schema schema_server_unshelve = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "unshelve", &any, true, 0, 76 },
						   { "unshelve", &unshelve_277, true, 77, 0 },
						   { 0 } },
};

static const struct schema change_password = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "adminPass", &part_string, true, 0, 0 }, { 0 } },
};
const struct schema schema_server_change_password = ENVELOPE("changePassword", &change_password);

static const struct schema event_name = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "network-changed", "network-vif-plugged",
					 "network-vif-unplugged", "network-vif-deleted", NULL },
};
static const struct schema event_name_251 = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "network-changed", "network-vif-plugged",
					 "network-vif-unplugged", "network-vif-deleted",
					 "volume-extended", NULL },
};
static const struct schema event_name_276 = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "network-changed", "network-vif-plugged",
					 "network-vif-unplugged", "network-vif-deleted",
					 "volume-extended", "power-update",
					 "accelerator-request-bound", NULL },
};
static const struct schema event_status = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "failed", "completed", "in-progress", NULL },
};
static const struct schema event = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "server_uuid", &part_uuid, true, 0, 0 },
						   { "name", &event_name, true, 0, 50 },
						   { "name", &event_name_251, true, 51, 75 },
						   { "name", &event_name_276, true, 76, 0 },
						   { "status", &event_status, false, 0, 0 },
						   { "tag", &part_string_255, false, 0, 0 },
						   { 0 } },
};
static const struct schema events = { .types = SCHEMA_ARRAY, .min_items = 1, .items = &event };
const struct schema schema_external_events = ENVELOPE("events", &events);
