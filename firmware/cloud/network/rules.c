/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security group rules: made and deleted, never changed. */
#include "firmware/cloud/network/rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/network/address_groups.h"
#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/port.h"

const char *const rule_directions[] = { "ingress", "egress", NULL };
static const char *const ethertypes[] = { "IPv4", "IPv6", NULL };

/* Of ICMP these are type and code, whose own bounds come later. */
int rule_port_check(const struct attribute *attribute, yyjson_val *value, struct error *error)
{
	const char *text = yyjson_get_str(value);
	int64_t port = text ? strtoll(text, NULL, 10) : yyjson_get_sint(value);

	(void)attribute;
	if (port >= 0 && port <= 65535)
		return 0;
	return error_fault(error, -EINVAL, 400, "SecurityGroupInvalidPortValue",
			   "Invalid value for port %" PRId64, port);
}

static const struct attribute attributes[] = {
	{ "security_group_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0,
	  NULL, NULL },
	RULE_CONDITIONS,
	{ "description", ATTRIBUTE_NAME, ATTRIBUTE_POST | ATTRIBUTE_PUT, "\"\"", 0, 255, NULL,
	  NULL },
	{ 0 }
};

/* Neutron's names (neutron_lib.constants.IP_PROTOCOL_MAP), numbers by IANA. */
static const struct {
	const char *name;
	int number;
} protocols[] = {
	{ "ah", 51 },         { "dccp", 33 },       { "egp", 8 },         { "esp", 50 },
	{ "gre", 47 },        { "icmp", 1 },        { "icmpv6", 58 },     { "igmp", 2 },
	{ "ipip", 4 },        { "ipv6-encap", 41 }, { "ipv6-frag", 44 },  { "ipv6-icmp", 58 },
	{ "ipv6-nonxt", 59 }, { "ipv6-opts", 60 },  { "ipv6-route", 43 }, { "ospf", 89 },
	{ "pgm", 113 },       { "rsvp", 46 },       { "sctp", 132 },      { "tcp", 6 },
	{ "udp", 17 },        { "udplite", 136 },   { "vrrp", 112 },
};

int rule_protocol_number(const char *protocol)
{
	char *end;
	long number;

	if (!protocol || !strcasecmp(protocol, "any"))
		return -1;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcasecmp(protocol, protocols[i].name))
			return protocols[i].number;
	number = strtol(protocol, &end, 10);
	return *protocol && !*end && number >= 0 && number <= 255 ? (int)number : -2;
}

/* Protocol as a lower-case string, or null for any. */
static int convert_protocol(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_val *value = yyjson_mut_obj_get(object, "protocol");
	const char *text = yyjson_mut_get_str(value);
	char *lower;

	if (yyjson_mut_is_int(value))
		text = arena_printf(change->request->arena, "%" PRId64, yyjson_mut_get_sint(value));
	if (yyjson_mut_is_null(value) || !text || rule_protocol_number(text) == -1) {
		json_set(change->doc, object, "protocol", yyjson_mut_null(change->doc));
		return 0;
	}
	if (rule_protocol_number(text) < 0)
		return error_fault(
			error, -EINVAL, 400, "SecurityGroupRuleInvalidProtocol",
			"Security group rule protocol %s not supported. Only protocol "
			"values [None, ah, dccp, egp, esp, gre, icmp, icmpv6, igmp, "
			"ipip, ipv6-encap, ipv6-frag, ipv6-icmp, ipv6-nonxt, ipv6-opts, "
			"ipv6-route, ospf, pgm, rsvp, sctp, tcp, udp, udplite, vrrp] and "
			"integer representations [0 to 255] are supported.",
			text);
	lower = arena_strdup(change->request->arena, text);
	for (char *c = lower; c && *c; c++)
		*c |= (*c >= 'A' && *c <= 'Z') ? 0x20 : 0;
	json_set_string(change->doc, object, "protocol", lower);
	return 0;
}

static int convert_ethertype(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *text = json_member(object, "ethertype");

	for (const char *const *type = ethertypes; *type; type++)
		if (text && !strcasecmp(text, *type)) {
			json_set_string(change->doc, object, "ethertype", *type);
			return 0;
		}
	return error_fault(error, -EINVAL, 400, "SecurityGroupRuleInvalidEtherType",
			   "Security group rule for ethertype '%s' not supported. Allowed values "
			   "are ['IPv4', 'IPv6'].",
			   text ? text : "");
}

