/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces that come and go, and volumes that are not there, through the API. */
#include "firmware/cloud/compute/server_plug.h"
#include "firmware/cloud/compute/test/cloud_box.h"

#define NETWORK "/network/v2.0"
#define NO_PORT "70a599e0-31e7-49b7-b260-868f441e8629"

static void refusal(struct box *box, int status, const char *text, const char *more)
{
	assert_int_equal(box->reply.status, status);
	if (!strstr(box->reply.body, text) || (more && !strstr(box->reply.body, more)))
		fail_msg("%s", box->reply.body);
}

static int network_send(struct box *box, const char *method, const char *target, const char *body)
{
	return box_send(box, box->admin, method, box_format(box, NETWORK "%s", target), NULL, body);
}

static const char *network_make(struct box *box, const char *cidr)
{
	const char *id;

	assert_int_equal(network_send(box, "POST", "/networks", "{\"network\":{\"name\":\"n\"}}"),
			 201);
	id = arena_strdup(&box->arena, box_text(box, "/network/id"));
	assert_int_equal(
		network_send(box, "POST", "/subnets",
			     box_format(box,
					"{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
					"\"cidr\":\"%s\"}}",
					id, cidr)),
		201);
	return id;
}

static const char *port_make_free(struct box *box, const char *network)
{
	assert_int_equal(
		network_send(box, "POST", "/ports",
			     box_format(box, "{\"port\":{\"network_id\":\"%s\"}}", network)),
		201);
	return arena_strdup(&box->arena, box_text(box, "/port/id"));
}

static const char *active_server(struct box *box, const char *network)
{
	const char *id =
		server_make(box, box_format(box, ",\"networks\":[{\"uuid\":\"%s\"}]", network));

	report(box, id, GUEST_RUNNING, "");
	return id;
}

static int attach(struct box *box, const char *id, const char *members)
{
	return send_at(box, "2.72", "POST", box_format(box, "/servers/%s/os-interface", id),
		       box_format(box, "{\"interfaceAttachment\":{%s}}", members));
}

static int detach(struct box *box, const char *id, const char *port)
{
	return send_at(box, "2.72", "DELETE",
		       box_format(box, "/servers/%s/os-interface/%s", id, port), NULL);
}

static size_t attached(struct box *box, const char *id)
{
	assert_int_equal(
		send_at(box, "2.72", "GET", box_format(box, "/servers/%s/os-interface", id), NULL),
		200);
	return yyjson_arr_size(box_at(box, "/interfaceAttachments"));
}

/* What vmm would be told: how many interfaces the guest is to have. */
static size_t desired_nics(struct box *box, const char *id)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct guest guest;
	yyjson_val *record;

	assert_int_equal(store_view_open(box->cloud.store, &reader.view, NULL), 0);
	assert_int_equal(record_get(&reader, &record, NULL, NULL, KEY_SERVER "%s", id), 0);
	assert_int_equal(guest_desired(reader.view, &arena, record, &guest, NULL), 0);
	store_view_close(reader.view);
	return guest.nics.count;
}

/* The newest action's event. */
static void expect_event(struct box *box, const char *id, const char *action, const char *result)
{
	const char *request;

	assert_int_equal(send_at(box, "2.84", "GET",
				 box_format(box, "/servers/%s/os-instance-actions", id), NULL),
			 200);
	assert_string_equal(box_text(box, "/instanceActions/0/action"), action);
	request = arena_strdup(&box->arena, box_text(box, "/instanceActions/0/request_id"));
	assert_int_equal(send_at(box, "2.84", "GET",
				 box_format(box, "/servers/%s/os-instance-actions/%s", id, request),
				 NULL),
			 200);
	if (result)
		assert_string_equal(box_text(box, "/instanceAction/events/0/result"), result);
	else
		assert_true(yyjson_is_null(box_at(box, "/instanceAction/events/0/result")));
}

