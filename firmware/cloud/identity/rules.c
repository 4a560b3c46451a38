/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what. A persona is a role in a scope, or a relation to what the request is about:
 *
 *	admin           the role admin, in whatever scope the rule takes
 *	service         the role service
 *	system_admin    the role admin on the system
 *	system_reader   the role reader on the system
 *	domain_reader   the role reader on a domain; the list is narrowed to that domain
 *	user_domain     the role reader on the domain of the user in the path
 *	group_domain    ... of the group in the path
 *	project_domain  ... of the project in the path
 *	member_domain   ... of both the user and the group in the path
 *	grant_domain    ... of the actor and of the target of a grant, and the role is no other domain's
 *	assignment_domain  ... of the target that role assignments are asked for
 *	owner           the user in the path
 *	in_project      a token of the project in the path
 *	in_domain       a token of the domain in the path, or of a project in it
 *	trustor, trustee   of the trust in the path, or that the query asks for
 *	anybody         any valid token
 */
#include "firmware/cloud/identity/rules.h"

#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"

enum scopes {
	SYSTEM = 1,
	DOMAIN = 2,
	PROJECT = 4, /* unscoped tokens count as these */
	CLOUD = SYSTEM | PROJECT,
	EVERY = SYSTEM | DOMAIN | PROJECT,
};

