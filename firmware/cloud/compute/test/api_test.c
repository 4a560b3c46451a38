/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API over a real store, with the other services in the same process and vmm played. */
#include "firmware/cloud/compute/test/cloud_box.h"

static void a_server_lives(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	assert_non_null(strstr(box_header(box, "Location"), id));
	assert_string_equal(box_text(box, "/server/security_groups/0/name"), "default");
	assert_int_equal(strlen(box_text(box, "/server/adminPass")), 12);
	assert_string_equal(status_now(box, id), "BUILD");
	assert_int_equal(yyjson_obj_size(box_at(box, "/server/addresses")), 0);
	assert_int_equal(act(box, id, "{\"os-stop\":null}"), 409);
	assert_int_equal(report(box, id, GUEST_BUILDING, ""), 0);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0); /* nothing new, nothing written */
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_int_equal(yyjson_arr_size(box_at(box, "/server/addresses/private")), 1);
	assert_string_equal(box_text(box, "/server/addresses/private/0/OS-EXT-IPS:type"), "fixed");
	assert_int_equal(act(box, id, "{\"os-stop\":null}"), 202);
	assert_int_equal(act(box, id, "{\"os-stop\":null}"), 409);
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 1);
	assert_string_equal(status_now(box, id), "SHUTOFF");
	assert_int_equal(act(box, id, "{\"os-start\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(act(box, id, "{\"reboot\":{\"type\":\"SOFT\"}}"), 202);
	assert_string_equal(status_now(box, id), "REBOOT");
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL),
			 204);
	assert_int_equal(report(box, id, GUEST_GONE, ""), 1);
	assert_int_equal(send_at(box, "2.1", "GET", box_format(box, "/servers/%s", id), NULL), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"),
			    box_format(box, "Instance %s could not be found.", id));
}

static void nothing_is_left_behind(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ",\"user_data\":\"aGVsbG8=\"");
	struct store_view *view;

	assert_int_equal(send_at(box, "2.1", "GET", "/limits", NULL), 200);
	assert_int_equal(yyjson_get_sint(box_at(box, "/limits/absolute/totalRAMUsed")), 128);
	send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL);
	assert_int_equal(report(box, id, GUEST_GONE, ""), 1);
	assert_int_equal(send_at(box, "2.1", "GET", "/limits", NULL), 200);
	assert_int_equal(yyjson_get_sint(box_at(box, "/limits/absolute/totalInstancesUsed")), 0);
	assert_int_equal(yyjson_get_sint(box_at(box, "/limits/absolute/totalRAMUsed")), 0);
	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(store_count(view, KEY_SERVER), 0);
	assert_int_equal(store_count(view, KEY_USER_DATA), 0);
	assert_int_equal(store_count(view, KEY_ACTION), 0);
	assert_int_equal(store_count(view, "/placement/allocation/"), 0);
	store_view_close(view);
	assert_int_equal(
		box_do(box, "GET", box_format(box, "/network/v2.0/ports?device_id=%s", id), NULL),
		200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/ports")), 0);
}

static void a_crash_shows_its_reason(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(report(box, id, GUEST_CRASHED, "QEMU was killed by signal 9"), 1);
	assert_string_equal(status_now(box, id), "ERROR");
	assert_string_equal(box_text(box, "/server/fault/message"), "QEMU was killed by signal 9");
	assert_int_equal(yyjson_get_sint(box_at(box, "/server/fault/code")), 500);
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 0);
	assert_int_equal(act(box, id, "{\"reboot\":{\"type\":\"HARD\"}}"), 202);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_null(box_at(box, "/server/fault"));
}

static void what_fits_nowhere_goes_to_error(void **state)
{
	struct box *box = *state;
	const char *id;

	assert_int_equal(send_at(box, "2.1", "POST", "/flavors",
				 "{\"flavor\":{\"name\":\"huge\",\"id\":\"huge\",\"ram\":51200,"
				 "\"vcpus\":1,\"disk\":2000000000}}"),
			 200);
	assert_int_equal(send_at(box, "2.1", "POST", "/servers",
				 "{\"server\":{\"name\":\"x\",\"imageRef\":\"" IMAGE
				 "\",\"flavorRef\":\"huge\"}}"),
			 202);
	id = arena_strdup(&box->arena, box_text(box, "/server/id"));
	assert_string_equal(status_now(box, id), "ERROR");
	assert_string_equal(box_text(box, "/server/fault/message"), "No valid host was found. ");
	assert_int_equal(send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL),
			 204);
	assert_int_equal(send_at(box, "2.1", "GET", box_format(box, "/servers/%s", id), NULL), 404);
}

