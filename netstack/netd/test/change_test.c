/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What leads from one rule set to another, as text and as netd asks for it. */
#include "netstack/netd/nft_change.h"
#include "netstack/netd/test/fixture.h"

#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define PORTS 200

/* --- texts --- */

static char *change_of(const char *before, const char *after)
{
	struct buffer change = BUFFER_INIT;

	if (nft_change(before, after, &change) < 0) {
		buffer_free(&change);
		return NULL;
	}
	return buffer_head(&change); /* starts where it was allocated */
}

#define assert_change(before, after, expected)                                                     \
	do {                                                                                       \
		char *made = change_of(before, after);                                             \
                                                                                                   \
		assert_non_null(made);                                                             \
		assert_string_equal(made, expected);                                               \
		assert_compiles(made);                                                             \
		free(made);                                                                        \
	} while (0)

static void assert_compiles(const char *text)
{
	struct netlink_request request = NETLINK_REQUEST_INIT;
	struct error error = { 0 };

	if (nft_compile(text, &request, &error) < 0)
		fail_msg("%s in:\n%s", error.message, text);
	netlink_free(&request);
}

#define TABLE(content) "table inet t {\n" content "}\n"

static void what_is_the_same_stays(void **state)
{
	static const char text[] = TABLE("\tchain a {\n\t\taccept\n\t}\n"
					 "\tset s { type mark; elements = { 1, 2, } }\n");

	(void)state;
	assert_change(text, text, "");
	/* The order of definitions and elements is none. */
	assert_change(text,
		      TABLE("\tset s { type mark; elements = { 2, 1, 2, } }\n"
			    "\tchain a {\n\t\taccept\n\t}\n"),
		      "change table inet t {\n}\n");
}

static void elements_come_and_go(void **state)
{
	(void)state;
	assert_change(TABLE("\tset s { type mark; elements = { 1, 2, } }\n"),
		      TABLE("\tset s { type mark; elements = { 2, 3, } }\n"),
		      "change table inet t {\n"
		      "\tremove set s { type mark; elements = {\n\t\t\t1,\n\t\t}\n\t}\n"
		      "\tadd set s { type mark; elements = {\n\t\t\t3,\n\t\t}\n\t}\n}\n");
	/* A key whose value changes goes first. */
	assert_change(TABLE("\tmap m { type mark : verdict; elements = { 1 : accept, } }\n"),
		      TABLE("\tmap m { type mark : verdict; elements = { 1 : drop, } }\n"),
		      "change table inet t {\n"
		      "\tremove map m { type mark : verdict; elements = {\n\t\t\t1,\n\t\t}\n\t}\n"
		      "\tadd map m { type mark : verdict; elements = {\n\t\t\t1 : drop,\n\t\t}\n"
		      "\t}\n}\n");
}

static void intervals_are_set_anew(void **state)
{
	(void)state;
	assert_change(
		TABLE("\tset s { type ipv4_addr\nflags interval\nelements = { 10.0.0.0/8, } }\n"),
		TABLE("\tset s { type ipv4_addr\nflags interval\nelements = { 10.0.0.0/9, } }\n"),
		"change table inet t {\n\tflush set s\n"
		"\tadd set s { type ipv4_addr\nflags interval\nelements = { 10.0.0.0/9, } }\n"
		"}\n");
}

static void chains_are_refilled(void **state)
{
	(void)state;
	assert_change(TABLE("\tchain b {\n\t\ttype filter hook input priority 0; policy drop;\n"
			    "\t\taccept\n\t}\n"),
		      TABLE("\tchain b {\n\t\ttype filter hook input priority 0; policy drop;\n"
			    "\t\tjump c\n\t}\n\tchain c {\n\t\tdrop\n\t}\n"),
		      "change table inet t {\n"
		      "\trefill chain b {\n\t\tjump c\n\t}\n"
		      "\tchain c {\n\t\tdrop\n\t}\n}\n");
	assert_change(TABLE("\tchain a {\n\t\tjump c\n\t}\n\tchain c {\n\t\tdrop\n\t}\n"
			    "\tset s { type mark; elements = { } }\n"),
		      TABLE("\tchain a {\n\t}\n"),
		      "change table inet t {\n\trefill chain a {\n\t}\n"
		      "\tdelete chain c\n\tdelete set s\n}\n");
}

static void tables_are_told_apart(void **state)
{
	(void)state;
	assert_change(
		TABLE("\tchain a {\n\t}\n") "table bridge t {\n\tchain a {\n\t}\n}\n",
		TABLE("\tchain a {\n\t\tdrop\n\t}\n") "table bridge t {\n\tchain a {\n\t\taccept\n\t}\n}\n",
		"change table bridge t {\n\trefill chain a {\n\t\taccept\n\t}\n}\n"
		"change table inet t {\n\trefill chain a {\n\t\tdrop\n\t}\n}\n");
}

