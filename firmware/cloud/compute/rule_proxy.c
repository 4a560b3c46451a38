/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of security groups as older clients know them (until 2.35): the network service's ingress
 * rules, in Nova's form. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/compute/network_proxy.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/server_view.h"

struct rule {
	const char *parent, *group, *cidr, *protocol;
	int64_t from, to;
};

static bool is_protocol(const struct rule *rule, const char *name)
{
	return rule->protocol && !strcasecmp(rule->protocol, name);
}

static bool is_given(yyjson_val *value)
{
	return value && !yyjson_is_null(value);
}

/* An integer, or a text that is one. */
static int port_read(yyjson_val *value, int64_t *port)
{
	const char *text = yyjson_get_str(value);
	char *end;

	if (yyjson_is_int(value)) {
		*port = yyjson_get_sint(value);
		return 0;
	}
	*port = text ? strtoll(text, &end, 10) : 0;
	return text && *text && !*end ? 0 : -EINVAL;
}

static int range_check(const struct rule *rule, struct error *error)
{
	static const char text[] = "Invalid port range %lld:%lld. %s";
	bool icmp = is_protocol(rule, "icmp");
	const char *why = NULL;

	if (!icmp && !is_protocol(rule, "tcp") && !is_protocol(rule, "udp"))
		return error_set(error, -EINVAL, "Invalid IP protocol %s.", rule->protocol);
	if (icmp && (rule->from < -1 || rule->from > 255 || rule->to < -1 || rule->to > 255))
		why = "For ICMP, the type:code must be valid";
	else if (!icmp && rule->from > rule->to)
		why = "Former value cannot be greater than the later";
	else if (!icmp && (rule->from < 1 || rule->to > 65535))
		why = is_protocol(rule, "tcp") ? "Valid TCP ports should be between 1-65535"
					       : "Valid UDP ports should be between 1-65535";
	return why ? error_set(error, -EINVAL, text, (long long)rule->from, (long long)rule->to,
			       why)
		   : 0;
}

/* With a source group the range may be left out: all of the protocol. 0: there is none. */
static int range_read(yyjson_val *body, struct rule *rule, struct error *error)
{
	yyjson_val *from = yyjson_obj_get(body, "from_port"), *to = yyjson_obj_get(body, "to_port");
	bool icmp = is_protocol(rule, "icmp");

	if (rule->group && rule->protocol && !is_given(from) && !is_given(to)) {
		rule->from = icmp ? -1 : 1;
		rule->to = icmp ? -1 : 65535;
		return range_check(rule, error) < 0 ? -EINVAL : 1;
	}
	if (!rule->protocol || !is_given(from) || !is_given(to))
		return 0;
	if (port_read(from, &rule->from) < 0 || port_read(to, &rule->to) < 0)
		return error_set(error, -EINVAL,
				 icmp ? "Invalid input received: Type and Code must be integers "
					"for ICMP protocol type"
				      : "Invalid input received: To and From ports must be "
					"integers");
	return range_check(rule, error) < 0 ? -EINVAL : 1;
}

static int group_check(struct request *request, const char *id, struct error *error)
{
	yyjson_val *group;
	int result;

	if (!id || !uuid_like(id))
		return error_set(error, -EINVAL, "Security group id should be uuid");
	result = network_get(request, arena_printf(request->arena, "/security-groups/%s", id),
			     "security_group", &group, error);
	if (result < 0 || group)
		return result;
	return error_set(error, -ENOENT, "Security group %s does not exist", id);
}

static int rule_read(struct request *request, struct rule *rule, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "security_group_rule");
	int result;

	if (!is_given(body))
		return error_set(error, -EINVAL, "Missing parameter security_group_rule");
	*rule = (struct rule){ .parent = json_string(body, "parent_group_id"),
			       .group = json_string(body, "group_id"),
			       .cidr = json_string(body, "cidr"),
			       .protocol = json_string(body, "ip_protocol") };
	if (!rule->group && (!rule->cidr || !*rule->cidr))
		rule->cidr = "0.0.0.0/0";
	result = group_check(request, rule->parent, error);
	if (result == 0 && is_given(yyjson_obj_get(body, "group_id")))
		result = group_check(request, rule->group, error);
	if (result == 0)
		result = range_read(body, rule, error);
	if (result == 0 && !rule->group)
		return error_set(error, -EINVAL, "Not enough parameters to build a valid rule.");
	return result < 0 ? result : 0;
}