static void views_follow_the_microversion(void **state)
{
	static const struct {
		const char *version, *pointer;
		bool there;
	} cases[] = {
		{ "2.1", "/server/locked", false },
		{ "2.9", "/server/locked", true },
		{ "2.2", "/server/OS-EXT-SRV-ATTR:hostname", false },
		{ "2.3", "/server/OS-EXT-SRV-ATTR:hostname", true },
		{ "2.18", "/server/description", false },
		{ "2.19", "/server/description", true },
		{ "2.25", "/server/tags", false },
		{ "2.26", "/server/tags", true },
		{ "2.46", "/server/flavor/id", true },
		{ "2.47", "/server/flavor/id", false },
		{ "2.47", "/server/flavor/original_name", true },
		{ "2.62", "/server/trusted_image_certificates", false },
		{ "2.63", "/server/trusted_image_certificates", true },
		{ "2.70", "/server/server_groups", false },
		{ "2.71", "/server/server_groups", true },
		{ "2.72", "/server/locked_reason", false },
		{ "2.73", "/server/locked_reason", true },
		{ "2.95", "/server/pinned_availability_zone", false },
		{ "2.96", "/server/pinned_availability_zone", true },
	};
	struct box *box = *state;
	const char *target = box_format(box, "/servers/%s", server_make(box, ""));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(send_at(box, cases[i].version, "GET", target, NULL), 200);
		if (!!box_at(box, cases[i].pointer) != cases[i].there)
			fail_msg("%s at %s", cases[i].pointer, cases[i].version);
		if (yyjson_obj_get(yyjson_obj_get(box->body, "server"), "_disk"))
			fail_msg("a member of ours is shown");
	}
	assert_int_equal(send_at(box, "2.97", "GET", target, NULL), 406);
}

static void lists_are_filtered(void **state)
{
	static const struct {
		const char *query;
		size_t count;
	} cases[] = {
		{ "", 2 },
		{ "?name=fir", 2 },
		{ "?name=^first-1$", 1 },
		{ "?status=BUILD", 2 },
		{ "?status=build&status=ACTIVE", 2 },
		{ "?status=ACTIVE", 0 },
		{ "?status=nonsense", 0 },
		{ "?image=" IMAGE, 2 },
		{ "?image=70a599e0-31e7-49b7-b260-868f441e8620", 0 },
		{ "?flavor=42", 2 },
		{ "?flavor=1", 0 },
		{ "?limit=1", 1 },
		{ "?changes-since=2011-01-01T12:34:00Z", 2 },
		{ "?changes-since=2999-01-01T12:34:00Z", 0 },
		{ "?deleted=true", 0 },
		{ "?ip=10", 2 },
		{ "?ip=99", 0 },
		{ "?all_tenants=1", 2 },
	};
	struct box *box = *state;

	server_make(box, ",\"min_count\":2");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(send_at(box, "2.1", "GET",
					 box_format(box, "/servers%s", cases[i].query), NULL),
				 200);
		if (yyjson_arr_size(box_at(box, "/servers")) != cases[i].count)
			fail_msg("%s: %s", cases[i].query, box->reply.body);
	}
	assert_int_equal(send_at(box, "2.38", "GET", "/servers?status=nonsense", NULL), 400);
	assert_int_equal(send_at(box, "2.1", "GET", "/servers?changes-since=bad", NULL), 400);
	assert_int_equal(send_at(box, "2.75", "GET", "/servers?nonsense=1", NULL), 400);
	assert_int_equal(send_at(box, "2.1", "GET", "/servers?limit=-1", NULL), 400);
}