/* Of IPv6 'icmp' means ICMPv6, whose name is 'ipv6-icmp'; what belongs to IPv6 alone is refused
 * for IPv4. */
static int fit_protocol(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *protocol = json_member(object, "protocol");
	int number = rule_protocol_number(protocol);

	if (!strcmp(json_member(object, "ethertype"), "IPv6")) {
		if (protocol && (!strcmp(protocol, "icmp") || !strcmp(protocol, "icmpv6")))
			json_set_string(change->doc, object, "protocol", "ipv6-icmp");
		else if (protocol && !strcmp(protocol, "1"))
			json_set_string(change->doc, object, "protocol", "58");
		return 0;
	}
	if (number == 41 || number == 43 || number == 44 || (number >= 58 && number <= 60))
		return error_fault(error, -EINVAL, 400,
				   "SecurityGroupEthertypeConflictWithProtocol",
				   "Invalid ethertype IPv4 for protocol %s.", protocol);
	return 0;
}

static int convert_prefix(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *text = json_member(object, "remote_ip_prefix");
	const char *ethertype = json_member(object, "ethertype");
	struct ip_prefix prefix;
	char canonical[IP_CIDR_SIZE];

	json_set(change->doc, object, "normalized_cidr", yyjson_mut_null(change->doc));
	if (!text)
		return 0;
	if (!ip_prefix_parse(text, &prefix))
		return error_fault(error, -EINVAL, 400, "InvalidCIDR",
				   "Invalid CIDR %s given as IP prefix.", text);
	if ((prefix.base.version == 4) != !strcmp(ethertype, "IPv4"))
		return error_fault(error, -EINVAL, 400, "SecurityGroupRuleParameterConflict",
				   "Conflicting value ethertype %s for CIDR %s", ethertype, text);
	ip_prefix_format(&prefix, canonical);
	json_set_string(change->doc, object, "normalized_cidr", canonical);
	return 0;
}

static int check_remotes(yyjson_mut_val *object, struct error *error)
{
	int given = !!json_member(object, "remote_ip_prefix") +
		    !!json_member(object, "remote_group_id") +
		    !!json_member(object, "remote_address_group_id");

	if (given > 1)
		return error_fault(error, -EINVAL, 400, "SecurityGroupMultipleRemoteEntites",
				   "Only one of remote_ip_prefix or remote_group_id or "
				   "remote_address_group_id may be provided.");
	return 0;
}

static bool takes_ports(int protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 ||
	       protocol == 136;
}

static int check_icmp(yyjson_mut_val *type, yyjson_mut_val *code, struct error *error)
{
	int64_t values[2] = { yyjson_mut_get_sint(type), yyjson_mut_get_sint(code) };

	for (int i = 0; i < 2; i++)
		if (values[i] < 0 || values[i] > 255)
			return error_fault(error, -EINVAL, 400, "SecurityGroupInvalidIcmpValue",
					   "Invalid value for ICMP %s (%s) %" PRId64
					   ". It must be 0 to 255.",
					   i ? "code" : "type",
					   i ? "port-range-max" : "port-range-min", values[i]);
	if (yyjson_mut_is_null(type) && !yyjson_mut_is_null(code))
		return error_fault(error, -EINVAL, 400, "SecurityGroupMissingIcmpType",
				   "ICMP code (port-range-max) %" PRId64
				   " is provided but ICMP type (port-range-min) is missing.",
				   values[1]);
	return 0;
}

static int check_ports(yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_val *min = yyjson_mut_obj_get(object, "port_range_min");
	yyjson_mut_val *max = yyjson_mut_obj_get(object, "port_range_max");
	const char *protocol = json_member(object, "protocol");
	int number = rule_protocol_number(protocol);

	if (number == 1 || number == 58)
		return check_icmp(min, max, error);
	if (yyjson_mut_is_null(min) && yyjson_mut_is_null(max))
		return 0;
	if (number < 0)
		return error_fault(error, -EINVAL, 400, "SecurityGroupProtocolRequiredWithPorts",
				   "Must also specify protocol if port range is given.");
	if (!takes_ports(number))
		return error_fault(error, -EINVAL, 400, "SecurityGroupInvalidProtocolForPort",
				   "Ports cannot be specified for protocol %s. Ports are only "
				   "supported for ['dccp', 'sctp', 'tcp', 'udp', 'udplite'].",
				   protocol);
	if (yyjson_mut_is_null(min) || yyjson_mut_is_null(max) ||
	    yyjson_mut_get_sint(min) > yyjson_mut_get_sint(max) || yyjson_mut_get_sint(min) < 0)
		return error_fault(error, -EINVAL, 400, "SecurityGroupInvalidPortRange",
				   "For TCP/UDP protocols, port_range_min must be <= "
				   "port_range_max");
	return 0;
}

