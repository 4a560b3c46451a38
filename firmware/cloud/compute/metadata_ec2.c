/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EC2 tree below "meta-data": one table of leaves. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

static const char *first_address(struct metadata *metadata)
{
	yyjson_val *item;
	size_t i, count;

	for (size_t port = 0; port < metadata->ports.count; port++)
		yyjson_arr_foreach (yyjson_obj_get(metadata->ports.items[port], "fixed_ips"), i,
				    count, item) {
			const char *address = json_string(item, "ip_address");

			if (address && !strchr(address, ':'))
				return address;
		}
	return "";
}

/* EC2's ids are short: the first digits of the UUID stand for all of it. */
static const char *short_id(struct metadata *metadata, const char *prefix, const char *id)
{
	return arena_printf(metadata->arena, "%s-%.8s", prefix, id ? id : "00000000");
}

static const char *make_instance_id(struct metadata *metadata)
{
	return short_id(metadata, "i", json_string(metadata->server, "id"));
}

static const char *make_image_id(struct metadata *metadata)
{
	return short_id(metadata, "ami",
			json_string(yyjson_obj_get(metadata->server, "_image"), "id"));
}

static const char *make_index(struct metadata *metadata)
{
	return arena_printf(
		metadata->arena, "%lld",
		(long long)json_integer(metadata->server, "OS-EXT-SRV-ATTR:launch_index", 0));
}

static const char *make_hostname(struct metadata *metadata)
{
	return json_string(metadata->server, "OS-EXT-SRV-ATTR:hostname");
}

static const char *make_type(struct metadata *metadata)
{
	return json_string(yyjson_obj_get(metadata->server, "_flavor"), "name");
}

static const char *make_reservation(struct metadata *metadata)
{
	return json_string(metadata->server, "OS-EXT-SRV-ATTR:reservation_id");
}

static const char *make_zone(struct metadata *metadata)
{
	return json_string(metadata->server, "OS-EXT-AZ:availability_zone");
}

static const char *make_none(struct metadata *metadata)
{
	(void)metadata;
	return "none";
}

static const char *make_empty(struct metadata *metadata)
{
	(void)metadata;
	return "";
}

static const char *make_root(struct metadata *metadata)
{
	(void)metadata;
	return "/dev/vda";
}

static const char *make_disk(struct metadata *metadata)
{
	(void)metadata;
	return "vda";
}

static const char *make_groups(struct metadata *metadata)
{
	struct arena *arena = metadata->arena;
	const char *text = "", *name;
	struct store_record record;
	yyjson_val *id;
	size_t i, count;

	if (!metadata->ports.count)
		return "";
	yyjson_arr_foreach (yyjson_obj_get(metadata->ports.items[0], "security_groups"), i, count,
			    id) {
		if (store_get(metadata->view, arena,
			      arena_printf(arena, "/network/security-group/%s", yyjson_get_str(id)),
			      &record, NULL) < 0)
			continue;
		name = json_string(json_parse(arena, record.value, record.size), "name");
		text = arena_printf(arena, "%s%s%s", text, *text ? "\n" : "", name ? name : "");
	}
	return text;
}

static const char *key_member(struct metadata *metadata, const char *member)
{
	return json_string(yyjson_obj_get(metadata->server, "_key"), member);
}

static const char *make_key_list(struct metadata *metadata)
{
	const char *name = key_member(metadata, "name");

	return name ? arena_printf(metadata->arena, "0=%s", name) : NULL;
}

static const char *make_key_form(struct metadata *metadata)
{
	return key_member(metadata, "name") ? "openssh-key" : NULL;
}

static const char *make_key(struct metadata *metadata)
{
	return key_member(metadata, "public_key");
}

/* A folder's own listing is made from the table: it has no entry. */
static const struct ec2_leaf {
	const char *path;
	const char *(*make)(struct metadata *metadata); /* NULL: not there */
} leaves[] = {
	{ "ami-id", make_image_id },
	{ "ami-launch-index", make_index },
	{ "ami-manifest-path", make_empty },
	{ "block-device-mapping/ami", make_disk },
	{ "block-device-mapping/root", make_root },
	{ "hostname", make_hostname },
	{ "instance-action", make_none },
	{ "instance-id", make_instance_id },
	{ "instance-type", make_type },
	{ "local-hostname", make_hostname },
	{ "local-ipv4", first_address },
	{ "placement/availability-zone", make_zone },
	{ "public-hostname", make_hostname },
	{ "public-ipv4", make_empty },
	{ "public-keys", make_key_list },
	{ "public-keys/0", make_key_form },
	{ "public-keys/0/openssh-key", make_key },
	{ "reservation-id", make_reservation },
	{ "security-groups", make_groups },
};
#define LEAVES (sizeof(leaves) / sizeof(leaves[0]))

/* Names below a folder, each once; folders end with a slash. */
static const char *folder_list(struct metadata *metadata, const char *folder)
{
	size_t length = strlen(folder), last_length = 0;
	const char *text = NULL, *last = NULL;

	for (size_t i = 0; i < LEAVES; i++) {
		const char *name = leaves[i].path + length;
		size_t part;

		if (strncmp(leaves[i].path, folder, length) || (length && *name++ != '/'))
			continue;
		part = strcspn(name, "/");
		if (!leaves[i].make(metadata) ||
		    (last && part == last_length && !memcmp(last, name, part)))
			continue;
		last = name;
		last_length = part;
		text = arena_printf(metadata->arena, "%s%s%.*s%s", text ? text : "",
				    text ? "\n" : "", (int)part, name,
				    name[part] || !strncmp(name, "public-keys", 11) ? "/" : "");
	}
	return text;
}

const char *metadata_ec2(struct metadata *metadata, const char *path)
{
	for (size_t i = 0; i < LEAVES; i++)
		if (!strcmp(leaves[i].path, path))
			return leaves[i].make(metadata);
	return folder_list(metadata, path);
}
