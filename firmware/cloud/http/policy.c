/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/policy.h"

#include <string.h>

static bool role_any(const struct caller *caller, const char *role)
{
	return caller_has_role(caller, role) || (strcmp(role, "admin") == 0 && caller->is_admin);
}

static bool role_in_project(const struct caller *caller, const char *role)
{
	return caller->project_id && role_any(caller, role);
}

static bool anybody(const struct caller *caller, const char *role)
{
	(void)caller;
	(void)role;
	return true;
}

static const struct {
	const char *word;
	bool (*holds)(const struct caller *caller, const char *role);
	const char *role;
} words[] = {
	{ "admin", role_any, "admin" },
	{ "member", role_any, "member" },
	{ "reader", role_any, "reader" },
	{ "service", role_any, "service" },
	{ "project_admin", role_in_project, "admin" },
	{ "project_member", role_in_project, "member" },
	{ "project_reader", role_in_project, "reader" },
	{ "any", anybody, NULL },
};

static bool word_holds(const struct caller *caller, const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
			return words[i].holds(caller, words[i].role);
	return false; /* "none", and what nobody knows */
}

bool policy_allows(const struct caller *caller, const char *check)
{
	while (caller && *check) {
		size_t length = strcspn(check, " ");

		if (word_holds(caller, check, length))
			return true;
		check += length;
		check += strspn(check, " ");
	}
	return false;
}

bool policy_owns(const struct request *request, const char *project_id)
{
	const struct caller *caller = request->caller;

	if (!caller)
		return false;
	if (caller->is_admin)
		return true;
	return project_id && caller->project_id && strcmp(project_id, caller->project_id) == 0;
}

static const char *find_rule(const struct policy_rule *rule, const char *name)
{
	for (; rule && rule->name; rule++)
		if (strcmp(rule->name, name) == 0)
			return rule->check;
	return NULL;
}

static const char *find_check(const struct service *service, const char *name)
{
	const char *check = find_rule(service->policies, name);

	for (const struct service_part *const *part = service->parts; !check && part && *part;
	     part++)
		check = find_rule((*part)->policies, name);
	return check ? check : "none";
}

static int refuse(const struct request *request, const char *rule, struct error *error)
{
	static const struct {
		const char *type, *before, *after;
	} texts[] = {
		{ "compute", "Policy doesn't allow ", " to be performed." },
		{ "placement", "Policy does not allow ", " to be performed." },
		{ "image", "You are not authorized to complete ", " action." },
		{ "identity", "You are not authorized to perform the requested action: ", "." },
		{ "network", "rule:", " is disallowed by policy" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(request->service->type, texts[i].type) == 0)
			return error_fault(error, -EACCES, 403, NULL, "%s%s%s", texts[i].before,
					   rule, texts[i].after);
	return error_fault(error, -EACCES, 403, NULL, "Not allowed: %s.", rule);
}

/* The service's own decision goes first, where it has one for this rule. */
static bool allows(struct request *request, const char *rule)
{
	const struct service *service = request->service;
	int decision = service->decide ? service->decide(request, rule) : -ENOENT;

	return decision == -ENOENT ? policy_allows(request->caller, find_check(service, rule))
				   : decision == 1;
}

int policy_check(struct request *request, struct error *error)
{
	const struct route *route = request->route;
	const struct caller *caller = request->caller;

	if ((route->flags & ROUTE_OPERATOR) && !request->local_operator &&
	    !(caller && caller->is_admin && caller->system))
		return refuse(request, "operator", error);
	if (!route->policy || (route->flags & ROUTE_PUBLIC))
		return 0;
	return allows(request, route->policy) ? 0 : refuse(request, route->policy, error);
}
