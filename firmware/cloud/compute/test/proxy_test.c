/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What older clients still ask Nova for: the network service's things, and what is gone. */
#include "firmware/cloud/compute/test/cloud_box.h"

static int post(struct box *box, const char *target, const char *body)
{
	return send_at(box, "2.1", "POST", target, body);
}

static const char *pool_make(struct box *box)
{
	const char *id;

	assert_int_equal(box_do(box, "POST", "/network/v2.0/networks",
				"{\"network\":{\"name\":\"world\",\"router:external\":true}}"),
			 201);
	id = arena_strdup(&box->arena, box_text(box, "/network/id"));
	assert_int_equal(box_do(box, "POST", "/network/v2.0/subnets",
				box_format(box,
					   "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
					   "\"cidr\":\"198.51.100.0/29\",\"enable_dhcp\":false}}",
					   id)),
			 201);
	return id;
}

static void networks_have_id_and_label(void **state)
{
	struct box *box = *state;
	const char *id;

	assert_int_equal(send_at(box, "2.1", "GET", "/os-networks", NULL), 200);
	id = arena_strdup(&box->arena, box_text(box, "/networks/0/id"));
	assert_non_null(box_at(box, "/networks/0/label"));
	assert_true(yyjson_is_null(box_at(box, "/networks/0/cidr")));
	assert_int_equal(
		send_at(box, "2.1", "GET", box_format(box, "/os-tenant-networks/%s", id), NULL),
		200);
	assert_string_equal(box_text(box, "/network/cidr"), "None");
	assert_int_equal(send_at(box, "2.1", "GET", "/os-networks/" IMAGE, NULL), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"), "Network not found");
	assert_int_equal(send_at(box, "2.36", "GET", "/os-networks", NULL), 404);
}

static void floating_ips_are_the_networks(void **state)
{
	struct box *box = *state;
	const char *id, *server;

	assert_int_equal(post(box, "/os-floating-ips", "{\"pool\":\"nowhere\"}"), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"), "Floating IP pool not found.");
	pool_make(box);
	assert_int_equal(send_at(box, "2.1", "GET", "/os-floating-ip-pools", NULL), 200);
	assert_non_null(strstr(box->reply.body, "\"world\""));
	assert_int_equal(post(box, "/os-floating-ips", "{\"pool\":\"world\"}"), 200);
	assert_string_equal(box_text(box, "/floating_ip/pool"), "world");
	assert_true(yyjson_is_null(box_at(box, "/floating_ip/instance_id")));
	id = arena_strdup(&box->arena, box_text(box, "/floating_ip/id"));
	assert_int_equal(send_at(box, "2.1", "GET", "/os-floating-ips", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/floating_ips")), 1);
	server = server_make(box, "");
	assert_int_equal(act(box, server, "{\"addFloatingIp\":{\"address\":\"198.51.100.99\"}}"),
			 404);
	assert_int_equal(act(box, server, "{\"addFloatingIp\":{}}"), 400);
	assert_int_equal(
		send_at(box, "2.1", "DELETE", box_format(box, "/os-floating-ips/%s", id), NULL),
		202);
	assert_int_equal(
		send_at(box, "2.1", "GET", box_format(box, "/os-floating-ips/%s", id), NULL), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"),
			    box_format(box, "Floating IP not found for ID %s", id));
	assert_int_equal(send_at(box, "2.36", "GET", "/os-floating-ips", NULL), 404);
}

static void rules_are_made_in_novas_form(void **state)
{
	static const struct {
		const char *members;
		int status;
		const char *message;
	} cases[] = {
		{ "\"ip_protocol\":\"tcp\",\"from_port\":22,\"to_port\":\"22\"", 200, NULL },
		{ "\"ip_protocol\":\"tcp\",\"from_port\":22,\"to_port\":22", 400,
		  "This rule already exists in group " },
		{ "\"ip_protocol\":\"icmp\",\"from_port\":-1,\"to_port\":-1", 200, NULL },
		{ "\"ip_protocol\":\"tcp\",\"from_port\":2,\"to_port\":1", 400,
		  "Invalid port range 2:1. Former value cannot be greater than the later" },
		{ "\"ip_protocol\":\"udp\",\"from_port\":0,\"to_port\":1", 400,
		  "Invalid port range 0:1. Valid UDP ports should be between 1-65535" },
		{ "\"ip_protocol\":\"gre\",\"from_port\":1,\"to_port\":1", 400,
		  "Invalid IP protocol gre." },
		{ "\"ip_protocol\":\"tcp\",\"from_port\":\"x\",\"to_port\":1", 400,
		  "Invalid input received: To and From ports must be integers" },
		{ "\"ip_protocol\":\"tcp\"", 400, "Not enough parameters to build a valid rule." },
	};
	struct box *box = *state;
	const char *group, *rule;

	assert_int_equal(post(box, "/os-security-groups",
			      "{\"security_group\":{\"name\":\"web\",\"description\":\"d\"}}"),
			 200);
	group = arena_strdup(&box->arena, box_text(box, "/security_group/id"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (post(box, "/os-security-group-rules",
			 box_format(box,
				    "{\"security_group_rule\":{\"parent_group_id\":\"%s\",%s}}",
				    group, cases[i].members)) != cases[i].status)
			fail_msg("%s: %s", cases[i].members, box->reply.body);
		if (cases[i].message && !strstr(box->reply.body, cases[i].message))
			fail_msg("%s: %s", cases[i].members, box->reply.body);
	}
	assert_int_equal(post(box, "/os-security-group-rules",
			      box_format(box,
					 "{\"security_group_rule\":{\"parent_group_id\":\"%s\","
					 "\"group_id\":\"%s\",\"ip_protocol\":\"tcp\"}}",
					 group, group)),
			 200);
	assert_string_equal(box_text(box, "/security_group_rule/group/name"), "web");
	assert_int_equal(yyjson_get_int(box_at(box, "/security_group_rule/to_port")), 65535);
	rule = box_format(box, "/os-security-group-rules/%s",
			  box_text(box, "/security_group_rule/id"));
	assert_int_equal(send_at(box, "2.1", "DELETE", rule, NULL), 202);
	assert_int_equal(send_at(box, "2.1", "DELETE", rule, NULL), 404);
	assert_int_equal(send_at(box, "2.1", "DELETE", "/os-security-group-rules/x", NULL), 400);
}

static void the_default_class_counts(void **state)
{
	struct box *box = *state;
	const char *target = "/os-quota-class-sets/default";
	const char *quota =
		box_format(box, "/os-quota-sets/%s", box_find(box, "projects", "admin"));

	assert_int_equal(send_at(box, "2.1", "PUT", target,
				 "{\"quota_class_set\":{\"instances\":1,\"ram\":\"4096\"}}"),
			 200);
	assert_null(box_at(box, "/quota_class_set/id"));
	assert_int_equal(yyjson_get_int(box_at(box, "/quota_class_set/ram")), 4096);
	assert_null(box_at(box, "/quota_class_set/server_groups"));
	assert_int_equal(send_at(box, "2.50", "GET", target, NULL), 200);
	assert_string_equal(box_text(box, "/quota_class_set/id"), "default");
	assert_int_equal(yyjson_get_int(box_at(box, "/quota_class_set/server_groups")), 10);
	assert_null(box_at(box, "/quota_class_set/fixed_ips"));
	assert_int_equal(
		send_at(box, "2.50", "PUT", target, "{\"quota_class_set\":{\"fixed_ips\":1}}"),
		400);
	assert_int_equal(send_at(box, "2.1", "GET", quota, NULL), 200);
	assert_int_equal(yyjson_get_int(box_at(box, "/quota_set/instances")), 1);
	server_make(box, "");
	assert_int_equal(
		post(box, "/servers",
		     "{\"server\":{\"name\":\"x\",\"flavorRef\":\"42\",\"imageRef\":\"" IMAGE
		     "\"}}"),
		403);
}

static void what_is_gone_says_so(void **state)
{
	static const struct {
		const char *method, *target;
		int status;
	} cases[] = {
		{ "GET", "/os-cells/detail", 410 },
		{ "POST", "/os-certificates", 410 },
		{ "GET", "/os-fixed-ips/10.0.0.1", 410 },
		{ "POST", "/os-fixed-ips/10.0.0.1/action", 410 },
		{ "PUT", "/os-agents/1", 410 },
		{ "GET", "/os-fping", 410 },
		{ "POST", "/os-networks", 410 },
		{ "GET", "/servers/x/os-virtual-interfaces", 410 },
		{ "GET", "/os-baremetal-nodes", 501 },
		{ "DELETE", "/os-baremetal-nodes/x", 400 },
		{ "DELETE", "/os-assisted-volume-snapshots/x", 400 },
		{ "GET", "/versions/v2.1", 200 },
		{ "GET", "/versions/v3", 404 },
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (send_at(box, "2.1", cases[i].method, cases[i].target, NULL) != cases[i].status)
			fail_msg("%s: %d", cases[i].target, box->reply.status);
	assert_int_equal(post(box, "/os-baremetal-nodes/x/action",
			      "{\"remove_interface\":{\"address\":\"a\"}}"),
			 400);
	assert_string_equal(box_text(box, "/badRequest/message"),
			    "Command Not supported. Please use Ironic command port-delete to "
			    "perform this action.");
	send_at(box, "2.96", "GET", "/os-cells", NULL);
	assert_string_equal(box_text(box, "/computeFault/message"),
			    "This resource is no longer available.  No forwarding address is "
			    "given.");
	assert_int_equal(send_at(box, "2.1", "DELETE",
				 "/os-assisted-volume-snapshots/x?delete_info="
				 "%7B%22volume_id%22%3A%22v%22%7D",
				 NULL),
			 400);
	assert_string_equal(box_text(box, "/badRequest/message"),
			    "No volume Block Device Mapping with id v.");
}

static void there_are_no_volumes(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
		const char *message;
	} cases[] = {
		{ "GET", "/os-volumes", NULL, 200, "{\"volumes\":[]}" },
		{ "GET", "/os-volumes/detail", NULL, 200, "{\"volumes\":[]}" },
		{ "GET", "/os-snapshots", NULL, 200, "{\"snapshots\":[]}" },
		{ "GET", "/os-volumes/v", NULL, 404, "Volume v could not be found." },
		{ "DELETE", "/os-volumes/v", NULL, 404, "Volume v could not be found." },
		{ "GET", "/os-snapshots/s", NULL, 404, "Snapshot s could not be found." },
		{ "POST", "/os-volumes", "{\"volume\":{\"size\":1}}", 501, "not supported" },
		{ "POST", "/os-volumes", "{\"volume\":{}}", 400, "'size' is a required property" },
		{ "POST", "/os-snapshots", "{\"snapshot\":{\"volume_id\":\"v\"}}", 404,
		  "Volume v could not be found." },
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (send_at(box, "2.1", cases[i].method, cases[i].target, cases[i].body) !=
			    cases[i].status ||
		    !strstr(box->reply.body, cases[i].message))
			fail_msg("%s: %d %s", cases[i].target, box->reply.status, box->reply.body);
	assert_int_equal(send_at(box, "2.36", "GET", "/os-volumes", NULL), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"),
			    "API version 2.36 is not supported on this method.");
}

static void servers_have_another_name(void **state)
{
	struct box *box = *state;
	const char *id, *path;

	assert_int_equal(post(box, "/os-volumes_boot",
			      "{\"server\":{\"name\":\"first\",\"imageRef\":\"" IMAGE
			      "\",\"flavorRef\":\"42\"}}"),
			 202);
	id = arena_strdup(&box->arena, box_text(box, "/server/id"));
	path = box_format(box, "/os-volumes_boot/%s", id);
	assert_int_equal(send_at(box, "2.96", "GET", path, NULL), 200);
	assert_string_equal(box_text(box, "/server/name"), "first");
	assert_int_equal(send_at(box, "2.96", "GET", "/os-volumes_boot/detail", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/servers")), 1);
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(post(box, box_format(box, "%s/action", path), "{\"os-stop\":null}"), 202);
	assert_int_equal(send_at(box, "2.1", "GET", "/os-volumes_bootx", NULL), 404);
	assert_int_equal(send_at(box, "2.1", "DELETE", path, NULL), 204);
}

static size_t addresses_of(struct box *box, const char *id)
{
	assert_int_equal(send_at(box, "2.1", "GET", box_format(box, "/servers/%s/ips", id), NULL),
			 200);
	return yyjson_arr_size(box_at(box, "/addresses/private"));
}

static void fixed_addresses_come_and_go(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ""), *network, *address;

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(send_at(box, "2.1", "GET", "/os-networks", NULL), 200);
	network = strcmp(box_text(box, "/networks/0/label"), "private")
			  ? box_text(box, "/networks/1/id")
			  : box_text(box, "/networks/0/id");
	assert_int_equal(act(box, id, "{\"addFixedIp\":{}}"), 400);
	network = box_format(box, "{\"addFixedIp\":{\"networkId\":\"%s\"}}", network);
	assert_int_equal(act(box, id, network), 202);
	assert_int_equal(addresses_of(box, id), 2);
	address = box_format(box, "{\"removeFixedIp\":{\"address\":\"%s\"}}",
			     box_text(box, "/addresses/private/1/addr"));
	assert_int_equal(act(box, id, address), 202);
	assert_int_equal(addresses_of(box, id), 1);
	/* What can't be done is not told, as in Nova, where it is found out later. */
	assert_int_equal(act(box, id, address), 202);
	assert_int_equal(act(box, id, "{\"addFixedIp\":{\"networkId\":1}}"), 202);
	assert_int_equal(addresses_of(box, id), 1);
	assert_int_equal(
		send_at(box, "2.44", "POST", box_format(box, "/servers/%s/action", id), network),
		400);
}

static void no_guest_sends_a_password(void **state)
{
	struct box *box = *state;
	const char *target =
		box_format(box, "/servers/%s/os-server-password", server_make(box, ""));

	assert_int_equal(send_at(box, "2.1", "GET", target, NULL), 200);
	assert_true(yyjson_equals_str(box_at(box, "/password"), ""));
	assert_int_equal(send_at(box, "2.1", "DELETE", target, NULL), 204);
	assert_int_equal(send_at(box, "2.1", "GET", "/servers/x/os-server-password", NULL), 404);
}

static void extensions_are_told(void **state)
{
	struct box *box = *state;

	assert_int_equal(send_at(box, "2.1", "GET", "/extensions", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/extensions")), 99);
	assert_int_equal(send_at(box, "2.1", "GET", "/extensions/os-server-groups", NULL), 200);
	assert_string_equal(box_text(box, "/extension/name"), "ServerGroups");
	assert_int_equal(send_at(box, "2.1", "GET", "/extensions/OS-EXT-VIF-NET", NULL), 404);
	assert_int_equal(box_do(box, "GET", "/compute/v2/extensions/OS-EXT-VIF-NET", NULL), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(networks_have_id_and_label),   BOX_TEST(floating_ips_are_the_networks),
		BOX_TEST(rules_are_made_in_novas_form), BOX_TEST(the_default_class_counts),
		BOX_TEST(no_guest_sends_a_password),    BOX_TEST(what_is_gone_says_so),
		BOX_TEST(extensions_are_told),          BOX_TEST(there_are_no_volumes),
		BOX_TEST(servers_have_another_name),    BOX_TEST(fixed_addresses_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
