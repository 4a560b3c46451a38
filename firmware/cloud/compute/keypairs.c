/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key pairs: each user has its own. Administrators reach those of others by ?user_id= (2.10). */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"

/* Whose key pairs the request is about. */
static int keypair_user(struct request *request, const char *named, const char **user,
			struct error *error)
{
	const char *own = request->caller->user_id;

	*user = request->microversion >= 10 && named ? named : own;
	if (!strcmp(*user, own) || request->caller->is_admin)
		return 0;
	return error_set(error, -EACCES,
			 "Policy doesn't allow os_compute_api:os-keypairs:%s to be performed.",
			 !strcmp(request->method, "DELETE")         ? "delete"
			 : !strcmp(request->method, "POST")         ? "create"
			 : request->params && request->params->name ? "show"
								    : "index");
}

static const struct keypair_member {
	const char *name;
	unsigned forms, first;
} keypair_members[] = {
	{ "name", 7, 0 },       { "public_key", 7, 0 }, { "fingerprint", 7, 0 },
	{ "type", 7, 2 },       { "user_id", 6, 0 },    { "created_at", 4, 0 },
	{ "deleted", 4, 0 },    { "deleted_at", 4, 0 }, { "id", 4, 0 },
	{ "updated_at", 4, 0 },
};
enum keypair_form { KEYPAIR_LIST = 1, KEYPAIR_CREATE = 2, KEYPAIR_SHOW = 4 };

static yyjson_mut_val *keypair_view(struct request *request, yyjson_mut_doc *doc,
				    yyjson_val *record, enum keypair_form form)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(keypair_members) / sizeof(keypair_members[0]); i++)
		if ((keypair_members[i].forms & form) &&
		    request->microversion >= keypair_members[i].first)
			json_set(doc, view, keypair_members[i].name,
				 yyjson_val_mut_copy(
					 doc, yyjson_obj_get(record, keypair_members[i].name)));
	return view;
}

static int keypair_get(struct request *request, const char *user, const char *name,
		       yyjson_val **record, uint64_t *revision, struct error *error)
{
	int result = -ENOENT;

	if (strlen(name) <= 255 && !strchr(name, '/'))
		result = request_get(request, record, revision, error, KEY_KEYPAIR "%s/%s", user,
				     name);
	if (result != -ENOENT)
		return result;
	return error_set(error, -ENOENT, "Keypair %s not found for user %s", name, user);
}

/* --- create */

struct key_made {
	bool x509;
	const char *public_key, *private_key; /* private NULL: the public one was given */
	char fingerprint[64];
};

/* What was given is checked, what was not is made. */
static int key_make(struct request *request, const char *user, struct key_made *made,
		    struct error *error)
{
	int result = 0;

	if (!made->public_key && made->x509)
		result = key_x509_generate(request->arena, user, &made->private_key,
					   &made->public_key, error);
	else if (!made->public_key)
		result = key_generate(request->arena, "Generated-by-Nova", &made->private_key,
				      &made->public_key, error);
	if (result < 0)
		return result;
	if (made->x509 && key_x509_fingerprint(made->public_key, made->fingerprint) < 0)
		return error_set(error, -EINVAL,
				 "Keypair data is invalid: failed to generate X509 fingerprint. "
				 "Error message: the certificate can't be parsed");
	if (!made->x509 && key_fingerprint(made->public_key, made->fingerprint) < 0)
		return error_set(error, -EINVAL,
				 "Keypair data is invalid: failed to generate fingerprint");
	return 0;
}

static yyjson_mut_val *keypair_make(struct request *request, yyjson_mut_doc *doc, const char *user,
				    const char *name, const struct key_made *made)
{
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	uint32_t number;

	random_bytes(&number, sizeof(number));
	json_set_string(doc, record, "name", name);
	json_set_string(doc, record, "public_key", made->public_key);
	json_set_string(doc, record, "fingerprint", made->fingerprint);
	json_set_string(doc, record, "type", made->x509 ? "x509" : "ssh");
	json_set_string(doc, record, "user_id", user);
	json_set_string(doc, record, "created_at", time_now(request->arena));
	json_set_bool(doc, record, "deleted", false);
	json_set_string(doc, record, "deleted_at", NULL);
	json_set_integer(doc, record, "id", number >> 1);
	json_set_string(doc, record, "updated_at", NULL);
	return record;
}

static int keypair_room(struct request *request, const char *user, const char *name,
			struct error *error)
{
	struct store_view *view;
	yyjson_val *other;
	int64_t limit;
	int result = request_view(request, &view, error);