static void bad_orders_are_refused_whole(void **state)
{
	static const struct {
		const char *members, *message;
	} cases[] = {
		{ "\"flavorRef\":\"42\"", "Missing imageRef attribute" },
		{ "\"flavorRef\":\"no\",\"imageRef\":\"" IMAGE "\"",
		  "Flavor no could not be found." },
		{ "\"flavorRef\":\"42\",\"imageRef\":\"70a599e0-31e7-49b7-b260-868f441e8620\"",
		  "Can not find requested image" },
		{ "\"flavorRef\":\"42\",\"imageRef\":\"" IMAGE "\",\"key_name\":\"no\"",
		  "Invalid key_name provided." },
		{ "\"flavorRef\":\"42\",\"imageRef\":\"" IMAGE "\",\"min_count\":3,\"max_count\":2",
		  "min_count must be <= max_count" },
		{ "\"flavorRef\":\"42\",\"imageRef\":\"" IMAGE "\",\"availability_zone\":\"x\"",
		  "The requested availability zone is not available" },
	};
	struct box *box = *state;
	struct store_view *view;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(send_at(box, "2.1", "POST", "/servers",
					 box_format(box, "{\"server\":{\"name\":\"x\",%s}}",
						    cases[i].members)),
				 400);
		assert_string_equal(box_text(box, "/badRequest/message"), cases[i].message);
	}
	assert_int_equal(
		send_at(box, "2.1", "POST", "/servers",
			"{\"server\":{\"name\":\"x\",\"flavorRef\":\"42\",\"imageRef\":\"" IMAGE
			"\",\"min_count\":11}}"),
		403);
	assert_string_equal(box_text(box, "/forbidden/message"),
			    "Quota exceeded for instances: Requested 11, but already used 0 of 10 "
			    "instances");
	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(store_count(view, KEY_SERVER), 0);
	store_view_close(view);
}

static void metadata_is_served(void **state)
{
	static const struct {
		const char *path, *text; /* NULL: 404 */
	} cases[] = {
		{ "/openstack/latest/user_data", "hello" },
		{ "/latest/user-data", "hello" },
		{ "/openstack/latest/vendor_data.json", "{}" },
		{ "/latest/meta-data/hostname", "first" },
		{ "/2009-04-04/meta-data/instance-type", "m1.nano" },
		{ "/latest/meta-data/public-keys/", NULL },
		{ "/latest/meta-data/placement/", "availability-zone" },
		{ "/latest/meta-data/security-groups", "default" },
		{ "/openstack/1999-01-01/meta_data.json", NULL },
		{ "/latest/meta-data/nothing", NULL },
		{ "/latest/", "meta-data/\nuser-data" },
	};
	struct box *box = *state;
	const char *id = server_make(box, ",\"user_data\":\"aGVsbG8=\",\"metadata\":{\"a\":\"b\"}");
	const char *text = box_format(box, "{\"device_id\":\"%s\"}", id), *type;
	yyjson_val *port = json_parse(&box->arena, text, strlen(text)), *root;
	struct store_view *view;
	struct error error = { 0 };
	const void *body;
	size_t size;
	int status;

	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(compute_metadata(&box->cloud, view, &box->arena, port,
						  cases[i].path, &status, &type, &body, &size,
						  &error),
				 0);
		if (status != (cases[i].text ? 200 : 404))
			fail_msg("%s: %d", cases[i].path, status);
		if (cases[i].text &&
		    (size != strlen(cases[i].text) || memcmp(body, cases[i].text, size)))
			fail_msg("%s: %.*s", cases[i].path, (int)size, (const char *)body);
	}
	assert_int_equal(compute_metadata(&box->cloud, view, &box->arena, port,
					  "/openstack/latest/meta_data.json", &status, &type, &body,
					  &size, &error),
			 0);
	root = json_parse(&box->arena, body, size);
	assert_true(json_is(root, "uuid", id));
	assert_true(json_is(yyjson_obj_get(root, "meta"), "a", "b"));
	assert_int_equal(compute_metadata(&box->cloud, view, &box->arena, port,
					  "/openstack/latest/network_data.json", &status, &type,
					  &body, &size, &error),
			 0);
	root = json_parse(&box->arena, body, size);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "links")), 1);
	assert_true(
		json_is(yyjson_arr_get(yyjson_obj_get(root, "networks"), 0), "type", "ipv4_dhcp"));
	store_view_close(view);
}

