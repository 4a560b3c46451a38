/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/security.h"

#include <stddef.h>
#include <string.h>

#include "firmware/cloud/identity/domain_config.h"
#include "firmware/cloud/identity/pattern.h"
#include "firmware/cloud/identity/refusal.h"

#define RULES "/identity/security/rules"
#define GROUP "security_compliance"

enum rule_kind { RULE_NUMBER, RULE_FLAG, RULE_TEXT, RULE_PATTERN };

/* clang-format off: one a line */
static const struct rule {
	const char *name;
	enum rule_kind kind;
	size_t offset;
	int64_t fallback, least, most;
	bool readable; /* by everybody */
} rules[] = {
#define RULE(name, kind, fallback, least, most, readable)                                          \
	{                                                                                          \
#name, kind, offsetof(struct security, name), fallback, least, most, readable      \
	}
	RULE(disable_user_account_days_inactive, RULE_NUMBER, 0, 0, 36500, false),
	RULE(lockout_failure_attempts, RULE_NUMBER, 2, 0, 1000000, false),
	RULE(lockout_duration, RULE_NUMBER, 5, 1, 1000000000, false),
	RULE(password_expires_days, RULE_NUMBER, 0, 0, 36500, false),
	RULE(unique_last_password_count, RULE_NUMBER, 2, 0, SECURITY_UNIQUE_MOST, false),
	RULE(minimum_password_age, RULE_NUMBER, 0, 0, 36500, false),
	RULE(change_password_upon_first_use, RULE_FLAG, 0, 0, 0, false),
	RULE(password_regex, RULE_PATTERN, 0, 0, 0, true),
	RULE(password_regex_description, RULE_TEXT, 0, 0, 0, true),
#undef RULE
};
/* clang-format on */

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

static void rule_set(struct security *security, const struct rule *rule, yyjson_val *record)
{
	void *place = (char *)security + rule->offset;

	if (rule->kind == RULE_NUMBER)
		*(int64_t *)place = json_integer(record, rule->name, rule->fallback);
	else if (rule->kind == RULE_FLAG)
		*(bool *)place = json_bool(record, rule->name, rule->fallback);
	else
		*(const char **)place = json_string(record, rule->name);
}

int security_load(const struct reader *reader, struct security *security, struct error *error)
{
	yyjson_val *record = NULL;
	int result = record_get(reader, &record, NULL, error, RULES);

	if (result < 0 && result != -ENOENT)
		return result;
	for (size_t i = 0; i < RULE_COUNT; i++)
		rule_set(security, &rules[i], result == 0 ? record : NULL);
	return 0;
}

/* --- in the place of a domain's configuration */

static const struct rule *rule_find(const char *name)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}

static const char *option_of(const struct request *request)
{
	for (const struct name_value *param = request->params; param->name; param++)
		if (!strcmp(param->name, "option"))
			return param->value;
	return NULL;
}

static int place_check(struct request *request, struct error *error)
{
	const char *option = option_of(request);
	const struct rule *rule = option ? rule_find(option) : NULL;

	if (strcmp(request_param(request, "domain_id"), IDENTITY_DOMAIN_DEFAULT) != 0)
		return refuse_domain_config(
			error, "Reading security compliance information for any "
			       "domain other than the default domain is not allowed or "
			       "supported.");
	if (option && !(rule && (rule->readable || request->caller->is_admin)))
		return refuse_domain_config(error,
					    "Reading security compliance values other than "
					    "password_regex and password_regex_description is not "
					    "allowed.");
	return 0;
}

static yyjson_mut_val *rule_render(yyjson_mut_doc *doc, const struct rule *rule, yyjson_val *record)
{
	yyjson_val *value = yyjson_obj_get(record, rule->name);

	if (value)
		return yyjson_val_mut_copy(doc, value);
	if (rule->kind == RULE_FLAG)
		return yyjson_mut_bool(doc, rule->fallback);
	return rule->fallback ? yyjson_mut_sint(doc, rule->fallback) : yyjson_mut_null(doc);
}

static int reply(struct request *request, yyjson_val *record)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *config = yyjson_mut_obj(doc), *into = config;
	const char *option = option_of(request);

	if (!option) {
		into = yyjson_mut_obj(doc);
		json_set(doc, config, GROUP, into);
	}
	for (size_t i = 0; i < RULE_COUNT; i++)
		if ((rules[i].readable || request->caller->is_admin) &&
		    (!option || !strcmp(option, rules[i].name)))
			json_set(doc, into, rules[i].name, rule_render(doc, &rules[i], record));
	json_set(doc, root, "config", config);
	return reply_json(request, 200, doc, root);
}

static int rules_find(struct request *request, yyjson_val **record, uint64_t *revision,
		      struct error *error)
{
	int result = request_get(request, record, revision, error, RULES);

	if (result != -ENOENT)
		return result;
	*record = NULL;
	*revision = 0;
	return 0;
}

int security_show(struct request *request, struct error *error)
{
	yyjson_val *record;
	uint64_t revision;
	int result = place_check(request, error);

	if (result == 0)
		result = rules_find(request, &record, &revision, error);
	return result == 0 ? reply(request, record) : result;
}

static bool value_fits(struct request *request, const struct rule *rule, yyjson_val *value)
{
	const char *text = yyjson_get_str(value);

	if (yyjson_is_null(value))
		return true;
	if (rule->kind == RULE_NUMBER)
		return yyjson_is_int(value) && yyjson_get_sint(value) >= rule->least &&
		       yyjson_get_sint(value) <= rule->most;
	if (rule->kind == RULE_FLAG)
		return yyjson_is_bool(value);
	return text && (rule->kind == RULE_TEXT || pattern_parse(request->arena, text));
}

/* What the body sets; null takes a rule back to its default. */
static int changes_put(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
		       struct error *error)
{
	yyjson_val *config = yyjson_obj_get(request->body, "config"), *name, *value;
	size_t index, most;

	if (!option_of(request))
		config = yyjson_obj_get(config, GROUP);
	if (!yyjson_obj_size(config))
		return refuse_domain_config(error, "No options specified");
	yyjson_obj_foreach (config, index, most, name, value) {
		const struct rule *rule = rule_find(yyjson_get_str(name));

		if (!rule)
			return refuse_domain_config(error,
						    "Option %s in group " GROUP
						    " is not supported for domain specific "
						    "configurations",
						    yyjson_get_str(name));
		if (!value_fits(request, rule, value))
			return refuse_domain_config(error, "The value of option %s is not valid",
						    rule->name);
		yyjson_mut_obj_remove_key(record, rule->name);
		if (!yyjson_is_null(value))
			json_set(doc, record, rule->name, yyjson_val_mut_copy(doc, value));
	}
	return 0;
}

int security_update(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record;
	const char *text;
	yyjson_val *there;
	uint64_t revision;
	int result = place_check(request, error);

	if (result == 0)
		result = rules_find(request, &there, &revision, error);
	if (result < 0)
		return result;
	record = there ? yyjson_val_mut_copy(doc, there) : yyjson_mut_obj(doc);
	result = changes_put(request, doc, record, error);
	if (result < 0)
		return result;
	text = request_write(request, record);
	store_txn_compare(txn, RULES, revision);
	store_txn_put(txn, RULES, text);
	result = identity_commit(request, txn, error);
	if (result < 0)
		return result;
	return reply(request, json_parse(request->arena, text, strlen(text)));
}

int security_reset(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	int result = place_check(request, error);

	store_txn_delete(txn, RULES);
	if (result == 0)
		result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
