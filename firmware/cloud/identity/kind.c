/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/kind.h"

#include <string.h>
#include <strings.h>

#include "firmware/cloud/identity/refusal.h"
#include "firmware/lib/uuid.h"

int kind_find(struct request *request, const struct kind *kind, const char *id, yyjson_val **record,
	      uint64_t *revision, struct error *error)
{
	int result = request_get(request, record, revision, error, "%s%s", kind->prefix, id);

	if (result == -ENOENT && kind->found_for)
		return error_fault(error, -ENOENT, 404, NULL, "Could not find %s for %.255s.",
				   kind->what, id);
	return refuse_lookup(result, error, kind->what, id);
}

/* The path of one record below the service; what belongs to a user lies below the user. */
static const char *self_path(struct request *request, const struct kind *kind,
			     yyjson_mut_val *shown)
{
	const char *id = json_mut_string(shown, "id");

	if (kind != &kind_application_credential && strcmp(kind->plural, "access_rules"))
		return arena_printf(request->arena, "%s/%s", kind->path ? kind->path : kind->plural,
				    id);
	return arena_printf(request->arena, "users/%s/%s/%s", json_mut_string(shown, "user_id"),
			    kind->plural, id);
}

void kind_present(struct request *request, const struct kind *kind, yyjson_mut_doc *doc,
		  yyjson_mut_val *shown)
{
	yyjson_mut_val *links = yyjson_mut_obj(doc);

	json_set_string(doc, links, "self",
			arena_printf(request->arena, "%s%s/%s", request->base_url,
				     request->service->prefix, self_path(request, kind, shown)));
	json_set(doc, shown, "links", links);
	for (const char *const *member = kind->hidden; member && *member; member++)
		yyjson_mut_obj_remove_key(shown, *member);
	for (const char *const *member = kind->nullable; member && *member; member++)
		json_default(doc, shown, *member, yyjson_mut_null(doc));
	if (kind->finish)
		kind->finish(request, doc, shown);
}

int kind_reply(struct request *request, const struct kind *kind, int status, yyjson_mut_doc *doc,
	       yyjson_mut_val *record)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	kind_present(request, kind, doc, record);
	json_set(doc, root, kind->singular, record);
	return reply_json(request, status, doc, root);
}

void kind_links(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	yyjson_mut_val *links = yyjson_mut_obj(doc);

	json_set_string(doc, links, "next", NULL);
	json_set_string(
		doc, links, "self",
		arena_printf(request->arena, "%s%s", request->base_url, request->raw_target));
	json_set_string(doc, links, "previous", NULL);
	json_set(doc, root, "links", links);
}

int kind_reply_list(struct request *request, const struct kind *kind, yyjson_val **items,
		    size_t count, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct page page;
	int result = page_parse(request, kind->page, &page, error);
	ssize_t kept = result < 0 ? result : page_select(request, &page, items, count, error);

	if (kept < 0)
		return (int)kept;
	for (ssize_t i = 0; i < kept; i++) {
		yyjson_mut_val *shown = yyjson_val_mut_copy(doc, items[i]);

		kind_present(request, kind, doc, shown);
		yyjson_mut_arr_append(list, shown);
	}
	json_set(doc, root, kind->plural, list);
	kind_links(request, doc, root);
	return reply_json(request, 200, doc, root);
}

int kind_show(struct request *request, const struct kind *kind, const char *parameter,
	      struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *record;
	int result =
		kind_find(request, kind, request_param(request, parameter), &record, NULL, error);

	if (result < 0)
		return result;
	return kind_reply(request, kind, 200, doc, yyjson_val_mut_copy(doc, record));
}

int kind_list(struct request *request, const struct kind *kind, struct error *error)
{
	struct record_list list = { .request = request };
	const char *domain_id = kind->in_domain ? request->caller->domain_id : NULL;
	int result;

	if (domain_id) /* a token of a domain sees what lies in it */
		result = record_list_index(request, &list, kind->prefix, "domain", NULL, domain_id,
					   error);
	else
		result = record_list_range(request, &list, kind->prefix, error);
	if (result < 0)
		return result;
	return kind_reply_list(request, kind, list.items, list.count, error);
}

yyjson_mut_val *kind_body(struct request *request, const struct kind *kind, yyjson_mut_doc *doc)
{
	yyjson_mut_val *record =
		yyjson_val_mut_copy(doc, yyjson_obj_get(request->body, kind->singular));

	/* Neither what is ours to give, nor what is never shown. */
	yyjson_mut_obj_remove_key(record, "id");
	yyjson_mut_obj_remove_key(record, "links");
	for (const char *const *member = kind->hidden; member && *member; member++)
		yyjson_mut_obj_remove_key(record, *member);
	return record;
}