static const char *rule_write(struct request *request, const struct rule *rule)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	bool ports = rule->protocol && rule->from != -1;

	view = yyjson_mut_obj_add_obj(doc, root, "security_group_rule");
	json_set_string(doc, view, "security_group_id", rule->parent);
	json_set_string(doc, view, "direction", "ingress");
	json_set_string(doc, view, "ethertype",
			!rule->group && strchr(rule->cidr, ':') ? "IPv6" : "IPv4");
	if (rule->protocol)
		json_set_string(doc, view, "protocol",
				is_protocol(rule, "icmp")  ? "icmp"
				: is_protocol(rule, "tcp") ? "tcp"
							   : "udp");
	if (ports) {
		json_set_integer(doc, view, "port_range_min", rule->from);
		if (rule->to != -1)
			json_set_integer(doc, view, "port_range_max", rule->to);
	}
	if (rule->group)
		json_set_string(doc, view, "remote_group_id", rule->group);
	else
		json_set_string(doc, view, "remote_ip_prefix", rule->cidr);
	return request_write(request, root);
}

static int answer_check(const struct rule *rule, const struct network_answer *answer,
			struct error *error)
{
	const char *type = json_string(yyjson_obj_get(answer->body, "NeutronError"), "type");

	if (answer->status < 300)
		return 0;
	if (answer->status == 404)
		return error_set(error, -ENOENT, "%s", answer->message);
	if (type && !strcmp(type, "OverQuota"))
		return error_set(error, -EACCES, "%s", answer->message);
	if (answer->status == 409)
		return error_set(error, -EINVAL, "This rule already exists in group %s",
				 rule->parent);
	if (strstr(answer->message, "CIDR") || strstr(answer->message, "cidr"))
		return error_set(error, -EINVAL, "%s is not a valid IP network.", rule->cidr);
	return error_set(error, -EINVAL, "%s", answer->message);
}

static int rule_create(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct network_answer answer;
	struct rule rule;
	int result = rule_read(request, &rule, error);

	if (result == 0)
		result = network_ask(request, "POST", "/security-group-rules",
				     rule_write(request, &rule), &answer, error);
	if (result == 0)
		result = answer_check(&rule, &answer, error);
	if (result < 0)
		return result;
	json_set(doc, root, "security_group_rule",
		 group_rule_view(request, doc, yyjson_obj_get(answer.body, "security_group_rule")));
	return reply_json(request, 200, doc, root);
}

static int rule_delete(struct request *request, struct error *error)
{
	const char *id = request_param(request, "id");
	struct network_answer answer;
	int result;

	if (!uuid_like(id))
		return error_set(error, -EINVAL, "Security group id should be uuid");
	result = network_ask(request, "DELETE",
			     arena_printf(request->arena, "/security-group-rules/%s", id), NULL,
			     &answer, error);
	if (result < 0)
		return result;
	if (answer.status >= 300)
		return error_set(error, answer.status == 404 ? -ENOENT : -EBUSY, "%s",
				 answer.message);
	return reply_empty(request, 202);
}

static const struct schema any_body = { .types = SCHEMA_OBJECT, .additional = true };
static const struct route routes[] = {
	ROUTE("POST", "/os-security-group-rules", rule_create, "os-security-groups:rule:create",
	      .body = &any_body, .last = 35),
	ROUTE("DELETE", "/os-security-group-rules/{id}", rule_delete,
	      "os-security-groups:rule:delete", .last = 35),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-security-groups:rule:create"), "project_member project_admin" },
	{ POLICY("os-security-groups:rule:delete"), WRITE },
	{ 0 },
};

const struct service_part compute_rule_part = { routes, policies };
