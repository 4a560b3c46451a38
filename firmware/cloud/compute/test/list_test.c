/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of servers keep what they show: none may be told what was, or what another is shown. */
#include "firmware/cloud/compute/test/cloud_box.h"
#include "firmware/lib/cleanup.h"

#define DETAIL "/servers/detail?sort_key=display_name&sort_dir=asc"

static const char *const versions[] = { "2.1",  "2.3",  "2.9",  "2.16", "2.19", "2.26", "2.47",
					"2.63", "2.71", "2.73", "2.75", "2.90", "2.96" };

static int get_as(struct box *box, const char *token, const char *version, const char *host,
		  const char *target)
{
	const struct name_value headers[] = { { "OpenStack-API-Version",
						box_format(box, "compute %s", version) },
					      { "Host", host },
					      { NULL, NULL } };

	return box_send(box, token, "GET", box_format(box, C "%s", target), headers, NULL);
}

/* What a list says of a server is what the server says of itself, which is never kept. */
static void item_agrees(struct box *box, const char *token, const char *version, yyjson_val *item)
{
	const char *id = json_string(item, "id");
	yyjson_val *server, *key, *value;
	size_t i, count;

	assert_int_equal(get_as(box, token, version, "one", box_format(box, "/servers/%s", id)),
			 200);
	server = box_at(box, "/server");
	yyjson_obj_foreach (item, i, count, key, value)
		if (!yyjson_equals(yyjson_obj_get(server, yyjson_get_str(key)), value))
			fail_msg("%s of %s at %s: not as in the server itself", yyjson_get_str(key),
				 id, version);
	assert_int_equal(yyjson_obj_size(item) + !!yyjson_obj_get(server, "server_groups"),
			 yyjson_obj_size(server));
}

static void list_agrees(struct box *box, const char *token, const char *version)
{
	yyjson_val *servers, *item;
	size_t i, count;

	assert_int_equal(get_as(box, token, version, "one", DETAIL), 200);
	servers = box_at(box, "/servers");
	assert_true(yyjson_arr_size(servers) > 0);
	yyjson_arr_foreach (servers, i, count, item)
		item_agrees(box, token, version, item);
}

/* Twice: as it is made, and as it is kept. */
static void all_agree(struct box *box, const char *member)
{
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(versions); i++) {
		list_agrees(box, box->admin, versions[i / 2]);
		list_agrees(box, member, versions[i / 2]);
	}
}

/* Of the first server in the detailed list. */
static const char *listed(struct box *box, const char *version, const char *pointer)
{
	assert_int_equal(get_as(box, box->admin, version, "one", DETAIL), 200);
	return box_text(box, box_format(box, "/servers/0%s", pointer));
}

static const char *member_token(struct box *box)
{
	const char *user = box_make(box, "users", "user",
				    "\"name\":\"plain\",\"password\":\"plain-word\","
				    "\"domain_id\":\"default\"");

	box_grant(box, "PUT", box_find(box, "projects", "admin"), user,
		  box_find(box, "roles", "member"), 204);
	return box_login(box, "plain", "plain-word", box_scope(box, "admin"));
}

static void change(struct box *box, const char *method, const char *target, const char *body,
		   int status)
{
	if (send_at(box, "2.90", method, target, body) != status)
		fail_msg("%s %s: %d %s", method, target, box->reply.status, box->reply.body);
}

static void network_change(struct box *box, const char *target, const char *body)
{
	if (box_do(box, "PUT", box_format(box, "/network/v2.0%s", target), body) != 200)
		fail_msg("%s: %d %s", target, box->reply.status, box->reply.body);
}

/* The id of the first that a query of the network service finds. */
static const char *network_first(struct box *box, const char *query, const char *pointer)
{
	assert_int_equal(box_do(box, "GET", box_format(box, "/network/v2.0/%s", query), NULL), 200);
	return arena_strdup(&box->arena, box_text(box, pointer));
}

static void lists_agree_with_servers(void **state)
{
	struct box *box = *state;
	const char *member = member_token(box);

	server_make(box, ",\"user_data\":\"aGVsbG8=\",\"metadata\":{\"a\":\"b\\\"\\u00e9\"}");
	server_make(box, "");
	all_agree(box, member);
	report(box, server_make(box, ""), GUEST_RUNNING, "");
	report(box, server_make(box, ""), GUEST_CRASHED, "killed by \"signal\" 9");
	all_agree(box, member);
	assert_int_equal(get_as(box, member, "2.96", "one", DETAIL), 200);
	assert_null(box_at(box, "/servers/0/OS-EXT-SRV-ATTR:host"));
	assert_int_equal(get_as(box, box->admin, "2.96", "one", DETAIL), 200);
	assert_non_null(box_at(box, "/servers/0/OS-EXT-SRV-ATTR:host"));
}

