/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server as the API shows it: one table of members by microversion, form and caller. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/compute/state.h"
#include "hypervisor/message.h"

struct server_views *server_views_new(struct request *request, yyjson_mut_doc *doc)
{
	struct server_views *views = arena_alloc(request->arena, sizeof(*views));

	if (views) {
		views->request = request;
		views->doc = doc;
		views->version = request->microversion;
		views->admin = request->caller->is_admin;
	}
	return views;
}

/* --- members that are made; NULL: left out */

static yyjson_mut_val *make_status(struct server_views *views, yyjson_val *record)
{
	return yyjson_mut_str(views->doc, status_of(json_string(record, "OS-EXT-STS:vm_state"),
						    json_string(record, "OS-EXT-STS:task_state")));
}

static yyjson_mut_val *make_seconds(struct server_views *views, const char *precise)
{
	const char *text = time_seconds(views->request->arena, precise);

	return text ? yyjson_mut_str(views->doc, text) : yyjson_mut_null(views->doc);
}

static yyjson_mut_val *make_created(struct server_views *views, yyjson_val *record)
{
	return make_seconds(views, json_string(record, "created_at"));
}

static yyjson_mut_val *make_updated(struct server_views *views, yyjson_val *record)
{
	return make_seconds(views, json_string(record, "updated_at"));
}

static yyjson_mut_val *make_host_id(struct server_views *views, yyjson_val *record)
{
	const char *host = json_string(record, "OS-EXT-SRV-ATTR:host");
	const char *project = json_string(record, "tenant_id"), *id;

	if (!host)
		return yyjson_mut_str(views->doc, "");
	id = view_name_kept(views->host_ids, project);
	if (!id)
		id = view_name_keep(views, &views->host_ids, project,
				    host_id(views->request->arena, host, project));
	return yyjson_mut_str(views->doc, id);
}

static yyjson_mut_val *make_reference(struct server_views *views, const char *collection,
				      const char *id)
{
	yyjson_mut_val *value = yyjson_mut_obj(views->doc), *link;

	json_set_string(views->doc, value, "id", id);
	link = yyjson_mut_arr_add_obj(views->doc,
				      yyjson_mut_obj_add_arr(views->doc, value, "links"));
	json_set_string(views->doc, link, "rel", "bookmark");
	json_set_string(views->doc, link, "href", link_bookmark(views->request, collection, id));
	return value;
}

static yyjson_mut_val *make_image(struct server_views *views, yyjson_val *record)
{
	return make_reference(views, "images", json_string(yyjson_obj_get(record, "_image"), "id"));
}

/* Until 2.46 a reference; from 2.47 on what the flavor was when the server was made of it. */
static yyjson_mut_val *make_flavor(struct server_views *views, yyjson_val *record)
{
	static const char *const members[] = { "vcpus", "ram", "disk", "ephemeral", "swap" };
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	yyjson_mut_val *value;

	if (views->version < 47)
		return make_reference(views, "flavors", json_string(flavor, "id"));
	value = yyjson_mut_obj(views->doc);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set_integer(views->doc, value, members[i],
				 json_integer(flavor, members[i], 0));
	json_set_string(views->doc, value, "original_name", json_string(flavor, "name"));
	json_set(views->doc, value, "extra_specs",
		 yyjson_val_mut_copy(views->doc, yyjson_obj_get(flavor, "extra_specs")));
	return value;
}

static yyjson_mut_val *make_links(struct server_views *views, yyjson_val *record)
{
	return links_of(views->request, views->doc, "servers", json_string(record, "id"));
}

static yyjson_mut_val *make_fault(struct server_views *views, yyjson_val *record)
{
	yyjson_val *fault = yyjson_obj_get(record, "_fault");
	const char *details = json_string(fault, "details");
	int64_t code = json_integer(fault, "code", 500);
	yyjson_mut_val *value;

	if (!yyjson_is_obj(fault) || !json_is(record, "OS-EXT-STS:vm_state", "error"))
		return NULL;
	value = yyjson_mut_obj(views->doc);
	json_set_integer(views->doc, value, "code", code);
	json_set(views->doc, value, "created", make_seconds(views, json_string(fault, "created")));
	json_set_string(views->doc, value, "message", json_string(fault, "message"));
	if (details && (views->admin || code != 500))
		json_set_string(views->doc, value, "details", details);
	return value;
}