static const struct rule {
	const char *name;
	unsigned scopes;
	const char *personas; /* any one suffices */
} rules[] = {
	{ "identity:get_domain", EVERY, "admin system_reader in_domain" },
	{ "identity:list_domains", CLOUD, "admin system_reader" },
	{ "identity:create_domain", CLOUD, "admin" },
	{ "identity:update_domain", CLOUD, "admin" },
	{ "identity:delete_domain", CLOUD, "admin" },

	{ "identity:get_project", EVERY, "admin system_reader project_domain in_project" },
	{ "identity:list_projects", EVERY, "admin system_reader domain_reader" },
	{ "identity:list_user_projects", EVERY, "admin system_reader user_domain owner" },
	{ "identity:create_project", EVERY, "admin" },
	{ "identity:update_project", EVERY, "admin" },
	{ "identity:delete_project", EVERY, "admin" },
	{ "identity:list_project_tags", EVERY, "admin system_reader project_domain in_project" },
	{ "identity:get_project_tag", EVERY, "admin system_reader project_domain in_project" },
	{ "identity:update_project_tags", EVERY, "admin" },
	{ "identity:create_project_tag", EVERY, "admin" },
	{ "identity:delete_project_tags", EVERY, "admin" },
	{ "identity:delete_project_tag", EVERY, "admin" },

	{ "identity:get_user", EVERY, "admin system_reader user_domain owner" },
	{ "identity:list_users", EVERY, "admin system_reader domain_reader" },
	{ "identity:create_user", EVERY, "admin" },
	{ "identity:update_user", EVERY, "admin" },
	{ "identity:delete_user", EVERY, "admin" },

	{ "identity:get_group", EVERY, "admin system_reader group_domain" },
	{ "identity:list_groups", EVERY, "admin system_reader domain_reader" },
	{ "identity:list_groups_for_user", EVERY, "admin system_reader user_domain owner" },
	{ "identity:create_group", EVERY, "admin" },
	{ "identity:update_group", EVERY, "admin" },
	{ "identity:delete_group", EVERY, "admin" },
	{ "identity:list_users_in_group", EVERY, "admin system_reader group_domain" },
	{ "identity:check_user_in_group", EVERY, "admin system_reader member_domain" },
	{ "identity:add_user_to_group", EVERY, "admin" },
	{ "identity:remove_user_from_group", EVERY, "admin" },

	{ "identity:get_role", CLOUD, "admin system_reader" },
	{ "identity:list_roles", CLOUD, "admin system_reader" },
	{ "identity:create_role", CLOUD, "admin" },
	{ "identity:update_role", CLOUD, "admin" },
	{ "identity:delete_role", CLOUD, "admin" },
	{ "identity:get_domain_role", CLOUD, "admin system_reader" },
	{ "identity:list_domain_roles", CLOUD, "admin system_reader" },
	{ "identity:create_domain_role", CLOUD, "admin" },
	{ "identity:update_domain_role", CLOUD, "admin" },
	{ "identity:delete_domain_role", CLOUD, "admin" },
	{ "identity:get_implied_role", CLOUD, "admin system_reader" },
	{ "identity:list_implied_roles", CLOUD, "admin system_reader" },
	{ "identity:check_implied_role", CLOUD, "admin system_reader" },
	{ "identity:create_implied_role", CLOUD, "admin" },
	{ "identity:delete_implied_role", CLOUD, "admin" },
	{ "identity:list_role_inference_rules", CLOUD, "admin system_reader" },

	{ "identity:check_grant", EVERY, "admin system_reader grant_domain" },
	{ "identity:list_grants", EVERY, "admin system_reader grant_domain" },
	{ "identity:create_grant", EVERY, "admin" },
	{ "identity:revoke_grant", EVERY, "admin" },
	{ "identity:list_system_grants_for_user", CLOUD, "admin system_reader" },
	{ "identity:check_system_grant_for_user", CLOUD, "admin system_reader" },
	{ "identity:create_system_grant_for_user", CLOUD, "admin" },
	{ "identity:revoke_system_grant_for_user", CLOUD, "admin" },
	{ "identity:list_system_grants_for_group", CLOUD, "admin system_reader" },
	{ "identity:check_system_grant_for_group", CLOUD, "admin system_reader" },
	{ "identity:create_system_grant_for_group", CLOUD, "admin" },
	{ "identity:revoke_system_grant_for_group", CLOUD, "admin" },
	{ "identity:list_role_assignments", EVERY, "admin system_reader domain_reader" },
	{ "identity:list_role_assignments_for_tree", EVERY,
	  "admin system_reader assignment_domain" },

	{ "identity:get_application_credential", CLOUD, "admin system_reader owner" },
	{ "identity:list_application_credentials", CLOUD, "admin system_reader owner" },
	{ "identity:create_application_credential", PROJECT, "owner" },
	{ "identity:delete_application_credential", CLOUD, "admin owner" },
	{ "identity:get_access_rule", CLOUD, "system_reader owner" },
	{ "identity:list_access_rules", CLOUD, "system_reader owner" },
	{ "identity:delete_access_rule", CLOUD, "system_admin owner" },

	{ "identity:create_trust", PROJECT, "trustor" },
	{ "identity:list_trusts", CLOUD, "admin system_reader" },
	{ "identity:list_trusts_for_trustor", CLOUD, "admin system_reader trustor" },
	{ "identity:list_trusts_for_trustee", CLOUD, "admin system_reader trustee" },
	{ "identity:get_trust", CLOUD, "admin system_reader trustor trustee" },
	{ "identity:list_roles_for_trust", CLOUD, "admin system_reader trustor trustee" },
	{ "identity:get_role_for_trust", CLOUD, "admin system_reader trustor trustee" },
	{ "identity:delete_trust", CLOUD, "admin trustor" },

	{ "identity:get_region", EVERY, "anybody" },
	{ "identity:list_regions", EVERY, "anybody" },
	{ "identity:create_region", CLOUD, "admin" },
	{ "identity:update_region", CLOUD, "admin" },
	{ "identity:delete_region", CLOUD, "admin" },
	{ "identity:get_service", CLOUD, "admin system_reader" },
	{ "identity:list_services", CLOUD, "admin system_reader" },
	{ "identity:create_service", CLOUD, "admin" },
	{ "identity:update_service", CLOUD, "admin" },
	{ "identity:delete_service", CLOUD, "admin" },
	{ "identity:get_endpoint", CLOUD, "admin system_reader" },
	{ "identity:list_endpoints", CLOUD, "admin system_reader" },
	{ "identity:create_endpoint", CLOUD, "admin" },
	{ "identity:update_endpoint", CLOUD, "admin" },
	{ "identity:delete_endpoint", CLOUD, "admin" },

	{ "identity:get_consumer", CLOUD, "admin system_reader" },
	{ "identity:list_consumers", CLOUD, "admin system_reader" },
	{ "identity:create_consumer", CLOUD, "admin" },
	{ "identity:update_consumer", CLOUD, "admin" },
	{ "identity:delete_consumer", CLOUD, "admin" },
	{ "identity:authorize_request_token", PROJECT, "admin" },
	{ "identity:list_access_tokens", PROJECT, "admin" },
	{ "identity:get_access_token", PROJECT, "admin" },
	{ "identity:delete_access_token", CLOUD, "admin" },
	{ "identity:list_access_token_roles", PROJECT, "admin" },
	{ "identity:get_access_token_role", PROJECT, "admin" },
	{ "identity:get_identity_provider", CLOUD, "admin system_reader" },
	{ "identity:list_identity_providers", CLOUD, "admin system_reader" },
	{ "identity:create_identity_provider", CLOUD, "admin" },
	{ "identity:update_identity_provider", CLOUD, "admin" },
	{ "identity:delete_identity_provider", CLOUD, "admin" },
	{ "identity:get_protocol", CLOUD, "admin system_reader" },
	{ "identity:list_protocols", CLOUD, "admin system_reader" },
	{ "identity:create_protocol", CLOUD, "admin" },
	{ "identity:update_protocol", CLOUD, "admin" },
	{ "identity:delete_protocol", CLOUD, "admin" },
	{ "identity:get_mapping", CLOUD, "admin system_reader" },
	{ "identity:list_mappings", CLOUD, "admin system_reader" },
	{ "identity:create_mapping", CLOUD, "admin" },
	{ "identity:update_mapping", CLOUD, "admin" },
	{ "identity:delete_mapping", CLOUD, "admin" },
	{ "identity:get_service_provider", CLOUD, "admin system_reader" },
	{ "identity:list_service_providers", CLOUD, "admin system_reader" },
	{ "identity:create_service_provider", CLOUD, "admin" },
	{ "identity:update_service_provider", CLOUD, "admin" },
	{ "identity:delete_service_provider", CLOUD, "admin" },
	{ "identity:create_domain_config", CLOUD, "admin" },
	{ "identity:get_domain_config", CLOUD, "admin system_reader" },
	{ "identity:update_domain_config", CLOUD, "admin" },
	{ "identity:delete_domain_config", CLOUD, "admin" },
	{ "identity:get_domain_config_default", CLOUD, "admin system_reader" },
	{ "identity:create_endpoint_group", CLOUD, "admin" },
	{ "identity:list_endpoint_groups", CLOUD, "admin system_reader" },
	{ "identity:get_endpoint_group", CLOUD, "admin system_reader" },
	{ "identity:update_endpoint_group", CLOUD, "admin" },
	{ "identity:delete_endpoint_group", CLOUD, "admin" },
	{ "identity:list_projects_associated_with_endpoint_group", CLOUD, "admin system_reader" },
	{ "identity:list_endpoints_associated_with_endpoint_group", CLOUD, "admin system_reader" },
	{ "identity:get_endpoint_group_in_project", CLOUD, "admin system_reader" },
	{ "identity:list_endpoint_groups_for_project", CLOUD, "admin system_reader" },
	{ "identity:add_endpoint_group_to_project", CLOUD, "admin" },
	{ "identity:remove_endpoint_group_from_project", CLOUD, "admin" },
	{ "identity:create_limits", CLOUD, "admin" },
	{ "identity:update_limit", CLOUD, "admin" },
	{ "identity:delete_limit", CLOUD, "admin" },
	{ "identity:get_policy", CLOUD, "admin system_reader" },
	{ "identity:list_policies", CLOUD, "admin system_reader" },
	{ "identity:create_policy", CLOUD, "admin" },
	{ "identity:update_policy", CLOUD, "admin" },
	{ "identity:delete_policy", CLOUD, "admin" },
	{ "identity:create_policy_association_for_endpoint", CLOUD, "admin" },
	{ "identity:check_policy_association_for_endpoint", CLOUD, "admin system_reader" },
	{ "identity:delete_policy_association_for_endpoint", CLOUD, "admin" },
	{ "identity:create_policy_association_for_service", CLOUD, "admin" },
	{ "identity:check_policy_association_for_service", CLOUD, "admin system_reader" },
	{ "identity:delete_policy_association_for_service", CLOUD, "admin" },
	{ "identity:create_policy_association_for_region_and_service", CLOUD, "admin" },
	{ "identity:check_policy_association_for_region_and_service", CLOUD,
	  "admin system_reader" },
	{ "identity:delete_policy_association_for_region_and_service", CLOUD, "admin" },
	{ "identity:get_policy_for_endpoint", CLOUD, "admin system_reader" },
	{ "identity:list_endpoints_for_policy", CLOUD, "admin system_reader" },
	{ "identity:list_projects_for_endpoint", CLOUD, "admin system_reader" },
	{ "identity:add_endpoint_to_project", CLOUD, "admin" },
	{ "identity:check_endpoint_in_project", CLOUD, "admin system_reader" },
	{ "identity:list_endpoints_for_project", CLOUD, "admin system_reader" },
	{ "identity:remove_endpoint_from_project", CLOUD, "admin" },
	{ "identity:create_registered_limits", CLOUD, "admin" },
	{ "identity:update_registered_limit", CLOUD, "admin" },
	{ "identity:delete_registered_limit", CLOUD, "admin" },

	/* Whose token it is may always ask: tokens.c. */
	{ "identity:check_token", EVERY, "admin system_reader" },
	{ "identity:validate_token", EVERY, "admin system_reader service" },
	{ "identity:revoke_token", EVERY, "admin" },

	/* whose it is, the handlers find out */
	{ "identity:list_credentials", CLOUD, "anybody" },
	{ "identity:create_credential", CLOUD, "anybody" },
	{ "identity:get_credential", CLOUD, "anybody" },
	{ "identity:update_credential", CLOUD, "anybody" },
	{ "identity:delete_credential", CLOUD, "anybody" },
	{ "identity:ec2_list_credentials", CLOUD, "admin system_reader owner" },
	{ "identity:ec2_create_credential", CLOUD, "admin owner" },
	{ "identity:ec2_get_credential", CLOUD, "anybody" },
	{ "identity:ec2_delete_credential", CLOUD, "anybody" },

	{ "identity:ec2tokens_validate", CLOUD, "admin service" },
	{ "identity:s3tokens_validate", CLOUD, "admin service" },

	{ "identity:list_revoke_events", CLOUD, "admin service" },
};

