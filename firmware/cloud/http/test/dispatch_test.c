/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Router, versions, tokens, policy, bodies, actions and faults: all that happens around handlers. */
#include "firmware/cloud/http/test/fake_services.h"

static struct arena arena;
static struct cloud cloud;
static struct direct_reply reply;
static yyjson_val *shown; /* the reply's body as JSON, NULL if it is none */

static int tear_down(void **state)
{
	(void)state;
	arena_reset(&arena);
	return 0;
}

static void send_request(const struct direct_request *request)
{
	assert_int_equal(direct_run(&cloud, NULL, &arena, request, &reply), 0);
	shown = reply.body ? json_parse(&arena, reply.body, reply.body_size) : NULL;
}

static int get(const char *target, const char *token)
{
	send_request(&(struct direct_request){ .method = "GET", .target = target, .token = token });
	return reply.status;
}

static int post(const char *target, const char *body)
{
	static const struct name_value json[] = { { "Content-Type", "application/json" },
						  { NULL, NULL } };

	send_request(&(struct direct_request){ .method = "POST",
					       .target = target,
					       .headers = json,
					       .token = "member",
					       .body = body,
					       .body_size = SIZE_MAX });
	return reply.status;
}

static int get_version(const char *target, const char *header, const char *value)
{
	const struct name_value headers[] = { { header, value }, { NULL, NULL } };

	send_request(&(struct direct_request){
		.method = "GET", .target = target, .headers = headers, .token = "member" });
	return reply.status;
}

static void assert_member(const char *member, const char *text)
{
	assert_non_null(shown);
	assert_string_equal(json_string(shown, member), text);
}

static void test_routes(void **state)
{
	(void)state;
	assert_int_equal(get("/compute/v2.1/things/7?x=y", "member"), 200);
	assert_member("route", "/things/{id}");
	assert_member("id", "7");
	assert_int_equal(get("/compute/v2.1/things/detail", "member"), 200);
	assert_member("route", "/things/detail");
	assert_int_equal(get("/compute/v2.1/things/", "member"), 200);
	assert_member("route", "/things");
	assert_int_equal(get("/compute/", NULL), 200);
	assert_int_equal(get("/compute/v2.1/", NULL), 200);
	assert_member("path", "");
	assert_int_equal(get("/compute/v2", NULL), 404);
	assert_int_equal(get("/compute/v2.1x", NULL), 404);
	assert_int_equal(get("/computer", NULL), 404);
	assert_int_equal(get("/compute/v2.1/things//tags", "member"), 404);
	assert_int_equal(get("/compute/v2.1/things/a%20b", "member"), 200);
	assert_member("id", "a b");
	assert_int_equal(get("/compute/v2.1/%zz", "member"), 400);
}

static void test_parts(void **state)
{
	(void)state;
	assert_int_equal(get("/identity/part", "admin"), 200);
	assert_int_equal(get("/identity/part", "member"), 403);
	assert_int_equal(post("/identity/admin", "{}"), 405);
	assert_string_equal(direct_header(&reply, "Allow"), "GET, PUT");
}

static void test_methods(void **state)
{
	struct direct_request request = { .method = "DELETE",
					  .target = "/compute/v2.1/things",
					  .token = "member" };

	(void)state;
	send_request(&request);
	assert_int_equal(reply.status, 405);
	assert_string_equal(direct_header(&reply, "Allow"), "GET, POST");
	request.method = "HEAD";
	send_request(&request);
	assert_int_equal(reply.status, 200);
	request.target = "/compute/v2.1/headed";
	send_request(&request);
	assert_int_equal(reply.status, 200);
	request.method = "PUT";
	request.target = "/compute/v2.1/things/7/tags/blue";
	send_request(&request);
	assert_member("tag", "blue");
}

static void test_actions(void **state)
{
	(void)state;
	assert_int_equal(post("/compute/v2.1/things/7/action", "{\"start\": null}"), 200);
	assert_member("action", "start");
	assert_int_equal(post("/compute/v2.1/things/7/action", "{\"jump\": null}"), 400);
	assert_non_null(strstr(reply.body, "\"There is no such action: jump\""));
	assert_int_equal(post("/compute/v2.1/things/7/action", "{\"start\": 1, \"stop\": 2}"), 400);
	assert_non_null(strstr(reply.body, "\"Malformed request body\""));
	assert_int_equal(post("/compute/v2.1/things/7/action", ""), 400);
	/* each action has its own policy, and its own versions */
	assert_int_equal(post("/compute/v2.1/things/7/action", "{\"stop\": null}"), 403);
	assert_int_equal(post("/compute/v2.1/things/7/action", "{\"late\": null}"), 400);
}