static yyjson_mut_val *make_progress(struct server_views *views, yyjson_val *record)
{
	const char *status = status_of(json_string(record, "OS-EXT-STS:vm_state"),
				       json_string(record, "OS-EXT-STS:task_state"));

	if (strcmp(status, "ACTIVE") && strcmp(status, "BUILD"))
		return NULL;
	return yyjson_mut_int(views->doc, json_integer(record, "progress", 0));
}

static yyjson_mut_val *make_empty_list(struct server_views *views, yyjson_val *record)
{
	(void)record;
	return yyjson_mut_arr(views->doc);
}

static yyjson_mut_val *make_server_groups(struct server_views *views, yyjson_val *record)
{
	yyjson_mut_val *list = yyjson_mut_arr(views->doc);
	const char *id = json_string(record, "_group");
	yyjson_val *group;

	if (id && request_get(views->request, &group, NULL, NULL, KEY_SERVER_GROUP "%s", id) == 0)
		yyjson_mut_arr_add_strcpy(views->doc, list, id);
	return list;
}

static yyjson_mut_val *make_host_status(struct server_views *views, yyjson_val *record)
{
	struct vmm_host host;

	if (!json_string(record, "OS-EXT-SRV-ATTR:host"))
		return yyjson_mut_str(views->doc, "");
	return yyjson_mut_str(views->doc, admission_host_get(&host) ? "UP" : "UNKNOWN");
}

static yyjson_mut_val *make_user_data(struct server_views *views, yyjson_val *record)
{
	yyjson_val *stored;
	const char *text = NULL;

	if (json_bool(record, "_user_data", false) &&
	    request_get(views->request, &stored, NULL, NULL, KEY_USER_DATA "%s",
			json_string(record, "id")) == 0)
		text = json_string(stored, "user_data");
	return text ? yyjson_mut_str(views->doc, text) : yyjson_mut_null(views->doc);
}

/* --- the table, in the order in which Nova shows them */

enum {
	ADMIN = 1,    /* for administrators alone */
	TENANT = 2,   /* for everybody else alone */
	LATE = 4,     /* in the replies of update and rebuild from 2.75 on alone */
	NO_LIST = 8,  /* not in lists */
	REBUILD = 16, /* in the replies of rebuild from 2.54 on */
	NO_REBUILD = 32,
};

static const struct server_member {
	const char *name;
	unsigned first, flags;
	yyjson_mut_val *(*make)(struct server_views *views, yyjson_val *record); /* NULL: copy */
} server_members[] = {
	{ "id", 0, 0, NULL },
	{ "name", 0, 0, NULL },
	{ "status", 0, 0, make_status },
	{ "tenant_id", 0, 0, NULL },
	{ "user_id", 0, 0, NULL },
	{ "metadata", 0, 0, NULL },
	{ "hostId", 0, 0, make_host_id },
	{ "image", 0, 0, make_image },
	{ "flavor", 0, 0, make_flavor },
	{ "created", 0, 0, make_created },
	{ "updated", 0, 0, make_updated },
	{ "accessIPv4", 0, 0, NULL },
	{ "accessIPv6", 0, 0, NULL },
	{ "links", 0, 0, make_links },
	{ "OS-DCF:diskConfig", 0, 0, NULL },
	{ "fault", 0, 0, make_fault },
	{ "progress", 0, 0, make_progress },
	{ "OS-EXT-AZ:availability_zone", 0, LATE, NULL },
	{ "config_drive", 0, LATE, NULL },
	{ "key_name", 0, LATE | REBUILD, NULL },
	{ "OS-SRV-USG:launched_at", 0, LATE, NULL },
	{ "OS-SRV-USG:terminated_at", 0, LATE, NULL },
	{ "OS-EXT-SRV-ATTR:host", 0, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:instance_name", 0, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:hypervisor_hostname", 0, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:reservation_id", 3, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:launch_index", 3, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:hostname", 3, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:kernel_id", 3, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:ramdisk_id", 3, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:root_device_name", 3, ADMIN | LATE, NULL },
	{ "OS-EXT-SRV-ATTR:user_data", 3, ADMIN | LATE | NO_REBUILD, make_user_data },
	{ "OS-EXT-STS:task_state", 0, LATE, NULL },
	{ "OS-EXT-STS:vm_state", 0, LATE, NULL },
	{ "OS-EXT-STS:power_state", 0, LATE, NULL },
	{ "os-extended-volumes:volumes_attached", 0, LATE, make_empty_list },
	{ "host_status", 16, ADMIN | LATE, make_host_status },
	{ "locked", 9, 0, NULL },
	{ "locked_reason", 73, 0, NULL },
	{ "description", 19, 0, NULL },
	{ "tags", 26, 0, NULL },
	{ "trusted_image_certificates", 63, 0, NULL },
	{ "OS-EXT-SRV-ATTR:hostname", 90, TENANT, NULL },
	{ "server_groups", 71, NO_LIST, make_server_groups },
	{ "pinned_availability_zone", 96, 0, NULL },
};