static const char *param(const struct request *request, const char *name)
{
	const struct name_value *item = request->params;

	for (; item && item->name; item++)
		if (!strcmp(item->name, name))
			return item->value;
	return NULL;
}

/* A record that the path names; NULL also when there is none. */
static yyjson_val *target(struct request *request, const char *prefix, const char *id)
{
	struct error ignored = { 0 };
	yyjson_val *record;

	if (!id || request_get(request, &record, NULL, &ignored, "%s%s", prefix, id) < 0)
		return NULL;
	return record;
}

static bool same(const char *one, const char *other)
{
	return one && other && !strcmp(one, other);
}

/* The caller reads on the domain in which this record lies. */
static bool reads_domain_of(struct request *request, const char *prefix, const char *parameter)
{
	const struct caller *caller = request->caller;
	yyjson_val *record = target(request, prefix, param(request, parameter));

	return caller_has_role(caller, "reader") &&
	       same(caller->domain_id, json_string(record, "domain_id"));
}

static bool is_admin(struct request *request)
{
	return request->caller->is_admin;
}

static bool is_service(struct request *request)
{
	return caller_has_role(request->caller, "service");
}

static bool is_system_admin(struct request *request)
{
	return request->caller->system && request->caller->is_admin;
}

static bool is_system_reader(struct request *request)
{
	return request->caller->system && caller_has_role(request->caller, "reader");
}

