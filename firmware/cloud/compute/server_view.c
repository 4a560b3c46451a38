/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server as the API shows it: one table of members by microversion, form and caller. What ports and
 * networks show of it is added each time; all the rest depends on the record and a few facts. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/compute/state.h"
#include "firmware/cloud/http/listing.h"
#include "hypervisor/message.h"

struct server_views *server_views_new(struct request *request, yyjson_mut_doc *doc)
{
	struct server_views *views = arena_alloc(request->arena, sizeof(*views));
	struct vmm_host host;

	if (!views)
		return NULL;
	views->request = request;
	views->doc = doc;
	views->facts = (struct server_facts){
		.base_url = request->base_url,
		.version = request->microversion,
		.admin = request->caller->is_admin,
		.host_known = admission_host_get(&host),
	};
	return views;
}

/* --- members that are made, of the record and the facts alone; NULL: left out */

struct making {
	const struct server_facts *facts;
	yyjson_mut_doc *doc;
	struct arena *arena;
};

static yyjson_mut_val *make_status(const struct making *making, yyjson_val *record)
{
	return yyjson_mut_str(making->doc, status_of(json_string(record, "OS-EXT-STS:vm_state"),
						     json_string(record, "OS-EXT-STS:task_state")));
}

static yyjson_mut_val *make_seconds(const struct making *making, const char *precise)
{
	const char *text = time_seconds(making->arena, precise);

	return text ? yyjson_mut_str(making->doc, text) : yyjson_mut_null(making->doc);
}

static yyjson_mut_val *make_created(const struct making *making, yyjson_val *record)
{
	return make_seconds(making, json_string(record, "created_at"));
}

static yyjson_mut_val *make_updated(const struct making *making, yyjson_val *record)
{
	return make_seconds(making, json_string(record, "updated_at"));
}

static yyjson_mut_val *make_host_id(const struct making *making, yyjson_val *record)
{
	const char *host = json_string(record, "OS-EXT-SRV-ATTR:host");

	if (!host)
		return yyjson_mut_str(making->doc, "");
	return yyjson_mut_str(making->doc,
			      host_id(making->arena, host, json_string(record, "tenant_id")));
}

static yyjson_mut_val *make_reference(const struct making *making, const char *collection,
				      const char *id)
{
	yyjson_mut_val *value = yyjson_mut_obj(making->doc), *link;

	json_set_string(making->doc, value, "id", id);
	link = yyjson_mut_arr_add_obj(making->doc,
				      yyjson_mut_obj_add_arr(making->doc, value, "links"));
	json_set_string(making->doc, link, "rel", "bookmark");
	json_set_string(making->doc, link, "href",
			link_bookmark(making->arena, making->facts->base_url, collection, id));
	return value;
}

static yyjson_mut_val *make_image(const struct making *making, yyjson_val *record)
{
	return make_reference(making, "images",
			      json_string(yyjson_obj_get(record, "_image"), "id"));
}

/* Until 2.46 a reference; from 2.47 on what the flavor was when the server was made of it. */
static yyjson_mut_val *make_flavor(const struct making *making, yyjson_val *record)
{
	static const char *const members[] = { "vcpus", "ram", "disk", "ephemeral", "swap" };
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	yyjson_mut_val *value;

	if (making->facts->version < 47)
		return make_reference(making, "flavors", json_string(flavor, "id"));
	value = yyjson_mut_obj(making->doc);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set_integer(making->doc, value, members[i],
				 json_integer(flavor, members[i], 0));
	json_set_string(making->doc, value, "original_name", json_string(flavor, "name"));
	json_set(making->doc, value, "extra_specs",
		 yyjson_val_mut_copy(making->doc, yyjson_obj_get(flavor, "extra_specs")));
	return value;
}

static yyjson_mut_val *make_links(const struct making *making, yyjson_val *record)
{
	return links_at(making->arena, making->facts->base_url, making->doc, "servers",
			json_string(record, "id"));
}