	if (result == 0)
		result = quota_limit(request, request->caller->project_id, QUOTA_KEYPAIRS, &limit,
				     error);
	if (result < 0)
		return result;
	if (limit >= 0 &&
	    store_count(view, arena_printf(request->arena, KEY_KEYPAIR "%s/", user)) >= limit)
		return error_set(error, -EDQUOT, "Maximum number of key pairs exceeded");
	if (keypair_get(request, user, name, &other, NULL, NULL) == 0)
		return error_set(error, -EEXIST, "Key pair '%s' already exists.", name);
	return 0;
}

static int keypair_save(struct request *request, const char *user, const char *name,
			yyjson_mut_val *record, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *key = arena_printf(request->arena, KEY_KEYPAIR "%s/%s", user, name);

	store_txn_compare(txn, key, 0);
	store_txn_put(txn, key, request_write(request, record));
	return request_commit(request, txn, error);
}

int handle_keypair_create(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "keypair");
	struct key_made made = { .x509 = json_is(body, "type", "x509"),
				 .public_key = json_string(body, "public_key") };
	const char *name = json_string(body, "name"), *user;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *record, *view;
	int result = keypair_user(request, json_string(body, "user_id"), &user, error);

	if (result == 0)
		result = keypair_room(request, user, name, error);
	if (result == 0)
		result = key_make(request, user, &made, error);
	if (result < 0)
		return result;
	record = keypair_make(request, doc, user, name, &made);
	result = keypair_save(request, user, name, record, error);
	if (result < 0)
		return result;
	view = keypair_view(request, doc, json_frozen(request->arena, record), KEYPAIR_CREATE);
	if (made.private_key)
		json_set_string(doc, view, "private_key", made.private_key);
	json_set(doc, root, "keypair", view);
	return reply_json(request, request->microversion >= 2 ? 201 : 200, doc, root);
}

/* --- show, delete, list */

int handle_keypair_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *record;
	const char *user;
	int result = keypair_user(request, request_query(request, "user_id"), &user, error);

	if (result == 0)
		result = keypair_get(request, user, request_param(request, "name"), &record, NULL,
				     error);
	if (result < 0)
		return result;
	json_set(doc, root, "keypair", keypair_view(request, doc, record, KEYPAIR_SHOW));
	return reply_json(request, 200, doc, root);
}

int handle_keypair_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *name = request_param(request, "name"), *user, *key;
	yyjson_val *record;
	uint64_t revision;
	int result = keypair_user(request, request_query(request, "user_id"), &user, error);

	if (result == 0)
		result = keypair_get(request, user, name, &record, &revision, error);
	if (result < 0)
		return result;
	key = arena_printf(request->arena, KEY_KEYPAIR "%s/%s", user, name);
	store_txn_compare(txn, key, revision);
	store_txn_delete(txn, key);
	result = request_commit(request, txn, error);
	return result < 0 ? result : reply_empty(request, request->microversion >= 2 ? 204 : 202);
}

static const char *const keypair_sort_keys[] = { "name", NULL };
static const struct page_rules keypair_rules = {
	.sort_keys = keypair_sort_keys,
	.default_sort = "name",
	.most = COMPUTE_PAGE_MAX,
	.standard = COMPUTE_PAGE_MAX,
	.id_member = "name",
};

static int keypairs_select(struct request *request, struct page *page, struct record_list *list,
			   const char *user, struct error *error)
{
	ssize_t count;
	int result = record_list_range(
		request, list, arena_printf(request->arena, KEY_KEYPAIR "%s/", user), error);

	if (result < 0 || request->microversion < 35)
		return result;
	result = page_parse(request, &keypair_rules, page, error);
	if (result < 0)
		return result;
	count = page_select(request, page, list->items, list->count, error);
	list->count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? (int)count : 0;
}

int handle_keypairs_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	struct page page = { 0 };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array, *item;
	const char *user;
	int result = keypair_user(request, request_query(request, "user_id"), &user, error);

	if (result == 0)
		result = keypairs_select(request, &page, &list, user, error);
	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "keypairs");
	for (size_t i = 0; i < list.count; i++) {
		item = yyjson_mut_arr_add_obj(doc, array);
		json_set(doc, item, "keypair",
			 keypair_view(request, doc, list.items[i], KEYPAIR_LIST));
	}
	if (list.count && request->microversion >= 35)
		links_next(request, doc, root, "keypairs_links", &page, list.count,
			   json_string(list.items[list.count - 1], "name"));
	return reply_json(request, 200, doc, root);
}