const char *const rule_conditions[] = { "direction",
					"ethertype",
					"protocol",
					"port_range_min",
					"port_range_max",
					"remote_group_id",
					"remote_ip_prefix",
					"normalized_cidr",
					"remote_address_group_id",
					NULL };

/* One prefix may be written in several ways. */
bool rule_same(yyjson_val *one, yyjson_val *other)
{
	for (const char *const *member = rule_conditions; *member; member++)
		if (strcmp(*member, "remote_ip_prefix") &&
		    !yyjson_equals(yyjson_obj_get(one, *member), yyjson_obj_get(other, *member)))
			return false;
	return true;
}

static int refuse_twin(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_val *rule = value_freeze(change->request, object);
	struct network_ports rules;
	int result = resource_range(change->view, change->request->arena, &resource_rule, "group",
				    json_member(object, "security_group_id"), &rules, error);

	for (size_t i = 0; !result && i < rules.count; i++)
		if (rule_same(rule, rules.items[i]))
			return error_fault(error, -EEXIST, 409, "SecurityGroupRuleExists",
					   "Security group rule already exists. Rule id is %s.",
					   json_string(rules.items[i], "id"));
	return result;
}

static int check_remote_group(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *id = json_member(object, "remote_group_id"), *found;

	return id ? group_find(change, json_member(object, "project_id"), id, &found, error) : 0;
}

int rule_conditions_settle(struct change *change, yyjson_mut_val *object, struct error *error)
{
	int result = check_remotes(object, error);

	if (!result)
		result = convert_protocol(change, object, error);
	if (!result)
		result = convert_ethertype(change, object, error);
	if (!result)
		result = fit_protocol(change, object, error);
	if (!result)
		result = convert_prefix(change, object, error);
	return result ? result : check_ports(object, error);
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_val *group;
	int result = check_remotes(object, error);

	if (!result)
		result = change_find(change, &resource_group,
				     json_member(object, "security_group_id"), &group, error);
	if (!result)
		result = rule_conditions_settle(change, object, error);
	if (!result)
		result = check_remote_group(change, object, error);
	if (!result)
		result = refuse_twin(change, object, error);
	if (!result)
		result = address_group_join(change, object, error);
	if (!result)
		change_touch(change, &resource_group, group);
	return result;
}

static int remove_rule(struct change *change, yyjson_val *old, struct error *error)
{
	yyjson_val *group;
	int result = change_get(change, &resource_group, json_string(old, "security_group_id"),
				&group, error);

	if (!result)
		change_touch(change, &resource_group, group);
	address_group_leave(change, old);
	return result;
}

/* Who owns a group sees the rules that others made in it. */
static bool visible(struct request *request, yyjson_val *record)
{
	struct store_view *view;
	yyjson_val *group;

	return !request_view(request, &view, NULL) &&
	       !resource_get(view, request->arena, &resource_group,
			     json_string(record, "security_group_id"), &group, NULL) &&
	       policy_owns(request, json_string(group, "project_id"));
}

static bool writable(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "project_id"));
}

int rule_put(struct change *change, yyjson_mut_val *object, struct error *error)
{
	int result = address_group_join(change, object, error);

	if (!result)
		change_put(change, &resource_rule, object);
	return result;
}

yyjson_mut_val *rule_view(yyjson_mut_doc *doc, yyjson_val *record)
{
	return yyjson_val_mut_copy(doc, record);
}

const struct resource resource_rule = {
	.singular = "security_group_rule",
	.plural = "security_group_rules",
	.prefix = "/network/security-group-rule/",
	.attributes = attributes,
	.missing_type = "SecurityGroupRuleNotFound",
	.missing_before = "Security group rule ",
	.missing_after = " does not exist",
	.create = create,
	.remove = remove_rule,
	.visible = visible,
	.writable = writable,
};
