/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What servers are made with and asked for beside their life: files, networks, diagnostics. */
#include "firmware/cloud/compute/test/cloud_box.h"

/* NULL: 404 */
static const char *told(struct box *box, const char *id, const char *path, size_t *size)
{
	const char *text = box_format(box, "{\"device_id\":\"%s\"}", id), *type;
	yyjson_val *port = json_parse(&box->arena, text, strlen(text));
	struct store_view *view;
	const void *body;
	int status;

	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(compute_metadata(&box->cloud, view, &box->arena, port, path, &status,
					  &type, &body, size, NULL),
			 0);
	store_view_close(view);
	return status == 200 ? body : NULL;
}

static int create(struct box *box, const char *version, const char *members)
{
	return send_at(box, version, "POST", "/servers",
		       box_format(box,
				  "{\"server\":{\"name\":\"x\",\"imageRef\":\"" IMAGE
				  "\",\"flavorRef\":\"42\"%s}}",
				  members));
}

#define FILES "{\"path\":\"/etc/motd\",\"contents\":\"aGVsbG8=\"}"

static void guests_are_handed_files(void **state)
{
	struct box *box = *state;
	const char *id, *body;
	struct metadata metadata;
	struct store_view *view;
	size_t size;

	assert_int_equal(create(box, "2.57", ",\"personality\":[" FILES "],\"networks\":\"none\""),
			 400);
	assert_int_equal(create(box, "2.1", ",\"personality\":[{\"path\":\"/a\"}]"), 400);
	assert_int_equal(create(box, "2.1",
				",\"personality\":[" FILES "," FILES "," FILES "," FILES "," FILES
				"," FILES "]"),
			 403);
	assert_string_equal(box_text(box, "/forbidden/message"), "Personality file limit exceeded");
	assert_int_equal(
		create(box, "2.1",
		       box_format(box, ",\"personality\":[{\"path\":\"%0256d\",\"contents\":\"\"}]",
				  0)),
		403);
	assert_string_equal(box_text(box, "/forbidden/message"),
			    "Personality file path exceeds maximum 255");
	assert_int_equal(
		create(box, "2.1",
		       box_format(box,
				  ",\"personality\":[{\"path\":\"a\",\"contents\":\"%010244d\"}]",
				  0)),
		403);
	assert_string_equal(box_text(box, "/forbidden/message"),
			    "Personality file content exceeds maximum 10240");
	id = server_make(box, ",\"config_drive\":true,\"personality\":[" FILES "]");
	body = told(box, id, "/openstack/content/0000", &size);
	assert_non_null(body);
	assert_int_equal(size, 5);
	assert_memory_equal(body, "hello", 5);
	assert_null(told(box, id, "/openstack/content/0001", &size));
	assert_null(told(box, id, "/openstack/content/000", &size));
	body = told(box, id, "/openstack/latest/meta_data.json", &size);
	assert_non_null(strstr(body, "\"files\":[{\"path\":\"/etc/motd\","
				     "\"content_path\":\"/content/0000\"}]"));
	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(metadata_load(view, &box->arena, id, &metadata, NULL), 0);
	assert_int_equal(metadata_drive(&metadata, (const void **)&body, &size), 0);
	store_view_close(view);
	assert_non_null(memmem(body, size, "hello", 5));
	/* A rebuild without files takes them away. */
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, "{\"rebuild\":{\"imageRef\":\"" IMAGE "\"}}"), 202);
	assert_null(told(box, id, "/openstack/content/0000", &size));
}

static void signatures_are_not_checked(void **state)
{
	struct box *box = *state;

	assert_int_equal(create(box, "2.63",
				",\"networks\":\"none\",\"trusted_image_certificates\":[\"c\"]"),
			 400);
	assert_non_null(strstr(box_text(box, "/badRequest/message"),
			       "does not support certificate validation"));
}

static void diagnostics_are_of_running_guests(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");
	const char *target = box_format(box, "/servers/%s/diagnostics", id);

	assert_int_equal(send_at(box, "2.1", "GET", target, NULL), 409);
	assert_string_equal(box_text(box, "/conflictingRequest/message"),
			    box_format(box,
				       "Cannot 'get_diagnostics' instance %s while it is in power "
				       "state pending",
				       id));
	report(box, id, GUEST_RUNNING, "");
	report(box, id, GUEST_STOPPED, "");
	assert_int_equal(send_at(box, "2.48", "GET", target, NULL), 409);
	assert_non_null(strstr(box->reply.body, "power state shutdown"));
	assert_int_equal(send_at(box, "2.48", "GET", "/servers/x/diagnostics", NULL), 404);
}

static const char *network_named(struct box *box, const char *name)
{
	assert_int_equal(
		box_do(box, "GET", box_format(box, "/network/v2.0/networks?name=%s", name), NULL),
		200);
	return arena_strdup(&box->arena, box_text(box, "/networks/0/id"));
}

/* All that the first start made between servers and the world outside, but that world. */
static void private_network_remove(struct box *box)
{
	const char *router, *subnet, *network = network_named(box, "private");

	assert_int_equal(box_do(box, "GET", "/network/v2.0/routers", NULL), 200);
	router = arena_strdup(&box->arena, box_text(box, "/routers/0/id"));
	assert_int_equal(box_do(box, "GET", "/network/v2.0/subnets?cidr=10.20.0.0/24", NULL), 200);
	subnet = arena_strdup(&box->arena, box_text(box, "/subnets/0/id"));
	assert_int_equal(
		box_do(box, "PUT",
		       box_format(box, "/network/v2.0/routers/%s/remove_router_interface", router),
		       box_format(box, "{\"subnet_id\":\"%s\"}", subnet)),
		200);
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, "/network/v2.0/networks/%s", network), NULL),
		204);
}

static void networks_are_made_where_there_is_none(void **state)
{
	struct box *box = *state;
	const char *id;

	private_network_remove(box);
	assert_int_equal(create(box, "2.37", ",\"networks\":\"auto\""), 400);
	assert_non_null(strstr(box_text(box, "/badRequest/message"),
			       "Unable to automatically allocate a network for project "));
	assert_int_equal(box_do(box, "POST", "/network/v2.0/subnetpools",
				"{\"subnetpool\":{\"name\":\"p\",\"is_default\":true,"
				"\"shared\":true,\"default_prefixlen\":26,"
				"\"prefixes\":[\"10.64.0.0/16\"]}}"),
			 201);
	assert_int_equal(create(box, "2.37", ",\"networks\":\"auto\",\"min_count\":2"), 202);
	id = arena_strdup(&box->arena, box_text(box, "/server/id"));
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(
		send_at(box, "2.37", "GET", box_format(box, "/servers/%s/os-interface", id), NULL),
		200);
	id = arena_strdup(&box->arena, box_text(box, "/interfaceAttachments/0/net_id"));
	assert_string_equal(id, network_named(box, "auto_allocated_network"));
}

static void no_migration_is_under_way(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(send_at(box, "2.22", "POST",
				 box_format(box, "/servers/%s/migrations/1/action", id),
				 "{\"force_complete\":null}"),
			 409);
	assert_string_equal(box_text(box, "/conflictingRequest/message"),
			    box_format(box,
				       "Cannot 'force_complete' instance %s while it is in "
				       "task_state None",
				       id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(guests_are_handed_files),
		BOX_TEST(signatures_are_not_checked),
		BOX_TEST(diagnostics_are_of_running_guests),
		BOX_TEST(no_migration_is_under_way),
		BOX_TEST(networks_are_made_where_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
