/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of projects: its shape, what is inherited down it, roles of one domain, options. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

struct tree {
	struct box *box;
	const char *domain, *top, *leaf; /* the leaf lies below the top */
	const char *user, *role;
};

static struct tree tree_make(struct box *box)
{
	struct tree tree = { .box = box };

	tree.domain = box_make(box, "domains", "domain", "\"name\":\"d\"");
	tree.top = box_make(box, "projects", "project",
			    box_format(box, "\"name\":\"top\",\"domain_id\":\"%s\"", tree.domain));
	tree.leaf = box_make(
		box, "projects", "project",
		box_format(box, "\"name\":\"leaf\",\"domain_id\":\"%s\",\"parent_id\":\"%s\"",
			   tree.domain, tree.top));
	tree.user = box_make(box, "users", "user", "\"name\":\"u\",\"password\":\"p\"");
	tree.role = box_find(box, "roles", "reader");
	return tree;
}

static int inherit(struct tree *tree, const char *method, const char *kind, const char *id,
		   const char *actor)
{
	return box_do(tree->box, method,
		      box_format(tree->box,
				 V3 "/OS-INHERIT/%ss/%s/%s/roles/%s/inherited_to_projects", kind,
				 id, actor, tree->role),
		      NULL);
}

static const char *login(struct tree *tree, const char *project)
{
	return box_login(tree->box, "u", "p",
			 box_format(tree->box, "{\"project\":{\"id\":\"%s\"}}", project));
}

