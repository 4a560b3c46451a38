/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QoS policies and their rules. A policy is named by networks, ports, floating IPs and the gateways
 * of routers; '/network/qos-bound/<policy>/<kind>/<id>' says by whom, so that it does not go while
 * somebody comes. What netd is told is made of a policy's rules when its user is sent; a rule that
 * comes, changes or goes raises the revision of its policy, which is what the reconciler follows.
 */
#ifndef CUMULET_NETWORK_QOS_H
#define CUMULET_NETWORK_QOS_H

#include "firmware/cloud/network/resource.h"
#include "netstack/message.h"

/* What 'object' says in qos_policy_id (NULL: nothing) becomes what it is bound to; 'old' NULL: in
 * the making. 404 for a policy that the caller can't see, 409 for one with a rule that nothing
 * enforces, 403 when the old one is out of the caller's reach. */
enum qos_user { QOS_PORT, QOS_NETWORK, QOS_FIP, QOS_ROUTER };
int qos_bind(struct change *change, enum qos_user user, const char *id, const char *old_policy,
	     const char *policy, struct error *error);
/* The same for a record with a member qos_policy_id. */
int qos_bind_record(struct change *change, enum qos_user user, yyjson_val *old,
		    yyjson_mut_val *object, struct error *error);
void qos_unbind(struct change *change, enum qos_user user, yyjson_val *record);
/* A network in the making that names none gets its project's default policy. */
int qos_default_apply(struct change *change, yyjson_mut_val *network, struct error *error);

/* The policy of a network, NULL: none. */
const char *qos_network_policy(struct store_view *view, struct arena *arena,
			       const char *network_id);
/* What a policy asks for; policy_id NULL: nothing ('set' stays false). */
int qos_desired(struct store_view *view, struct arena *arena, const char *policy_id,
		struct net_qos *qos, struct error *error);

/* --- between the files of QoS --- */

/* The kinds of rules; a table of them is in qos_rules.c. */
enum qos_kind { QOS_LIMIT, QOS_MARK, QOS_MINIMUM, QOS_KINDS };
extern const struct resource resource_qos_limit, resource_qos_mark, resource_qos_minimum,
	resource_alias_limit, resource_alias_mark, resource_alias_minimum;
extern const struct resource *const qos_rule_resources[QOS_KINDS];
extern const char *const qos_rule_types[QOS_KINDS]; /* "bandwidth_limit", ... */
int qos_rules_of(struct store_view *view, struct arena *arena, const char *policy_id,
		 enum qos_kind kind, struct network_ports *rules, struct error *error);
bool qos_writable(struct request *request, yyjson_val *record); /* as a resource's 'writable' */
/* 409 when a user of the policy can't have rules of this kind. */
int qos_users_check(struct change *change, const char *policy_id, enum qos_kind kind,
		    struct error *error);

extern const struct service_part qos_part;

#endif