yyjson_mut_val *kind_merge(struct request *request, const struct kind *kind, yyjson_mut_doc *doc,
			   yyjson_val *record)
{
	yyjson_mut_val *merged = yyjson_val_mut_copy(doc, record);
	yyjson_mut_val *changes = kind_body(request, kind, doc), *key;
	yyjson_mut_obj_iter iterator = yyjson_mut_obj_iter_with(changes);

	while ((key = yyjson_mut_obj_iter_next(&iterator))) {
		yyjson_mut_val *value =
			yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_iter_get_val(key));

		json_set(doc, merged, yyjson_mut_get_str(key), value);
	}
	return merged;
}

void kind_put(struct request *request, const struct kind *kind, struct store_txn *txn,
	      yyjson_mut_val *record)
{
	store_txn_put(
		txn,
		arena_printf(request->arena, "%s%s", kind->prefix, json_mut_string(record, "id")),
		request_write(request, record));
}

void kind_compare(struct request *request, const struct kind *kind, struct store_txn *txn,
		  const char *id, uint64_t revision)
{
	store_txn_compare(txn, arena_printf(request->arena, "%s%s", kind->prefix, id), revision);
}

static int refuse_duplicate(const struct kind *kind, yyjson_mut_val *record, struct error *error)
{
	const char *name = json_mut_string(record, "name");
	const char *domain_id = json_mut_string(record, "domain_id");

	if (kind->duplicate)
		return refuse_conflict(error, kind->singular, "%s", kind->duplicate);
	if (kind == &kind_project)
		return refuse_conflict(error, "project",
				       "it is not permitted to have two projects with either the "
				       "same name or same id in the same domain: name is %s, "
				       "project id %s",
				       name, json_mut_string(record, "id"));
	if (kind == &kind_domain)
		return refuse_conflict(error, "project",
				       "it is not permitted to have two projects acting as domains "
				       "with the same name: %s",
				       name);
	if (domain_id)
		return refuse_conflict(error, kind->singular,
				       "Duplicate entry found with name %s at domain ID %s", name,
				       domain_id);
	return refuse_conflict(error, kind->singular, "Duplicate entry found with name %s", name);
}

int kind_commit(struct request *request, const struct kind *kind, struct store_txn *txn, int status,
		yyjson_mut_doc *doc, yyjson_mut_val *record, struct error *error)
{
	int result = identity_commit(request, txn, error);

	if (result == -EEXIST)
		return refuse_duplicate(kind, record, error);
	return result == 0 ? kind_reply(request, kind, status, doc, record) : result;
}

int kind_remove(struct request *request, const struct kind *kind, struct store_txn *txn,
		const char *id, uint64_t revision, struct error *error)
{
	int result;

	kind_compare(request, kind, txn, id, revision);
	store_txn_delete(txn, arena_printf(request->arena, "%s%s", kind->prefix, id));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

void kind_epoch(yyjson_mut_doc *doc, yyjson_val *before, yyjson_mut_val *after)
{
	bool off = yyjson_mut_is_false(yyjson_mut_obj_get(after, "enabled"));

	if (off && json_bool(before, "enabled", true))
		json_set_integer(doc, after, "token_epoch",
				 json_integer(before, "token_epoch", 0) + 1);
}

bool query_flag(const struct request *request, const char *name)
{
	const char *value = request_query(request, name);

	return value && strcmp(value, "0") && strcasecmp(value, "false");
}

void kind_identify(yyjson_mut_doc *doc, yyjson_mut_val *record)
{
	char id[UUID_HEX_SIZE];

	uuid_make_hex(id);
	json_set_string(doc, record, "id", id);
}

void json_default(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
		  yyjson_mut_val *value)
{
	if (!yyjson_mut_obj_get(object, member))
		json_set(doc, object, member, value);
}

const char *json_mut_string(yyjson_mut_val *object, const char *member)
{
	return yyjson_mut_get_str(yyjson_mut_obj_get(object, member));
}

static const char *domain_of_caller(const struct caller *caller)
{
	if (caller->domain_id)
		return caller->domain_id;
	return caller->project_domain_id ? caller->project_domain_id : IDENTITY_DOMAIN_DEFAULT;
}

int domain_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		  yyjson_mut_val *record, struct error *error)
{
	const char *domain_id = json_mut_string(record, "domain_id");
	yyjson_val *domain;
	uint64_t revision;
	int result;

	if (!domain_id)
		domain_id = domain_of_caller(request->caller);
	result = kind_find(request, &kind_domain, domain_id, &domain, &revision, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_domain, txn, domain_id, revision);
	json_set_string(doc, record, "domain_id", domain_id);
	return 0;
}

int domain_keep(yyjson_val *before, yyjson_mut_val *after, struct error *error)
{
	const char *domain_id = json_mut_string(after, "domain_id");

	if (domain_id && json_is(before, "domain_id", domain_id))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL, "Cannot change Domain ID");
}

void records_delete(struct store_txn *txn, const struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		store_txn_delete(txn, records->items[i].key);
}