static void roles_are_inherited_downwards(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *actor = box_format(box, "users/%s", tree.user);

	assert_int_equal(inherit(&tree, "HEAD", "project", tree.top, actor), 404);
	assert_int_equal(inherit(&tree, "PUT", "project", tree.top, actor), 204);
	assert_int_equal(inherit(&tree, "HEAD", "project", tree.top, actor), 204);
	assert_null(login(&tree, tree.top));
	assert_non_null(login(&tree, tree.leaf));
	assert_int_equal(inherit(&tree, "DELETE", "project", tree.top, actor), 204);
	assert_null(login(&tree, tree.leaf));
	assert_int_equal(inherit(&tree, "PUT", "domain", tree.domain, actor), 204);
	assert_non_null(login(&tree, tree.top));
	assert_non_null(login(&tree, tree.leaf));
	assert_null(box_login(box, "u", "p",
			      box_format(box, "{\"domain\":{\"id\":\"%s\"}}", tree.domain)));
	assert_int_equal(
		box_do(box, "GET", box_format(box, V3 "/users/%s/projects", tree.user), NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/projects")), 2);
	assert_int_equal(box_do(box, "GET",
				box_format(box,
					   V3 "/OS-INHERIT/domains/%s/users/%s/roles/"
					      "inherited_to_projects",
					   tree.domain, tree.user),
				NULL),
			 200);
	assert_string_equal(box_text(box, "/roles/0/id"), tree.role);
}

static void a_groups_inherited_role_counts_too(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *group = box_make(box, "groups", "group", "\"name\":\"g\"");

	assert_int_equal(box_do(box, "PUT",
				box_format(box, V3 "/groups/%s/users/%s", group, tree.user), NULL),
			 204);
	assert_int_equal(
		inherit(&tree, "PUT", "domain", tree.domain, box_format(box, "groups/%s", group)),
		204);
	assert_non_null(login(&tree, tree.leaf));
	assert_int_equal(
		box_do(box, "GET",
		       box_format(box, V3 "/role_assignments?effective&user.id=%s", tree.user),
		       NULL),
		200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/role_assignments")), 2);
}

static size_t assigned(struct box *box, const char *query)
{
	assert_int_equal(
		box_do(box, "GET", box_format(box, V3 "/role_assignments?%s", query), NULL), 200);
	return yyjson_arr_size(box_at(box, "/role_assignments"));
}

static void assignments_say_what_is_inherited(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *user = box_format(box, "user.id=%s", tree.user);

	inherit(&tree, "PUT", "project", tree.top, box_format(box, "users/%s", tree.user));
	box_grant(box, "PUT", tree.top, tree.user, tree.role, 204);
	assert_int_equal(assigned(box, user), 2);
	assert_int_equal(
		assigned(box, box_format(box, "%s&scope.OS-INHERIT:inherited_to=projects", user)),
		1);
	assert_string_equal(box_text(box, "/role_assignments/0/scope/OS-INHERIT:inherited_to"),
			    "projects");
	assert_string_equal(box_text(box, "/role_assignments/0/links/assignment"),
			    box_format(box,
				       "https://localhost" V3 "/OS-INHERIT/projects/%s/users/%s/"
				       "roles/%s/inherited_to_projects",
				       tree.top, tree.user, tree.role));
	assert_int_equal(
		assigned(box, box_format(box, "%s&effective&scope.project.id=%s", user, tree.leaf)),
		1);
	assert_string_equal(box_text(box, "/role_assignments/0/scope/project/id"), tree.leaf);
	assert_int_equal(
		assigned(box, box_format(box, "%s&effective&include_subtree&scope.project.id=%s",
					 user, tree.top)),
		2);
	assert_int_equal(box_do(box, "GET", V3 "/role_assignments?include_subtree", NULL), 400);
}

static void a_project_tells_its_place(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *leaf = box_format(box, V3 "/projects/%s", tree.leaf);
	const char *top = box_format(box, V3 "/projects/%s", tree.top);

	assert_int_equal(box_do(box, "GET", box_format(box, "%s?parents_as_ids", leaf), NULL), 200);
	assert_true(yyjson_is_null(
		box_at(box, box_format(box, "/project/parents/%s/%s", tree.top, tree.domain))));
	assert_int_equal(box_do(box, "GET", box_format(box, "%s?subtree_as_ids", top), NULL), 200);
	assert_true(yyjson_is_null(box_at(box, box_format(box, "/project/subtree/%s", tree.leaf))));
	assert_int_equal(box_do(box, "GET", box_format(box, "%s?subtree_as_list", top), NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/project/subtree")), 0); /* no role there */
	assert_int_equal(
		box_do(box, "GET", box_format(box, "%s?subtree_as_list&subtree_as_ids", top), NULL),
		400);
	assert_int_equal(box_do(box, "PATCH", top, "{\"project\":{\"enabled\":false}}"), 403);
	assert_int_equal(box_do(box, "PATCH", leaf, "{\"project\":{\"enabled\":false}}"), 200);
	assert_int_equal(box_do(box, "PATCH", top, "{\"project\":{\"enabled\":false}}"), 200);
	assert_int_equal(box_do(box, "PATCH", leaf, "{\"project\":{\"enabled\":true}}"), 403);
}

static void projects_nest_five_deep(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *parent = tree.leaf;

	for (int depth = 3; depth <= 6; depth++) {
		int status =
			box_do(box, "POST", V3 "/projects",
			       box_format(box,
					  "{\"project\":{\"name\":\"p%d\",\"domain_id\":\"%s\","
					  "\"parent_id\":\"%s\"}}",
					  depth, tree.domain, parent));

		assert_int_equal(status, depth <= 5 ? 201 : 403);
		parent = arena_strdup(&box->arena, box_text(box, "/project/id"));
	}
}

static void a_domain_is_a_project_too(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *id = box_make(box, "projects", "project", "\"name\":\"e\",\"is_domain\":true");
	const char *target = box_format(box, V3 "/projects/%s", id);

	assert_int_equal(box_do(box, "GET", box_format(box, V3 "/domains/%s", id), NULL), 200);
	assert_int_equal(box_do(box, "GET", target, NULL), 200);
	assert_true(yyjson_is_true(box_at(box, "/project/is_domain")));
	assert_true(yyjson_is_null(box_at(box, "/project/domain_id")));
	assert_int_equal(box_do(box, "GET", V3 "/projects?is_domain=true&name=e", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/projects")), 1);
	box_grant(box, "PUT", id, tree.user, tree.role, 204);
	assert_non_null(login(&tree, id));
	assert_true(yyjson_is_true(box_at(box, "/token/is_domain")));
	assert_int_equal(box_do(box, "DELETE", target, NULL), 403);
	assert_int_equal(box_do(box, "PATCH", target, "{\"project\":{\"enabled\":false}}"), 200);
	assert_int_equal(box_do(box, "DELETE", target, NULL), 204);
	assert_int_equal(box_do(box, "GET", box_format(box, V3 "/domains/%s", id), NULL), 404);
}

static int imply(struct box *box, const char *prior, const char *implied)
{
	return box_do(box, "PUT", box_format(box, V3 "/roles/%s/implies/%s", prior, implied), NULL);
}

static void a_role_of_a_domain_counts_by_what_it_implies(void **state)
{
	struct tree tree = tree_make(*state);
	struct box *box = tree.box;
	const char *home = box_make(box, "projects", "project", "\"name\":\"home\"");
	const char *role =
		box_make(box, "roles", "role",
			 box_format(box, "\"name\":\"reader\",\"domain_id\":\"%s\"", tree.domain));

	assert_int_equal(box_do(box, "GET", V3 "/roles?name=reader", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/roles")), 1);
	assert_int_equal(imply(box, tree.role, role), 403);
	box_grant(box, "PUT", home, tree.user, role, 403);
	box_grant(box, "PUT", tree.top, tree.user, role, 204);
	assert_null(login(&tree, tree.top));
	assert_int_equal(imply(box, role, tree.role), 201);
	assert_non_null(login(&tree, tree.top));
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 1);
	assert_string_equal(box_text(box, "/token/roles/0/id"), tree.role);
}

static void what_is_immutable_stays(void **state)
{
	static const char *const kinds[] = { "role", "project", "domain" };
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *kind = kinds[i], *plural = box_format(box, "%ss", kind);
		const char *id = box_make(box, plural, kind,
					  "\"name\":\"i\",\"options\":{\"immutable\":true}");
		const char *target = box_format(box, V3 "/%s/%s", plural, id);

		assert_int_equal(box_do(box, "PATCH", target,
					box_format(box, "{\"%s\":{\"name\":\"j\"}}", kind)),
				 403);
		assert_int_equal(box_do(box, "DELETE", target, NULL), 403);
		assert_string_equal(box_message(box),
				    box_format(box,
					       "Unable to delete immutable %s resource: `%s. Set "
					       "resource option \"immutable\" to false first.",
					       kind, id));
		assert_int_equal(
			box_do(box, "PATCH", target,
			       box_format(box, "{\"%s\":{\"options\":{\"immutable\":null}}}",
					  kind)),
			200);
		assert_int_equal(yyjson_obj_size(box_at(box, box_format(box, "/%s/options", kind))),
				 0);
		assert_int_equal(box_do(box, "PATCH", target,
					box_format(box, "{\"%s\":{\"name\":\"j\"}}", kind)),
				 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(roles_are_inherited_downwards, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_groups_inherited_role_counts_too, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(assignments_say_what_is_inherited, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_project_tells_its_place, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(projects_nest_five_deep, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_domain_is_a_project_too, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_role_of_a_domain_counts_by_what_it_implies,
						box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(what_is_immutable_stays, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
