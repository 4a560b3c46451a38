/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security groups in Nova's own older form: ingress rules alone. */
#include <string.h>

#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/identity/reader.h"

static yyjson_mut_val *integer_or_null(yyjson_mut_doc *doc, yyjson_val *value)
{
	return yyjson_is_int(value) ? yyjson_mut_sint(doc, yyjson_get_sint(value))
				    : yyjson_mut_null(doc);
}

/* A protocol without ports means all of them. */
static void rule_ports(yyjson_mut_doc *doc, yyjson_mut_val *view, yyjson_val *rule)
{
	const char *protocol = json_string(rule, "protocol");
	yyjson_val *from = yyjson_obj_get(rule, "port_range_min");
	yyjson_val *to = yyjson_obj_get(rule, "port_range_max");
	bool icmp = protocol && strstr(protocol, "icmp");

	if (protocol && !yyjson_is_int(from)) {
		json_set_integer(doc, view, "from_port", icmp ? -1 : 1);
		json_set_integer(doc, view, "to_port", icmp ? -1 : 65535);
		return;
	}
	json_set(doc, view, "from_port", integer_or_null(doc, from));
	json_set(doc, view, "to_port", integer_or_null(doc, to));
}

static void rule_source(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
			yyjson_val *rule)
{
	const char *remote = json_string(rule, "remote_group_id");
	const char *prefix = json_string(rule, "remote_ip_prefix");
	yyjson_mut_val *group = yyjson_mut_obj_add_obj(doc, view, "group");
	yyjson_mut_val *range = yyjson_mut_obj_add_obj(doc, view, "ip_range");
	yyjson_val *source;

	if (remote) {
		if (request_get(request, &source, NULL, NULL, "/network/security-group/%s",
				remote) == 0) {
			json_set_string(doc, group, "name", json_string(source, "name"));
			json_set_string(doc, group, "tenant_id", json_string(source, "project_id"));
		}
		return;
	}
	if (!prefix)
		prefix = json_is(rule, "ethertype", "IPv6") ? "::/0" : "0.0.0.0/0";
	json_set_string(doc, range, "cidr", prefix);
}

yyjson_mut_val *group_rule_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *rule)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	json_set_string(doc, view, "id", json_string(rule, "id"));
	json_set_string(doc, view, "parent_group_id", json_string(rule, "security_group_id"));
	json_set_string(doc, view, "ip_protocol", json_string(rule, "protocol"));
	rule_ports(doc, view, rule);
	rule_source(request, doc, view, rule);
	return view;
}

yyjson_mut_val *group_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *group,
			   const struct records *rules)
{
	const char *id = json_string(group, "id");
	yyjson_mut_val *view = yyjson_mut_obj(doc), *list;

	json_set_string(doc, view, "id", id);
	json_set_string(doc, view, "name", json_string(group, "name"));
	json_set_string(doc, view, "tenant_id", json_string(group, "project_id"));
	json_set_string(doc, view, "description", json_string(group, "description"));
	list = yyjson_mut_obj_add_arr(doc, view, "rules");
	for (size_t i = 0; i < rules->count; i++)
		if (json_is(rules->items[i].value, "security_group_id", id) &&
		    json_is(rules->items[i].value, "direction", "ingress"))
			yyjson_mut_arr_append(list,
					      group_rule_view(request, doc, rules->items[i].value));
	return view;
}

static bool view_listed(yyjson_mut_val *list, const char *id)
{
	yyjson_mut_val *item;
	size_t i, count;

	yyjson_mut_arr_foreach (list, i, count, item)
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "id"), id))
			return true;
	return false;
}

int group_views_add(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *list,
		    const struct network_ports *ports, struct error *error)
{
	struct records rules = { 0 };
	struct reader reader;
	yyjson_val *id, *group;
	size_t i, count;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = records_range(&reader, &rules, error, "/network/security-group-rule/");
	for (size_t port = 0; result == 0 && port < ports->count; port++)
		yyjson_arr_foreach (yyjson_obj_get(ports->items[port], "security_groups"), i, count,
				    id)
			if (!view_listed(list, yyjson_get_str(id)) &&
			    request_get(request, &group, NULL, NULL, "/network/security-group/%s",
					yyjson_get_str(id)) == 0)
				yyjson_mut_arr_append(list,
						      group_view(request, doc, group, &rules));
	return result;
}
