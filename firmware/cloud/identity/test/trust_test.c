/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trusts: who acts for whom with what, how long, and what ends it. */
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"
#define TRUSTS V3 "/OS-TRUST/trusts"

struct people {
	struct box *box;
	const char *project, *trustor, *trustee, *third, *member;
	const char *trustor_token; /* of the project */
};

static struct people people_make(struct box *box)
{
	struct people people = { .box = box };

	people.project = box_make(box, "projects", "project", "\"name\":\"p\"");
	people.trustor = box_make(box, "users", "user", "\"name\":\"ann\",\"password\":\"a\"");
	people.trustee = box_make(box, "users", "user", "\"name\":\"bob\",\"password\":\"b\"");
	people.third = box_make(box, "users", "user", "\"name\":\"cid\",\"password\":\"c\"");
	people.member = box_find(box, "roles", "member");
	box_grant(box, "PUT", people.project, people.trustor, people.member, 204);
	people.trustor_token = box_login(box, "ann", "a", box_scope(box, "p"));
	assert_non_null(people.trustor_token);
	return people;
}

static int trust_post_on(struct people *people, const char *project, const char *token,
			 const char *trustor, const char *trustee, const char *more)
{
	struct box *box = people->box;

	return box_send(box, token, "POST", TRUSTS, NULL,
			box_format(box,
				   "{\"trust\":{\"trustor_user_id\":\"%s\",\"trustee_user_id\":"
				   "\"%s\",\"project_id\":\"%s\",\"roles\":[{\"name\":\"member\"}]"
				   "%s}}",
				   trustor, trustee, project, more));
}

static int trust_post(struct people *people, const char *token, const char *trustor,
		      const char *trustee, const char *more)
{
	return trust_post_on(people, people->project, token, trustor, trustee, more);
}

static const char *trust_make(struct people *people, const char *more)
{
	if (trust_post(people, people->trustor_token, people->trustor, people->trustee, more) !=
	    201)
		fail_msg("%s", box_message(people->box));
	return arena_strdup(&people->box->arena, box_text(people->box, "/trust/id"));
}

static const char *act(struct box *box, const char *name, const char *password, const char *trust)
{
	return box_login(box, name, password,
			 box_format(box, "{\"OS-TRUST:trust\":{\"id\":\"%s\"}}", trust));
}

static const char *target(struct box *box, const char *trust)
{
	return box_format(box, TRUSTS "/%s", trust);
}

static void a_trustee_acts_for_the_trustor(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *trust = trust_make(&people, ",\"impersonation\":true"), *token;

	assert_string_equal(box_text(box, "/trust/roles/0/name"), "member");
	assert_true(yyjson_is_null(box_at(box, "/trust/deleted_at")));
	assert_int_equal(yyjson_get_int(box_at(box, "/trust/redelegation_count")), 0);
	token = act(box, "bob", "b", trust);
	assert_non_null(token);
	assert_string_equal(box_text(box, "/token/user/id"), people.trustor);
	assert_string_equal(box_text(box, "/token/OS-TRUST:trust/trustee_user/id"), people.trustee);
	assert_string_equal(box_text(box, "/token/project/id"), people.project);
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 2); /* and reader */
	assert_null(act(box, "cid", "c", trust));
	assert_int_equal(box->reply.status, 403);
	trust = trust_make(&people, ",\"impersonation\":false");
	assert_non_null(act(box, "bob", "b", trust));
	assert_string_equal(box_text(box, "/token/user/id"), people.trustee);
}

