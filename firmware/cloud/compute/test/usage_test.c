/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage of projects over periods, of servers that are there and of some that are gone. */
#include "firmware/cloud/compute/test/cloud_box.h"
#include "firmware/cloud/compute/usage.h"

/* Flavor of 1 GiB of memory, 2 processors, 3 + 1 GiB of disk. */
#define RUN(id, project, from)                                                                     \
	"{\"id\":\"" id "\",\"name\":\"" id "\",\"tenant_id\":\"" project "\","                    \
	"\"OS-EXT-STS:vm_state\":\"active\",\"OS-SRV-USG:launched_at\":\"" from "\","              \
	"\"_flavor\":{\"name\":\"f\",\"vcpus\":2,\"ram\":1024,\"disk\":3,\"ephemeral\":1}}"

static void put(struct box *box, const char *key, const char *json)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, key, json);
	assert_int_equal(store_commit(box->cloud.store, txn, NULL, NULL), 0);
}

/* Removes the server as the reconciler would, and dates its end. */
static void end(struct box *box, const char *json, const char *when)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	yyjson_val *record = json_parse(&arena, json, strlen(json));
	struct store_view *view;

	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(usage_end(view, &arena, txn, record), 0);
	store_view_close(view);
	assert_int_equal(store_commit(box->cloud.store, txn, NULL, NULL), 0);
	if (when)
		put(box, arena_printf(&arena, KEY_ENDED "p/%s/x", when),
		    arena_printf(&arena,
				 "{\"id\":\"dated\",\"name\":\"dated\",\"tenant_id\":\"p\","
				 "\"OS-SRV-USG:launched_at\":\"2020-01-01T00:00:00.000000\","
				 "\"OS-SRV-USG:terminated_at\":\"%s\",\"_flavor\":{\"name\":\"f\","
				 "\"vcpus\":1,\"ram\":512,\"disk\":1,\"ephemeral\":0}}",
				 when));
}

static int usage(struct box *box, const char *version, const char *rest)
{
	return send_at(box, version, "GET", box_format(box, "/os-simple-tenant-usage%s", rest),
		       NULL);
}

static double number(struct box *box, const char *pointer)
{
	return yyjson_get_num(box_at(box, pointer));
}

