/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/access_rules.h"

#include <string.h>

#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/refusal.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "service", "service", PAGE_EXACT },
						 { "path", "path", PAGE_EXACT },
						 { "method", "method", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static const char *const hidden[] = { "user_id", NULL };

static const struct kind kind_access_rule = { .singular = "access_rule",
					      .plural = "access_rules",
					      .prefix = "/identity/access_rule/",
					      .what = "Access Rule",
					      .page = &page,
					      .hidden = hidden };

int access_rules_delegate_check(const struct request *request, struct error *error)
{
	const char *const *method = request->caller->methods;

	if (request->caller->trust_id)
		return refuse_denied(error);
	for (; method && *method; method++)
		if (!strcmp(*method, "oauth1") || !strcmp(*method, "ec2credential"))
			return refuse_denied(error);
	return 0;
}

const struct access_rule *access_rules_of(struct arena *arena, yyjson_val *credential)
{
	yyjson_val *rule, *list = yyjson_obj_get(credential, "access_rules");
	size_t index, most, count = yyjson_arr_size(list);
	struct access_rule *rules;

	if (!count)
		return NULL;
	rules = arena_alloc(arena, (count + 1) * sizeof(*rules));
	if (!rules)
		return NULL;
	yyjson_arr_foreach (list, index, most, rule) {
		rules[index] = (struct access_rule){ .service = json_string(rule, "service"),
						     .method = json_string(rule, "method"),
						     .path = json_string(rule, "path") };
	}
	rules[count] = (struct access_rule){ 0 };
	return rules;
}

/* --- the rules of a new credential */

static bool says_the_same(yyjson_val *one, yyjson_val *other)
{
	static const char *const members[] = { "service", "method", "path" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!json_string(other, members[i]) ||
		    !json_is(one, members[i], json_string(other, members[i])))
			return false;
	return true;
}

static yyjson_val *rule_known(const struct record_list *known, yyjson_val *wanted)
{
	const char *id = json_string(wanted, "id");

	for (size_t i = 0; i < known->count; i++)
		if ((id && json_is(known->items[i], "id", id)) ||
		    says_the_same(known->items[i], wanted))
			return known->items[i];
	return NULL;
}

static int rule_make(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		     yyjson_val *wanted, yyjson_mut_val **made, struct error *error)
{
	if (!says_the_same(wanted, wanted)) /* something is missing */
		return refuse_not_found(error, kind_access_rule.what,
					json_string(wanted, "id") ? json_string(wanted, "id") : "");
	*made = yyjson_val_mut_copy(doc, wanted);
	kind_identify(doc, *made);
	json_set_string(doc, *made, "user_id", request->caller->user_id);
	kind_put(request, &kind_access_rule, txn, *made);
	return 0;
}

int access_rules_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
			yyjson_mut_val *credential, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "application_credential");
	yyjson_val *wanted, *list = yyjson_obj_get(body, "access_rules");
	struct record_list known = { .request = request };
	yyjson_mut_val *rules = yyjson_mut_arr(doc);
	size_t index, most;
	int result = record_list_index(request, &known, kind_access_rule.prefix, "user", NULL,
				       request->caller->user_id, error);

	yyjson_mut_obj_remove_key(credential, "access_rules");
	yyjson_arr_foreach (list, index, most, wanted) {
		yyjson_val *rule = rule_known(&known, wanted);
		yyjson_mut_val *own = rule ? yyjson_val_mut_copy(doc, rule) : NULL;

		if (result == 0 && !rule)
			result = rule_make(request, txn, doc, wanted, &own, error);
		if (result < 0)
			return result;
		yyjson_mut_obj_remove_key(own, "user_id");
		yyjson_mut_arr_append(rules, own);
	}
	if (yyjson_mut_arr_size(rules))
		json_set(doc, credential, "access_rules", rules);
	return result;
}

/* --- /users/{user_id}/access_rules */

static int access_rule_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	int result = access_rules_delegate_check(request, error);

	if (result == 0)
		result = record_list_index(request, &list, kind_access_rule.prefix, "user", NULL,
					   request_param(request, "user_id"), error);
	if (result < 0)
		return result;
	return kind_reply_list(request, &kind_access_rule, list.items, list.count, error);
}

static int rule_find(struct request *request, yyjson_val **rule, uint64_t *revision,
		     struct error *error)
{
	const char *id = request_param(request, "access_rule_id");
	int result = access_rules_delegate_check(request, error);

	if (result == 0)
		result = kind_find(request, &kind_access_rule, id, rule, revision, error);
	if (result == 0 && !json_is(*rule, "user_id", request_param(request, "user_id")))
		return refuse_not_found(error, kind_access_rule.what, id);
	return result;
}

static int access_rule_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *rule;
	int result = rule_find(request, &rule, NULL, error);

	if (result < 0)
		return result;
	return kind_reply(request, &kind_access_rule, 200, doc, yyjson_val_mut_copy(doc, rule));
}

static bool names_rule(yyjson_val *credential, const char *id)
{
	yyjson_val *rule;
	size_t index, most;

	yyjson_arr_foreach (yyjson_obj_get(credential, "access_rules"), index, most, rule) {
		if (json_is(rule, "id", id))
			return true;
	}
	return false;
}

static int use_check(struct request *request, yyjson_val *rule, struct error *error)
{
	struct record_list list = { .request = request };
	int result = record_list_index(request, &list, kind_application_credential.prefix, "user",
				       NULL, json_string(rule, "user_id"), error);

	for (size_t i = 0; result == 0 && i < list.count; i++)
		if (names_rule(list.items[i], json_string(rule, "id")))
			return error_fault(error, -EACCES, 403, NULL,
					   "May not delete access rule in use");
	return result;
}

static int access_rule_delete(struct request *request, struct error *error)
{
	const char *id = request_param(request, "access_rule_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *rule;
	uint64_t revision;
	int result = rule_find(request, &rule, &revision, error);

	if (result == 0)
		result = use_check(request, rule, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_access_rule, txn, id, revision);
	store_txn_delete(txn, arena_printf(request->arena, "%s%s", kind_access_rule.prefix, id));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

static const struct route routes[] = {
	ROUTE("GET", "/users/{user_id}/access_rules", access_rule_list,
	      "identity:list_access_rules", NULL, 0),
	ROUTE("GET", "/users/{user_id}/access_rules/{access_rule_id}", access_rule_show,
	      "identity:get_access_rule", NULL, 0),
	ROUTE("DELETE", "/users/{user_id}/access_rules/{access_rule_id}", access_rule_delete,
	      "identity:delete_access_rule", NULL, 0),
	{ 0 },
};

const struct service_part identity_access_rule_part = { routes, NULL };