static void lists_follow_the_record(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ""), *path = box_format(box, "/servers/%s", id);

	assert_string_equal(listed(box, "2.90", "/name"), "first");
	change(box, "PUT", path, "{\"server\":{\"name\":\"second\"}}", 200);
	assert_string_equal(listed(box, "2.90", "/name"), "second");
	assert_int_equal(get_as(box, box->admin, "2.90", "one", "/servers"), 200);
	assert_string_equal(box_text(box, "/servers/0/name"), "second");
	change(box, "PUT", path, "{\"server\":{\"name\":\"third\"}}", 200);
	assert_int_equal(get_as(box, box->admin, "2.90", "one", "/servers"), 200);
	assert_string_equal(box_text(box, "/servers/0/name"), "third");
	assert_string_equal(listed(box, "2.90", "/status"), "BUILD");
	report(box, id, GUEST_RUNNING, "");
	assert_string_equal(listed(box, "2.90", "/status"), "ACTIVE");
	change(box, "PUT", box_format(box, "%s/metadata/key", path),
	       "{\"meta\":{\"key\":\"word\"}}", 200);
	assert_string_equal(listed(box, "2.90", "/metadata/key"), "word");
	change(box, "PUT", box_format(box, "%s/tags/blue", path), NULL, 201);
	assert_string_equal(listed(box, "2.90", "/tags/0"), "blue");
	report(box, id, GUEST_CRASHED, "out of memory");
	assert_string_equal(listed(box, "2.90", "/status"), "ERROR");
	assert_string_equal(listed(box, "2.90", "/fault/message"), "out of memory");
}

static void lists_follow_ports_and_networks(void **state)
{
	static const char address[] = "/addresses/private/0/addr";
	struct box *box = *state;
	const char *id = server_make(box, ""), *port, *group, *network;

	report(box, id, GUEST_RUNNING, "");
	port = network_first(box, box_format(box, "ports?device_id=%s", id), "/ports/0/id");
	group = network_first(box, "security-groups?name=default", "/security_groups/0/id");
	network = network_first(box, "networks?name=private", "/networks/0/id");
	assert_string_not_equal(listed(box, "2.1", address), "10.20.0.77");
	network_change(box, box_format(box, "/ports/%s", port),
		       "{\"port\":{\"fixed_ips\":[{\"ip_address\":\"10.20.0.77\"}]}}");
	assert_string_equal(listed(box, "2.1", address), "10.20.0.77");
	assert_string_equal(listed(box, "2.1", "/security_groups/0/name"), "default");
	network_change(box, box_format(box, "/ports/%s", port),
		       "{\"port\":{\"security_groups\":[]}}");
	assert_string_equal(listed(box, "2.1", "/security_groups/0/name"), "");
	network_change(box, box_format(box, "/ports/%s", port),
		       box_format(box, "{\"port\":{\"security_groups\":[\"%s\"]}}", group));
	assert_string_equal(listed(box, "2.1", "/security_groups/0/name"), "default");
	network_change(box, box_format(box, "/networks/%s", network),
		       "{\"network\":{\"name\":\"yard\"}}");
	assert_string_equal(listed(box, "2.1", "/addresses/yard/0/addr"), "10.20.0.77");
	assert_string_equal(listed(box, "2.1", address), "");
}

/* Behind the server's back: its own record stays as it is. */
static void user_data_put(struct box *box, const char *id, const char *text)
{
	struct store_txn *txn = store_txn_new(&box->arena);

	store_txn_put(txn, box_format(box, KEY_USER_DATA "%s", id),
		      box_format(box, "{\"user_data\":\"%s\"}", text));
	assert_int_equal(store_commit(box->cloud.store, txn, NULL, NULL), 0);
}

static void lists_follow_what_else_they_show(void **state)
{
	static const char user_data[] = "/OS-EXT-SRV-ATTR:user_data";
	struct box *box = *state;
	struct vmm_host host = { .memory = 1 };
	const char *id = server_make(box, ",\"user_data\":\"b25l\"");

	report(box, id, GUEST_RUNNING, "");
	assert_string_equal(listed(box, "2.90", user_data), "b25l");
	assert_string_equal(listed(box, "2.1", user_data), "");
	change(box, "POST", box_format(box, "/servers/%s/action", id),
	       "{\"rebuild\":{\"imageRef\":\"" IMAGE "\",\"user_data\":\"dHdv\"}}", 202);
	assert_string_equal(listed(box, "2.90", user_data), "dHdv");
	user_data_put(box, id, "ZHJlaQ==");
	assert_string_equal(listed(box, "2.90", user_data), "ZHJlaQ==");
	assert_string_equal(listed(box, "2.90", "/host_status"), "UNKNOWN");
	admission_host_set(&host);
	assert_string_equal(listed(box, "2.90", "/host_status"), "UP");
	assert_non_null(strstr(listed(box, "2.90", "/links/0/href"), "https://one/"));
	assert_int_equal(get_as(box, box->admin, "2.90", "another", DETAIL), 200);
	assert_non_null(strstr(box_text(box, "/servers/0/links/0/href"), "https://another/"));
	assert_int_equal(get_as(box, box->admin, "2.90", "another", "/servers"), 200);
	assert_non_null(strstr(box_text(box, "/servers/0/links/0/href"), "https://another/"));
	assert_int_equal(get_as(box, box->admin, "2.90", "one", "/servers"), 200);
	assert_non_null(strstr(box_text(box, "/servers/0/links/0/href"), "https://one/"));
}

static void lists_of_ports_are_the_callers(void **state)
{
	static const char ports[] = "/network/v2.0/ports", secret[] = "\"binding:host_id\"";
	struct box *box = *state;
	const char *member = member_token(box);

	server_make(box, "");
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(box_do(box, "GET", ports, NULL), 200);
		assert_non_null(strstr(box->reply.body, secret));
		assert_int_equal(box_send(box, member, "GET", ports, NULL, NULL), 200);
		assert_non_null(strstr(box->reply.body, "compute:nova"));
		assert_null(strstr(box->reply.body, secret));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(lists_agree_with_servers),
		BOX_TEST(lists_follow_the_record),
		BOX_TEST(lists_follow_ports_and_networks),
		BOX_TEST(lists_follow_what_else_they_show),
		BOX_TEST(lists_of_ports_are_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
