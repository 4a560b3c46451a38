/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Role implication: /roles/{prior}/implies[/{implied}] and /role_inferences. */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static yyjson_mut_val *role_brief(struct request *request, yyjson_mut_doc *doc, const char *id)
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc), *links = yyjson_mut_obj(doc);
	struct error ignored = { 0 };
	yyjson_val *role;

	json_set_string(doc, shown, "id", id);
	if (request_get(request, &role, NULL, &ignored, "/identity/role/%s", id) == 0)
		json_set_string(doc, shown, "name", json_string(role, "name"));
	json_set_string(doc, links, "self",
			arena_printf(request->arena, "%s%s/roles/%s", request->base_url,
				     request->service->prefix, id));
	json_set(doc, shown, "links", links);
	return shown;
}

static void add_self_link(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	yyjson_mut_val *links = yyjson_mut_obj(doc);

	json_set_string(
		doc, links, "self",
		arena_printf(request->arena, "%s%s", request->base_url, request->raw_target));
	json_set(doc, root, "links", links);
}

static yyjson_mut_val *inference(struct request *request, yyjson_mut_doc *doc, const char *prior_id,
				 const struct records *implied)
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);

	for (size_t i = 0; i < implied->count; i++) {
		yyjson_val *record = implied->items[i].value;

		if (json_is(record, "prior_role_id", prior_id))
			yyjson_mut_arr_append(
				list,
				role_brief(request, doc, json_string(record, "implied_role_id")));
	}
	json_set(doc, shown, "prior_role", role_brief(request, doc, prior_id));
	json_set(doc, shown, "implies", list);
	return shown;
}

int implication_list(struct request *request, struct error *error)
{
	const char *prior_id = request_param(request, "prior_role_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct records implied = { 0 };
	struct reader reader;
	yyjson_val *role;
	int result = kind_find(request, &kind_role, prior_id, &role, NULL, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_range(&reader, &implied, error, "/identity/implication/%s/",
				       prior_id);
	if (result < 0)
		return result;
	json_set(doc, root, "role_inference", inference(request, doc, prior_id, &implied));
	add_self_link(request, doc, root);
	return reply_json(request, 200, doc, root);
}

int inference_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct records implied = { 0 };
	const char *last = "";
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = records_range(&reader, &implied, error, "/identity/implication/");
	if (result < 0)
		return result;
	for (size_t i = 0; i < implied.count; i++) {
		const char *prior_id = json_string(implied.items[i].value, "prior_role_id");

		if (strcmp(prior_id, last)) /* the range is ordered by prior role */
			yyjson_mut_arr_append(list, inference(request, doc, prior_id, &implied));
		last = prior_id;
	}
	json_set(doc, root, "role_inferences", list);
	add_self_link(request, doc, root);
	return reply_json(request, 200, doc, root);
}

static int reply_one(struct request *request, int status, const char *prior_id,
		     const char *implied_id)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *shown = yyjson_mut_obj(doc);

	json_set(doc, shown, "prior_role", role_brief(request, doc, prior_id));
	json_set(doc, shown, "implies", role_brief(request, doc, implied_id));
	json_set(doc, root, "role_inference", shown);
	add_self_link(request, doc, root);
	return reply_json(request, status, doc, root);
}

static int implication_find(struct request *request, struct error *error)
{
	const char *prior_id = request_param(request, "prior_role_id");
	const char *implied_id = request_param(request, "implied_role_id");
	yyjson_val *record;
	int result = request_get(request, &record, NULL, error, "/identity/implication/%s/%s",
				 prior_id, implied_id);

	if (result != -ENOENT)
		return result;
	return error_fault(error, -ENOENT, 404, NULL, "%.64s does not imply %.64s.", prior_id,
			   implied_id);
}

int implication_show(struct request *request, struct error *error)
{
	int result = implication_find(request, error);

	if (result < 0)
		return result;
	return reply_one(request, 200, request_param(request, "prior_role_id"),
			 request_param(request, "implied_role_id"));
}

int implication_check(struct request *request, struct error *error)
{
	int result = implication_find(request, error);

	return result == 0 ? reply_empty(request, 204) : result;
}

static int refuse_implied(const char *role_id, struct error *error)
{
	return error_fault(error, -EACCES, 403, NULL, "%s cannot be an implied roles.", role_id);
}

int implication_create(struct request *request, struct error *error)
{
	const char *prior_id = request_param(request, "prior_role_id");
	const char *implied_id = request_param(request, "implied_role_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *role, *prior;
	int result = kind_find(request, &kind_role, prior_id, &prior, NULL, error);

	if (result == 0)
		result = kind_find(request, &kind_role, implied_id, &role, NULL, error);
	if (result < 0)
		return result;
	if (json_string(role, "domain_id") && !json_string(prior, "domain_id"))
		return refuse_implied(implied_id, error); /* everybody's role, one domain's */
	if (json_is(role, "name", "admin")) /* else anybody may be made one by the back door */
		return refuse_implied(implied_id, error);
	store_txn_put(
		txn,
		arena_printf(request->arena, "/identity/implication/%s/%s", prior_id, implied_id),
		arena_printf(request->arena,
			     "{\"prior_role_id\":\"%s\",\"implied_role_id\":\"%s\"}", prior_id,
			     implied_id));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_one(request, 201, prior_id, implied_id) : result;
}

int implication_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	int result = implication_find(request, error);

	if (result < 0)
		return result;
	store_txn_delete(txn, arena_printf(request->arena, "/identity/implication/%s/%s",
					   request_param(request, "prior_role_id"),
					   request_param(request, "implied_role_id")));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
