/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints and groups of endpoints that are given to projects. */
#include <string.h>

#include "firmware/cloud/identity/endpoint_filter.h"
#include "firmware/cloud/identity/refusal.h"

/* What is given, and how the pair is kept and told about. */
struct giving {
	const struct kind *kind;
	const char *parameter; /* of the path, and member of the record */
	const char *prefix, *index;
	const char *singular; /* in a conflict */
};

static const struct giving endpoints = { &kind_endpoint, "endpoint_id",
					 "/identity/project_endpoint/", "endpoint",
					 "project_endpoint" };
static const struct giving groups = { &kind_endpoint_group, "endpoint_group_id",
				      "/identity/project_endpoint_group/", "group",
				      "project_endpoint_group" };

static const char *pair_key(struct request *request, const struct giving *giving)
{
	return arena_printf(request->arena, "%s%s/%s", giving->prefix,
			    request_param(request, "project_id"),
			    request_param(request, giving->parameter));
}

static int both_check(struct request *request, const struct giving *giving, struct error *error)
{
	yyjson_val *record;
	int result = kind_find(request, giving->kind, request_param(request, giving->parameter),
			       &record, NULL, error);

	if (result < 0)
		return result;
	return kind_find(request, &kind_project, request_param(request, "project_id"), &record,
			 NULL, error);
}

static int refuse_missing(struct request *request, const struct giving *giving, struct error *error)
{
	if (giving == &groups)
		return error_fault(error, -ENOENT, 404, NULL,
				   "Endpoint Group Project Association not found");
	return error_fault(error, -ENOENT, 404, NULL, "Endpoint %s not found in project %s",
			   request_param(request, giving->parameter),
			   request_param(request, "project_id"));
}

static int pair_find(struct request *request, const struct giving *giving, yyjson_val **pair,
		     struct error *error)
{
	int result = request_get(request, pair, NULL, error, "%s", pair_key(request, giving));

	return result == -ENOENT ? refuse_missing(request, giving, error) : result;
}

static int give(struct request *request, const struct giving *giving, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	const char *key = pair_key(request, giving);
	yyjson_val *there;
	int result = both_check(request, giving, error);

	if (result < 0)
		return result;
	result = request_get(request, &there, NULL, error, "%s", key);
	if (result == 0)
		return refuse_conflict(error, giving->singular, "Duplicate entry");
	if (result != -ENOENT)
		return result;
	json_set_string(doc, record, "project_id", request_param(request, "project_id"));
	json_set_string(doc, record, giving->parameter, request_param(request, giving->parameter));
	store_txn_compare(txn, key, 0);
	store_txn_put(txn, key, request_write(request, record));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

static int take(struct request *request, const struct giving *giving, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *pair;
	int result = pair_find(request, giving, &pair, error);

	if (result < 0)
		return result;
	store_txn_delete(txn, pair_key(request, giving));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

/* The projects that have what the path names. */
static int projects_of(struct request *request, const struct giving *giving, struct error *error)
{
	const char *id = request_param(request, giving->parameter);
	struct record_list pairs = { .request = request };
	yyjson_val *record;
	size_t kept = 0;
	int result = kind_find(request, giving->kind, id, &record, NULL, error);

	if (result == 0)
		result = record_list_index(request, &pairs, giving->prefix, giving->index, NULL, id,
					   error);
	for (size_t i = 0; result == 0 && i < pairs.count; i++) {
		result = request_get(request, &record, NULL, error, "%s%s", kind_project.prefix,
				     json_string(pairs.items[i], "project_id"));
		if (result == 0)
			pairs.items[kept++] = record;
		result = result == -ENOENT ? 0 : result;
	}
	if (result < 0)
		return result;
	return kind_reply_list(request, &kind_project, pairs.items, kept, error);
}

int project_endpoint_create(struct request *request, struct error *error)
{
	return give(request, &endpoints, error);
}

int project_endpoint_check(struct request *request, struct error *error)
{
	yyjson_val *pair;
	int result = both_check(request, &endpoints, error);

	if (result == 0)
		result = pair_find(request, &endpoints, &pair, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

int project_endpoint_delete(struct request *request, struct error *error)
{
	return take(request, &endpoints, error);
}

int endpoint_project_list(struct request *request, struct error *error)
{
	return projects_of(request, &endpoints, error);
}

int endpoint_group_project_list(struct request *request, struct error *error)
{
	return projects_of(request, &groups, error);
}

int project_endpoint_group_create(struct request *request, struct error *error)
{
	return give(request, &groups, error);
}

int project_endpoint_group_delete(struct request *request, struct error *error)
{
	int result = both_check(request, &groups, error);

	return result == 0 ? take(request, &groups, error) : result;
}

int project_endpoint_group_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *links = yyjson_mut_obj(doc), *shown;
	yyjson_val *pair;
	int result = both_check(request, &groups, error);

	if (result == 0)
		result = pair_find(request, &groups, &pair, error);
	if (result < 0)
		return result;
	shown = yyjson_val_mut_copy(doc, pair);
	json_set_string(doc, links, "self",
			arena_printf(request->arena, "/OS-EP-FILTER/endpoint_groups/%s/projects/%s",
				     request_param(request, "endpoint_group_id"),
				     request_param(request, "project_id")));
	json_set(doc, shown, "links", links);
	json_set(doc, root, "project_endpoint_group", shown);
	return reply_json(request, 200, doc, root);
}

/* --- what a project has */

static int filter_of(struct request *request, struct endpoint_filter *filter, struct records *all,
		     struct error *error)
{
	const char *project_id = request_param(request, "project_id");
	struct reader reader;
	yyjson_val *project;
	int result = kind_find(request, &kind_project, project_id, &project, NULL, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_range(&reader, all, error, "%s", kind_endpoint.prefix);
	return result == 0 ? endpoint_filter_load(&reader, project_id, all, filter, error) : result;
}

int project_endpoint_list(struct request *request, struct error *error)
{
	struct endpoint_filter filter;
	struct records all = { 0 };
	yyjson_val **items;
	size_t kept = 0;
	int result = filter_of(request, &filter, &all, error);

	if (result < 0)
		return result;
	items = arena_alloc(request->arena, (all.count + 1) * sizeof(*items));
	if (!items)
		return error_set(error, -ENOMEM, "no memory");
	for (size_t i = 0; i < all.count; i++)
		if (filter.active && endpoint_filter_has(&filter, all.items[i].value))
			items[kept++] = all.items[i].value;
	return kind_reply_list(request, &kind_endpoint, items, kept, error);
}

int project_endpoint_group_list(struct request *request, struct error *error)
{
	struct endpoint_filter filter;
	struct records all = { 0 };
	size_t count = 0;
	int result = filter_of(request, &filter, &all, error);

	if (result < 0)
		return result;
	while (filter.groups[count])
		count++;
	return kind_reply_list(request, &kind_endpoint_group, filter.groups, count, error);
}
