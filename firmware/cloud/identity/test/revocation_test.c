/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What voids a token: it does so for good, also when it is undone and the box starts again. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

struct scene {
	const char *domain, *user, *group, *project, *role, *implied;
};

/* A user of a domain, in a group that has a role on a project there, which implies another. */
static struct scene scene_make(struct box *box)
{
	struct scene scene = { .domain = box_make(box, "domains", "domain", "\"name\":\"d\"") };
	const char *within = box_format(box, "\"domain_id\":\"%s\"", scene.domain);

	scene.user = box_make(box, "users", "user",
			      box_format(box, "\"name\":\"joe\",\"password\":\"p\",%s", within));
	scene.group =
		box_make(box, "groups", "group", box_format(box, "\"name\":\"g\",%s", within));
	scene.project =
		box_make(box, "projects", "project", box_format(box, "\"name\":\"p\",%s", within));
	scene.role = box_make(box, "roles", "role", "\"name\":\"r\"");
	scene.implied = box_make(box, "roles", "role", "\"name\":\"i\"");
	assert_int_equal(
		box_do(box, "PUT",
		       box_format(box, V3 "/roles/%s/implies/%s", scene.role, scene.implied), NULL),
		201);
	assert_int_equal(box_do(box, "PUT",
				box_format(box, V3 "/groups/%s/users/%s", scene.group, scene.user),
				NULL),
			 204);
	assert_int_equal(box_do(box, "PUT",
				box_format(box, V3 "/projects/%s/groups/%s/roles/%s", scene.project,
					   scene.group, scene.role),
				NULL),
			 204);
	return scene;
}

static const char *log_in(struct box *box, const struct scene *scene, const char *password)
{
	const char *body = box_format(
		box,
		"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
		"{\"id\":\"%s\",\"password\":\"%s\"}}},\"scope\":{\"project\":{\"id\":\"%s\"}}}}",
		scene->user, password, scene->project);

	if (box_send(box, NULL, "POST", V3 "/auth/tokens", NULL, body) != 201)
		fail_msg("%d %s", box->reply.status, box_message(box));
	return arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
}

static void enable(struct box *box, const char *plural, const char *singular, const char *id,
		   bool on)
{
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/%s/%s", plural, id),
				box_format(box, "{\"%s\":{\"enabled\":%s}}", singular,
					   on ? "true" : "false")),
			 200);
}

static void switch_user(struct box *box, const struct scene *scene)
{
	enable(box, "users", "user", scene->user, false);
	enable(box, "users", "user", scene->user, true);
}

static void switch_project(struct box *box, const struct scene *scene)
{
	enable(box, "projects", "project", scene->project, false);
	enable(box, "projects", "project", scene->project, true);
}

static void switch_domain(struct box *box, const struct scene *scene)
{
	enable(box, "domains", "domain", scene->domain, false);
	enable(box, "domains", "domain", scene->domain, true);
}

static void set_password(struct box *box, const struct scene *scene)
{
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/users/%s", scene->user),
				"{\"user\":{\"password\":\"p\"}}"),
			 200);
}

static void change_password(struct box *box, const struct scene *scene)
{
	const char *target = box_format(box, V3 "/users/%s/password", scene->user);

	assert_int_equal(box_send(box, NULL, "POST", target, NULL,
				  "{\"user\":{\"original_password\":\"p\",\"password\":\"q\"}}"),
			 204);
}

static void leave_group(struct box *box, const struct scene *scene)
{
	assert_int_equal(
		box_do(box, "DELETE",
		       box_format(box, V3 "/groups/%s/users/%s", scene->group, scene->user), NULL),
		204);
}

static void take_role(struct box *box, const struct scene *scene)
{
	assert_int_equal(box_do(box, "DELETE",
				box_format(box, V3 "/projects/%s/groups/%s/roles/%s",
					   scene->project, scene->group, scene->role),
				NULL),
			 204);
}

static void delete_group(struct box *box, const struct scene *scene)
{
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, V3 "/groups/%s", scene->group), NULL), 204);
}

static void delete_role(struct box *box, const struct scene *scene)
{
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/roles/%s", scene->role), NULL),
			 204);
}

static void delete_project(struct box *box, const struct scene *scene)
{
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, V3 "/projects/%s", scene->project), NULL),
		204);
}

static void delete_user(struct box *box, const struct scene *scene)
{
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/users/%s", scene->user), NULL),
			 204);
}

static void what_is_void_stays_void(void **state)
{
	static void (*const voids[])(struct box *, const struct scene *) = {
		switch_user,     switch_project, switch_domain, set_password,
		change_password, leave_group,    take_role,     delete_group,
		delete_role,     delete_project, delete_user,
	};

	for (size_t i = 0; i < sizeof(voids) / sizeof(voids[0]); i++) {
		struct scene scene;
		struct box *box;
		const char *token;

		box_setup(state);
		box = *state;
		scene = scene_make(box);
		token = log_in(box, &scene, "p");
		assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
		voids[i](box, &scene);
		if (box_subject(box, box->admin, "GET", token) != 404)
			fail_msg("case %zu: %d at once", i, box->reply.status);
		assert_int_equal(box_send(box, token, "GET", V3 "/auth/projects", NULL, NULL), 401);
		box_restart(box);
		if (box_subject(box, box->admin, "GET", token) != 404)
			fail_msg("case %zu: %d after a restart", i, box->reply.status);
		box_teardown(state);
	}
}

static size_t role_count(struct box *box, const char *token)
{
	assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
	return yyjson_arr_size(box_at(box, "/token/roles"));
}

static void a_token_has_what_its_roles_imply_now(void **state)
{
	struct box *box = *state;
	struct scene scene = scene_make(box);
	const char *token = log_in(box, &scene, "p");

	assert_int_equal(role_count(box, token), 2);
	assert_int_equal(
		box_do(box, "DELETE",
		       box_format(box, V3 "/roles/%s/implies/%s", scene.role, scene.implied), NULL),
		204);
	assert_int_equal(role_count(box, token), 1);
	box_restart(box);
	assert_int_equal(role_count(box, token), 1);
}

static const char *credential_make(struct box *box, const char *token, const struct scene *scene)
{
	assert_int_equal(
		box_send(box, token, "POST",
			 box_format(box, V3 "/users/%s/application_credentials", scene->user), NULL,
			 "{\"application_credential\":{\"name\":\"c\",\"secret\":\"s\"}}"),
		201);
	return arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
}

static int log_in_by(struct box *box, const char *credential)
{
	return box_send(
		box, NULL, "POST", V3 "/auth/tokens", NULL,
		box_format(box,
			   "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\""
			   "],\"application_credential\":{\"id\":\"%s\",\"secret\":\"s\"}}}}",
			   credential));
}

/* The credential outlives a password, its tokens do not; neither outlives what it hangs on. */
static void a_delegate_falls_with_its_user(void **state)
{
	struct box *box = *state;
	struct scene scene = scene_make(box);
	const char *id = credential_make(box, log_in(box, &scene, "p"), &scene), *token;

	assert_int_equal(log_in_by(box, id), 201);
	token = arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
	set_password(box, &scene);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(log_in_by(box, id), 201);
	token = arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
	leave_group(box, &scene);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(log_in_by(box, id), 401);
	box_restart(box);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(log_in_by(box, id), 401);
	delete_user(box, &scene);
	assert_int_equal(log_in_by(box, id), 401);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_void_stays_void),
		BOX_TEST(a_token_has_what_its_roles_imply_now),
		BOX_TEST(a_delegate_falls_with_its_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
