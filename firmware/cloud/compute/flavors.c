/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flavors: reading them. Changing them is flavor_manage.c and flavor_access.c. */
#include "firmware/cloud/compute/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/compute/routes.h"

/* True when the caller may see it: public, or access was given to its project, or admin. */
static bool flavor_visible(const struct request *request, yyjson_val *flavor)
{
	yyjson_val *access = yyjson_obj_get(flavor, "_access"), *project;
	size_t i, count;

	if (request->caller->is_admin || json_bool(flavor, "os-flavor-access:is_public", true))
		return true;
	yyjson_arr_foreach (access, i, count, project)
		if (yyjson_equals_str(project, request->caller->project_id))
			return true;
	return false;
}

int flavor_find(struct request *request, const char *id, yyjson_val **flavor, uint64_t *revision,
		struct error *error)
{
	int result = -ENOENT;

	if (*id && strlen(id) <= 255 && !strchr(id, '/'))
		result = request_get(request, flavor, revision, error, KEY_FLAVOR "%s", id);
	if (result < 0 && result != -ENOENT)
		return result;
	if (result < 0 || !flavor_visible(request, *flavor))
		return error_set(error, -ENOENT, "Flavor %s could not be found.", id);
	return 0;
}

enum flavor_form { FLAVOR_BASIC = 1, FLAVOR_FULL = 2 };

/* Members of a flavor's document, by microversion. */
static const struct {
	const char *name;
	unsigned forms, first;
} flavor_members[] = {
	{ "id", FLAVOR_BASIC | FLAVOR_FULL, 0 },
	{ "name", FLAVOR_BASIC | FLAVOR_FULL, 0 },
	{ "ram", FLAVOR_FULL, 0 },
	{ "disk", FLAVOR_FULL, 0 },
	{ "swap", FLAVOR_FULL, 0 },
	{ "OS-FLV-EXT-DATA:ephemeral", FLAVOR_FULL, 0 },
	{ "OS-FLV-DISABLED:disabled", FLAVOR_FULL, 0 },
	{ "vcpus", FLAVOR_FULL, 0 },
	{ "os-flavor-access:is_public", FLAVOR_FULL, 0 },
	{ "rxtx_factor", FLAVOR_FULL, 0 },
	{ "description", FLAVOR_BASIC | FLAVOR_FULL, 55 },
	{ "extra_specs", FLAVOR_FULL, 61 },
};

static yyjson_mut_val *flavor_members_copy(struct request *request, yyjson_mut_doc *doc,
					   yyjson_val *flavor, enum flavor_form form)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(flavor_members) / sizeof(flavor_members[0]); i++)
		if ((flavor_members[i].forms & form) &&
		    request->microversion >= flavor_members[i].first)
			yyjson_mut_obj_add_val(
				doc, view, flavor_members[i].name,
				yyjson_val_mut_copy(
					doc, yyjson_obj_get(flavor, flavor_members[i].name)));
	/* No swap reads as an empty string until 2.75. */
	if (form == FLAVOR_FULL && request->microversion < 75 && !json_integer(flavor, "swap", 0))
		json_set_string(doc, view, "swap", "");
	yyjson_mut_obj_add_val(doc, view, "links",
			       links_of(request, doc, "flavors", json_string(flavor, "id")));
	return view;
}

yyjson_mut_val *flavor_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *flavor)
{
	return flavor_members_copy(request, doc, flavor, FLAVOR_FULL);
}

/* --- lists */

struct flavor_filter {
	int public; /* 1, 0, or -1: both */
	int64_t min_ram, min_disk;
};

static int filter_integer(struct request *request, const char *name, int64_t *value,
			  struct error *error)
{
	const char *text = request_query(request, name);
	char *end;

	*value = 0;
	if (!text)
		return 0;
	*value = strtoll(text, &end, 10);
	if (end == text || *end)
		return error_set(error, -EINVAL, "Invalid %s filter [%s]", name, text);
	return 0;
}