static void an_interface_comes_and_goes(void **state)
{
	struct box *box = *state;
	const char *network = network_make(box, "10.1.0.0/24"), *id, *port;

	id = active_server(box, network);
	assert_int_equal(
		attach(box, id, box_format(box, "\"net_id\":\"%s\",\"tag\":\"backup\"", network)),
		200);
	assert_string_equal(box_text(box, "/interfaceAttachment/net_id"), network);
	assert_string_equal(box_text(box, "/interfaceAttachment/tag"), "backup");
	port = arena_strdup(&box->arena, box_text(box, "/interfaceAttachment/port_id"));
	assert_int_equal(desired_nics(box, id), 2);
	expect_event(box, id, "attach_interface", NULL);
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	expect_event(box, id, "attach_interface", "Success");
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0);
	assert_int_equal(detach(box, id, port), 202);
	assert_int_equal(desired_nics(box, id), 1);
	assert_int_equal(attached(box, id), 2); /* until the guest lets go of it */
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 1);
	assert_int_equal(attached(box, id), 1);
	expect_event(box, id, "detach_interface", "Success");
	assert_int_equal(network_send(box, "GET", box_format(box, "/ports/%s", port), NULL), 404);
}

static void a_port_of_the_users_own_stays_theirs(void **state)
{
	struct box *box = *state;
	const char *network = network_make(box, "10.1.0.0/24");
	const char *port = port_make_free(box, network), *id = active_server(box, network);

	assert_int_equal(attach(box, id, box_format(box, "\"port_id\":\"%s\"", port)), 200);
	assert_int_equal(network_send(box, "GET", box_format(box, "/ports/%s", port), NULL), 200);
	assert_string_equal(box_text(box, "/port/device_id"), id);
	assert_string_equal(box_text(box, "/port/device_owner"), "compute:nova");
	assert_int_equal(attach(box, id, box_format(box, "\"port_id\":\"%s\"", port)), 409);
	refusal(box, 409, "Port", "is still in use.");
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(detach(box, id, port), 202);
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(network_send(box, "GET", box_format(box, "/ports/%s", port), NULL), 200);
	assert_string_equal(box_text(box, "/port/device_id"), "");
	assert_string_equal(box_text(box, "/port/device_owner"), "");
	assert_string_equal(box_text(box, "/port/binding:host_id"), "");
}

static void what_a_guest_holds_stays(void **state)
{
	struct box *box = *state;
	const char *network = network_make(box, "10.1.0.0/24"), *port;
	const char *id = active_server(box, network);

	attached(box, id);
	port = arena_strdup(&box->arena, box_text(box, "/interfaceAttachments/0/port_id"));
	assert_int_equal(detach(box, id, port), 202);
	assert_int_equal(desired_nics(box, id), 0);
	assert_int_equal(report_stuck(box, id, GUEST_RUNNING, "", port), 1);
	expect_event(box, id, "detach_interface", "Error");
	assert_int_equal(attached(box, id), 1);
	assert_int_equal(desired_nics(box, id), 1);
	assert_string_equal(status_now(box, id), "ACTIVE");
	assert_int_equal(detach(box, id, port), 202); /* once more */
	report(box, id, GUEST_RUNNING, "");
	assert_int_equal(attached(box, id), 0);
}

static void what_a_guest_can_not_be_given_goes(void **state)
{
	struct box *box = *state;
	const char *network = network_make(box, "10.1.0.0/24"), *port;
	const char *id = active_server(box, network);

	assert_int_equal(attach(box, id, box_format(box, "\"net_id\":\"%s\"", network)), 200);
	port = arena_strdup(&box->arena, box_text(box, "/interfaceAttachment/port_id"));
	assert_int_equal(report_stuck(box, id, GUEST_RUNNING, "", port), 1);
	expect_event(box, id, "attach_interface", "Error");
	assert_int_equal(attached(box, id), 1);
	assert_int_equal(network_send(box, "GET", box_format(box, "/ports/%s", port), NULL), 404);
}

static void a_port_that_is_deleted_leaves_the_guest(void **state)
{
	struct box *box = *state;
	const char *network = network_make(box, "10.1.0.0/24"), *port;
	const char *id = active_server(box, network);

	server_plug_start();
	attached(box, id);
	port = arena_strdup(&box->arena, box_text(box, "/interfaceAttachments/0/port_id"));
	assert_int_equal(report(box, id, GUEST_RUNNING, ""), 0);
	assert_int_equal(network_send(box, "DELETE", box_format(box, "/ports/%s", port), NULL),
			 204);
	assert_int_equal(attached(box, id), 0);
	assert_int_equal(desired_nics(box, id), 0);
	network_port_observe(NULL);
}

