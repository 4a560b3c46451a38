/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of QoS policies: at most one of each kind and direction. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/network/qos.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)
#define REQUIRED (POST_PUT | ATTRIBUTE_REQUIRED)
#define KBPS_MOST 2147483647

static const char *const directions[] = { "ingress", "egress", NULL };
static const char *const egress[] = { "egress", NULL };

/* The code points that Neutron knows (RFC 2474, 2597, 3246, 5865). */
static const char marks_text[] =
	"[0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 44, 46, 48, 56]";

static bool mark_is_known(int64_t mark)
{
	const char *at = marks_text;

	while ((at = strpbrk(at, "0123456789")))
		if (strtol(at, (char **)&at, 10) == mark)
			return true;
	return false;
}

static int check_mark(const struct attribute *attribute, yyjson_val *value, struct error *error)
{
	const char *text = yyjson_get_str(value);
	int64_t mark = text ? strtoll(text, NULL, 10) : yyjson_get_sint(value);

	return mark_is_known(mark) ? 0
				   : attribute_invalid(error, attribute, "%" PRId64 " is not in %s",
						       mark, marks_text);
}

static const struct attribute limit_attributes[] = {
	{ "max_kbps", ATTRIBUTE_INTEGER, REQUIRED, NULL, 0, KBPS_MOST, NULL, NULL },
	{ "max_burst_kbps", ATTRIBUTE_INTEGER, POST_PUT, "0", 0, KBPS_MOST, NULL, NULL },
	{ "direction", ATTRIBUTE_CHOICE, POST_PUT, "\"egress\"", 0, 0, directions, NULL },
	{ 0 }
};

static const struct attribute mark_attributes[] = {
	{ "dscp_mark", ATTRIBUTE_INTEGER, REQUIRED, NULL, INT64_MIN, INT64_MAX, NULL, check_mark },
	{ 0 }
};

static const struct attribute minimum_attributes[] = {
	{ "min_kbps", ATTRIBUTE_INTEGER, REQUIRED, NULL, 0, KBPS_MOST, NULL, NULL },
	{ "direction", ATTRIBUTE_CHOICE, POST_PUT, "\"egress\"", 0, 0, egress, NULL },
	{ 0 }
};

const char *const qos_rule_types[QOS_KINDS] = { "bandwidth_limit", "dscp_marking",
						"minimum_bandwidth" };
const struct resource *const qos_rule_resources[QOS_KINDS] = { &resource_qos_limit,
							       &resource_qos_mark,
							       &resource_qos_minimum };

int qos_rules_of(struct store_view *view, struct arena *arena, const char *policy_id,
		 enum qos_kind kind, struct network_ports *rules, struct error *error)
{
	return resource_range(view, arena, qos_rule_resources[kind], "policy", policy_id, rules,
			      error);
}

/* --- conflicts --- */

static int64_t number(yyjson_mut_val *object, const char *name)
{
	return yyjson_mut_get_sint(yyjson_mut_obj_get(object, name));
}

static int refuse_value(const char *policy_id, int64_t value, enum qos_kind existing,
			int64_t existing_value, struct error *error)
{
	return error_fault(error, -EEXIST, 409, "QoSRuleParameterConflict",
			   "Unable to add the rule with value %" PRId64
			   " to the policy %s as the existing rule of type %s has value %" PRId64
			   ".",
			   value, policy_id, qos_rule_types[existing], existing_value);
}

/* No guarantee is above a limit, whatever their directions. */
static int refuse_contradiction(struct change *change, yyjson_mut_val *object, enum qos_kind kind,
				struct error *error)
{
	enum qos_kind other = kind == QOS_LIMIT ? QOS_MINIMUM : QOS_LIMIT;
	int64_t value = number(object, kind == QOS_LIMIT ? "max_kbps" : "min_kbps");
	const char *policy_id = json_member(object, "policy_id");
	struct network_ports rules;
	int result = kind == QOS_MARK ? 0
				      : qos_rules_of(change->view, change->request->arena,
						     policy_id, other, &rules, error);

	if (result || kind == QOS_MARK)
		return result;
	for (size_t i = 0; i < rules.count; i++) {
		int64_t there = json_integer(rules.items[i],
					     kind == QOS_LIMIT ? "min_kbps" : "max_kbps", 0);

		if (kind == QOS_LIMIT ? there > value : there < value)
			return refuse_value(policy_id, value, other, there, error);
	}
	return 0;
}