static yyjson_mut_val *make_fault(const struct making *making, yyjson_val *record)
{
	yyjson_val *fault = yyjson_obj_get(record, "_fault");
	const char *details = json_string(fault, "details");
	int64_t code = json_integer(fault, "code", 500);
	yyjson_mut_val *value;

	if (!yyjson_is_obj(fault) || !json_is(record, "OS-EXT-STS:vm_state", "error"))
		return NULL;
	value = yyjson_mut_obj(making->doc);
	json_set_integer(making->doc, value, "code", code);
	json_set(making->doc, value, "created",
		 make_seconds(making, json_string(fault, "created")));
	json_set_string(making->doc, value, "message", json_string(fault, "message"));
	if (details && (making->facts->admin || code != 500))
		json_set_string(making->doc, value, "details", details);
	return value;
}

static yyjson_mut_val *make_progress(const struct making *making, yyjson_val *record)
{
	const char *status = status_of(json_string(record, "OS-EXT-STS:vm_state"),
				       json_string(record, "OS-EXT-STS:task_state"));

	if (strcmp(status, "ACTIVE") && strcmp(status, "BUILD"))
		return NULL;
	return yyjson_mut_int(making->doc, json_integer(record, "progress", 0));
}

static yyjson_mut_val *make_empty_list(const struct making *making, yyjson_val *record)
{
	(void)record;
	return yyjson_mut_arr(making->doc);
}

static yyjson_mut_val *make_server_groups(const struct making *making, yyjson_val *record)
{
	yyjson_mut_val *list = yyjson_mut_arr(making->doc);

	(void)record;
	if (making->facts->group)
		yyjson_mut_arr_add_str(making->doc, list, making->facts->group);
	return list;
}

static yyjson_mut_val *make_host_status(const struct making *making, yyjson_val *record)
{
	if (!json_string(record, "OS-EXT-SRV-ATTR:host"))
		return yyjson_mut_str(making->doc, "");
	return yyjson_mut_str(making->doc, making->facts->host_known ? "UP" : "UNKNOWN");
}

static yyjson_mut_val *make_user_data(const struct making *making, yyjson_val *record)
{
	const char *text = making->facts->user_data;

	(void)record;
	return text ? yyjson_mut_str(making->doc, text) : yyjson_mut_null(making->doc);
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
	/* NULL: a copy. What it shows beside the record must stand in the facts. */
	yyjson_mut_val *(*make)(const struct making *making, yyjson_val *record);
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

static bool member_shown(const struct server_facts *facts, const struct server_member *member)
{
	enum server_form form = facts->form;
	bool early = form >= FORM_UPDATE && facts->version < 75;

	if (facts->version < member->first)
		return false;
	if (form == FORM_REBUILD && (member->flags & (REBUILD | NO_REBUILD)))
		return (member->flags & REBUILD) && facts->version >= 54;
	if ((member->flags & ADMIN) && !facts->admin)
		return false;
	if ((member->flags & TENANT) && facts->admin && !early)
		return false;
	if ((member->flags & NO_LIST) && form == FORM_DETAIL)
		return false;
	return !((member->flags & LATE) && early);
}

/* 'stored' walks through the record, whose members stand in about the same order as the table's. */
static void member_add(const struct making *making, yyjson_val *record, yyjson_obj_iter *stored,
		       const struct server_member *member, yyjson_mut_val *value)
{
	yyjson_mut_val *made;

	if (member->make)
		made = member->make(making, record);
	else
		made = json_share(making->doc, yyjson_obj_iter_get(stored, member->name));
	if (!made && !member->make)
		made = yyjson_mut_null(making->doc);
	if (made)
		yyjson_mut_obj_add_val(making->doc, value, member->name, made);
}

/* All of a server but what its ports show. */
static yyjson_mut_val *members_make(yyjson_val *record, const void *context, yyjson_mut_doc *doc,
				    struct arena *arena)
{
	const struct making making = { context, doc, arena };
	yyjson_obj_iter stored = yyjson_obj_iter_with(record);
	yyjson_mut_val *value = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(server_members) / sizeof(server_members[0]); i++)
		if (member_shown(making.facts, &server_members[i]))
			member_add(&making, record, &stored, &server_members[i], value);
	return value;
}