static bool is_domain_reader(struct request *request)
{
	return request->caller->domain_id && caller_has_role(request->caller, "reader");
}

static bool is_user_domain(struct request *request)
{
	return reads_domain_of(request, "/identity/user/", "user_id");
}

static bool is_group_domain(struct request *request)
{
	return reads_domain_of(request, "/identity/group/", "group_id");
}

static bool is_project_domain(struct request *request)
{
	return reads_domain_of(request, "/identity/project/", "project_id");
}

static bool is_member_domain(struct request *request)
{
	return is_user_domain(request) && is_group_domain(request);
}

static bool is_domain(struct request *request)
{
	return caller_has_role(request->caller, "reader") &&
	       same(request->caller->domain_id, param(request, "domain_id"));
}

static bool is_grant_domain(struct request *request)
{
	yyjson_val *role = target(request, "/identity/role/", param(request, "role_id"));
	const char *domain_id = json_string(role, "domain_id");

	if (domain_id && !same(domain_id, request->caller->domain_id))
		return false;
	return (is_user_domain(request) || is_group_domain(request)) &&
	       (is_project_domain(request) || is_domain(request));
}

/* With the whole tree asked for, it must be one of the caller's domain. */
static bool is_assignment_domain(struct request *request)
{
	yyjson_val *project =
		target(request, "/identity/project/", request_query(request, "scope.project.id"));

	return is_domain_reader(request) &&
	       same(request->caller->domain_id, json_string(project, "domain_id"));
}

/* An application credential's owner is its user, whatever the path says. */
static bool is_owner(struct request *request)
{
	yyjson_val *credential = target(request, "/identity/application_credential/",
					param(request, "application_credential_id"));
	const char *user_id = json_string(credential, "user_id");

	return same(request->caller->user_id, user_id ? user_id : param(request, "user_id"));
}

static bool is_in_project(struct request *request)
{
	return same(request->caller->project_id, param(request, "project_id"));
}

static bool is_in_domain(struct request *request)
{
	const char *domain_id = param(request, "domain_id");

	return same(request->caller->domain_id, domain_id) ||
	       same(request->caller->project_domain_id, domain_id);
}