static void what_can_not_be_attached_is_refused(void **state)
{
	struct box *box = *state;
	const char *network = network_make(box, "10.1.0.0/29"), *id = active_server(box, network);

	assert_int_equal(
		attach(box, id,
		       box_format(box, "\"net_id\":\"%s\",\"port_id\":\"" NO_PORT "\"", network)),
		400);
	refusal(box, 400, "Must not input both network_id and port_id", NULL);
	assert_int_equal(attach(box, id, "\"fixed_ips\":[{\"ip_address\":\"10.1.0.3\"}]"), 400);
	refusal(box, 400, "Must input network_id when request IP address", NULL);
	assert_int_equal(attach(box, id, "\"port_id\":\"" NO_PORT "\""), 404);
	refusal(box, 404, "Port id " NO_PORT " could not be found.", NULL);
	assert_int_equal(attach(box, id, "\"net_id\":\"" NO_PORT "\""), 404);
	refusal(box, 404, "Network " NO_PORT " could not be found.", NULL);
	assert_int_equal(attach(box, id,
				box_format(box,
					   "\"net_id\":\"%s\",\"fixed_ips\":"
					   "[{\"ip_address\":\"10.1.0.6\"}]",
					   network)),
			 200);
	assert_int_equal(attach(box, id,
				box_format(box,
					   "\"net_id\":\"%s\",\"fixed_ips\":"
					   "[{\"ip_address\":\"10.1.0.6\"}]",
					   network)),
			 409);
	refusal(box, 409, "Fixed IP address 10.1.0.6 is already in use on instance", NULL);
	while (attach(box, id, box_format(box, "\"net_id\":\"%s\"", network)) == 200)
		;
	refusal(box, 400, "No fixed IP addresses available for network:", NULL);
	assert_int_equal(attach(box, id, ""), 400); /* beside the network of the first boot */
	refusal(box, 400, "More than one possible network found.", NULL);
	assert_int_equal(detach(box, id, NO_PORT), 202);
	expect_event(box, id, "detach_interface", "Error");
	assert_int_equal(act(box, id, "{\"suspend\":null}"), 202);
	assert_int_equal(detach(box, id, NO_PORT), 409);
	refusal(box, 409, "Cannot 'detach_interface' instance", "task_state suspending");
}

static void volumes_are_not_found(void **state)
{
	struct box *box = *state;
	const char *id = active_server(box, network_make(box, "10.1.0.0/24"));
	const char *all_of = box_format(box, "/servers/%s/os-volume_attachments", id);
	const char *one = box_format(box, "%s/" NO_PORT, all_of);
	const char *body = "{\"volumeAttachment\":{\"volumeId\":\"" NO_PORT "\"}}";

	assert_int_equal(send_at(box, "2.1", "GET", all_of, NULL), 200);
	assert_string_equal(box->reply.body, "{\"volumeAttachments\":[]}");
	assert_int_equal(send_at(box, "2.1", "POST", all_of, body), 404);
	refusal(box, 404, "Volume " NO_PORT " could not be found.", NULL);
	assert_int_equal(send_at(box, "2.1", "DELETE", one, NULL), 404);
	refusal(box, 404, "Volume " NO_PORT " could not be found.", NULL);
	assert_int_equal(send_at(box, "2.1", "GET", one, NULL), 404);
	refusal(box, 404, "is not attached to volume " NO_PORT, NULL);
	assert_int_equal(send_at(box, "2.1", "PUT", one, body), 404);
	refusal(box, 404, "Volume " NO_PORT " could not be found.", NULL);
	assert_int_equal(send_at(box, "2.85", "PUT", one, body), 404);
	refusal(box, 404, "No volume Block Device Mapping with id " NO_PORT ".", NULL);
	assert_int_equal(send_at(box, "2.1", "POST", all_of, "{\"volumeAttachment\":{}}"), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(an_interface_comes_and_goes),
		BOX_TEST(a_port_of_the_users_own_stays_theirs),
		BOX_TEST(what_a_guest_holds_stays),
		BOX_TEST(what_a_guest_can_not_be_given_goes),
		BOX_TEST(a_port_that_is_deleted_leaves_the_guest),
		BOX_TEST(what_can_not_be_attached_is_refused),
		BOX_TEST(volumes_are_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
