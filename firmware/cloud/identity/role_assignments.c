/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET /role_assignments: who has which role where, as given or (?effective) as it works out. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/hierarchy.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/rules.h"
#include "firmware/cloud/identity/service.h"

struct assignment {
	const char *scope, *scope_id, *actor, *actor_id, *role_id;
	const char *group_id;      /* through which the user has it; NULL: directly */
	const char *prior_role_id; /* that implies it; NULL: given itself */
	bool inherited;
	const char *from, *from_id; /* scope that it was inherited from; NULL: given here */
};

struct listing {
	struct request *request;
	struct reader reader;
	yyjson_mut_doc *doc;
	yyjson_mut_val *list;
	bool effective, names;
	struct records tree; /* with include_subtree: what lies below the project asked for */
	struct error *error;
};

static bool query_matches(const struct request *request, const char *name, const char *value)
{
	const char *wanted = request_query(request, name);

	return !wanted || (value && !strcmp(wanted, value));
}

/* The project asked for, or one below it. */
static bool project_matches(const struct listing *listing, const char *project_id)
{
	if (query_matches(listing->request, "scope.project.id", project_id))
		return true;
	for (size_t i = 0; project_id && i < listing->tree.count; i++)
		if (json_is(listing->tree.items[i].value, "id", project_id))
			return true;
	return false;
}

static bool inherited_matches(const struct request *request, const struct assignment *assignment)
{
	const char *wanted = request_query(request, "scope.OS-INHERIT:inherited_to");
	bool projects = wanted && !strcmp(wanted, "projects");

	return !wanted || projects == assignment->inherited;
}

static bool is_wanted(const struct listing *listing, const struct assignment *assignment)
{
	const struct request *request = listing->request;
	bool project = !strcmp(assignment->scope, "project");
	bool domain = !strcmp(assignment->scope, "domain");
	bool user = !strcmp(assignment->actor, "user");

	return query_matches(request, "role.id", assignment->role_id) &&
	       query_matches(request, "user.id", user ? assignment->actor_id : NULL) &&
	       query_matches(request, "group.id", user ? NULL : assignment->actor_id) &&
	       inherited_matches(request, assignment) &&
	       project_matches(listing, project ? assignment->scope_id : NULL) &&
	       query_matches(request, "scope.domain.id", domain ? assignment->scope_id : NULL) &&
	       query_matches(request, "scope.system", project || domain ? NULL : "all");
}

static yyjson_val *look_up(struct listing *listing, const char *collection, const char *id)
{
	struct error ignored = { 0 };
	yyjson_val *record = NULL;

	if (record_get(&listing->reader, &record, NULL, &ignored, "/identity/%s/%s", collection,
		       id) < 0)
		return NULL;
	return record;
}

/* {"id"[, "name"[, "domain"]]} */
static yyjson_mut_val *reference(struct listing *listing, const char *collection, const char *id)
{
	yyjson_mut_val *shown = yyjson_mut_obj(listing->doc);
	yyjson_val *record = listing->names ? look_up(listing, collection, id) : NULL;
	const char *domain_id = json_string(record, "domain_id");

	if (!record && listing->names && !strcmp(collection, "project"))
		record = look_up(listing, "domain", id);
	json_set_string(listing->doc, shown, "id", id);
	if (record)
		json_set_string(listing->doc, shown, "name", json_string(record, "name"));
	if (domain_id)
		json_set(listing->doc, shown, "domain", reference(listing, "domain", domain_id));
	return shown;
}

static yyjson_mut_val *render_scope(struct listing *listing, const struct assignment *assignment)
{
	yyjson_mut_val *scope = yyjson_mut_obj(listing->doc), *all;

	if (strcmp(assignment->scope, "system")) {
		json_set(listing->doc, scope, assignment->scope,
			 reference(listing, assignment->scope, assignment->scope_id));
		if (assignment->inherited)
			json_set_string(listing->doc, scope, "OS-INHERIT:inherited_to", "projects");
		return scope;
	}
	all = yyjson_mut_obj(listing->doc);
	json_set_bool(listing->doc, all, "all", true);
	json_set(listing->doc, scope, "system", all);
	return scope;
}

