/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Request schemas of everything but servers; those are in server_schemas.c. */
#include "firmware/cloud/compute/schema_parts.h"

#include "firmware/cloud/compute/routes.h"

#define MAX_INT 0x7fffffff
#define METADATA_NAMES "^[a-zA-Z0-9_:. -]{1,255}$"

const struct schema part_name = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
	.format = FORMAT_NAME,
};
const struct schema part_boolean = {
	.types = SCHEMA_BOOLEAN | SCHEMA_STRING,
	.format = FORMAT_BOOLEAN_STRING,
};
const struct schema part_string = { .types = SCHEMA_STRING };
const struct schema part_string_255 = { .types = SCHEMA_STRING, .max_length = 255 };
const struct schema part_uuid = { .types = SCHEMA_STRING, .format = FORMAT_UUID };
const struct schema part_positive = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.min_length = 1,
	.format = FORMAT_INTEGER_STRING,
	.has_minimum = true,
	.minimum = 1,
};
const struct schema part_description = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.max_length = 255,
};
static const struct schema metadata_value = { .types = SCHEMA_STRING, .max_length = 255 };
const struct schema part_metadata = {
	.types = SCHEMA_OBJECT,
	.others = &metadata_value,
	.member_pattern = METADATA_NAMES,
};
const struct schema part_tag = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 60,
	.pattern = "^[^,/]*$",
};
const struct schema part_tags = {
	.types = SCHEMA_ARRAY,
	.max_items = 50,
	.items = &part_tag,
};
const struct schema part_host = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
	.pattern = "^[a-zA-Z0-9._-]*$",
};

/* --- flavors */

static const struct schema flavor_id = {
	.types = SCHEMA_STRING | SCHEMA_NUMBER | SCHEMA_INTEGER | SCHEMA_NULL,
	.min_length = 1,
	.max_length = 255,
	.pattern = "^[a-zA-Z0-9._-]([a-zA-Z0-9. _-]*[a-zA-Z0-9._-])?$",
};
static const struct schema flavor_positive = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.min_length = 1,
	.format = FORMAT_INTEGER_STRING,
	.has_minimum = true,
	.minimum = 1,
	.has_maximum = true,
	.maximum = MAX_INT,
};
static const struct schema flavor_amount = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.min_length = 1,
	.format = FORMAT_INTEGER_STRING,
	.has_minimum = true,
	.minimum = 0,
	.has_maximum = true,
	.maximum = MAX_INT,
};
static const struct schema flavor_factor = {
	.types = SCHEMA_NUMBER | SCHEMA_INTEGER | SCHEMA_STRING,
	.pattern = "^[0-9]+(\\.[0-9]+)?$",
	.has_minimum = true,
	.minimum = 0,
};
static const struct schema flavor_description = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.max_length = 65535,
};
static const struct schema flavor_body = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "name", &part_name, true, 0, 0 },
			{ "id", &flavor_id, false, 0, 0 },
			{ "ram", &flavor_positive, true, 0, 0 },
			{ "vcpus", &flavor_positive, true, 0, 0 },
			{ "disk", &flavor_amount, true, 0, 0 },
			{ "OS-FLV-EXT-DATA:ephemeral", &flavor_amount, false, 0, 0 },
			{ "swap", &flavor_amount, false, 0, 0 },
			{ "rxtx_factor", &flavor_factor, false, 0, 0 },
			{ "os-flavor-access:is_public", &part_boolean, false, 0, 0 },
			{ "description", &flavor_description, false, 55, 0 },
			{ 0 } },
};
const struct schema schema_flavor_create = ENVELOPE("flavor", &flavor_body);
static const struct schema flavor_update_body = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "description", &flavor_description, true, 0, 0 },
						{ 0 } },
};
const struct schema schema_flavor_update = ENVELOPE("flavor", &flavor_update_body);

static const struct schema access_tenant = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
};
static const struct schema access_body = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "tenant", &access_tenant, true, 0, 0 }, { 0 } },
};
const struct schema schema_flavor_access_add = ENVELOPE("addTenantAccess", &access_body);
const struct schema schema_flavor_access_remove = ENVELOPE("removeTenantAccess", &access_body);

static const struct schema spec_value = {
	.types = SCHEMA_STRING | SCHEMA_NUMBER | SCHEMA_INTEGER,
	.max_length = 255,
};
static const struct schema specs_body = {
	.types = SCHEMA_OBJECT,
	.others = &spec_value,
	.member_pattern = METADATA_NAMES,
};
const struct schema schema_flavor_specs = ENVELOPE("extra_specs", &specs_body);
const struct schema schema_flavor_spec = {
	.types = SCHEMA_OBJECT,
	.others = &spec_value,
	.member_pattern = METADATA_NAMES,
	.max_members = 1,
};