static void test_compute_versions(void **state)
{
	static const char standard[] = "OpenStack-API-Version";
	static const char legacy[] = "X-OpenStack-Nova-API-Version";
	static const char target[] = "/compute/v2.1/things";

	(void)state;
	assert_int_equal(get(target, "member"), 200);
	assert_string_equal(direct_header(&reply, standard), "compute 2.1");
	assert_string_equal(direct_header(&reply, legacy), "2.1");
	assert_string_equal(direct_header(&reply, "Vary"),
			    "OpenStack-API-Version, X-OpenStack-Nova-API-Version");
	assert_int_equal(get_version(target, standard, "volume 3.2, compute 2.7"), 200);
	assert_int_equal(json_integer(shown, "version", 0), 7);
	assert_int_equal(get_version(target, legacy, "2.3"), 200);
	assert_string_equal(direct_header(&reply, standard), "compute 2.3");
	assert_int_equal(get_version(target, standard, "compute latest"), 200);
	assert_int_equal(json_integer(shown, "version", 0), 9);
	assert_int_equal(get_version(target, standard, "compute 2.10"), 406);
	assert_string_equal(reply.body,
			    "{\"computeFault\":{\"code\":406,\"message\":\"Version 2.10 is not "
			    "supported by the API. Minimum is 2.1 and maximum is 2.9.\"}}");
	assert_int_equal(get_version(target, standard, "compute 3.1"), 406);
	assert_int_equal(get_version(target, standard, "compute 2.x"), 400);
	assert_non_null(strstr(reply.body, "API Version String 2.x is of invalid format. Must be "
					   "of format MajorNum.MinorNum."));
	assert_int_equal(get_version("/compute/v2.1/old", standard, "compute 2.5"), 200);
	assert_int_equal(json_integer(shown, "version", 0), 5);
}

static void test_placement_versions(void **state)
{
	(void)state;
	assert_int_equal(get("/placement/things", "member"), 200);
	assert_string_equal(direct_header(&reply, "OpenStack-API-Version"), "placement 1.0");
	assert_string_equal(direct_header(&reply, "Vary"), "openstack-api-version");
	assert_int_equal(
		get_version("/placement/things", "OpenStack-API-Version", "placement 1.40"), 406);
	assert_non_null(strstr(reply.body, "\"max_version\":\"1.39\",\"min_version\":\"1.0\""));
}

static void test_tokens(void **state)
{
	static const char unauthorized[] =
		"{\"error\": {\"code\": 401, \"title\": \"Unauthorized\", \"message\": \"The "
		"request you have made requires authentication.\"}}";

	(void)state;
	assert_int_equal(get("/network/things", NULL), 401);
	assert_string_equal(reply.body, unauthorized);
	assert_string_equal(direct_header(&reply, "WWW-Authenticate"),
			    "Keystone uri=\"https://localhost/identity\"");
	assert_int_equal(get("/network/things", "forged"), 401);
	assert_int_equal(get("/network", "forged"), 200); /* public */
	assert_int_equal(get("/network/things", "reader"), 200);
	assert_int_equal(strncmp(direct_header(&reply, "x-openstack-request-id"), "req-", 4), 0);
	assert_null(direct_header(&reply, "x-compute-request-id"));
	get("/compute/v2.1/things", "reader");
	assert_string_equal(direct_header(&reply, "x-compute-request-id"),
			    direct_header(&reply, "x-openstack-request-id"));
	get("/identity/things", "reader");
	assert_string_equal(direct_header(&reply, "Vary"), "X-Auth-Token");
}

static void test_policy(void **state)
{
	static const struct {
		const char *target, *text;
	} refusals[] = {
		{ "/compute/v2.1/admin", "\"Policy doesn't allow fake:admin to be performed.\"" },
		{ "/identity/admin",
		  "\"You are not authorized to perform the requested action: fake:admin.\"" },
		{ "/network/admin", "\"rule:fake:admin is disallowed by policy\"" },
		{ "/image/admin", "You are not authorized to complete fake:admin action." },
		{ "/placement/admin", "Policy does not allow fake:admin to be performed." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		assert_int_equal(get(refusals[i].target, "member"), 403);
		assert_non_null(strstr(reply.body, refusals[i].text));
		assert_int_equal(get(refusals[i].target, "admin"), 200);
	}
	assert_int_equal(get("/network/member", "member"), 200);
	assert_int_equal(get("/network/member", "reader"), 403);
	assert_int_equal(get("/network/member", "unscoped"), 403);
	assert_int_equal(get("/network/nobody", "system"), 403); /* not in the table */
	assert_int_equal(get("/network/operator", "admin"), 403);
	assert_int_equal(get("/network/operator", "system"), 200);
	send_request(&(struct direct_request){ .method = "GET", .target = "/network/operator",
					       .operator= true });
	assert_int_equal(reply.status, 200);
}

static void test_bodies(void **state)
{
	static const struct {
		const char *target, *text;
	} malformed[] = {
		{ "/compute/v2.1/things", "\"Malformed request body\"" },
		{ "/identity/things",
		  "\"Expecting to find valid JSON in request body. The server could not comply "
		  "with the request since it is either malformed or otherwise incorrect. The "
		  "client is assumed to be in error.\"" },
		{ "/image/things", "Malformed JSON in request body." },
		{ "/network/things", "\"Body contains invalid data\"" },
		{ "/placement/things", "Malformed JSON" },
	};
	char deep[200];

	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		assert_int_equal(post(malformed[i].target, "{\"name\": "), 400);
		assert_non_null(strstr(reply.body, malformed[i].text));
	}
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(post("/network/things", deep), 400);
	assert_int_equal(post("/network/things", ""), 400);
	assert_int_equal(post("/compute/v2.1/things", "{\"name\": \"\"}"), 400);
	assert_non_null(strstr(reply.body, "'' is too short"));
	assert_int_equal(post("/compute/v2.1/things", "{\"name\": \"n\"}"), 200);
}

