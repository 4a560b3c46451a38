/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/mfa.h"

#include <string.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/lib/uuid.h"

/* What a receipt passes on. It does not say whose delegate somebody was, so that what a delegate
 * showed must not count for the whole user. */
#define IN_PERSON (METHOD_PASSWORD | METHOD_TOKEN | METHOD_TOTP)

/* Methods of a rule that the box knows, as bits; the others ask for nothing. */
static unsigned rule_methods(yyjson_val *rule)
{
	unsigned methods = 0;
	yyjson_val *name;
	size_t index, most;

	yyjson_arr_foreach (rule, index, most, name)
		methods |= token_method_by_name(yyjson_get_str(name));
	return methods;
}

static yyjson_val *rules_of(yyjson_val *user)
{
	return yyjson_obj_get(yyjson_obj_get(user, "options"), "multi_factor_auth_rules");
}

bool mfa_suffices(unsigned methods, yyjson_val *user)
{
	yyjson_val *rules = rules_of(user), *rule;
	size_t index, most;

	if (!yyjson_arr_size(rules) ||
	    !json_bool(yyjson_obj_get(user, "options"), "multi_factor_auth_enabled", true))
		return true;
	yyjson_arr_foreach (rules, index, most, rule) {
		unsigned needed = rule_methods(rule);

		if ((methods & needed) == needed)
			return true;
	}
	return false;
}

int mfa_receipt_take(struct auth *auth, struct error *error)
{
	const char *text = request_header(auth->request, RECEIPT_HEADER);
	struct token_key keys[KEYRING_KEYS];
	struct token_claims receipt;
	struct error reason = { 0 };
	size_t count;
	int result;

	if (!text)
		return 0;
	count = keyring_copy(&auth->request->cloud->identity->keyring, keys);
	result = token_unseal(keys, count, text, &receipt, &reason);
	explicit_bzero(keys, sizeof(keys));
	if (result < 0 || receipt.scope != SCOPE_RECEIPT || receipt.expires <= instant_now() ||
	    receipt.epoch != auth->claims.epoch || strcmp(receipt.user_id, auth->claims.user_id))
		return error_fault(error, -EPERM, 401, NULL, "Could not find auth receipt: %.255s.",
				   text);
	auth->claims.methods |= receipt.methods & IN_PERSON;
	return 0;
}

static void add_methods(yyjson_mut_doc *doc, yyjson_mut_val *list, unsigned methods)
{
	for (unsigned bit = 0; bit < METHOD_COUNT; bit++)
		if (methods & 1U << bit)
			yyjson_mut_arr_add_str(doc, list, token_method_names[bit]);
}

/* Those sets of which something was shown already. */
static yyjson_mut_val *required_methods(yyjson_mut_doc *doc, unsigned methods, yyjson_val *user)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	yyjson_val *rule;
	size_t index, most;

	yyjson_arr_foreach (rules_of(user), index, most, rule) {
		unsigned needed = rule_methods(rule);

		if (needed & methods)
			add_methods(doc, yyjson_mut_arr_add_arr(doc, list), needed);
	}
	return list;
}

static yyjson_mut_val *user_render(struct auth *auth, yyjson_mut_doc *doc, yyjson_val *user)
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc), *within = yyjson_mut_obj(doc);
	const char *domain_id = json_string(user, "domain_id");
	struct error reason = { 0 };
	yyjson_val *domain = NULL;

	if (record_get(&auth->reader, &domain, NULL, &reason, "/identity/domain/%s", domain_id) < 0)
		domain = NULL;
	json_set_string(doc, within, "id", domain_id);
	json_set_string(doc, within, "name", json_string(domain, "name"));
	json_set_string(doc, shown, "id", json_string(user, "id"));
	json_set_string(doc, shown, "name", json_string(user, "name"));
	json_set(doc, shown, "domain", within);
	return shown;
}

static void set_instant(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
			uint64_t when)
{
	char text[INSTANT_SIZE];

	instant_format(when, text);
	json_set_string(doc, object, member, text);
}

int mfa_receipt_reply(struct auth *auth, yyjson_val *user, struct error *error)
{
	struct request *request = auth->request;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *shown = yyjson_mut_obj(doc);
	yyjson_mut_val *methods = yyjson_mut_arr(doc);
	struct token_claims receipt = { .methods = auth->claims.methods,
					.scope = SCOPE_RECEIPT,
					.epoch = auth->claims.epoch,
					.issued = instant_now(),
					.expires = instant_now() + RECEIPT_LIFE };
	const char *text;

	memcpy(receipt.user_id, auth->claims.user_id, sizeof(receipt.user_id));
	random_bytes(receipt.audit, sizeof(receipt.audit));
	text = token_issue(request->cloud->identity, request->arena, &receipt, error);
	if (!text)
		return error_set(error, -EIO, "receipt can't be made");
	add_methods(doc, methods, receipt.methods);
	json_set(doc, shown, "methods", methods);
	json_set(doc, shown, "user", user_render(auth, doc, user));
	set_instant(doc, shown, "expires_at", receipt.expires);
	set_instant(doc, shown, "issued_at", receipt.issued);
	json_set(doc, root, "receipt", shown);
	json_set(doc, root, "required_auth_methods", required_methods(doc, receipt.methods, user));
	reply_header(request, RECEIPT_HEADER, "%s", text);
	return reply_json(request, 401, doc, root);
}