static void only_the_trustor_gives_and_takes(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *third = box_login(box, "cid", "c", NULL);
	const char *trust, *path, *role;

	assert_int_equal(trust_post(&people, box->admin, people.trustor, people.trustee,
				    ",\"impersonation\":true"),
			 403);
	trust = trust_make(&people, ",\"impersonation\":true");
	path = target(box, trust);
	assert_int_equal(box_send(box, third, "GET", path, NULL, NULL), 403);
	assert_int_equal(box_send(box, third, "DELETE", path, NULL, NULL), 403);
	assert_int_equal(box_send(box, third, "GET", TRUSTS, NULL, NULL), 403);
	assert_int_equal(box_send(box, people.trustor_token, "GET",
				  box_format(box, TRUSTS "?trustor_user_id=%s", people.trustor),
				  NULL, NULL),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/trusts")), 1);
	assert_null(box_at(box, "/trusts/0/roles"));
	role = box_format(box, "%s/roles/%s", path, people.member);
	assert_int_equal(box_send(box, people.trustor_token, "GET", role, NULL, NULL), 200);
	assert_string_equal(box_text(box, "/role/name"), "member");
	role = box_format(box, "%s/roles/%s", path, box_find(box, "roles", "admin"));
	assert_int_equal(box_send(box, people.trustor_token, "HEAD", role, NULL, NULL), 404);
	assert_int_equal(box_send(box, people.trustor_token, "DELETE", path, NULL, NULL), 204);
	assert_int_equal(box_send(box, third, "GET", path, NULL, NULL), 404);
	assert_null(act(box, "bob", "b", trust));
	assert_int_equal(box->reply.status, 401);
}

static void what_a_trust_hangs_on_ends_its_tokens(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *trust = trust_make(&people, ",\"impersonation\":true");
	const char *token = act(box, "bob", "b", trust);
	const char *user = box_format(box, V3 "/users/%s", people.trustor);

	assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
	box_grant(box, "DELETE", people.project, people.trustor, people.member, 204);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 403);
	box_grant(box, "PUT", people.project, people.trustor, people.member, 204);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
	assert_int_equal(box_do(box, "PATCH", user, "{\"user\":{\"password\":\"n\"}}"), 200);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_non_null(token = act(box, "bob", "b", trust));
	assert_int_equal(box_do(box, "DELETE", user, NULL), 204);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(box_do(box, "GET", target(box, trust), NULL), 404);
}

static void uses_run_out(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *trust = trust_make(&people, ",\"impersonation\":true,\"remaining_uses\":2");
	const char *token;

	assert_non_null(token = act(box, "bob", "b", trust));
	assert_int_equal(box_do(box, "GET", target(box, trust), NULL), 200);
	assert_int_equal(yyjson_get_int(box_at(box, "/trust/remaining_uses")), 1);
	assert_non_null(act(box, "bob", "b", trust));
	assert_null(act(box, "bob", "b", trust));
	assert_int_equal(box->reply.status, 401);
	assert_int_equal(box_do(box, "GET", target(box, trust), NULL), 404);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
	/* A token of a trust makes no other one. */
	assert_int_equal(box_send(box, NULL, "POST", V3 "/auth/tokens", NULL,
				  box_format(box,
					     "{\"auth\":{\"identity\":{\"methods\":[\"token\"],"
					     "\"token\":{\"id\":\"%s\"}}}}",
					     token)),
			 403);
}

static void a_trust_is_handed_on(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *first = trust_make(&people, ",\"impersonation\":true,"
						"\"allow_redelegation\":true,"
						"\"redelegation_count\":1");
	const char *token = act(box, "bob", "b", first), *second;

	assert_int_equal(trust_post(&people, token, people.trustor, people.third,
				    ",\"impersonation\":true,\"remaining_uses\":1"),
			 403);
	assert_int_equal(
		trust_post(&people, token, people.trustor, people.third, ",\"impersonation\":true"),
		201);
	second = arena_strdup(&box->arena, box_text(box, "/trust/id"));
	assert_string_equal(box_text(box, "/trust/redelegated_trust_id"), first);
	token = act(box, "cid", "c", second);
	assert_non_null(token);
	assert_int_equal(trust_post(&people, token, people.trustor, people.trustee,
				    ",\"impersonation\":true"),
			 403); /* no further */
	assert_int_equal(box_do(box, "DELETE", target(box, first), NULL), 204);
	assert_int_equal(box_do(box, "GET", target(box, second), NULL), 404);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
}

#define ONWARD ",\"impersonation\":true,\"allow_redelegation\":true"

/* Where the trustor has the same role, too. */
static void a_trust_is_not_handed_on_elsewhere(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *other = box_make(box, "projects", "project", "\"name\":\"q\"");
	const char *token = act(box, "bob", "b", trust_make(&people, ONWARD));

	box_grant(box, "PUT", other, people.trustor, people.member, 204);
	assert_int_equal(trust_post_on(&people, other, token, people.trustor, people.third,
				       ",\"impersonation\":true"),
			 403);
	assert_int_equal(box_send(box, token, "POST", TRUSTS, NULL,
				  box_format(box,
					     "{\"trust\":{\"trustor_user_id\":\"%s\","
					     "\"trustee_user_id\":\"%s\",\"impersonation\":true}}",
					     people.trustor, people.third)),
			 403);
	assert_int_equal(
		trust_post(&people, token, people.trustor, people.third, ",\"impersonation\":true"),
		201);
}