static void hours_are_those_of_the_period(void **state)
{
	struct box *box = *state;

	put(box, KEY_SERVER "a", RUN("a", "p", "2020-01-01T12:00:00.000000"));
	put(box, KEY_SERVER "b", RUN("b", "q", "2020-01-03T00:00:00.000000"));
	assert_int_equal(
		usage(box, "2.1", "/p?start=2020-01-01T00:00:00&end=2020-01-02T00:00:00.000000"),
		200);
	assert_float_equal(number(box, "/tenant_usage/total_hours"), 12, 0.001);
	assert_float_equal(number(box, "/tenant_usage/total_vcpus_usage"), 24, 0.001);
	assert_float_equal(number(box, "/tenant_usage/total_memory_mb_usage"), 12288, 0.001);
	assert_float_equal(number(box, "/tenant_usage/total_local_gb_usage"), 48, 0.001);
	assert_string_equal(box_text(box, "/tenant_usage/stop"), "2020-01-02T00:00:00.000000");
	assert_string_equal(box_text(box, "/tenant_usage/server_usages/0/state"), "active");
	assert_true(yyjson_is_null(box_at(box, "/tenant_usage/server_usages/0/ended_at")));
	/* It was not there yet. */
	assert_int_equal(usage(box, "2.1", "/q?start=2020-01-01T00:00:00&end=2020-01-02T00:00:00"),
			 200);
	assert_int_equal(yyjson_obj_size(box_at(box, "/tenant_usage")), 0);
	assert_int_equal(usage(box, "2.1", "?start=2020-01-01T00:00:00&end=2020-01-04T00:00:00"),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/tenant_usages")), 2);
	assert_null(box_at(box, "/tenant_usages/0/server_usages"));
	assert_float_equal(number(box, "/tenant_usages/1/total_hours"), 24, 0.001);
	assert_int_equal(usage(box, "2.1", ""), 200);
}

static void what_is_gone_still_counts(void **state)
{
	struct box *box = *state;
	const char *id = server_make(box, "");

	end(box, RUN("gone", "p", "2020-01-01T00:00:00.000000"), "2020-01-02T00:00:00.000000");
	assert_int_equal(
		usage(box, "2.1", "/p?start=2020-01-01T12:00:00&end=2020-01-05T00:00:00.000"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/tenant_usage/server_usages")), 2);
	assert_string_equal(box_text(box, "/tenant_usage/server_usages/0/state"), "terminated");
	assert_float_equal(number(box, "/tenant_usage/server_usages/0/hours"), 12, 0.001);
	assert_int_equal(number(box, "/tenant_usage/server_usages/0/uptime"), 86400);
	/* After its end it no longer does. */
	assert_int_equal(
		usage(box, "2.1", "/p?start=2020-01-02T00:00:00&end=2020-01-05 00:00:00.0"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/tenant_usage/server_usages")), 1);
	/* One that never ran leaves nothing; one that did is there with its end. */
	send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL);
	report(box, id, GUEST_GONE, "");
	id = server_make(box, "");
	report(box, id, GUEST_RUNNING, "");
	send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL);
	report(box, id, GUEST_GONE, "");
	/* What was done to it can be asked for, if by those who might before. */
	assert_int_equal(send_at(box, "2.20", "GET",
				 box_format(box, "/servers/%s/os-instance-actions", id), NULL),
			 404);
	assert_int_equal(send_at(box, "2.21", "GET",
				 box_format(box, "/servers/%s/os-instance-actions", id), NULL),
			 200);
	assert_string_equal(box_text(box, "/instanceActions/0/action"), "delete");
	assert_int_equal(send_at(box, "2.21", "GET",
				 box_format(box, "/servers/%s/os-instance-actions/%s", id,
					    box_text(box, "/instanceActions/0/request_id")),
				 NULL),
			 200);
	assert_string_equal(box_text(box, "/instanceAction/events/0/result"), "Success");
	assert_int_equal(usage(box, "2.1", "?detailed=1&start=2021-01-01T00:00:00"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/tenant_usages/0/server_usages")), 1);
	assert_string_equal(box_text(box, "/tenant_usages/0/server_usages/0/instance_id"), id);
	assert_string_equal(box_text(box, "/tenant_usages/0/server_usages/0/flavor"), "m1.nano");
}

static void the_past_is_bounded(void **state)
{
	struct box *box = *state;
	struct store_view *view;

	put(box, KEY_ACTION "gone/req-1", "{\"action\":\"create\"}");
	for (size_t i = 0; i < ENDED_MAX + 3; i++)
		end(box, RUN("gone", "p", "2020-01-01T00:00:00.000000"), NULL);
	assert_int_equal(store_view_open(box->cloud.store, &view, NULL), 0);
	assert_int_equal(store_count(view, KEY_ENDED "p/"), ENDED_MAX);
	assert_int_equal(store_count(view, KEY_ACTION), 0); /* of the first, long swept */
	store_view_close(view);
}

static void usage_is_paged(void **state)
{
	struct box *box = *state;

	put(box, KEY_SERVER "a", RUN("a", "p", "2020-01-01T12:00:00.000000"));
	put(box, KEY_SERVER "b", RUN("b", "p", "2020-01-01T12:00:00.000000"));
	assert_int_equal(usage(box, "2.40", "?start=2020-01-01T00:00:00&limit=1&detailed=1"), 200);
	assert_string_equal(box_text(box, "/tenant_usages/0/server_usages/0/name"), "a");
	assert_non_null(strstr(box_text(box, "/tenant_usages_links/0/href"), "marker=a"));
	assert_int_equal(usage(box, "2.40", "/p?start=2020-01-01T00:00:00&marker=a"), 200);
	assert_string_equal(box_text(box, "/tenant_usage/server_usages/0/name"), "b");
	assert_int_equal(usage(box, "2.40", "/p?start=2020-01-01T00:00:00&marker=c"), 400);
	assert_string_equal(box_text(box, "/badRequest/message"), "Marker c could not be found.");
	assert_int_equal(usage(box, "2.39", "/p?start=2020-01-01T00:00:00&limit=1"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/tenant_usage/server_usages")), 2);
}

static void bad_periods_are_refused(void **state)
{
	struct box *box = *state;

	assert_int_equal(usage(box, "2.1", "?start=2020-01-02T00:00:00&end=2020-01-01T00:00:00"),
			 400);
	assert_string_equal(box_text(box, "/badRequest/message"),
			    "Invalid start time. The start time cannot occur after the end time.");
	assert_int_equal(usage(box, "2.1", "?start=2020-01-02 00:00:00"), 400);
	assert_string_equal(box_text(box, "/badRequest/message"),
			    "Invalid datetime string: Datetime is in invalid format");
	assert_int_equal(usage(box, "2.1", "?start=2020-01-02T00:00:00.1234567"), 400);
	assert_int_equal(usage(box, "2.75", "?start=2020-01-02T00:00:00&all=1"), 400);
	assert_int_equal(usage(box, "2.1", "/?start=2020-01-02T00:00:00"), 404);
}

static void nobody_audits(void **state)
{
	struct box *box = *state;
	const char *target = "/os-instance_usage_audit_log/";

	assert_int_equal(send_at(box, "2.1", "GET", "/os-instance_usage_audit_log", NULL), 200);
	assert_string_equal(box_text(box, "/instance_usage_audit_logs/hosts_not_run/0"), "cumulet");
	assert_int_equal(send_at(box, "2.1", "GET",
				 box_format(box, "%s2026-01-15%%2010:00:00", target), NULL),
			 200);
	assert_string_equal(box_text(box, "/instance_usage_audit_log/period_beginning"),
			    "2025-12-01 00:00:00");
	assert_string_equal(box_text(box, "/instance_usage_audit_log/period_ending"),
			    "2026-01-01 00:00:00");
	assert_int_equal(send_at(box, "2.1", "GET",
				 box_format(box, "%s2026-03-01%%2000:00:00.0", target), NULL),
			 200);
	assert_string_equal(box_text(box, "/instance_usage_audit_log/period_ending"),
			    "2026-02-01 00:00:00");
	assert_int_equal(send_at(box, "2.1", "GET", box_format(box, "%sx", target), NULL), 400);
	assert_string_equal(box_text(box, "/badRequest/message"), "Invalid timestamp for date x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(hours_are_those_of_the_period), BOX_TEST(what_is_gone_still_counts),
		BOX_TEST(the_past_is_bounded),           BOX_TEST(usage_is_paged),
		BOX_TEST(bad_periods_are_refused),       BOX_TEST(nobody_audits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
