/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The services that this firmware serves. Each is put into the catalog once: a marker remembers
 * it, so that an operator may change or remove the record and a later firmware may add services.
 * "%(base_url)s" stands for the address by which the client reached the box.
 */
#include "firmware/cloud/identity/bootstrap.h"

static const struct {
	const char *type, *name, *path;
} catalog[] = {
	{ "identity", "keystone", "/identity" }, { "image", "glance", "/image" },
	{ "compute", "nova", "/compute/v2.1" },  { "placement", "placement", "/placement" },
	{ "network", "neutron", "/network" },
};

static const char *const interfaces[] = { "public", "internal", "admin" };

static void put_endpoint(struct bootstrap *bootstrap, const char *service_id, const char *interface,
			 const char *path)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);
	const char *id = bootstrap_id(bootstrap);

	json_set_string(bootstrap->doc, record, "id", id);
	json_set_string(bootstrap->doc, record, "interface", interface);
	json_set_string(bootstrap->doc, record, "region_id", "RegionOne");
	json_set_string(bootstrap->doc, record, "service_id", service_id);
	json_set_string(bootstrap->doc, record, "url",
			arena_printf(bootstrap->reader.arena, "%%(base_url)s%s", path));
	json_set_bool(bootstrap->doc, record, "enabled", true);
	bootstrap_put(bootstrap, record, "/identity/endpoint/%s", id);
}

static const char *put_service(struct bootstrap *bootstrap, const char *type, const char *name)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);
	const char *id = bootstrap_id(bootstrap);

	json_set_string(bootstrap->doc, record, "id", id);
	json_set_string(bootstrap->doc, record, "type", type);
	json_set_string(bootstrap->doc, record, "name", name);
	json_set_bool(bootstrap->doc, record, "enabled", true);
	bootstrap_put(bootstrap, record, "/identity/service/%s", id);
	return id;
}

static void put_region(struct bootstrap *bootstrap)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);

	json_set_string(bootstrap->doc, record, "id", "RegionOne");
	json_set_string(bootstrap->doc, record, "description", "");
	json_set_string(bootstrap->doc, record, "parent_region_id", NULL);
	bootstrap_put(bootstrap, record, "/identity/region/RegionOne");
}

/* True the first time that this firmware's table has the item. */
static bool is_new(struct bootstrap *bootstrap, const char *item)
{
	yyjson_val *marker;
	int result = record_get(&bootstrap->reader, &marker, NULL, bootstrap->error,
				"/identity/bootstrap/%s", item);

	if (result == -ENOENT)
		bootstrap_put(bootstrap, yyjson_mut_obj(bootstrap->doc), "/identity/bootstrap/%s",
			      item);
	else if (result < 0 && bootstrap->result == 0)
		bootstrap->result = result;
	return result == -ENOENT;
}

void bootstrap_catalog(struct bootstrap *bootstrap)
{
	if (is_new(bootstrap, "region"))
		put_region(bootstrap);
	for (size_t i = 0; i < sizeof(catalog) / sizeof(catalog[0]); i++) {
		const char *id;

		if (!is_new(bootstrap, catalog[i].type))
			continue;
		id = put_service(bootstrap, catalog[i].type, catalog[i].name);
		for (size_t j = 0; j < sizeof(interfaces) / sizeof(interfaces[0]); j++)
			put_endpoint(bootstrap, id, interfaces[j], catalog[i].path);
	}
}
