/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Server groups, and what the scheduler makes of them. */
#include "firmware/cloud/compute/test/cloud_box.h"

static const char *group_make(struct box *box, const char *policy, const char *rules)
{
	assert_int_equal(
		send_at(box, "2.64", "POST", "/os-server-groups",
			box_format(box, "{\"server_group\":{\"name\":\"g\",\"policy\":\"%s\"%s}}",
				   policy, rules)),
		200);
	return arena_strdup(&box->arena, box_text(box, "/server_group/id"));
}

static int member_try(struct box *box, const char *group, const char *members)
{
	return send_at(box, "2.1", "POST", "/servers",
		       box_format(box,
				  "{\"server\":{\"name\":\"m\",\"imageRef\":\"" IMAGE
				  "\",\"flavorRef\":\"42\"%s},"
				  "\"os:scheduler_hints\":{\"group\":\"%s\"}}",
				  members, group));
}

static const char *member_make(struct box *box, const char *group)
{
	if (member_try(box, group, "") != 202)
		fail_msg("create: %d %s", box->reply.status, box->reply.body);
	return arena_strdup(&box->arena, box_text(box, "/server/id"));
}

static void groups_are_kept(void **state)
{
	struct box *box = *state;
	const char *id, *target;

	assert_int_equal(send_at(box, "2.1", "POST", "/os-server-groups",
				 "{\"server_group\":{\"name\":\"a\",\"policies\":"
				 "[\"anti-affinity\"]}}"),
			 200);
	assert_string_equal(box_text(box, "/server_group/policies/0"), "anti-affinity");
	assert_int_equal(yyjson_obj_size(box_at(box, "/server_group/metadata")), 0);
	assert_null(box_at(box, "/server_group/project_id"));
	id = group_make(box, "anti-affinity", ",\"rules\":{\"max_server_per_host\":\"3\"}");
	assert_int_equal(yyjson_get_int(box_at(box, "/server_group/rules/max_server_per_host")), 3);
	target = box_format(box, "/os-server-groups/%s", id);
	assert_int_equal(send_at(box, "2.13", "GET", target, NULL), 200);
	assert_true(box_at(box, "/server_group/user_id"));
	assert_null(box_at(box, "/server_group/policy"));
	assert_int_equal(send_at(box, "2.1", "GET", "/os-server-groups", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/server_groups")), 2);
	assert_string_equal(box_text(box, "/server_groups/0/name"), "a");
	assert_int_equal(send_at(box, "2.1", "GET", "/os-server-groups?limit=1&offset=1", NULL),
			 200);
	assert_string_equal(box_text(box, "/server_groups/0/id"), id);
	assert_int_equal(send_at(box, "2.75", "GET", "/os-server-groups?name=a", NULL), 400);
	assert_int_equal(send_at(box, "2.1", "DELETE", target, NULL), 204);
	assert_int_equal(send_at(box, "2.1", "DELETE", target, NULL), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"),
			    box_format(box, "Instance group %s could not be found.", id));
}

static void bad_groups_are_refused(void **state)
{
	static const struct {
		const char *version, *members;
	} cases[] = {
		{ "2.1", "\"policies\":[\"soft-affinity\"]" },
		{ "2.1", "\"policies\":[]" },
		{ "2.1", "\"policies\":[\"affinity\",\"anti-affinity\"]" },
		{ "2.1", "\"policy\":\"affinity\"" },
		{ "2.64", "\"policies\":[\"affinity\"]" },
		{ "2.64", "\"policy\":\"legacy\"" },
		{ "2.64", "\"policy\":\"affinity\",\"rules\":{\"max_server_per_host\":2}" },
		{ "2.64", "\"policy\":\"anti-affinity\",\"rules\":{\"max_server_per_host\":0}" },
		{ "2.64", "\"policy\":\"anti-affinity\",\"rules\":{\"other\":1}" },
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (send_at(box, cases[i].version, "POST", "/os-server-groups",
			    box_format(box, "{\"server_group\":{\"name\":\"g\",%s}}",
				       cases[i].members)) != 400)
			fail_msg("%s: %s", cases[i].members, box->reply.body);
}

static void groups_have_quotas(void **state)
{
	struct box *box = *state;
	const char *quota, *group;

	quota = box_format(box, "/os-quota-sets/%s", box_find(box, "projects", "admin"));
	assert_int_equal(send_at(box, "2.1", "PUT", quota,
				 "{\"quota_set\":{\"server_groups\":1,"
				 "\"server_group_members\":1}}"),
			 200);
	group = group_make(box, "affinity", "");
	assert_int_equal(send_at(box, "2.64", "POST", "/os-server-groups",
				 "{\"server_group\":{\"name\":\"g\",\"policy\":\"affinity\"}}"),
			 403);
	assert_string_equal(box_text(box, "/forbidden/message"),
			    "Quota exceeded, too many server groups.");
	assert_int_equal(send_at(box, "2.1", "GET", "/limits", NULL), 200);
	assert_int_equal(yyjson_get_int(box_at(box, "/limits/absolute/totalServerGroupsUsed")), 1);
	member_make(box, group);
	assert_int_equal(member_try(box, group, ""), 403);
	assert_string_equal(box_text(box, "/forbidden/message"),
			    "Quota exceeded, too many servers in group");
	assert_int_equal(
		send_at(box, "2.1", "DELETE", box_format(box, "/os-server-groups/%s", group), NULL),
		204);
	group_make(box, "affinity", "");
}

static void a_second_member_has_no_host(void **state)
{
	struct box *box = *state;
	const char *group = group_make(box, "anti-affinity", "");
	const char *first = member_make(box, group), *second;

	report(box, first, GUEST_RUNNING, "");
	second = member_make(box, group);
	assert_string_equal(status_now(box, second), "ERROR");
	assert_string_equal(box_text(box, "/server/fault/message"),
			    "No valid host was found. There are not enough hosts available.");
	assert_int_equal(send_at(box, "2.71", "GET", box_format(box, "/servers/%s", second), NULL),
			 200);
	assert_string_equal(box_text(box, "/server/server_groups/0"), group);
	assert_int_equal(
		send_at(box, "2.1", "GET", box_format(box, "/os-server-groups/%s", group), NULL),
		200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/server_group/members")), 2);
	/* Its place is free once the first has left. */
	send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", first), NULL);
	assert_int_equal(report(box, first, GUEST_GONE, ""), 1);
	assert_string_equal(status_now(box, member_make(box, group)), "BUILD");
	/* A group that is gone is no longer told of. */
	send_at(box, "2.1", "DELETE", box_format(box, "/os-server-groups/%s", group), NULL);
	send_at(box, "2.71", "GET", box_format(box, "/servers/%s", second), NULL);
	assert_int_equal(yyjson_arr_size(box_at(box, "/server/server_groups")), 0);
	assert_int_equal(member_try(box, group, ""), 400);
	assert_string_equal(box_text(box, "/badRequest/message"),
			    box_format(box, "Instance group %s could not be found.", group));
}

static void one_host_satisfies_the_others(void **state)
{
	static const char *const policies[] = { "affinity", "soft-affinity", "soft-anti-affinity" };
	struct box *box = *state;
	const char *group;

	for (size_t i = 0; i < 3; i++) {
		group = group_make(box, policies[i], "");
		member_make(box, group);
		assert_string_equal(status_now(box, member_make(box, group)), "BUILD");
	}
	group = group_make(box, "anti-affinity", ",\"rules\":{\"max_server_per_host\":2}");
	/* All of a request, or none. */
	assert_int_equal(member_try(box, group, ",\"min_count\":3"), 202);
	assert_string_equal(status_now(box, box_text(box, "/server/id")), "ERROR");
	assert_int_equal(member_try(box, group, ",\"min_count\":2"), 403);
	assert_int_equal(send_at(box, "2.1", "GET", "/servers?status=ERROR", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/servers")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(groups_are_kept),
		BOX_TEST(bad_groups_are_refused),
		BOX_TEST(groups_have_quotas),
		BOX_TEST(a_second_member_has_no_host),
		BOX_TEST(one_host_satisfies_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
