/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First boot, later boots, and the console's ways in. */
#include "firmware/cloud/identity/test/box.h"

static int setup_unprovisioned(void **state)
{
	return box_setup_like(state, NULL, NULL);
}

static size_t count(struct box *box, const char *plural)
{
	assert_int_equal(box_do(box, "GET", box_format(box, "/identity/v3/%s", plural), NULL), 200);
	return yyjson_arr_size(box_at(box, box_format(box, "/%s", plural)));
}

static void first_boot_makes_what_is_needed(void **state)
{
	struct box *box = *state;

	assert_null(identity_first_password(&box->cloud, &box->arena));
	assert_int_equal(count(box, "domains"), 1);
	assert_int_equal(count(box, "projects"), 2);
	assert_int_equal(count(box, "users"), 1);
	assert_int_equal(count(box, "roles"), 5);
	assert_int_equal(count(box, "regions"), 1);
	assert_int_equal(count(box, "services"), 5);
	assert_int_equal(count(box, "endpoints"), 15);
	assert_string_equal(box_text(box, "/endpoints/0/region"), "RegionOne");
}

static void a_restart_changes_nothing(void **state)
{
	struct box *box = *state;
	const char *id = box_find(box, "services", "nova");
	uint64_t before;

	assert_int_equal(
		box_do(box, "DELETE", box_format(box, "/identity/v3/services/%s", id), NULL), 204);
	before = store_revision(box->cloud.store);
	box_restart(box);
	assert_int_equal(count(box, "services"), 4); /* what the operator removed stays removed */
	assert_int_equal(count(box, "users"), 1);
	assert_int_equal(store_revision(box->cloud.store), before);
}

static void a_made_up_password_is_shown_until_it_is_used(void **state)
{
	struct box *box = *state;
	const char *password = identity_first_password(&box->cloud, &box->arena);

	assert_non_null(password);
	box_restart(box);
	assert_string_equal(identity_first_password(&box->cloud, &box->arena), password);
	assert_null(box_login(box, "admin", "wrong", NULL));
	assert_non_null(identity_first_password(&box->cloud, &box->arena));
	assert_non_null(box_login(box, "admin", password, NULL));
	assert_null(identity_first_password(&box->cloud, &box->arena));
	box_restart(box);
	assert_null(identity_first_password(&box->cloud, &box->arena));
}

static void the_console_resets_the_password(void **state)
{
	struct box *box = *state;
	struct error error = { 0 };
	const char *id = box_find(box, "users", "admin");

	assert_int_equal(box_do(box, "PATCH", box_format(box, "/identity/v3/users/%s", id),
				"{\"user\":{\"enabled\":false}}"),
			 200);
	assert_null(box_login(box, "admin", BOX_PASSWORD, NULL));
	assert_int_equal(identity_admin_password(&box->cloud, "new", &error), 0);
	assert_int_equal(box_do(box, "GET", "/identity/v3/users", NULL), 401);
	assert_null(box_login(box, "admin", BOX_PASSWORD, NULL));
	box->admin = box_login(box, "admin", "new", box_scope(box, "admin"));
	assert_string_equal(box_find(box, "users", "admin"), id);
	assert_int_equal(count(box, "roles"), 5);
}

static void the_operator_needs_no_token(void **state)
{
	struct box *box = *state;
	struct direct_request request = {
		.method = "GET", .target = "/identity/v3/users", .operator= true };

	assert_int_equal(direct_run(&box->cloud, box->services, &box->arena, &request, &box->reply),
			 0);
	assert_int_equal(box->reply.status, 200);
}

static void discovery_needs_no_token(void **state)
{
	struct box *box = *state;

	assert_int_equal(box_send(box, NULL, "GET", "/identity", NULL, NULL), 300);
	assert_string_equal(box_text(box, "/versions/values/0/id"), "v3.14");
	assert_string_equal(box_header(box, "Location"), "https://localhost/identity/v3/");
	assert_int_equal(box_send(box, NULL, "GET", "/identity/v3", NULL, NULL), 200);
	assert_string_equal(box_text(box, "/version/links/0/href"),
			    "https://localhost/identity/v3/");
	assert_int_equal(box_send(box, NULL, "GET", "/identity/v3/users", NULL, NULL), 401);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(first_boot_makes_what_is_needed),
		BOX_TEST(a_restart_changes_nothing),
		cmocka_unit_test_setup_teardown(a_made_up_password_is_shown_until_it_is_used,
						setup_unprovisioned, box_teardown),
		BOX_TEST(the_console_resets_the_password),
		BOX_TEST(the_operator_needs_no_token),
		BOX_TEST(discovery_needs_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