/* Then the tables are replaced. */
static void some_changes_are_none(void **state)
{
	static const char *const pairs[][2] = {
		{ "delete table inet t\n", TABLE("\tchain a {\n\t}\n") },
		{ TABLE("\tchain a {\n\t}\n"), "delete table inet t\n" },
		{ TABLE("\tchain a {\n\t}\n"), "table inet u {\n\tchain a {\n\t}\n}\n" },
		{ TABLE("\tchain a {\n\t}\n"),
		  TABLE("\tchain a {\n\t}\n") "table ip t {\n\tchain a {\n\t}\n}\n" },
		{ TABLE("\tset s { type mark; elements = { 1 } }\n"),
		  TABLE("\tset s { type ipv4_addr; elements = { } }\n") },
		{ TABLE("\tchain a {\n\t}\n"),
		  TABLE("\tchain a {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n") },
		{ TABLE("\tchain a {\n\t}\n"), "table inet t {\n\tchain a {\n\t}\n" },
		{ TABLE("\tchain a {\n\t}\n"), TABLE("\tset s { type mark }\n\tchain a }\n") },
		{ TABLE("\tset s { type mark }\n"), TABLE("\tset s { type ether_addr }\n") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		assert_null(change_of(pairs[i][0], pairs[i][1]));
}

/* --- netd --- */

static void port_number_set(struct fixture *fixture, unsigned number, const char *address)
{
	struct net_address fixed = { 0 };
	struct net_id group = { GROUP };
	struct net_port port = { .network_id = NETWORK,
				 .owner = "compute:nova",
				 .admin_up = true,
				 .port_security = true,
				 .addresses = { &fixed, 1 },
				 .groups = { &group, 1 } };

	snprintf(port.id, sizeof(port.id), "%08x-0000-4000-8000-000000000001", number);
	snprintf(port.mac, sizeof(port.mac), "fa:16:3e:00:%02x:%02x", number >> 8 & 255,
		 number & 255);
	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	set(fixture, OBJECT_PORT, net_port_fields, &port);
}

static void group_with(struct fixture *fixture, unsigned port)
{
	struct net_rule rule = { .id = GROUP, .protocol = 7, .port_min = port, .port_max = port };
	struct net_group group = { .id = GROUP, .stateful = true, .rules = { &rule, 1 } };

	set(fixture, OBJECT_GROUP, net_group_fields, &group);
	netd_reconcile(&fixture->netd);
}

static void many_ports(struct fixture *fixture)
{
	char address[ADDRESS_SIZE];

	network_set(fixture);
	group_with(fixture, 80);
	for (unsigned number = 1; number <= PORTS; number++) {
		snprintf(address, sizeof(address), "10.1.%u.%u", number / 250, number % 250 + 3);
		port_number_set(fixture, number, address);
	}
	netd_reconcile(&fixture->netd);
	assert_compiles(fixture->fake.rules);
}

/* On kernels of both kinds: no other port is named. */
static void one_port_changes_what_is_its_own(void **state)
{
	struct fixture *fixture = *state;

	for (int native = 0; native < 2; native++) {
		fixture->fake.backend.bridge_conntrack = native;
		many_ports(fixture);
		fake_forget(&fixture->fake);
		group_with(fixture, 81);
		assert_string_equal(fake_calls(&fixture->fake), "rules  changed\n");
		assert_has(fixture->fake.change, "refill chain gi-" GROUP " {\n");
		assert_lacks(fixture->fake.change, "ct0000");
		port_number_set(fixture, PORTS + 1, "10.1.9.9");
		netd_reconcile(&fixture->netd);
		assert_has(fixture->fake.change, "ct000000c9000 . fa:16:3e:00:00:c9 . 10.1.9.9");
		assert_lacks(fixture->fake.change, "ct00000001000");
		assert_lacks(fixture->fake.change, "ct000000c8000");
		assert_compiles(fixture->fake.change);
		/* What has not changed is not set. */
		fake_forget(&fixture->fake);
		port_number_set(fixture, 7, "10.1.0.10");
		netd_reconcile(&fixture->netd);
		assert_lacks(fake_calls(&fixture->fake), "rules");
		model_port(&fixture->netd.model, "00000007-0000-4000-8000-000000000001")
			->object.doomed = true;
		netd_reconcile(&fixture->netd);
		assert_has(fixture->fake.change, "delete chain i-00000007-");
		assert_lacks(fixture->fake.change, "ct00000006000");
		assert_compiles(fixture->fake.change);
		model_each(&fixture->netd.model, OBJECT_PORT, object) object->doomed = true;
		netd_reconcile(&fixture->netd);
		assert_compiles(fixture->fake.change);
	}
}

/* A kernel that refuses a change is told the whole, and then changes again. */
static void a_refused_change_is_made_whole(void **state)
{
	struct fixture *fixture = *state;

	many_ports(fixture);
	fixture->fake.fail = "changed";
	group_with(fixture, 81);
	assert_has(fake_calls(&fixture->fake), "rules  changed\nrules \n");
	assert_null(fixture->fake.change);
	assert_has(fixture->fake.rules, "th dport 81-81");
	fixture->fake.fail = NULL;
	group_with(fixture, 82);
	assert_non_null(fixture->fake.change);
	/* Nothing is known of what is in force after a failure. */
	fixture->fake.fail = "rules";
	group_with(fixture, 83);
	fixture->fake.fail = NULL;
	fake_forget(&fixture->fake);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "rules \n");
	assert_has(fixture->fake.rules, "th dport 83-83");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_stays),
		cmocka_unit_test(elements_come_and_go),
		cmocka_unit_test(intervals_are_set_anew),
		cmocka_unit_test(chains_are_refilled),
		cmocka_unit_test(tables_are_told_apart),
		cmocka_unit_test(some_changes_are_none),
		cmocka_unit_test_setup_teardown(one_port_changes_what_is_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refused_change_is_made_whole, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