/* Administrators see public ones unless they ask; others see what is public. */
static int filter_public(struct request *request, int *public, struct error *error)
{
	const char *text = request_query(request, "is_public");
	bool value;

	*public = 1;
	if (!request->caller->is_admin || !text)
		return 0;
	if (!strcasecmp(text, "none")) {
		*public = -1;
		return 0;
	}
	if (boolean_parse(text, &value) < 0)
		return error_set(error, -EINVAL, "Invalid is_public filter [%s]", text);
	*public = value;
	return 0;
}

static int filter_read(struct request *request, struct flavor_filter *filter, struct error *error)
{
	int result = filter_public(request, &filter->public, error);

	if (result == 0)
		result = filter_integer(request, "minRam", &filter->min_ram, error);
	if (result == 0)
		result = filter_integer(request, "minDisk", &filter->min_disk, error);
	return result;
}

static bool filter_takes(const struct request *request, const struct flavor_filter *filter,
			 yyjson_val *flavor)
{
	bool public = json_bool(flavor, "os-flavor-access:is_public", true);

	if (json_integer(flavor, "ram", 0) < filter->min_ram ||
	    json_integer(flavor, "disk", 0) < filter->min_disk)
		return false;
	if (request->caller->is_admin)
		return filter->public < 0 || public == filter->public;
	return flavor_visible(request, flavor);
}

static const char *const flavor_sort_keys[] = { "flavorid",     "name",        "memory_mb",
						"root_gb",      "vcpus",       "swap",
						"id",           "created_at",  "disabled",
						"ephemeral_gb", "is_public",   "rxtx_factor",
						"updated_at",   "vcpu_weight", NULL };
static const struct {
	const char *key, *member;
} flavor_sort_members[] = {
	{ "flavorid", "id" },
	{ "memory_mb", "ram" },
	{ "root_gb", "disk" },
	{ "id", "_created" },
	{ "created_at", "_created" },
	{ "ephemeral_gb", "OS-FLV-EXT-DATA:ephemeral" },
	{ "is_public", "os-flavor-access:is_public" },
};
static const struct page_rules flavor_rules = {
	.sort_keys = flavor_sort_keys,
	.default_sort = "flavorid",
	.most = COMPUTE_PAGE_MAX,
	.standard = COMPUTE_PAGE_MAX,
	.id_member = "id",
};

static int flavors_select(struct request *request, struct page *page, struct record_list *list,
			  struct error *error)
{
	struct flavor_filter filter;
	ssize_t count = 0;
	int result = filter_read(request, &filter, error);

	if (result == 0)
		result = page_parse(request, &flavor_rules, page, error);
	if (result == 0)
		result = record_list_range(request, list, KEY_FLAVOR, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < page->sorts; i++)
		for (size_t j = 0; j < sizeof(flavor_sort_members) / sizeof(flavor_sort_members[0]);
		     j++)
			if (!strcmp(page->sort[i], flavor_sort_members[j].key)) {
				page->sort[i] = flavor_sort_members[j].member;
				break;
			}
	for (size_t i = 0; i < list->count; i++)
		if (filter_takes(request, &filter, list->items[i]))
			list->items[count++] = list->items[i];
	count = page_select(request, page, list->items, (size_t)count, error);
	list->count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? (int)count : 0;
}

static int flavors_reply(struct request *request, enum flavor_form form, struct error *error)
{
	struct record_list list = { .request = request };
	struct page page = { 0 };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	int result = flavors_select(request, &page, &list, error);

	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "flavors");
	for (size_t i = 0; i < list.count; i++)
		yyjson_mut_arr_append(array,
				      flavor_members_copy(request, doc, list.items[i], form));
	if (list.count)
		links_next(request, doc, root, "flavors_links", &page, list.count,
			   json_string(list.items[list.count - 1], "id"));
	return reply_json(request, 200, doc, root);
}

int handle_flavors_list(struct request *request, struct error *error)
{
	return flavors_reply(request, FLAVOR_BASIC, error);
}

int handle_flavors_detail(struct request *request, struct error *error)
{
	return flavors_reply(request, FLAVOR_FULL, error);
}

int handle_flavor_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *flavor;
	int result =
		flavor_find(request, request_param(request, "flavor_id"), &flavor, NULL, error);

	if (result < 0)
		return result;
	yyjson_mut_obj_add_val(doc, root, "flavor", flavor_view(request, doc, flavor));
	return reply_json(request, 200, doc, root);
}