static void flavors_and_quotas(void **state)
{
	struct box *box = *state;

	assert_int_equal(send_at(box, "2.1", "GET", "/flavors/detail", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/flavors")), 7);
	assert_string_equal(box_text(box, "/flavors/0/name"), "m1.tiny");
	assert_true(yyjson_equals_str(box_at(box, "/flavors/0/swap"), ""));
	assert_int_equal(send_at(box, "2.75", "GET", "/flavors/1", NULL), 200);
	assert_true(yyjson_equals_str(box_at(box, "/flavor/name"), "m1.tiny"));
	assert_true(yyjson_is_int(box_at(box, "/flavor/swap")));
	assert_int_equal(send_at(box, "2.1", "POST", "/flavors",
				 "{\"flavor\":{\"name\":\"m1.tiny\",\"ram\":1,\"vcpus\":1,"
				 "\"disk\":0}}"),
			 409);
	assert_int_equal(send_at(box, "2.1", "POST", "/flavors/1/os-extra_specs",
				 "{\"extra_specs\":{\"hw:x\":\"y\"}}"),
			 200);
	assert_int_equal(send_at(box, "2.61", "GET", "/flavors/1", NULL), 200);
	assert_string_equal(box_text(box, "/flavor/extra_specs/hw:x"), "y");
	assert_int_equal(send_at(box, "2.1", "DELETE", "/flavors/1", NULL), 202);
	assert_int_equal(send_at(box, "2.1", "GET", "/flavors/1", NULL), 404);
	assert_int_equal(send_at(box, "2.1", "GET", "/flavors?minRam=x", NULL), 400);
}

static void metadata_items_and_tags(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ""), *meta = box_format(box, "/servers/%s/metadata", id);
	const char *tag = box_format(box, "/servers/%s/tags/blue", id);

	assert_int_equal(send_at(box, "2.1", "PUT", meta, "{\"metadata\":{\"a\":\"1\"}}"), 409);
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(send_at(box, "2.1", "PUT", meta, "{\"metadata\":{\"a\":\"1\"}}"), 200);
	assert_int_equal(send_at(box, "2.1", "POST", meta, "{\"metadata\":{\"b\":\"2\"}}"), 200);
	assert_int_equal(yyjson_obj_size(box_at(box, "/metadata")), 2);
	assert_int_equal(send_at(box, "2.1", "PUT", box_format(box, "%s/c", meta),
				 "{\"meta\":{\"d\":\"1\"}}"),
			 400);
	assert_int_equal(send_at(box, "2.1", "DELETE", box_format(box, "%s/a", meta), NULL), 204);
	assert_int_equal(send_at(box, "2.1", "GET", box_format(box, "%s/a", meta), NULL), 404);
	assert_int_equal(send_at(box, "2.25", "PUT", tag, NULL), 404);
	assert_int_equal(send_at(box, "2.26", "PUT", tag, NULL), 201);
	assert_int_equal(send_at(box, "2.26", "PUT", tag, NULL), 204);
	assert_int_equal(send_at(box, "2.26", "GET", tag, NULL), 204);
	assert_int_equal(send_at(box, "2.1", "GET", "/servers?tags=blue", NULL), 200);
	assert_int_equal(send_at(box, "2.26", "GET", "/servers?not-tags=blue", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/servers")), 0);
	assert_int_equal(send_at(box, "2.26", "DELETE", tag, NULL), 204);
	assert_int_equal(send_at(box, "2.26", "DELETE", tag, NULL), 404);
}

static void security_groups_in_novas_form(void **state)
{
	struct box *box = *state;
	const char *target;

	assert_int_equal(send_at(box, "2.1", "GET", "/os-security-groups", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/security_groups")), 1);
	assert_int_equal(send_at(box, "2.1", "POST", "/os-security-groups",
				 "{\"security_group\":{\"name\":\"web\",\"description\":\"d\"}}"),
			 200);
	assert_string_equal(box_text(box, "/security_group/name"), "web");
	assert_int_equal(yyjson_arr_size(box_at(box, "/security_group/rules")), 0);
	target = box_format(box, "/os-security-groups/%s", box_text(box, "/security_group/id"));
	assert_int_equal(send_at(box, "2.1", "PUT", target,
				 "{\"security_group\":{\"name\":\"new\",\"description\":\"e\"}}"),
			 200);
	assert_int_equal(send_at(box, "2.1", "GET", target, NULL), 200);
	assert_string_equal(box_text(box, "/security_group/description"), "e");
	assert_int_equal(send_at(box, "2.36", "GET", target, NULL), 404);
	assert_int_equal(send_at(box, "2.1", "DELETE", target, NULL), 202);
	assert_int_equal(send_at(box, "2.1", "DELETE", target, NULL), 404);
	assert_int_equal(send_at(box, "2.1", "DELETE", "/os-security-groups/", NULL), 404);
}

static int get(struct box *box, const char *target)
{
	return box_send(box, box->admin, "GET", target, NULL, NULL);
}

static void old_clients_find_version_2(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	assert_int_equal(get(box, "/compute"), 200);
	assert_string_equal(box_text(box, "/versions/0/id"), "v2.0");
	assert_string_equal(box_text(box, "/versions/0/version"), "");
	assert_string_equal(box_text(box, "/versions/1/version"), "2.96");
	assert_int_equal(get(box, "/compute/v2/"), 200);
	assert_string_equal(box_text(box, "/version/id"), "v2.0");
	assert_int_equal(get(box, "/compute/v2.1/"), 200);
	assert_string_equal(box_text(box, "/version/id"), "v2.1");
	assert_int_equal(get(box, box_format(box, "/compute/v2/servers/%s", id)), 200);
	assert_string_equal(box_text(box, "/server/id"), id);
}

static void access_addresses_are_shortened(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ",\"accessIPv4\":\"192.0.2.1\",\"accessIPv6\":"
					  "\"0000:0000:0000:0000:0000:babe:220.12.22.2\"");
	const char *target = box_format(box, "/servers/%s", id);

	assert_int_equal(send_at(box, "2.1", "GET", target, NULL), 200);
	assert_string_equal(box_text(box, "/server/accessIPv4"), "192.0.2.1");
	assert_string_equal(box_text(box, "/server/accessIPv6"), "::babe:dc0c:1602");
	assert_int_equal(send_at(box, "2.1", "PUT", target,
				 "{\"server\":{\"accessIPv6\":\"2001:DB8:0:0::1\"}}"),
			 200);
	assert_string_equal(box_text(box, "/server/accessIPv6"), "2001:db8::1");
}

static int act_at(struct box *box, const char *version, const char *id, const char *action)
{
	return send_at(box, version, "POST", box_format(box, "/servers/%s/action", id), action);
}

static void a_server_is_rebuilt(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ""), *body;

	body = "{\"rebuild\":{\"imageRef\":\"" IMAGE "\",\"name\":\"second\","
	       "\"metadata\":{\"a\":\"b\"},\"user_data\":\"aGVsbG8=\"}}";
	assert_int_equal(act_at(box, "2.57", id, body), 409); /* still building */
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(act_at(box, "2.1", id,
				"{\"rebuild\":{\"imageRef\":\"" IMAGE
				"\",\"user_data\":\"aGVsbG8=\"}}"),
			 400);
	assert_int_equal(act_at(box, "2.57", id, body), 202);
	assert_string_equal(box_text(box, "/server/name"), "second");
	assert_string_equal(box_text(box, "/server/status"), "REBUILD");
	assert_string_equal(box_text(box, "/server/user_data"), "aGVsbG8=");
	assert_string_equal(box_text(box, "/server/metadata/a"), "b");
	assert_int_equal(strlen(box_text(box, "/server/adminPass")), 12);
	assert_int_equal(act_at(box, "2.57", id, body), 409);
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 0);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_int_equal(
		act(box, id,
		    "{\"rebuild\":{\"imageRef\":\"70a599e0-31e7-49b7-b260-868f441e8000\"}}"),
		400);
	assert_non_null(strstr(box->reply.body, "Cannot find image for rebuild"));
}

/* It runs for a moment, as in Nova, and is then stopped without being asked. */
static void a_stopped_server_is_stopped_after_its_rebuild(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, "{\"os-stop\":null}"), 202);
	report(box, id, GUEST_STOPPED, "");
	assert_int_equal(act(box, id, "{\"rebuild\":{\"imageRef\":\"" IMAGE "\"}}"), 202);
	assert_string_equal(box_text(box, "/server/status"), "REBUILD");
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0);
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 1);
	assert_string_equal(status_now(box, id), "SHUTOFF");
}

