/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host as administrators see it: services, hypervisors, aggregates, zones. */
#include "firmware/cloud/compute/extra_specs.h"
#include "firmware/cloud/compute/test/cloud_box.h"
#include "firmware/cloud/link.h"

#define COMPUTE_UUID "5c0de000-0000-4000-8000-000000000003"

/* With a link to vmm that is not up. */
static int hosts_setup(void **state)
{
	int result = setup(state);
	struct box *box = *state;

	assert_int_equal(loop_new(&box->cloud.loop), 0);
	box->cloud.links[ROLE_VMM] = link_new(box->cloud.loop, ROLE_VMM);
	return result;
}

static int hosts_teardown(void **state)
{
	struct box *box = *state;

	link_free(box->cloud.links[ROLE_VMM]);
	loop_free(box->cloud.loop);
	return box_teardown(state);
}

static int put(struct box *box, const char *version, const char *target, const char *body)
{
	return send_at(box, version, "PUT", target, body);
}

static int get(struct box *box, const char *version, const char *target)
{
	return send_at(box, version, "GET", target, NULL);
}

static const char *fault_of_next(struct box *box)
{
	const char *id = server_make(box, "");

	return strcmp(status_now(box, id), "ERROR") ? NULL : box_text(box, "/server/fault/message");
}

/* There is no swtpm: a server that asks for a TPM gets none instead of one without. */
static void no_host_has_a_tpm(void **state)
{
	struct box *box = *state;
	const char *id;

	assert_int_equal(send_at(box, "2.1", "POST", "/flavors",
				 "{\"flavor\":{\"name\":\"t\",\"id\":\"t\",\"ram\":64,"
				 "\"vcpus\":1,\"disk\":0}}"),
			 200);
	assert_int_equal(send_at(box, "2.1", "POST", "/flavors/t/os-extra_specs",
				 "{\"extra_specs\":{\"hw:tpm_version\":\"2.0\"}}"),
			 200);
	assert_int_equal(send_at(box, "2.1", "POST", "/servers",
				 "{\"server\":{\"name\":\"x\",\"imageRef\":\"" IMAGE
				 "\",\"flavorRef\":\"t\"}}"),
			 202);
	id = arena_strdup(&box->arena, box_text(box, "/server/id"));
	assert_string_equal(status_now(box, id), "ERROR");
	assert_string_equal(box_text(box, "/server/fault/message"), "No valid host was found. ");
}

static void services_are_disabled_by_host(void **state)
{
	struct box *box = *state;
	const char *body = "{\"host\":\"cumulet\",\"binary\":\"nova-compute\"}";

	assert_int_equal(put(box, "2.1", "/os-services/disable", body), 200);
	assert_string_equal(box_text(box, "/service/status"), "disabled");
	assert_string_equal(fault_of_next(box), "No valid host was found. ");
	assert_int_equal(put(box, "2.1", "/os-services/disable-log-reason", body), 400);
	assert_string_equal(box_text(box, "/badRequest/message"), "Missing disabled reason field");
	assert_int_equal(put(box, "2.1", "/os-services/disable-log-reason",
			     "{\"host\":\"cumulet\",\"binary\":\"nova-compute\","
			     "\"disabled_reason\":\"dust\"}"),
			 200);
	assert_string_equal(box_text(box, "/service/disabled_reason"), "dust");
	assert_int_equal(get(box, "2.1", "/os-services?binary=nova-compute"), 200);
	assert_string_equal(box_text(box, "/services/0/disabled_reason"), "dust");
	assert_null(box_at(box, "/services/0/forced_down"));
	assert_int_equal(get(box, "2.1", "/os-availability-zone"), 200);
	assert_false(yyjson_get_bool(box_at(box, "/availabilityZoneInfo/0/zoneState/available")));
	assert_int_equal(put(box, "2.1", "/os-services/enable", body), 200);
	assert_null(fault_of_next(box));
	assert_int_equal(put(box, "2.10", "/os-services/force-down", body), 404);
	assert_int_equal(put(box, "2.11", "/os-services/force-down", body), 400);
	assert_int_equal(put(box, "2.11", "/os-services/force-down",
			     "{\"host\":\"cumulet\",\"binary\":\"nova-compute\","
			     "\"forced_down\":true}"),
			 200);
	assert_string_equal(fault_of_next(box),
			    "No valid host was found. There are not enough hosts available.");
	assert_int_equal(put(box, "2.1", "/os-services/enable",
			     "{\"host\":\"other\",\"binary\":\"nova-compute\"}"),
			 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"),
			    "Host 'other' is not mapped to any cell");
	assert_int_equal(put(box, "2.1", "/os-services/enable",
			     "{\"host\":\"cumulet\",\"binary\":\"nova-scheduler\"}"),
			 400);
}

