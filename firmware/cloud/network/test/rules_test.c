/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What security group rules refuse, in Neutron's words. */
#include "firmware/cloud/identity/test/box.h"
#include "firmware/cloud/network/start.h"

static const struct service *const all[] = { &identity_service, &network_service, NULL };
static struct store_index indexes[160];

static int setup(void **state)
{
	static const struct box like = { .services = all,
					 .indexes = indexes,
					 .start = network_first_boot };
	size_t count = 0;

	for (size_t i = 0; all[i]; i++)
		for (const struct store_index *from = all[i]->indexes; from && from->prefix; from++)
			indexes[count++] = *from;
	return box_setup_like(state, BOX_PASSWORD, &like);
}

static const char *group_make(struct box *box)
{
	assert_int_equal(box_send(box, box->admin, "POST", "/network/v2.0/security-groups", NULL,
				  "{\"security_group\":{\"name\":\"web\"}}"),
			 201);
	return arena_strdup(&box->arena, box_text(box, "/security_group/id"));
}

static int rule_make(struct box *box, const char *group, const char *members)
{
	return box_send(box, box->admin, "POST", "/network/v2.0/security-group-rules", NULL,
			box_format(box,
				   "{\"security_group_rule\":{\"security_group_id\":\"%s\","
				   "\"direction\":\"ingress\",%s}}",
				   group, members));
}

static void ports_have_bounds(void **state)
{
	static const struct {
		const char *members, *message;
	} cases[] = {
		{ "\"protocol\":\"tcp\",\"port_range_min\":-16,\"port_range_max\":80",
		  "Invalid value for port -16" },
		{ "\"protocol\":\"tcp\",\"port_range_min\":80,\"port_range_max\":\"65536\"",
		  "Invalid value for port 65536" },
		{ "\"protocol\":\"tcp\",\"port_range_min\":80,\"port_range_max\":79",
		  "For TCP/UDP protocols, port_range_min must be <= port_range_max" },
		{ "\"protocol\":\"icmp\",\"port_range_min\":1,\"port_range_max\":256",
		  "Invalid value for ICMP code (port-range-max) 256. It must be 0 to 255." },
	};
	struct box *box = *state;
	const char *group = group_make(box);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rule_make(box, group, cases[i].members), 400);
		assert_string_equal(box_text(box, "/NeutronError/message"), cases[i].message);
	}
	assert_int_equal(rule_make(box, group,
				   "\"protocol\":\"tcp\",\"port_range_min\":0,"
				   "\"port_range_max\":65535"),
			 201);
}

static void an_unknown_remote_group_is_not_found(void **state)
{
	struct box *box = *state;
	const char *group = group_make(box);

	assert_int_equal(rule_make(box, group, "\"remote_group_id\":\"bad_group_id\""), 404);
	assert_string_equal(box_text(box, "/NeutronError/type"), "SecurityGroupNotFound");
	assert_int_equal(
		rule_make(box, group, box_format(box, "\"remote_group_id\":\"%s\"", group)), 201);
}

static size_t rules_of(struct box *box, const char *group)
{
	assert_int_equal(
		box_do(box, "GET",
		       box_format(box, "/network/v2.0/security-group-rules?security_group_id=%s",
				  group),
		       NULL),
		200);
	return yyjson_arr_size(box_at(box, "/security_group_rules"));
}

static void rules_go_with_the_group_that_they_name(void **state)
{
	struct box *box = *state;
	const char *group = group_make(box), *peer = group_make(box);
	size_t before = rules_of(box, group);

	assert_int_equal(rule_make(box, group, box_format(box, "\"remote_group_id\":\"%s\"", peer)),
			 201);
	assert_int_equal(rule_make(box, peer, box_format(box, "\"remote_group_id\":\"%s\"", peer)),
			 201);
	assert_int_equal(rules_of(box, group), before + 1);
	assert_int_equal(box_do(box, "DELETE",
				box_format(box, "/network/v2.0/security-groups/%s", peer), NULL),
			 204);
	assert_int_equal(rules_of(box, group), before);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(ports_have_bounds),
		BOX_TEST(an_unknown_remote_group_is_not_found),
		BOX_TEST(rules_go_with_the_group_that_they_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