static int64_t placed(struct box *box, const char *resource)
{
	struct placement_provider provider;
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_view *view;

	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(placement_provider_read(&box->cloud, view, &arena, &provider, NULL), 0);
	store_view_close(view);
	return provider.used[strcmp(resource, "VCPU") ? RESOURCE_MEMORY_MB : RESOURCE_VCPU];
}

/* Flavor 42 has 64 MiB, 84 has 128, 1 has 512, of 1 GiB of disk all three. */
static void a_server_is_resized(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");
	const char *larger = "{\"resize\":{\"flavorRef\":\"1\"}}";
	int64_t small;

	report(box, id, GUEST_RUNNING, "");
	small = placed(box, "MEMORY_MB");
	assert_int_equal(act(box, id, "{\"confirmResize\":null}"), 409);
	assert_int_equal(act(box, id, "{\"resize\":{\"flavorRef\":\"42\"}}"), 400);
	assert_int_equal(act(box, id, "{\"resize\":{\"flavorRef\":\"none\"}}"), 400);
	assert_int_equal(act(box, id, larger), 202);
	assert_int_equal(placed(box, "MEMORY_MB"), small + 512);
	assert_string_equal(status_now(box, id), "RESIZE");
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "VERIFY_RESIZE");
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0);
	assert_int_equal(send_at(box, "2.1", "GET", "/os-migrations?status=finished", NULL), 200);
	assert_string_equal(box_text(box, "/migrations/0/instance_uuid"), id);
	assert_int_equal(act(box, id, "{\"revertResize\":null}"), 202);
	assert_string_equal(status_now(box, id), "REVERT_RESIZE");
	assert_int_equal(placed(box, "MEMORY_MB"), small + 512);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(placed(box, "MEMORY_MB"), small);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_string_equal(box_text(box, "/server/flavor/id"), "42");
	assert_int_equal(act(box, id, larger), 202);
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, "{\"confirmResize\":null}"), 204);
	assert_int_equal(placed(box, "MEMORY_MB"), 512);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_int_equal(send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL),
			 204);
	report(box, id, GUEST_GONE, "");
	assert_int_equal(placed(box, "MEMORY_MB"), 0);
}