static void services_are_changed_by_id(void **state)
{
	struct box *box = *state;
	const char *target = "/os-services/" COMPUTE_UUID;

	assert_int_equal(
		put(box, "2.53", target, "{\"status\":\"disabled\",\"disabled_reason\":\"dust\"}"),
		200);
	assert_string_equal(box_text(box, "/service/id"), COMPUTE_UUID);
	assert_string_equal(box_text(box, "/service/disabled_reason"), "dust");
	assert_int_equal(get(box, "2.53", "/os-hypervisors/detail"), 200);
	assert_string_equal(box_text(box, "/hypervisors/0/status"), "disabled");
	assert_string_equal(box_text(box, "/hypervisors/0/service/disabled_reason"), "dust");
	assert_int_equal(put(box, "2.53", target, "{}"), 400);
	assert_int_equal(
		put(box, "2.53", target, "{\"status\":\"enabled\",\"disabled_reason\":\"x\"}"),
		400);
	assert_int_equal(put(box, "2.53", target, "{\"forced_down\":true}"), 200);
	assert_string_equal(box_text(box, "/service/state"), "down");
	assert_int_equal(put(box, "2.53", "/os-services/3", "{\"status\":\"enabled\"}"), 400);
	assert_int_equal(put(box, "2.53", "/os-services/" IMAGE, "{\"status\":\"enabled\"}"), 404);
	server_make(box, "");
	assert_int_equal(send_at(box, "2.53", "DELETE", target, NULL), 204);
	assert_int_equal(get(box, "2.53", "/os-services?binary=nova-compute"), 200);
	assert_string_equal(box_text(box, "/services/0/status"), "enabled");
	server_make(box, "");
	assert_int_equal(send_at(box, "2.53", "DELETE", target, NULL), 409);
	assert_int_equal(send_at(box, "2.1", "DELETE", "/os-services/9", NULL), 404);
	assert_int_equal(send_at(box, "2.1", "DELETE", "/os-services/x", NULL), 400);
}

