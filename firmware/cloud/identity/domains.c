/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/options.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "enabled", "enabled", PAGE_BOOLEAN },
						 { 0 } },
	.id_member = "id",
};

static const char *const hidden[] = { "token_epoch", NULL };

static void domain_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_str(doc, ""));
	json_default(doc, shown, "enabled", yyjson_mut_true(doc));
	json_default(doc, shown, "tags", yyjson_mut_arr(doc));
	json_default(doc, shown, "options", yyjson_mut_obj(doc));
}

const struct kind kind_domain = { .singular = "domain",
				  .plural = "domains",
				  .prefix = "/identity/domain/",
				  .what = "domain",
				  .page = &page,
				  .hidden = hidden,
				  .finish = domain_finish };

int domain_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_domain, "domain_id", error);
}

int domain_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_domain, error);
}

int domain_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *domain = kind_body(request, &kind_domain, doc);

	kind_identify(doc, domain);
	json_default(doc, domain, "enabled", yyjson_mut_true(doc));
	kind_put(request, &kind_domain, txn, domain);
	return kind_commit(request, &kind_domain, txn, 201, doc, domain, error);
}

int domain_update(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_domain, "domain_id", &change, error);

	if (result == 0)
		result = options_allow_update(request, &kind_domain, change.before, error);
	if (result < 0)
		return result;
	options_merge(change.doc, change.before, change.after);
	kind_epoch(change.doc, change.before, change.after);
	return kind_change_commit(request, &change, error);
}

int domain_delete(struct request *request, struct error *error)
{
	return domain_remove(request, request_param(request, "domain_id"), error);
}

int domain_remove(struct request *request, const char *id, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *domain;
	uint64_t revision;
	int result = kind_find(request, &kind_domain, id, &domain, &revision, error);

	if (result < 0)
		return result;
	if (!strcmp(id, IDENTITY_DOMAIN_DEFAULT))
		return refuse_forbidden(error, "delete the default domain");
	result = options_allow_delete(&kind_domain, domain, error);
	if (result < 0)
		return result;
	if (json_bool(domain, "enabled", true))
		return error_fault(error, -EACCES, 403, NULL,
				   "Cannot delete a domain that is enabled, please disable it "
				   "first.");
	kind_compare(request, &kind_domain, txn, id, revision);
	result = purge_domain(request, txn, id, error);
	if (result == 0)
		result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