static void images_of_servers_are_reserved(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ""), *image;

	assert_int_equal(act(box, id, "{\"createImage\":{\"name\":\"early\"}}"), 409);
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act_at(box, "2.45", id,
				"{\"createImage\":{\"name\":\"i\",\"metadata\":{\"k\":\"v\"}}}"),
			 202);
	image = arena_strdup(&box->arena, box_text(box, "/image_id"));
	assert_int_equal(act(box, id, "{\"createImage\":{\"name\":\"second\"}}"), 409);
	assert_int_equal(box_send(box, box->admin, "GET",
				  box_format(box, "/image/v2/images/%s", image), NULL, NULL),
			 200);
	assert_string_equal(box_text(box, "/status"), "queued");
	assert_string_equal(box_text(box, "/image_type"), "snapshot");
	assert_string_equal(box_text(box, "/instance_uuid"), id);
	assert_string_equal(box_text(box, "/base_image_ref"), IMAGE);
	assert_string_equal(box_text(box, "/k"), "v");
	assert_string_equal(status_now(box, id), "ACTIVE");
	/* The guest's end does not end the copy of its disk. */
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 1);
	assert_string_equal(status_now(box, id), "SHUTOFF");
	assert_string_equal(box_text(box, "/server/OS-EXT-STS:task_state"), "image_snapshot");
}