static void hypervisors_follow_the_microversion(void **state)
{
	struct box *box = *state;
	const char *id, *uuid;

	id = server_make(box, "");
	assert_int_equal(get(box, "2.1", "/os-hypervisors/1/uptime"), 400); /* no vmm here */
	assert_int_equal(get(box, "2.1", "/os-hypervisors/cumul/search"), 200);
	assert_int_equal(get(box, "2.1", "/os-hypervisors/other/search"), 404);
	assert_int_equal(get(box, "2.1", "/os-hypervisors/cumulet/servers"), 200);
	assert_string_equal(box_text(box, "/hypervisors/0/servers/0/uuid"), id);
	assert_int_equal(get(box, "2.53", "/os-hypervisors/cumulet/servers"), 404);
	assert_int_equal(get(box, "2.1", "/os-hypervisors/1"), 200);
	/* Its own, what the box keeps, and what an emulated guest costs that nobody has seen yet. */
	assert_int_equal(yyjson_get_int(box_at(box, "/hypervisor/memory_mb_used")),
			 128 + HOST_RESERVED_MIB + 97);
	assert_int_equal(get(box, "2.33", "/os-hypervisors?limit=1"), 200);
	assert_non_null(strstr(box_text(box, "/hypervisors_links/0/href"), "marker=1"));
	assert_int_equal(get(box, "2.33", "/os-hypervisors?marker=1"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/hypervisors")), 0);
	assert_int_equal(get(box, "2.53", "/os-hypervisors?marker=1"), 400);
	assert_int_equal(get(box, "2.53", "/os-hypervisors?with_servers=maybe"), 400);
	assert_int_equal(get(box, "2.53", "/os-hypervisors?hypervisor_hostname_pattern=c&limit=1"),
			 400);
	assert_int_equal(get(box, "2.88", "/os-hypervisors?with_servers=1"), 200);
	assert_string_equal(box_text(box, "/hypervisors/0/servers/0/uuid"), id);
	uuid = arena_strdup(&box->arena, box_text(box, "/hypervisors/0/id"));
	assert_int_equal(get(box, "2.88", box_format(box, "/os-hypervisors/%s", uuid)), 200);
	assert_non_null(box_at(box, "/hypervisor/uptime"));
	assert_null(box_at(box, "/hypervisor/vcpus"));
	assert_int_equal(get(box, "2.88", "/os-hypervisors/statistics"), 404);
	assert_int_equal(get(box, "2.87", "/os-hypervisors/statistics"), 200);
	assert_int_equal(get(box, "2.1", "/os-hosts/cumulet"), 200);
	assert_string_equal(box_text(box, "/host/2/resource/project"), "(used_max)");
	assert_int_equal(yyjson_get_int(box_at(box, "/host/2/resource/memory_mb")), 128);
	assert_int_equal(get(box, "2.43", "/os-hosts/cumulet"), 404);
	assert_int_equal(get(box, "2.1", "/os-hosts/cumulet/reboot"), 501);
}

static int act_on(struct box *box, const char *action)
{
	return send_at(box, "2.1", "POST", "/os-aggregates/1/action", action);
}

static const char *zone_now(struct box *box, const char *id)
{
	get(box, "2.1", box_format(box, "/servers/%s", id));
	return box_text(box, "/server/OS-EXT-AZ:availability_zone");
}

static void aggregates_make_zones(void **state)
{
	static const char add[] = "{\"add_host\":{\"host\":\"cumulet\"}}";
	struct box *box = *state;
	const char *id = server_make(box, "");

	assert_int_equal(send_at(box, "2.41", "POST", "/os-aggregates",
				 "{\"aggregate\":{\"name\":\"a\",\"availability_zone\":\"z\"}}"),
			 200);
	assert_non_null(box_at(box, "/aggregate/uuid"));
	assert_null(box_at(box, "/aggregate/hosts"));
	assert_int_equal(
		send_at(box, "2.1", "POST", "/os-aggregates", "{\"aggregate\":{\"name\":\"a\"}}"),
		409);
	assert_string_equal(zone_now(box, id), "nova");
	assert_int_equal(act_on(box, "{\"add_host\":{\"host\":\"other\"}}"), 404);
	assert_int_equal(act_on(box, add), 200);
	assert_string_equal(box_text(box, "/aggregate/hosts/0"), "cumulet");
	assert_int_equal(act_on(box, add), 409);
	assert_string_equal(zone_now(box, id), "z");
	assert_string_equal(zone_now(box, server_make(box, ",\"availability_zone\":\"z\"")), "z");
	assert_string_equal(zone_now(box, server_make(box, ",\"availability_zone\":\"z:cumulet\"")),
			    "z");
	assert_int_equal(get(box, "2.1", "/os-services?binary=nova-compute"), 200);
	assert_string_equal(box_text(box, "/services/0/zone"), "z");
	assert_int_equal(put(box, "2.1", "/os-aggregates/1",
			     "{\"aggregate\":{\"availability_zone\":\"y\"}}"),
			 400);
	assert_string_equal(box_text(box, "/badRequest/message"),
			    "Cannot update aggregate 1. Reason: One or more hosts contain "
			    "instances in this zone.");
	assert_int_equal(put(box, "2.1", "/os-aggregates/1", "{\"aggregate\":{}}"), 400);
	assert_int_equal(put(box, "2.1", "/os-aggregates/1", "{\"aggregate\":{\"name\":\"b\"}}"),
			 200);
	assert_int_equal(send_at(box, "2.1", "DELETE", "/os-aggregates/1", NULL), 400);
	assert_int_equal(act_on(box, "{\"remove_host\":{\"host\":\"cumulet\"}}"), 200);
	assert_int_equal(act_on(box, "{\"remove_host\":{\"host\":\"cumulet\"}}"), 404);
	assert_string_equal(zone_now(box, id), "nova");
	assert_int_equal(send_at(box, "2.1", "DELETE", "/os-aggregates/1", NULL), 200);
	assert_int_equal(get(box, "2.1", "/os-aggregates/1"), 404);
	assert_string_equal(box_text(box, "/itemNotFound/message"),
			    "Aggregate 1 could not be found.");
	assert_int_equal(get(box, "2.1", "/os-aggregates/x"), 400);
	assert_int_equal(get(box, "2.1", "/os-aggregates/-1"), 404);
	send_at(box, "2.1", "POST", "/os-aggregates", "{\"aggregate\":{\"name\":\"a\"}}");
	assert_int_equal(yyjson_get_int(box_at(box, "/aggregate/id")), 2);
}

static void a_host_is_in_one_zone(void **state)
{
	struct box *box = *state;

	send_at(box, "2.1", "POST", "/os-aggregates",
		"{\"aggregate\":{\"name\":\"a\",\"availability_zone\":\"z\"}}");
	send_at(box, "2.1", "POST", "/os-aggregates",
		"{\"aggregate\":{\"name\":\"b\",\"availability_zone\":\"y\"}}");
	act_on(box, "{\"add_host\":{\"host\":\"cumulet\"}}");
	assert_int_equal(send_at(box, "2.1", "POST", "/os-aggregates/2/action",
				 "{\"add_host\":{\"host\":\"cumulet\"}}"),
			 409);
	assert_string_equal(box_text(box, "/conflictingRequest/message"),
			    "Cannot add host to aggregate 2. Reason: One or more hosts already in "
			    "availability zone(s) ['z'].");
	assert_int_equal(send_at(box, "2.81", "POST", "/os-aggregates/1/images",
				 "{\"cache\":[{\"id\":\"" IMAGE "\"},{\"id\":\"" IMAGE "\"}]}"),
			 400);
	assert_int_equal(send_at(box, "2.81", "POST", "/os-aggregates/1/images",
				 "{\"cache\":[{\"id\":\"" IMAGE "\"}]}"),
			 202);
	assert_int_equal(send_at(box, "2.81", "POST", "/os-aggregates/7/images",
				 "{\"cache\":[{\"id\":\"" IMAGE "\"}]}"),
			 404);
}

static void flavors_ask_for_aggregates(void **state)
{
	struct box *box = *state;

	assert_int_equal(send_at(box, "2.1", "POST", "/flavors/42/os-extra_specs",
				 "{\"extra_specs\":{\"aggregate_instance_extra_specs:disk\":"
				 "\"<or> ssd <or> nvme\"}}"),
			 200);
	assert_non_null(fault_of_next(box));
	send_at(box, "2.1", "POST", "/os-aggregates", "{\"aggregate\":{\"name\":\"a\"}}");
	act_on(box, "{\"set_metadata\":{\"metadata\":{\"disk\":\"nvme\"}}}");
	assert_non_null(fault_of_next(box));
	act_on(box, "{\"add_host\":{\"host\":\"cumulet\"}}");
	assert_null(fault_of_next(box));
	assert_int_equal(act_on(box, "{\"set_metadata\":{\"metadata\":{\"disk\":null}}}"), 200);
	assert_int_equal(yyjson_obj_size(box_at(box, "/aggregate/metadata")), 0);
	assert_non_null(fault_of_next(box));
}

static void hints_name_neighbours(void **state)
{
	static const struct {
		const char *hint;
		bool own, fits;
	} cases[] = {
		{ "same_host", true, true },
		{ "same_host", false, false },
		{ "different_host", true, false },
		{ "different_host", false, true },
	};
	struct box *box = *state;
	const char *own = server_make(box, "");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			send_at(box, "2.1", "POST", "/servers",
				box_format(box,
					   "{\"server\":{\"name\":\"m\",\"imageRef\":\"" IMAGE
					   "\",\"flavorRef\":\"42\"},"
					   "\"os:scheduler_hints\":{\"%s\":[\"%s\"]}}",
					   cases[i].hint, cases[i].own ? own : IMAGE)),
			202);
		assert_string_equal(status_now(box, box_text(box, "/server/id")),
				    cases[i].fits ? "BUILD" : "ERROR");
	}
}