/* --- what is shown of other records */

static void user_data_find(struct server_views *views, yyjson_val *record)
{
	struct server_facts *facts = &views->facts;
	yyjson_val *stored;

	facts->user_data = NULL;
	facts->user_data_revision = 0;
	if (json_bool(record, "_user_data", false) && facts->admin && facts->version >= 3 &&
	    request_get(views->request, &stored, &facts->user_data_revision, NULL,
			KEY_USER_DATA "%s", json_string(record, "id")) == 0)
		facts->user_data = json_string(stored, "user_data");
}

/* Lists don't show it. */
static void group_find(struct server_views *views, yyjson_val *record)
{
	struct server_facts *facts = &views->facts;
	bool shown = facts->form != FORM_DETAIL && facts->version >= 71;
	const char *id = shown ? json_string(record, "_group") : NULL;
	yyjson_val *group;

	facts->group = NULL;
	if (id && request_get(views->request, &group, NULL, NULL, KEY_SERVER_GROUP "%s", id) == 0)
		facts->group = id;
}

static void facts_find(struct server_views *views, yyjson_val *record, enum server_form form)
{
	views->facts.form = form;
	user_data_find(views, record);
	group_find(views, record);
}

/* Addresses and security groups are the ports', which are read here. */
static int network_add(struct server_views *views, yyjson_val *record, yyjson_mut_val *value,
		       struct error *error)
{
	bool early = views->facts.form >= FORM_UPDATE && views->facts.version < 75;
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
	facts_find(views, record, form);
	*value = members_make(record, &views->facts, views->doc, views->request->arena);
	return network_add(views, record, *value, error);
}

/* --- in lists */

/* All of the facts: texts that were made with the same ones are shown again. */
static const char *facts_text(struct arena *arena, const struct server_facts *facts)
{
	return arena_printf(arena, "server %d 2.%u%s%s %llu %s %s", facts->form, facts->version,
			    facts->admin ? " admin" : "", facts->host_known ? " host" : "",
			    (unsigned long long)facts->user_data_revision,
			    facts->group ? facts->group : "-", facts->base_url);
}

/* The same as for the server before, nearly always. */
static const char *variant_of(struct server_views *views)
{
	if (views->facts.user_data_revision)
		return facts_text(views->request->arena, &views->facts);
	if (!views->variant)
		views->variant = facts_text(views->request->arena, &views->facts);
	return views->variant;
}

int server_list_detail(struct server_views *views, struct listing *listing, yyjson_val *record,
		       struct error *error)
{
	yyjson_mut_val *network = yyjson_mut_obj(views->doc);
	struct face face = { .make = members_make, .context = &views->facts };
	int result;

	facts_find(views, record, FORM_DETAIL);
	face.variant = variant_of(views);
	result = network_add(views, record, network, error);
	if (result < 0)
		return result;
	if (!face.variant)
		return error_set(error, -ENOMEM, "out of memory");
	listing_add(listing, record, &face, network);
	return 0;
}

static yyjson_mut_val *basic_make(yyjson_val *record, const void *context, yyjson_mut_doc *doc,
				  struct arena *arena)
{
	const struct making making = { context, doc, arena };
	yyjson_mut_val *value = yyjson_mut_obj(doc);

	json_set_string(doc, value, "id", json_string(record, "id"));
	json_set_string(doc, value, "name", json_string(record, "name"));
	yyjson_mut_obj_add_val(doc, value, "links", make_links(&making, record));
	return value;
}

int server_list_basic(struct server_views *views, struct listing *listing, yyjson_val *record,
		      struct error *error)
{
	struct face face = { .make = basic_make, .context = &views->facts };

	if (!views->variant)
		views->variant = arena_printf(views->request->arena, "server basic %s",
					      views->facts.base_url);
	face.variant = views->variant;
	if (!face.variant)
		return error_set(error, -ENOMEM, "out of memory");
	listing_add(listing, record, &face, NULL);
	return 0;
}
