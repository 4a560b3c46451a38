/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of users, and who is in them: /identity/membership/<user id>/<group id>. */
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "domain_id", "domain_id", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static void group_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_str(doc, ""));
}

const struct kind kind_group = { .singular = "group",
				 .plural = "groups",
				 .prefix = "/identity/group/",
				 .in_domain = true,
				 .what = "group",
				 .page = &page,
				 .finish = group_finish };

int group_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_group, "group_id", error);
}

int group_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_group, error);
}

int group_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *group = kind_body(request, &kind_group, doc);
	int result = domain_settle(request, txn, doc, group, error);

	if (result < 0)
		return result;
	kind_identify(doc, group);
	kind_put(request, &kind_group, txn, group);
	return kind_commit(request, &kind_group, txn, 201, doc, group, error);
}

int group_update(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_group, "group_id", &change, error);

	if (result == 0)
		result = domain_keep(change.before, change.after, error);
	return result == 0 ? kind_change_commit(request, &change, error) : result;
}

int group_delete(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_group, "group_id", &change, error);

	if (result == 0)
		result = purge_group(request, change.txn, change.id, error);
	return result == 0 ? kind_change_delete(request, &change, error) : result;
}

/* --- members */

struct membership {
	const char *user_id, *group_id, *key;
	struct store_txn *txn;
};

static int membership_begin(struct request *request, struct membership *membership,
			    struct error *error)
{
	uint64_t user_revision, group_revision;
	yyjson_val *record;
	int result;

	*membership = (struct membership){ .user_id = request_param(request, "user_id"),
					   .group_id = request_param(request, "group_id"),
					   .txn = store_txn_new(request->arena) };
	membership->key = arena_printf(request->arena, "/identity/membership/%s/%s",
				       membership->user_id, membership->group_id);
	result = kind_find(request, &kind_group, membership->group_id, &record, &group_revision,
			   error);
	if (result == 0)
		result = kind_find(request, &kind_user, membership->user_id, &record,
				   &user_revision, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_group, membership->txn, membership->group_id, group_revision);
	kind_compare(request, &kind_user, membership->txn, membership->user_id, user_revision);
	return 0;
}

static int membership_find(struct request *request, struct membership *membership,
			   struct error *error)
{
	yyjson_val *record;
	int result = membership_begin(request, membership, error);

	if (result < 0)
		return result;
	result = request_get(request, &record, NULL, error, "%s", membership->key);
	if (result != -ENOENT)
		return result;
	return error_fault(error, -ENOENT, 404, NULL, "User '%s' not found in group '%s'",
			   membership->user_id, membership->group_id);
}

int membership_create(struct request *request, struct error *error)
{
	struct membership membership;
	int result = membership_begin(request, &membership, error);

	if (result < 0)
		return result;
	store_txn_put(membership.txn, membership.key,
		      arena_printf(request->arena, "{\"user_id\":\"%s\",\"group_id\":\"%s\"}",
				   membership.user_id, membership.group_id));
	result = identity_commit(request, membership.txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

int membership_check(struct request *request, struct error *error)
{
	struct membership membership;
	int result = membership_find(request, &membership, error);

	return result == 0 ? reply_empty(request, 204) : result;
}

int membership_delete(struct request *request, struct error *error)
{
	struct membership membership;
	int result = membership_find(request, &membership, error);

	if (result < 0)
		return result;
	store_txn_delete(membership.txn, membership.key);
	result = identity_commit(request, membership.txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

/* The records of 'kind' that the memberships name by 'member'; of those, a token of a domain sees
 * what lies in the domain. */
static int reply_named(struct request *request, const struct kind *kind,
		       const struct records *memberships, const char *member, struct error *error)
{
	yyjson_val **items =
		arena_alloc(request->arena, (memberships->count + 1) * sizeof(yyjson_val *));
	const char *domain_id = request->caller->domain_id;
	size_t count = 0;

	for (size_t i = 0; items && i < memberships->count; i++)
		if (request_get(request, &items[count], NULL, error, "%s%s", kind->prefix,
				json_string(memberships->items[i].value, member)) == 0 &&
		    (!domain_id || json_is(items[count], "domain_id", domain_id)))
			count++;
	return kind_reply_list(request, kind, items, count, error);
}

int group_user_list(struct request *request, struct error *error)
{
	const char *id = request_param(request, "group_id");
	struct records memberships = { 0 };
	struct reader reader;
	yyjson_val *group;
	int result = kind_find(request, &kind_group, id, &group, NULL, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_index(&reader, &memberships, "/identity/membership/", "group",
				       NULL, id, error);
	if (result < 0)
		return result;
	return reply_named(request, &kind_user, &memberships, "user_id", error);
}

int user_group_list(struct request *request, struct error *error)
{
	const char *id = request_param(request, "user_id");
	struct records memberships = { 0 };
	struct reader reader;
	yyjson_val *user;
	int result = kind_find(request, &kind_user, id, &user, NULL, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result =
			records_range(&reader, &memberships, error, "/identity/membership/%s/", id);
	if (result < 0)
		return result;
	return reply_named(request, &kind_group, &memberships, "group_id", error);
}