static const char *assignment_link(struct listing *listing, const struct assignment *assignment)
{
	struct request *request = listing->request;
	bool system = !strcmp(assignment->scope, "system");
	const char *scope =
		system ? "system"
		       : arena_printf(request->arena, "%ss/%s",
				      assignment->from ? assignment->from : assignment->scope,
				      assignment->from ? assignment->from_id
						       : assignment->scope_id);

	return arena_printf(request->arena, "%s%s%s/%s/%ss/%s/roles/%s%s", request->base_url,
			    request->service->prefix, assignment->inherited ? "/OS-INHERIT" : "",
			    scope, assignment->group_id ? "group" : assignment->actor,
			    assignment->group_id ? assignment->group_id : assignment->actor_id,
			    assignment->prior_role_id ? assignment->prior_role_id
						      : assignment->role_id,
			    assignment->inherited ? "/inherited_to_projects" : "");
}

static void add_links(struct listing *listing, yyjson_mut_val *shown,
		      const struct assignment *assignment)
{
	struct request *request = listing->request;
	yyjson_mut_val *links = yyjson_mut_obj(listing->doc);

	json_set_string(listing->doc, links, "assignment", assignment_link(listing, assignment));
	if (assignment->group_id)
		json_set_string(listing->doc, links, "membership",
				arena_printf(request->arena, "%s%s/groups/%s/users/%s",
					     request->base_url, request->service->prefix,
					     assignment->group_id, assignment->actor_id));
	if (assignment->prior_role_id)
		json_set_string(listing->doc, links, "prior_role",
				arena_printf(request->arena, "%s%s/prior_role/%s/implies/%s",
					     request->base_url, request->service->prefix,
					     assignment->role_id, assignment->prior_role_id));
	json_set(listing->doc, shown, "links", links);
}

/* A domain's token sees what is given in its domain. */
static bool is_visible(struct listing *listing, const struct assignment *assignment)
{
	const char *domain_id = listing->request->caller->domain_id;

	if (!domain_id)
		return true;
	if (!strcmp(assignment->scope, "project"))
		return json_is(look_up(listing, "project", assignment->scope_id), "domain_id",
			       domain_id);
	return !strcmp(assignment->scope, "domain") && !strcmp(assignment->scope_id, domain_id);
}

static void render(struct listing *listing, const struct assignment *assignment)
{
	yyjson_mut_val *shown;

	if (!is_wanted(listing, assignment) || !is_visible(listing, assignment))
		return;
	shown = yyjson_mut_arr_add_obj(listing->doc, listing->list);
	add_links(listing, shown, assignment);
	json_set(listing->doc, shown, "scope", render_scope(listing, assignment));
	json_set(listing->doc, shown, assignment->actor,
		 reference(listing, assignment->actor, assignment->actor_id));
	json_set(listing->doc, shown, "role", reference(listing, "role", assignment->role_id));
}

/* The role itself and what it implies; a role of one domain counts by what it implies alone. */
static int render_implied(struct listing *listing, struct assignment assignment)
{
	struct role_set roles = { .ids = { assignment.role_id }, .count = 1 };
	const char *given = assignment.role_id;
	int result = grants_imply(&listing->reader, &roles, listing->error);

	for (size_t i = 0; result == 0 && i < roles.count; i++) {
		assignment.role_id = roles.ids[i];
		assignment.prior_role_id = i ? given : NULL;
		if (json_string(look_up(listing, "role", roles.ids[i]), "domain_id"))
			continue;
		render(listing, &assignment);
	}
	return result;
}

/* One that is inherited is one for each project below. */
static int render_targets(struct listing *listing, struct assignment assignment)
{
	struct records below = { 0 };
	int result;

	if (!assignment.inherited)
		return render_implied(listing, assignment);
	result = hierarchy_below(&listing->reader, assignment.scope_id, &below, listing->error);
	assignment.from = assignment.scope;
	assignment.from_id = assignment.scope_id;
	assignment.scope = "project";
	for (size_t i = 0; result == 0 && i < below.count; i++) {
		assignment.scope_id = json_string(below.items[i].value, "id");
		result = render_implied(listing, assignment);
	}
	return result;
}

/* A group's assignment is one for each of its users. */
static int render_members(struct listing *listing, struct assignment assignment)
{
	struct records members = { 0 };
	int result = records_index(&listing->reader, &members, "/identity/membership/", "group",
				   NULL, assignment.actor_id, listing->error);

	assignment.group_id = assignment.actor_id;
	assignment.actor = "user";
	for (size_t i = 0; result == 0 && i < members.count; i++) {
		assignment.actor_id = json_string(members.items[i].value, "user_id");
		result = render_targets(listing, assignment);
	}
	return result;
}