static void test_media_types(void **state)
{
	const struct name_value headers[] = { { "Content-Type", "text/plain" }, { NULL, NULL } };
	struct direct_request request = { .method = "POST",
					  .token = "member",
					  .headers = headers,
					  .body = "{\"name\": \"n\"}",
					  .body_size = SIZE_MAX };

	(void)state;
	request.target = "/compute/v2.1/things";
	send_request(&request);
	assert_int_equal(reply.status, 415);
	request.target = "/identity/things";
	send_request(&request);
	assert_int_equal(reply.status, 400);
	request.target = "/network/things";
	send_request(&request);
	assert_int_equal(reply.status, 200);
}

static void test_races(void **state)
{
	(void)state;
	races = 5;
	assert_int_equal(get("/network/race", NULL), 204);
	races = 1000;
	assert_int_equal(get("/network/race", NULL), 409);
	races = 0;
	assert_int_equal(get("/network/nothing", NULL), 500);
}

static void assert_fault(const char *target, const struct error *fault, int status,
			 const char *text)
{
	next_fault = fault;
	assert_int_equal(get(target, NULL), status);
	if (!strstr(reply.body, text))
		fail_msg("%s: %s", target, reply.body);
}

static void test_faults(void **state)
{
	static const struct error missing = { .code = -ENOENT, .message = "No <x> here." };
	static const struct error plain = { .code = -ENOENT };
	static const struct error named_fault = {
		.code = -EEXIST, .status = 409, .type = "OverQuota", .message = "m"
	};
	static const struct error secret = { .code = -EIO, .message = "/secret/path" };
	static const struct error later = { .code = -ENOSYS, .message = "Not here." };

	(void)state;
	assert_fault("/compute/v2.1/fault", &missing, 404,
		     "{\"itemNotFound\":{\"code\":404,\"message\":\"No <x> here.\"}}");
	assert_fault("/compute/v2.1/fault", &plain, 404, "The resource could not be found.");
	assert_fault("/compute/v2.1/fault", &later, 501, "{\"notImplemented\":{");
	assert_fault(
		"/identity/fault", &missing, 404,
		"{\"error\":{\"code\":404,\"message\":\"No <x> here.\",\"title\":\"Not Found\"}}");
	assert_fault("/network/fault", &missing, 404,
		     "{\"NeutronError\":{\"type\":\"HTTPNotFound\",\"message\":\"No <x> here.\","
		     "\"detail\":\"\"}}");
	assert_fault("/network/fault", &named_fault, 409, "\"type\":\"OverQuota\"");
	assert_fault("/network/fault", &later, 501, "{\"NotImplementedError\":{");
	assert_fault("/image/fault", &missing, 404,
		     "<h1>404 Not Found</h1>\n  No &lt;x&gt; here.<br /><br />\n");
	assert_fault("/placement/fault", &missing, 404,
		     "\"detail\":\"The resource could not be found.\\n\\n No <x> here.  \"");
	assert_fault("/compute/v2.1/fault", &secret, 500, "{\"computeFault\":{\"code\":500");
	assert_null(strstr(reply.body, "secret"));
	assert_fault("/image/fault", &secret, 500, "500 Internal Server Error");
	assert_null(strstr(reply.body, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_routes, tear_down),
		cmocka_unit_test_teardown(test_parts, tear_down),
		cmocka_unit_test_teardown(test_methods, tear_down),
		cmocka_unit_test_teardown(test_actions, tear_down),
		cmocka_unit_test_teardown(test_compute_versions, tear_down),
		cmocka_unit_test_teardown(test_placement_versions, tear_down),
		cmocka_unit_test_teardown(test_tokens, tear_down),
		cmocka_unit_test_teardown(test_policy, tear_down),
		cmocka_unit_test_teardown(test_bodies, tear_down),
		cmocka_unit_test_teardown(test_media_types, tear_down),
		cmocka_unit_test_teardown(test_races, tear_down),
		cmocka_unit_test_teardown(test_faults, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