static void a_server_is_rescued(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, "{\"unrescue\":null}"), 409);
	assert_int_equal(act(box, id, "{\"rescue\":{\"adminPass\":\"secret\"}}"), 200);
	assert_string_equal(box_text(box, "/adminPass"), "secret");
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 0);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "RESCUE");
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0);
	assert_int_equal(act(box, id, "{\"pause\":null}"), 409);
	assert_int_equal(act(box, id, "{\"unrescue\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
}

static void a_server_is_suspended(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, "{\"resume\":null}"), 409);
	assert_int_equal(act(box, id, "{\"suspend\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_SUSPENDED, ""), 1);
	assert_string_equal(status_now(box, id), "SUSPENDED");
	assert_int_equal(report(box, id, GUEST_SUSPENDED, ""), 0);
	assert_int_equal(act(box, id, "{\"resume\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
	/* One whose memory can't be written goes on. */
	assert_int_equal(act(box, id, "{\"suspend\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
}

static void a_server_is_on_its_way_to_the_shelf(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, "{\"unshelve\":null}"), 409);
	assert_int_equal(act(box, id, "{\"shelveOffload\":null}"), 409);
	assert_int_equal(act(box, id, "{\"shelve\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_string_equal(box_text(box, "/server/OS-EXT-STS:task_state"),
			    "shelving_image_uploading");
	assert_int_equal(report(box, id, GUEST_STOPPED, ""), 0);
}

static void events_and_interrupts_are_taken(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, ""), *body;

	report(box, id, GUEST_RUNNING, "");
	body = box_format(box,
			  "{\"events\":[{\"name\":\"network-changed\",\"server_uuid\":\"%s\"},"
			  "{\"name\":\"network-changed\",\"server_uuid\":\"" IMAGE "\"}]}",
			  id);
	assert_int_equal(send_at(box, "2.1", "POST", "/os-server-external-events", body), 207);
	assert_string_equal(box_text(box, "/events/0/status"), "completed");
	assert_string_equal(box_text(box, "/events/1/status"), "failed");
	assert_int_not_equal(act_at(box, "2.16", id, "{\"trigger_crash_dump\":null}"), 202);
	assert_int_equal(act_at(box, "2.17", id, "{\"trigger_crash_dump\":null}"), 202);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0);
	assert_int_equal(
		send_at(box, "2.78", "GET", box_format(box, "/servers/%s/topology", id), NULL),
		200);
}

static void one_host_moves_nothing(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");
	const char *live = "{\"os-migrateLive\":{\"host\":null,\"block_migration\":false,"
			   "\"disk_over_commit\":false}}";

	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(act(box, id, live), 400);
	assert_non_null(strstr(box->reply.body, "No valid host was found"));
	assert_int_equal(act(box, id, "{\"migrate\":null}"), 202);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_int_equal(act_at(box, "2.56", id, "{\"migrate\":{\"host\":\"cumulet\"}}"), 400);
	assert_int_equal(act_at(box, "2.14", id, "{\"evacuate\":{}}"), 400);
}

static void a_key_pair_may_be_a_certificate(void **state)
{
	struct box *box = *state;
	const char *body = "{\"keypair\":{\"name\":\"win\",\"type\":\"x509\"}}";

	assert_int_equal(send_at(box, "2.2", "POST", "/os-keypairs", body), 201);
	assert_string_equal(box_text(box, "/keypair/type"), "x509");
	assert_int_equal(strlen(box_text(box, "/keypair/fingerprint")), 59);
	assert_non_null(box_text(box, "/keypair/private_key"));
	assert_int_equal(send_at(box, "2.2", "POST", "/os-keypairs",
				 "{\"keypair\":{\"name\":\"bad\",\"type\":\"x509\","
				 "\"public_key\":\"ssh-rsa AAAA\"}}"),
			 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_server_is_rebuilt),
		BOX_TEST(a_stopped_server_is_stopped_after_its_rebuild),
		BOX_TEST(a_server_is_resized),
		BOX_TEST(images_of_servers_are_reserved),
		BOX_TEST(a_server_is_rescued),
		BOX_TEST(a_server_is_suspended),
		BOX_TEST(a_server_is_on_its_way_to_the_shelf),
		BOX_TEST(events_and_interrupts_are_taken),
		BOX_TEST(one_host_moves_nothing),
		BOX_TEST(a_key_pair_may_be_a_certificate),
		BOX_TEST(a_server_lives),
		BOX_TEST(nothing_is_left_behind),
		BOX_TEST(a_crash_shows_its_reason),
		BOX_TEST(what_fits_nowhere_goes_to_error),
		BOX_TEST(views_follow_the_microversion),
		BOX_TEST(lists_are_filtered),
		BOX_TEST(bad_orders_are_refused_whole),
		BOX_TEST(metadata_is_served),
		BOX_TEST(flavors_and_quotas),
		BOX_TEST(metadata_items_and_tags),
		BOX_TEST(security_groups_in_novas_form),
		BOX_TEST(old_clients_find_version_2),
		BOX_TEST(access_addresses_are_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