/* The trust's, that of the body that makes one, or that of the query for a list. */
static bool is_trust_agent(struct request *request, const char *member)
{
	const char *id = param(request, "trust_id");
	yyjson_val *trust = id ? target(request, "/identity/trust/", id)
			       : yyjson_obj_get(request->body, "trust");
	const char *user_id = trust ? json_string(trust, member) : request_query(request, member);

	return same(request->caller->user_id, user_id);
}

static bool is_trustor(struct request *request)
{
	return is_trust_agent(request, "trustor_user_id");
}

static bool is_trustee(struct request *request)
{
	return is_trust_agent(request, "trustee_user_id");
}

static bool is_anybody(struct request *request)
{
	(void)request;
	return true;
}

static const struct persona {
	const char *name;
	bool (*holds)(struct request *request);
} personas[] = {
	{ "admin", is_admin },
	{ "service", is_service },
	{ "system_admin", is_system_admin },
	{ "system_reader", is_system_reader },
	{ "domain_reader", is_domain_reader },
	{ "user_domain", is_user_domain },
	{ "group_domain", is_group_domain },
	{ "project_domain", is_project_domain },
	{ "member_domain", is_member_domain },
	{ "grant_domain", is_grant_domain },
	{ "assignment_domain", is_assignment_domain },
	{ "owner", is_owner },
	{ "in_project", is_in_project },
	{ "in_domain", is_in_domain },
	{ "trustor", is_trustor },
	{ "trustee", is_trustee },
	{ "anybody", is_anybody },
};

static bool persona_holds(struct request *request, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(personas) / sizeof(personas[0]); i++)
		if (strlen(personas[i].name) == length && !memcmp(personas[i].name, name, length))
			return personas[i].holds(request);
	return false;
}

/* For some rules Keystone looks for what they are about first, so that what is not there is told of
 * as that: the handler does it. */
static bool is_missing(struct request *request, const char *name)
{
	static const struct {
		const char *rule, *parameter, *prefix;
	} sought[] = {
		{ "identity:update_domain", "domain_id", "/identity/domain/" },
		{ "identity:delete_domain", "domain_id", "/identity/domain/" },
		{ "identity:get_endpoint", "endpoint_id", "/identity/endpoint/" },
		{ "identity:update_endpoint", "endpoint_id", "/identity/endpoint/" },
		{ "identity:delete_endpoint", "endpoint_id", "/identity/endpoint/" },
		{ "identity:delete_group", "group_id", "/identity/group/" },
		{ "identity:get_role", "role_id", "/identity/role/" },
		{ "identity:update_role", "role_id", "/identity/role/" },
		{ "identity:delete_role", "role_id", "/identity/role/" },
		{ "identity:get_implied_role", "implied_role_id", "/identity/role/" },
		{ "identity:create_implied_role", "implied_role_id", "/identity/role/" },
		{ "identity:delete_implied_role", "implied_role_id", "/identity/role/" },
		{ "identity:list_implied_roles", "prior_role_id", "/identity/role/" },
		{ "identity:check_grant", "role_id", "/identity/role/" },
		{ "identity:create_grant", "role_id", "/identity/role/" },
		{ "identity:revoke_grant", "role_id", "/identity/role/" },
	};

	for (size_t i = 0; i < sizeof(sought) / sizeof(sought[0]); i++)
		if (!strcmp(sought[i].rule, name))
			return !target(request, sought[i].prefix,
				       param(request, sought[i].parameter));
	return false;
}

static unsigned scope_of(const struct caller *caller)
{
	/* The operator in front of the box is both on the system and on a project. */
	return (caller->system ? SYSTEM : 0) | (caller->domain_id ? DOMAIN : 0) |
	       (caller->project_id || (!caller->system && !caller->domain_id) ? PROJECT : 0);
}

static const struct rule *rule_find(const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}

int identity_decide(struct request *request, const char *name)
{
	const struct rule *rule = rule_find(name);
	const char *word;

	if (!rule)
		return -ENOENT;
	if (request->caller && is_missing(request, name))
		return 1;
	if (!request->caller || !(rule->scopes & scope_of(request->caller)))
		return 0;
	for (word = rule->personas; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");

		if (persona_holds(request, word, length))
			return 1;
		word += length;
	}
	return 0;
}

int identity_allow(struct request *request, const char *rule, struct error *error)
{
	return identity_decide(request, rule) == 1 ? 0 : refuse_forbidden(error, rule);
}