static void hints_are_checked(void **state)
{
	static const char *const bad[] = {
		"\"same_host\":[\"x\"]",        "\"different_host\":\"x\"", "\"group\":\"x\"",
		"\"build_near_host_ip\":\"x\"", "\"cidr\":\"24\"",          "\"query\":1",
		"\"different_cell\":{}",
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (send_at(box, "2.1", "POST", "/servers",
			    box_format(box,
				       "{\"server\":{\"name\":\"m\",\"imageRef\":\"" IMAGE
				       "\",\"flavorRef\":\"42\"},\"os:scheduler_hints\":{%s}}",
				       bad[i])) != 400)
			fail_msg("%s: %s", bad[i], box->reply.body);
}

static void specs_are_checked(void **state)
{
	static const struct {
		const char *name, *value, *message; /* NULL: fine */
	} cases[] = {
		{ "free", "anything", NULL },
		{ "unknown:free", "anything", NULL },
		{ "hw:nonsense", "1",
		  "Validation failed; extra spec 'hw:nonsense' does not appear to be a valid extra "
		  "spec." },
		{ "hw:numa_nodes", "0",
		  "Validation failed; '0' is less than the min value of '1'." },
		{ "hw:numa_nodes", "x", "Validation failed; 'x' is not a valid integer value." },
		{ "os:monitors", "9",
		  "Validation failed; '9' is greater than the max value of '8'." },
		{ "quota:cpu_quota", "-1", NULL },
		{ "hw:cpu_policy", "sharp",
		  "Validation failed; 'sharp' is not one of: dedicated, shared, mixed." },
		{ "hw:tpm_version", "2.0", NULL },
		{ "hw:boot_menu", "maybe",
		  "Validation failed; 'maybe' is not a valid boolean-like value." },
		{ "hw:mem_page_size", "2MiB", NULL },
		{ "hw:mem_page_size", "huge",
		  "Validation failed; 'huge' is not of the format "
		  "'(large|small|any|\\d+([kKMGT]i?)?(b|bit|B)?)'." },
		{ "hw:numa_cpus.1", "0-3,^2", NULL },
		{ "hw:numa_cpus.x", "0",
		  "Validation failed; extra spec 'hw:numa_cpus.x' does not appear to be a valid "
		  "extra spec." },
		{ "resources:VCPU", "2", NULL },
		{ "resources_disk1:CUSTOM_SSD", "2", NULL },
		{ "resources:NOTHING", "2",
		  "Validation failed; extra spec 'resources:NOTHING' does not appear to be a valid "
		  "extra spec." },
		{ "trait1:HW_CPU_X86_VMX", "required", NULL },
		{ "trait:HW_CPU_X86_VMX", "wanted",
		  "Validation failed; 'wanted' is not one of: required, forbidden." },
		{ "capabilities:cpu_info:features", "<in> vmx", NULL },
		{ "aggregate_instance_extra_specs:ssd", "true", NULL },
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *body = box_format(box, "{\"extra_specs\":{\"%s\":\"%s\"}}",
					      cases[i].name, cases[i].value);

		if (send_at(box, "2.86", "POST", "/flavors/42/os-extra_specs", body) !=
		    (cases[i].message ? 400 : 200))
			fail_msg("%s: %s", body, box->reply.body);
		if (cases[i].message)
			assert_string_equal(box_text(box, "/badRequest/message"), cases[i].message);
		assert_int_equal(send_at(box, "2.85", "POST", "/flavors/42/os-extra_specs", body),
				 200);
	}
}

static void placement_knows_a_disabled_host(void **state)
{
	static const char body[] = "{\"host\":\"cumulet\",\"binary\":\"nova-compute\"}";
	static const struct name_value headers[] = { { "OpenStack-API-Version", "placement 1.39" },
						     { NULL, NULL } };
	struct box *box = *state;
	const char *target = "/placement/allocation_candidates?resources=VCPU:1&required="
			     "!COMPUTE_STATUS_DISABLED";

	assert_int_equal(put(box, "2.1", "/os-services/disable", body), 200);
	assert_int_equal(box_send(box, box->admin, "GET", target, headers, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/allocation_requests")), 0);
	server_make(box, ""); /* which claims nothing, and forgets nothing */
	assert_int_equal(put(box, "2.1", "/os-services/enable", body), 200);
	assert_int_equal(box_send(box, box->admin, "GET", target, headers, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/allocation_requests")), 1);
}

static void values_are_matched(void **state)
{
	static const struct {
		const char *value, *wanted;
		bool match;
	} cases[] = {
		{ "ssd", "ssd", true },
		{ "ssd", "hdd", false },
		{ "4", "= 3", true },
		{ "2", "= 3", false },
		{ "3.0", "== 3", true },
		{ "x", "== 3", false },
		{ "4", "!= 3", true },
		{ "4", "<= 3", false },
		{ "b", "s> a", true },
		{ "a", "s>= a", true },
		{ "a", "s< a", false },
		{ "a", "s!= b", true },
		{ "xyz", "<in> y", true },
		{ "xyz", "<all-in> x z", true },
		{ "xyz", "<all-in> a", false },
		{ "b", "<or> a <or> b", true },
		{ "c", "<or> a <or> b", false },
		{ "a", "<or>", false },
		{ "", "", true },
		{ "4", "=", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (extra_spec_match(cases[i].value, cases[i].wanted) != cases[i].match)
			fail_msg("%s %s", cases[i].value, cases[i].wanted);
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, hosts_setup, hosts_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(no_host_has_a_tpm),
		HOST_TEST(services_are_disabled_by_host),
		HOST_TEST(services_are_changed_by_id),
		HOST_TEST(hypervisors_follow_the_microversion),
		HOST_TEST(aggregates_make_zones),
		HOST_TEST(a_host_is_in_one_zone),
		HOST_TEST(flavors_ask_for_aggregates),
		HOST_TEST(hints_name_neighbours),
		HOST_TEST(hints_are_checked),
		HOST_TEST(specs_are_checked),
		HOST_TEST(placement_knows_a_disabled_host),
		cmocka_unit_test(values_are_matched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