static int refuse_twin(struct change *change, yyjson_mut_val *object, enum qos_kind kind,
		       struct error *error)
{
	const char *policy_id = json_member(object, "policy_id");
	const char *direction = json_member(object, "direction");
	struct network_ports rules;
	int result =
		qos_rules_of(change->view, change->request->arena, policy_id, kind, &rules, error);

	for (size_t i = 0; !result && i < rules.count; i++)
		if (!json_is(rules.items[i], "id", json_member(object, "id")) &&
		    (!direction || json_is(rules.items[i], "direction", direction)))
			return error_fault(error, -EEXIST, 409, "QoSRulesConflict",
					   "Rule %s conflicts with rule %s which already exists in "
					   "QoS Policy %s.",
					   qos_rule_types[kind], json_string(rules.items[i], "id"),
					   policy_id);
	return result;
}

/* --- the resources --- */

/* Two rules that come at the same time meet in their policy's record. */
static int touch_policy(struct change *change, const char *policy_id, struct error *error)
{
	yyjson_val *policy;
	int result = change_get(change, &resource_qos_policy, policy_id, &policy, error);

	if (!result)
		change_touch(change, &resource_qos_policy, policy);
	return result;
}

static int settle(struct change *change, yyjson_mut_val *object, enum qos_kind kind,
		  struct error *error)
{
	const char *policy_id = json_member(object, "policy_id");
	int result = refuse_contradiction(change, object, kind, error);

	if (!result)
		result = refuse_twin(change, object, kind, error);
	if (!result)
		result = qos_users_check(change, policy_id, kind, error);
	return result ? result : touch_policy(change, policy_id, error);
}

static int remove_rule(struct change *change, yyjson_val *old, struct error *error)
{
	return touch_policy(change, json_string(old, "policy_id"), error);
}

#define RULE_FUNCTIONS(name, kind)                                                                 \
	static int name##_create(struct change *change, yyjson_mut_val *object,                    \
				 struct error *error)                                              \
	{                                                                                          \
		return settle(change, object, kind, error);                                        \
	}                                                                                          \
	static int name##_update(struct change *change, yyjson_val *old, yyjson_mut_val *object,   \
				 yyjson_mut_val *given, struct error *error)                       \
	{                                                                                          \
		(void)old;                                                                         \
		(void)given;                                                                       \
		return settle(change, object, kind, error);                                        \
	}

RULE_FUNCTIONS(limit, QOS_LIMIT)
RULE_FUNCTIONS(mark, QOS_MARK)
RULE_FUNCTIONS(minimum, QOS_MINIMUM)

#define RULE_RESOURCE(kind, name, collection)                                                      \
	const struct resource resource_qos_##kind = {                                              \
		.singular = name "_rule",                                                          \
		.plural = name "_rules",                                                           \
		.prefix = "/network/qos-" collection "/",                                          \
		.attributes = kind##_attributes,                                                   \
		.parent = &resource_qos_policy,                                                    \
		.parent_member = "policy_id",                                                      \
		.missing_type = "QosRuleNotFound",                                                 \
		.missing_before = "QoS rule ",                                                     \
		.missing_after = " could not be found.",                                           \
		.create = kind##_create,                                                           \
		.update = kind##_update,                                                           \
		.remove = remove_rule,                                                             \
		.writable = qos_writable,                                                          \
	};                                                                                         \
	/* The same record without the policy's path; only its owner reaches it. */                \
	const struct resource resource_alias_##kind = {                                            \
		.singular = "alias_" name "_rule",                                                 \
		.plural = "alias_" name "_rules",                                                  \
		.prefix = "/network/qos-" collection "/",                                          \
		.attributes = kind##_attributes,                                                   \
		.parent = &resource_qos_policy,                                                    \
		.parent_member = "policy_id",                                                      \
		.missing_type = "QosRuleNotFound",                                                 \
		.missing_before = "QoS rule ",                                                     \
		.missing_after = " could not be found.",                                           \
		.update = kind##_update,                                                           \
		.remove = remove_rule,                                                             \
		.writable = qos_writable,                                                          \
	}

RULE_RESOURCE(limit, "bandwidth_limit", "bandwidth-limit");
RULE_RESOURCE(mark, "dscp_marking", "dscp-marking");
RULE_RESOURCE(minimum, "minimum_bandwidth", "minimum-bandwidth");
