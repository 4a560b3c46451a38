/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has which QoS policy, and what that means for packets. */
#include <string.h>

#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/qos.h"

static const char *const user_names[] = {
	[QOS_PORT] = "port",
	[QOS_NETWORK] = "network",
	[QOS_FIP] = "fip",
	[QOS_ROUTER] = "router",
};

static const char *bound_key(struct change *change, const char *policy_id, enum qos_user user,
			     const char *id)
{
	return arena_printf(change->request->arena, "/network/qos-bound/%s/%s/%s", policy_id,
			    user_names[user], id);
}

/* --- rules that nothing enforces --- */

static int refuse_rule(enum qos_user user, const char *id, enum qos_kind kind, struct error *error)
{
	if (user == QOS_NETWORK)
		return error_fault(error, -EBUSY, 409, "QosRuleNotSupportedByNetwork",
				   "Rule %s is not supported by network %s", qos_rule_types[kind],
				   id);
	return error_fault(error, -EBUSY, 409, "QosRuleNotSupported",
			   "Rule %s is not supported by port %s", qos_rule_types[kind], id);
}

static bool is_enforced(enum qos_user user, enum qos_kind kind)
{
	/* Of addresses outside, rules but limits are not looked at, as in Neutron. */
	return kind != QOS_MINIMUM || user == QOS_FIP || user == QOS_ROUTER;
}

static int check_rules(struct change *change, enum qos_user user, const char *id,
		       const char *policy_id, struct error *error)
{
	struct network_ports rules;
	int result = 0;

	for (enum qos_kind kind = 0; !result && kind < QOS_KINDS; kind++) {
		if (is_enforced(user, kind))
			continue;
		result = qos_rules_of(change->view, change->request->arena, policy_id, kind, &rules,
				      error);
		if (!result && rules.count)
			return refuse_rule(user, id, kind, error);
	}
	return result;
}

int qos_users_check(struct change *change, const char *policy_id, enum qos_kind kind,
		    struct error *error)
{
	static const struct {
		enum qos_user user;
		const struct resource *resource;
	} checked[] = { { QOS_PORT, &resource_port }, { QOS_NETWORK, &resource_network } };
	struct network_ports list;
	int result = 0;

	for (size_t i = 0; !result && i < sizeof(checked) / sizeof(checked[0]); i++) {
		if (is_enforced(checked[i].user, kind))
			continue;
		result = resource_range(change->view, change->request->arena, checked[i].resource,
					"qos", policy_id, &list, error);
		if (!result && list.count)
			return refuse_rule(checked[i].user, json_string(list.items[0], "id"), kind,
					   error);
	}
	return result;
}

/* --- bindings --- */

/* What an admin gave a project it can't take away. */
static int leave(struct change *change, const char *policy_id, struct error *error)
{
	yyjson_val *policy;
	int result = resource_get(change->view, change->request->arena, &resource_qos_policy,
				  policy_id, &policy, error);

	if (result)
		return result == -ENOENT ? 0 : result;
	return resource_visible(&resource_qos_policy, change->request, policy)
		       ? 0
		       : error_fault(error, -EACCES, 403, "PolicyRemoveAuthorizationError",
				     "Failed to remove provided policy %s because you are not "
				     "authorized.",
				     policy_id);
}

static int join(struct change *change, enum qos_user user, const char *id, const char *policy_id,
		struct error *error)
{
	yyjson_val *policy;
	int result = change_find(change, &resource_qos_policy, policy_id, &policy, error);

	if (!result)
		result = check_rules(change, user, id, policy_id, error);
	if (!result)
		store_txn_put(change->txn, bound_key(change, policy_id, user, id), "{}");
	return result;
}

int qos_bind(struct change *change, enum qos_user user, const char *id, const char *old_policy,
	     const char *policy, struct error *error)
{
	int result = 0;

	if (old_policy && policy && strcmp(old_policy, policy) == 0)
		return 0;
	if (old_policy)
		result = leave(change, old_policy, error);
	if (!result && old_policy)
		store_txn_delete(change->txn, bound_key(change, old_policy, user, id));
	return result || !policy ? result : join(change, user, id, policy, error);
}

int qos_bind_record(struct change *change, enum qos_user user, yyjson_val *old,
		    yyjson_mut_val *object, struct error *error)
{
	return qos_bind(change, user, json_member(object, "id"), json_string(old, "qos_policy_id"),
			json_member(object, "qos_policy_id"), error);
}

void qos_unbind(struct change *change, enum qos_user user, yyjson_val *record)
{
	const char *policy_id =
		json_string(record, user == QOS_ROUTER ? "_qos_policy_id" : "qos_policy_id");

	if (policy_id)
		store_txn_delete(change->txn,
				 bound_key(change, policy_id, user, json_string(record, "id")));
}

const char *qos_network_policy(struct store_view *view, struct arena *arena, const char *network_id)
{
	yyjson_val *network;

	return network_id && !resource_get(view, arena, &resource_network, network_id, &network,
					   NULL)
		       ? json_string(network, "qos_policy_id")
		       : NULL;
}

/* --- what netd is told --- */

/* As in Neutron a limit without a burst has 80 % of its rate: enough for TCP to reach it. */
static void take_limit(yyjson_val *rule, struct net_qos *qos)
{
	int64_t kbps = json_integer(rule, "max_kbps", 0);
	int64_t burst = json_integer(rule, "max_burst_kbps", 0);

	if (burst == 0)
		burst = kbps * 8 / 10;
	if (json_is(rule, "direction", "ingress")) {
		qos->ingress_kbps = (uint32_t)kbps;
		qos->ingress_burst = (uint32_t)burst;
	} else {
		qos->egress_kbps = (uint32_t)kbps;
		qos->egress_burst = (uint32_t)burst;
	}
}

int qos_desired(struct store_view *view, struct arena *arena, const char *policy_id,
		struct net_qos *qos, struct error *error)
{
	struct network_ports rules;
	int result;

	if (!policy_id)
		return 0;
	qos->set = true;
	result = qos_rules_of(view, arena, policy_id, QOS_LIMIT, &rules, error);
	for (size_t i = 0; !result && i < rules.count; i++)
		take_limit(rules.items[i], qos);
	if (!result)
		result = qos_rules_of(view, arena, policy_id, QOS_MARK, &rules, error);
	if (!result && rules.count)
		qos->dscp = (uint32_t)json_integer(rules.items[0], "dscp_mark", 0) + 1;
	return result;
}