/* Also where nobody acts in the first trustor's name any more. */
static void a_chain_ends_with_who_began_it(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *token = act(box, "bob", "b",
				trust_make(&people, ",\"impersonation\":false,"
						    "\"allow_redelegation\":true"));
	const char *user = box_format(box, V3 "/users/%s", people.trustor), *second;

	assert_int_equal(trust_post(&people, token, people.trustee, people.third,
				    ",\"impersonation\":false"),
			 201);
	second = arena_strdup(&box->arena, box_text(box, "/trust/id"));
	assert_non_null(token = act(box, "cid", "c", second));
	assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
	assert_int_equal(box_do(box, "PATCH", user, "{\"user\":{\"enabled\":false}}"), 200);
	assert_int_not_equal(box_subject(box, box->admin, "GET", token), 200);
	assert_int_equal(box_send(box, token, "GET", V3 "/auth/projects", NULL, NULL), 401);
	assert_null(act(box, "cid", "c", second));
}

/* What a delegate may not make of its token. */
static void a_delegate_makes_no_more_of_it(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	const char *token = act(box, "bob", "b", trust_make(&people, ",\"impersonation\":true"));

	assert_int_equal(
		box_send(box, token, "POST",
			 box_format(box, V3 "/users/%s/application_credentials", people.trustor),
			 NULL, "{\"application_credential\":{\"name\":\"a\"}}"),
		403);
	assert_int_equal(
		box_send(box, token, "POST",
			 box_format(box, V3 "/users/%s/credentials/OS-EC2", people.trustor), NULL,
			 box_format(box, "{\"tenant_id\":\"%s\"}", people.project)),
		403);
	assert_int_equal(
		box_send(box, token, "POST", V3 "/credentials", NULL,
			 box_format(box,
				    "{\"credential\":{\"user_id\":\"%s\",\"type\":\"totp\","
				    "\"blob\":\"GEZDGNBV\"}}",
				    people.trustor)),
		403);
}

/* A token that was seen before, too. */
static void a_token_ends_with_its_trust(void **state)
{
	struct people people = people_make(*state);
	struct box *box = people.box;
	char when[INSTANT_SIZE];
	const char *token;

	instant_format(instant_now() + 2, when);
	token = act(
		box, "bob", "b",
		trust_make(&people,
			   box_format(box, ",\"impersonation\":true,\"expires_at\":\"%s\"", when)));
	assert_non_null(token);
	assert_int_equal(box_send(box, token, "GET", V3 "/auth/projects", NULL, NULL), 200);
	for (int i = 0; i < 50 && box->reply.status == 200; i++) {
		usleep(100000);
		box_send(box, token, "GET", V3 "/auth/projects", NULL, NULL);
	}
	assert_int_equal(box->reply.status, 401);
}

static void bad_trusts_are_refused(void **state)
{
	static const struct {
		const char *more;
		int status;
	} cases[] = {
		{ "", 400 },
		{ ",\"impersonation\":true,\"expires_at\":\"bad.123Z\"", 400 },
		{ ",\"impersonation\":true,\"expires_at\":\"2001-01-01T00:00:00Z\"", 400 },
		{ ",\"impersonation\":true,\"remaining_uses\":0", 400 },
		{ ",\"impersonation\":true,\"allow_redelegation\":true,\"remaining_uses\":1", 400 },
		{ ",\"impersonation\":true,\"allow_redelegation\":true,\"redelegation_count\":9",
		  403 },
	};
	struct people people = people_make(*state);
	struct box *box = people.box;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(trust_post(&people, people.trustor_token, people.trustor,
					    people.trustee, cases[i].more),
				 cases[i].status);
	assert_int_equal(trust_post(&people, people.trustor_token, people.trustor, "nobody",
				    ",\"impersonation\":true"),
			 404);
	box_grant(box, "DELETE", people.project, people.trustor, people.member, 204);
	box_grant(box, "PUT", people.project, people.trustor, box_find(box, "roles", "reader"),
		  204);
	people.trustor_token = box_login(box, "ann", "a", box_scope(box, "p"));
	assert_int_equal(trust_post(&people, people.trustor_token, people.trustor, people.trustee,
				    ",\"impersonation\":true"),
			 404); /* a role that is not its own */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_trustee_acts_for_the_trustor, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(only_the_trustor_gives_and_takes, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(what_a_trust_hangs_on_ends_its_tokens, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(uses_run_out, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_trust_is_handed_on, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_trust_is_not_handed_on_elsewhere, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_chain_ends_with_who_began_it, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_delegate_makes_no_more_of_it, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_token_ends_with_its_trust, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(bad_trusts_are_refused, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
