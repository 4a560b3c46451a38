/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migrations: on one host these are resizes. Those under way of one server are live ones alone. */
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"

static const struct {
	const char *name, *member; /* member NULL: the host */
	unsigned first;
} members[] = {
	{ "id", "id", 0 },
	{ "uuid", "uuid", 59 },
	{ "source_node", NULL, 0 },
	{ "dest_node", NULL, 0 },
	{ "source_compute", NULL, 0 },
	{ "dest_compute", NULL, 0 },
	{ "status", "status", 0 },
	{ "instance_uuid", "instance_uuid", 0 },
	{ "old_instance_type_id", "", 0 },
	{ "new_instance_type_id", "", 0 },
	{ "created_at", "created_at", 0 },
	{ "updated_at", "updated_at", 0 },
	{ "migration_type", "migration_type", 23 },
	{ "user_id", "user_id", 80 },
	{ "project_id", "project_id", 80 },
};

/* Nova shows the number of the flavor's row, which nothing else tells. */
static int64_t flavor_number(yyjson_val *record, const char *name)
{
	const char *id = json_string(record, strncmp(name, "old", 3) ? "new_flavor" : "old_flavor");
	int64_t number = 5381;

	for (; id && *id; id++)
		number = (number * 33 + (unsigned char)*id) & 0x7fffffff;
	return number;
}

static yyjson_mut_val *migration_view(struct request *request, yyjson_mut_doc *doc,
				      yyjson_val *record)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (request->microversion < members[i].first)
			continue;
		if (!members[i].member)
			json_set_string(doc, view, members[i].name, COMPUTE_HOST);
		else if (!*members[i].member)
			json_set_integer(doc, view, members[i].name,
					 flavor_number(record, members[i].name));
		else
			json_set(doc, view, members[i].name,
				 yyjson_val_mut_copy(doc,
						     yyjson_obj_get(record, members[i].member)));
	}
	json_set_string(doc, view, "dest_host", COMPUTE_HOST);
	return view;
}

static bool migration_matches(const struct request *request, yyjson_val *record)
{
	static const char *const filters[] = { "status", "instance_uuid", "migration_type",
					       "user_id", "project_id" };
	static const char *const hosts[] = { "host", "source_compute", "dest_compute" };
	const char *value;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		value = request_query(request, filters[i]);
		if (value && !json_is(record, filters[i], value))
			return false;
	}
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		value = request_query(request, hosts[i]);
		if (value && strcmp(value, COMPUTE_HOST))
			return false;
	}
	return true;
}

static const char *const migration_sort_keys[] = { "created_at", NULL };
static const struct page_rules migration_rules = {
	.sort_keys = migration_sort_keys,
	.default_sort = "created_at",
	.most = COMPUTE_PAGE_MAX,
	.standard = COMPUTE_PAGE_MAX,
	.id_member = "uuid",
};

static int migrations_select(struct request *request, struct page *page, struct record_list *list,
			     struct error *error)
{
	size_t kept = 0;
	ssize_t count;
	int result = record_list_range(request, list, KEY_MIGRATION, error);

	for (size_t i = 0; result == 0 && i < list->count; i++)
		if (migration_matches(request, list->items[i]))
			list->items[kept++] = list->items[i];
	list->count = kept;
	if (result < 0 || request->microversion < 59)
		return result;
	result = page_parse(request, &migration_rules, page, error);
	if (result < 0)
		return result;
	count = page_select(request, page, list->items, list->count, error);
	list->count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? (int)count : 0;
}

int handle_migrations_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	struct page page = { 0 };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	int result = migrations_select(request, &page, &list, error);

	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "migrations");
	for (size_t i = 0; i < list.count; i++)
		yyjson_mut_arr_append(array, migration_view(request, doc, list.items[i]));
	if (list.count && request->microversion >= 59)
		links_next(request, doc, root, "migrations_links", &page, list.count,
			   json_string(list.items[list.count - 1], "uuid"));
	return reply_json(request, 200, doc, root);
}

int handle_server_migrations(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	yyjson_mut_obj_add_arr(doc, root, "migrations");
	return reply_json(request, 200, doc, root);
}

int handle_server_migration(struct request *request, struct error *error)
{
	struct server server;
	int result = server_find(request, &server, error);

	return result < 0 ? result
			  : error_set(error, -ENOENT,
				      "In-progress live migration %s is not found for server %s.",
				      request_param(request, "migration_id"), server.id);
}
