/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/options.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "domain_id", "domain_id", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static void role_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_null(doc));
	json_default(doc, shown, "domain_id", yyjson_mut_null(doc));
	json_default(doc, shown, "options", yyjson_mut_obj(doc));
}

const struct kind kind_role = { .singular = "role",
				.plural = "roles",
				.prefix = "/identity/role/",
				.what = "role",
				.page = &page,
				.finish = role_finish };

int role_meant(const struct reader *reader, yyjson_val *wanted, const char **id,
	       struct error *error)
{
	const char *name = json_string(wanted, "name");
	struct records found = { 0 };
	int result;

	*id = json_string(wanted, "id");
	if (*id)
		return 0;
	result = records_index(reader, &found, kind_role.prefix, "name", NULL, name ? name : "",
			       error);
	if (result == 0 && found.count == 0)
		return refuse_not_found(error, kind_role.what, name ? name : "");
	if (result == 0)
		*id = json_string(found.items[0].value, "id");
	return result;
}

int role_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_role, "role_id", error);
}

/* Without a filter, the roles of no domain. */
int role_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	int result = record_list_range(request, &list, kind_role.prefix, error);
	size_t kept = 0;

	if (result < 0)
		return result;
	for (size_t i = 0; i < list.count; i++)
		if (request_query(request, "domain_id") || !json_string(list.items[i], "domain_id"))
			list.items[kept++] = list.items[i];
	return kind_reply_list(request, &kind_role, list.items, kept, error);
}

int role_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *role = kind_body(request, &kind_role, doc);
	int result = 0;

	if (json_mut_string(role, "domain_id")) /* a role of one domain */
		result = domain_settle(request, txn, doc, role, error);
	if (result < 0)
		return result;
	kind_identify(doc, role);
	kind_put(request, &kind_role, txn, role);
	return kind_commit(request, &kind_role, txn, 201, doc, role, error);
}

static bool domain_is_kept(yyjson_val *before, yyjson_mut_val *after)
{
	const char *old = json_string(before, "domain_id");
	const char *new = json_mut_string(after, "domain_id");

	return old && new ? !strcmp(old, new) : old == new;
}

int role_update(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_role, "role_id", &change, error);

	if (result == 0)
		result = options_allow_update(request, &kind_role, change.before, error);
	if (result == 0 && !domain_is_kept(change.before, change.after))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Update of `domain_id` is not allowed.");
	if (result < 0)
		return result;
	options_merge(change.doc, change.before, change.after);
	return kind_change_commit(request, &change, error);
}

int role_delete(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_role, "role_id", &change, error);

	if (result == 0)
		result = options_allow_delete(&kind_role, change.before, error);
	if (result == 0)
		result = purge_role(request, change.txn, change.id, error);
	return result == 0 ? kind_change_delete(request, &change, error) : result;
}