/* --- key pairs */

static const struct schema keypair_name = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
	.format = FORMAT_NAME,
	.pattern = "^[a-zA-Z0-9_ -]+$",
};
static const struct schema keypair_name_292 = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
	.format = FORMAT_NAME,
	.pattern = "^[a-zA-Z0-9_ @.-]+$",
};
static const struct schema keypair_type = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "ssh", "x509", NULL },
};
static const struct schema keypair_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &keypair_name, true, 0, 91 },
						   { "name", &keypair_name_292, true, 92, 0 },
						   { "type", &keypair_type, false, 2, 0 },
						   { "public_key", &part_string, false, 0, 91 },
						   { "public_key", &part_string, true, 92, 0 },
						   { "user_id", &part_string, false, 10, 0 },
						   { 0 } },
};
const struct schema schema_keypair_create = ENVELOPE("keypair", &keypair_body);

/* --- metadata and tags */

static const struct schema metadata_item = {
	.types = SCHEMA_OBJECT,
	.others = &metadata_value,
	.member_pattern = METADATA_NAMES,
	.max_members = 1,
};
const struct schema schema_metadata = ENVELOPE("metadata", &part_metadata);
const struct schema schema_metadata_item = ENVELOPE("meta", &metadata_item);
const struct schema schema_tags = ENVELOPE("tags", &part_tags);

/* --- security groups: names are any text, as Neutron takes them */

static const struct schema group_text = { .types = SCHEMA_STRING | SCHEMA_NULL, .max_length = 255 };
static const struct schema group_body = {
	.types = SCHEMA_OBJECT,
	.additional = true,
	.members = (const struct schema_member[]){ { "name", &group_text, false, 0, 0 },
						   { "description", &group_text, false, 0, 0 },
						   { 0 } },
};
const struct schema schema_group = ENVELOPE("security_group", &group_body);

/* --- quotas */

static const struct schema quota_value = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.min_length = 1,
	.pattern = "^-?[0-9]+$",
	.has_minimum = true,
	.minimum = -1,
	.has_maximum = true,
	.maximum = MAX_INT,
};
static const struct schema quota_body = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "instances", &quota_value, false, 0, 0 },
			{ "cores", &quota_value, false, 0, 0 },
			{ "ram", &quota_value, false, 0, 0 },
			{ "floating_ips", &quota_value, false, 0, 35 },
			{ "fixed_ips", &quota_value, false, 0, 35 },
			{ "metadata_items", &quota_value, false, 0, 0 },
			{ "key_pairs", &quota_value, false, 0, 0 },
			{ "injected_files", &quota_value, false, 0, 56 },
			{ "injected_file_content_bytes", &quota_value, false, 0, 56 },
			{ "injected_file_path_bytes", &quota_value, false, 0, 56 },
			{ "security_groups", &quota_value, false, 0, 35 },
			{ "security_group_rules", &quota_value, false, 0, 35 },
			{ "server_groups", &quota_value, false, 0, 0 },
			{ "server_group_members", &quota_value, false, 0, 0 },
			{ "force", &part_boolean, false, 0, 0 },
			{ 0 } },
};
const struct schema schema_quota_update = ENVELOPE("quota_set", &quota_body);
/* Networks' resources until 2.49, files until 2.56; no limit on Nova's "networks" either. */
static const struct schema quota_class_body = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "instances", &quota_value, false, 0, 0 },
			{ "cores", &quota_value, false, 0, 0 },
			{ "ram", &quota_value, false, 0, 0 },
			{ "floating_ips", &quota_value, false, 0, 49 },
			{ "fixed_ips", &quota_value, false, 0, 49 },
			{ "metadata_items", &quota_value, false, 0, 0 },
			{ "key_pairs", &quota_value, false, 0, 0 },
			{ "injected_files", &quota_value, false, 0, 56 },
			{ "injected_file_content_bytes", &quota_value, false, 0, 56 },
			{ "injected_file_path_bytes", &quota_value, false, 0, 56 },
			{ "security_groups", &quota_value, false, 0, 49 },
			{ "security_group_rules", &quota_value, false, 0, 49 },
			{ "server_groups", &quota_value, false, 0, 0 },
			{ "server_group_members", &quota_value, false, 0, 0 },
			{ "networks", &quota_value, false, 0, 49 },
			{ 0 } },
};
const struct schema schema_quota_class_update = ENVELOPE("quota_class_set", &quota_class_body);
