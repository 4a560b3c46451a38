/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The routes of QoS, and the types of rules that are enforced here. */
#include <string.h>

#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/tags.h"

#define TYPE_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* --- policies and rules --- */

RESOURCE_HANDLERS(qos_policy)
TAG_HANDLERS(qos_policy)

/* Neutron names the policy, too, in which a rule is not found. */
static int restate(struct request *request, int result, struct error *error)
{
	const char *id = request_param(request, "id");

	if (result != -ENOENT || !error || !error->type || strcmp(error->type, "QosRuleNotFound"))
		return result;
	return error_fault(error, -ENOENT, 404, "QosRuleNotFound",
			   "QoS rule %s for policy %s could not be found.", id,
			   request_param(request, "policy_id"));
}

#define RULE_HANDLER(name, action, resource)                                                       \
	static int name##_##action(struct request *request, struct error *error)                   \
	{                                                                                          \
		return restate(request, resource_##action(&resource, request, error), error);      \
	}

#define RULE_HANDLERS(kind)                                                                        \
	RULE_HANDLER(kind, list, resource_qos_##kind)                                              \
	RULE_HANDLER(kind, show, resource_qos_##kind)                                              \
	RULE_HANDLER(kind, create, resource_qos_##kind)                                            \
	RULE_HANDLER(kind, update, resource_qos_##kind)                                            \
	RULE_HANDLER(kind, delete, resource_qos_##kind)                                            \
	RULE_HANDLER(alias_##kind, show, resource_alias_##kind)                                    \
	RULE_HANDLER(alias_##kind, update, resource_alias_##kind)                                  \
	RULE_HANDLER(alias_##kind, delete, resource_alias_##kind)

RULE_HANDLERS(limit)
RULE_HANDLERS(mark)
RULE_HANDLERS(minimum)

/* --- types of rules --- */

struct parameter {
	const char *name;
	const char *values; /* JSON */
	const char *type;
};

static const struct parameter limit_parameters[] = {
	{ "max_kbps", "{\"start\":0,\"end\":2147483647}", "range" },
	{ "max_burst_kbps", "{\"start\":0,\"end\":2147483647}", "range" },
	{ "direction", "[\"egress\",\"ingress\"]", "choices" },
	{ 0 }
};

static const struct parameter mark_parameters[] = {
	{ "dscp_mark", "[0,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,44,46,48,56]",
	  "choices" },
	{ 0 }
};

/* All that Neutron has; those without parameters nothing enforces here. */
static const struct rule_type {
	const char *name;
	const struct parameter *parameters;
} types[] = {
	{ "bandwidth_limit", limit_parameters }, { "dscp_marking", mark_parameters },
	{ "minimum_bandwidth", NULL },           { "minimum_packet_rate", NULL },
	{ "packet_rate_limit", NULL },
};

static int types_list(struct request *request, struct error *error)
{
	const char *all = request_query(request, "all_rules");
	bool every = all && (!strcasecmp(all, "true") || !strcmp(all, "1"));
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);

	(void)error;
	for (size_t i = 0; i < TYPE_SIZE(types); i++)
		if (every || types[i].parameters)
			json_set_string(doc, yyjson_mut_arr_add_obj(doc, list), "type",
					types[i].name);
	json_set(doc, root, "rule_types", list);
	return reply_json(request, 200, doc, root);
}

static void put_parameter(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *list,
			  const struct parameter *parameter)
{
	yyjson_mut_val *out = yyjson_mut_arr_add_obj(doc, list);
	yyjson_val *values =
		json_parse(request->arena, parameter->values, strlen(parameter->values));

	json_set_string(doc, out, "parameter_name", parameter->name);
	json_set_string(doc, out, "parameter_type", parameter->type);
	json_set(doc, out, "parameter_values", yyjson_val_mut_copy(doc, values));
}

/* The one driver, or none. */
static yyjson_mut_val *drivers_view(struct request *request, yyjson_mut_doc *doc,
				    const struct rule_type *type)
{
	yyjson_mut_val *drivers = yyjson_mut_arr(doc), *list = yyjson_mut_arr(doc), *driver;
	const struct parameter *parameter = type->parameters;

	if (!parameter)
		return drivers;
	for (; parameter->name; parameter++)
		put_parameter(request, doc, list, parameter);
	driver = yyjson_mut_arr_add_obj(doc, drivers);
	json_set_string(doc, driver, "name", "netd");
	json_set(doc, driver, "supported_parameters", list);
	return drivers;
}

static int type_show(struct request *request, struct error *error)
{
	const char *name = request_param(request, "type");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *out = yyjson_mut_obj(doc);

	if (!request->caller->is_admin)
		return error_fault(error, -EACCES, 403, "NotAuthorized", "Not authorized.");
	for (size_t i = 0; i < TYPE_SIZE(types); i++) {
		if (strcmp(types[i].name, name))
			continue;
		json_set_string(doc, out, "type", name);
		json_set(doc, out, "drivers", drivers_view(request, doc, &types[i]));
		json_set(doc, root, "rule_type", out);
		return reply_json(request, 200, doc, root);
	}
	return error_fault(error, -ENOENT, 404, "HTTPNotFound", "The resource could not be found.");
}

/* --- routes --- */

#define RULE(verb, target, handler)                                                                \
	{                                                                                          \
		.method = verb, .path = "/v2.0/qos/" target, .handle = handler                     \
	}
#define CHANGE(verb, target, handler, rule)                                                        \
	{                                                                                          \
		.method = verb, .path = "/v2.0/qos/" target, .handle = handler,                    \
		.body = &resource_body, .policy = rule                                             \
	}
#define REMOVE(target, handler, rule)                                                              \
	{                                                                                          \
		.method = "DELETE", .path = "/v2.0/qos/" target, .handle = handler, .policy = rule \
	}

#define RULE_ROUTES(name, kind)                                                                    \
	RULE("GET", "policies/{policy_id}/" name "_rules", kind##_list),                           \
		CHANGE("POST", "policies/{policy_id}/" name "_rules", kind##_create,               \
		       "create_policy_" name "_rule"),                                             \
		RULE("GET", "policies/{policy_id}/" name "_rules/{id}", kind##_show),              \
		CHANGE("PUT", "policies/{policy_id}/" name "_rules/{id}", kind##_update, NULL),    \
		REMOVE("policies/{policy_id}/" name "_rules/{id}", kind##_delete, NULL),           \
		RULE("GET", "alias_" name "_rules/{id}", alias_##kind##_show),                     \
		CHANGE("PUT", "alias_" name "_rules/{id}", alias_##kind##_update, NULL),           \
		REMOVE("alias_" name "_rules/{id}", alias_##kind##_delete, NULL)

static const struct route routes[] = {
	RULE("GET", "rule-types", types_list),
	RULE("GET", "rule-types/{type}", type_show),
	RULE("GET", "policies", qos_policy_list),
	CHANGE("POST", "policies", qos_policy_create, NULL), /* who may is asked later */
	RULE("GET", "policies/{id}", qos_policy_show),
	CHANGE("PUT", "policies/{id}", qos_policy_update, NULL),
	REMOVE("policies/{id}", qos_policy_delete, NULL),
	RULE_ROUTES("bandwidth_limit", limit),
	RULE_ROUTES("dscp_marking", mark),
	RULE_ROUTES("minimum_bandwidth", minimum),
	TAG_ROUTES("policies", qos_policy),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ "create_policy_bandwidth_limit_rule", "admin" },
	{ "create_policy_dscp_marking_rule", "admin" },
	{ "create_policy_minimum_bandwidth_rule", "admin" },
	{ 0 },
};

const struct service_part qos_part = { routes, policies };