static int render_record(struct listing *listing, yyjson_val *record)
{
	struct assignment assignment = { .scope = json_string(record, "scope"),
					 .scope_id = json_string(record, "scope_id"),
					 .actor = json_string(record, "actor"),
					 .actor_id = json_string(record, "actor_id"),
					 .role_id = json_string(record, "role_id"),
					 .inherited = json_bool(record, "inherited", false) };

	if (!listing->effective) {
		render(listing, &assignment);
		return 0;
	}
	if (!strcmp(assignment.actor, "group"))
		return render_members(listing, assignment);
	return render_targets(listing, assignment);
}

/* Filters that contradict each other. */
static int query_check(const struct request *request, struct error *error)
{
	static const struct {
		const char *one, *other, *text;
	} clashes[] = {
		{ "scope.domain.id", "scope.project.id", "Specify a domain or project, not both" },
		{ "scope.domain.id", "scope.system", "Specify system or domain, not both" },
		{ "scope.project.id", "scope.system", "Specify system or project, not both" },
		{ "user.id", "group.id", "Specify a user or group, not both" },
		{ "effective", "group.id",
		  "Combining effective and group filter will always result in an empty list." },
	};

	const char *inherited = request_query(request, "scope.OS-INHERIT:inherited_to");

	for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++)
		if (request_query(request, clashes[i].one) &&
		    request_query(request, clashes[i].other))
			return error_fault(error, -EINVAL, 400, NULL, "%s", clashes[i].text);
	if (query_flag(request, "effective") && inherited && !strcmp(inherited, "projects") &&
	    request_query(request, "scope.domain.id"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Combining effective, domain and inherited filters will always "
				   "result in an empty list.");
	return 0;
}

/* With include_subtree, what lies below a project counts as the project. */
static int tree_read(struct listing *listing)
{
	struct request *request = listing->request;
	const char *project_id = request_query(request, "scope.project.id");
	const struct kind *kind;
	yyjson_val *project;
	int result = 0;

	if (!query_flag(request, "include_subtree"))
		return identity_allow(request, "identity:list_role_assignments", listing->error);
	if (project_id && *project_id)
		result = project_find(request, project_id, &kind, &project, NULL, listing->error);
	if (result == 0)
		result = identity_allow(request, "identity:list_role_assignments_for_tree",
					listing->error);
	if (result == 0 && !(project_id && *project_id))
		return error_fault(listing->error, -EINVAL, 400, NULL,
				   "scope.project.id must be specified if include_subtree is also "
				   "specified");
	return result == 0 ? hierarchy_below(&listing->reader, project_id, &listing->tree,
					     listing->error)
			   : result;
}

static int reply_listing(struct listing *listing)
{
	struct request *request = listing->request;
	yyjson_mut_val *root = yyjson_mut_obj(listing->doc), *links = yyjson_mut_obj(listing->doc);

	json_set(listing->doc, root, "role_assignments", listing->list);
	json_set_string(listing->doc, links, "next", NULL);
	json_set_string(
		listing->doc, links, "self",
		arena_printf(request->arena, "%s%s", request->base_url, request->raw_target));
	json_set_string(listing->doc, links, "previous", NULL);
	json_set(listing->doc, root, "links", links);
	return reply_json(request, 200, listing->doc, root);
}

int role_assignment_list(struct request *request, struct error *error)
{
	struct listing listing = { .request = request,
				   .doc = request_document(request),
				   .effective = query_flag(request, "effective"),
				   .names = query_flag(request, "include_names"),
				   .error = error };
	struct records records = { 0 };
	int result = reader_of_request(request, &listing.reader, error);

	listing.list = yyjson_mut_arr(listing.doc);
	if (result == 0)
		result = tree_read(&listing);
	if (result == 0)
		result = query_check(request, error);
	if (result == 0)
		result = records_range(&listing.reader, &records, error, "/identity/assignment/");
	for (size_t i = 0; result == 0 && i < records.count; i++)
		result = render_record(&listing, records.items[i].value);
	return result == 0 ? reply_listing(&listing) : result;
}