static bool member_shown(const struct server_views *views, const struct server_member *member,
			 enum server_form form)
{
	bool early = form >= FORM_UPDATE && views->version < 75;

	if (views->version < member->first)
		return false;
	if (form == FORM_REBUILD && (member->flags & (REBUILD | NO_REBUILD)))
		return (member->flags & REBUILD) && views->version >= 54;
	if ((member->flags & ADMIN) && !views->admin)
		return false;
	if ((member->flags & TENANT) && views->admin && !early)
		return false;
	if ((member->flags & NO_LIST) && form == FORM_DETAIL)
		return false;
	return !((member->flags & LATE) && early);
}

/* 'stored' walks through the record, whose members stand in about the same order as the table's. */
static void member_add(struct server_views *views, yyjson_val *record, yyjson_obj_iter *stored,
		       const struct server_member *member, yyjson_mut_val *value)
{
	yyjson_mut_val *made;

	if (member->make)
		made = member->make(views, record);
	else
		made = json_share(views->doc, yyjson_obj_iter_get(stored, member->name));
	if (!made && !member->make)
		made = yyjson_mut_null(views->doc);
	if (made)
		yyjson_mut_obj_add_val(views->doc, value, member->name, made);
}

/* Addresses and security groups are the ports', which are read here. */
static int network_add(struct server_views *views, yyjson_val *record, enum server_form form,
		       yyjson_mut_val *value, struct error *error)
{
	bool early = form >= FORM_UPDATE && views->version < 75;
	yyjson_mut_val *addresses, *groups;

	addresses = server_addresses(views, record, !early, error);
	if (!addresses)
		return error ? error->code : -ENOMEM;
	yyjson_mut_obj_add_val(views->doc, value, "addresses", addresses);
	if (early)
		return 0;
	groups = server_groups(views, record, error);
	if (groups && yyjson_mut_arr_size(groups))
		yyjson_mut_obj_add_val(views->doc, value, "security_groups", groups);
	return groups ? 0 : error ? error->code : -ENOMEM;
}

int server_view(struct server_views *views, yyjson_val *record, enum server_form form,
		yyjson_mut_val **value, struct error *error)
{
	yyjson_obj_iter stored = yyjson_obj_iter_with(record);

	*value = yyjson_mut_obj(views->doc);
	for (size_t i = 0; i < sizeof(server_members) / sizeof(server_members[0]); i++)
		if (member_shown(views, &server_members[i], form))
			member_add(views, record, &stored, &server_members[i], *value);
	return network_add(views, record, form, *value, error);
}

yyjson_mut_val *server_view_basic(struct server_views *views, yyjson_val *record)
{
	yyjson_mut_val *value = yyjson_mut_obj(views->doc);

	json_set_string(views->doc, value, "id", json_string(record, "id"));
	json_set_string(views->doc, value, "name", json_string(record, "name"));
	yyjson_mut_obj_add_val(views->doc, value, "links", make_links(views, record));
	return value;
}
