/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reconciler and the firewall's text against the fake back end. */
#include "netstack/netd/test/fixture.h"

#define PORT "11111111-0000-4000-8000-000000000001"
#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define ROUTER_PORT "22222222-0000-4000-8000-000000000002"

static void port_set(struct fixture *fixture, const char *pair)
{
	struct net_address address = { "10.1.0.11" };
	struct net_id group = { GROUP };
	struct net_pair pairs = { .mac = "" };
	struct net_port port = { .id = PORT,
				 .network_id = NETWORK,
				 .mac = "fa:16:3e:00:00:01",
				 .owner = "compute:nova",
				 .admin_up = true,
				 .port_security = true,
				 .addresses = { &address, 1 },
				 .groups = { &group, 1 },
				 .pairs = { &pairs, *pair != '\0' } };

	snprintf(pairs.address, sizeof(pairs.address), "%s", pair);
	set(fixture, OBJECT_PORT, net_port_fields, &port);
}

static void group_set(struct fixture *fixture, const struct net_rule *rule)
{
	struct net_group group = { .id = GROUP, .stateful = true, .rules = { (void *)rule, 1 } };

	set(fixture, OBJECT_GROUP, net_group_fields, &group);
}

static void router_set(struct fixture *fixture)
{
	struct net_router_interface interface = { .port_id = ROUTER_PORT,
						  .network_id = NETWORK,
						  .subnet_id = SUBNET,
						  .address = "10.1.0.1/24" };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = "eeeeeeee-0000-4000-8000-000000000001",
				     .interfaces = { &interface, 1 } };

	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
}

static void network_gets_its_bridge(void **state)
{
	struct fixture *fixture = *state;

	network_set(fixture);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "bridge cbr101 mtu=1450\n");
	fake_forget(&fixture->fake);
	netd_reconcile(&fixture->netd); /* nothing changed: nothing is asked */
	assert_string_equal(fake_calls(&fixture->fake), "");
}

static void tap_waits_for_its_network(void **state)
{
	struct fixture *fixture = *state;
	int fd = -1;

	assert_int_equal(netd_tap_open(&fixture->netd, PORT, &fd, NULL), 0);
	close(fd);
	assert_has(fake_calls(&fixture->fake), "tap ct11111111000 bridge= mtu=0 open\n");
	port_set(fixture, "");
	netd_reconcile(&fixture->netd);
	network_set(fixture);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "tap ct11111111000 bridge=cbr101 mtu=1450\n");
	assert_int_equal(netd_tap_open(&fixture->netd, "../../etc", &fd, NULL), -EINVAL);
}

static void port_has_an_identity(void **state)
{
	struct fixture *fixture = *state;

	port_set(fixture, "10.9.0.0/16");
	netd_reconcile(&fixture->netd);
	assert_has(fixture->fake.rules, "ct11111111000 . fa:16:3e:00:00:01 . 10.1.0.11,");
	assert_has(fixture->fake.rules,
		   "ct11111111000 . fa:16:3e:00:00:01 . fe80::f816:3eff:fe00:1,");
	assert_has(
		fixture->fake.rules,
		"iifname ct11111111000 ether saddr fa:16:3e:00:00:01 ip saddr 10.9.0.0/16 accept");
	assert_has(fixture->fake.rules, "ct11111111000 : goto e-" PORT);
}

static void group_rules_become_matches(void **state)
{
	static const struct {
		struct net_rule rule;
		const char *text;
	} cases[] = {
		{ { .egress = true }, "meta protocol ip accept" },
		{ { .ipv6 = true }, "meta protocol ip6 accept" },
		{ { .protocol = 7, .port_min = 22, .port_max = 23 },
		  "meta protocol ip meta l4proto 6 th dport 22-23 accept" },
		{ { .protocol = 2, .port_min = 9 },
		  "meta protocol ip meta l4proto 1 icmp type 8 accept" },
		{ { .protocol = 2, .ipv6 = true }, "meta protocol ip6 meta l4proto 58 accept" },
		{ { .remote = "10.2.0.0/16" }, "meta protocol ip ip saddr 10.2.0.0/16 accept" },
		{ { .egress = true, .remote = "10.2.0.0/16" },
		  "meta protocol ip ip daddr 10.2.0.0/16 accept" },
		{ { .remote_group = GROUP }, "meta protocol ip ip saddr @m4-" GROUP " accept" },
	};
	struct fixture *fixture = *state;

	port_set(fixture, "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_rule rule = cases[i].rule;

		snprintf(rule.id, sizeof(rule.id), "%s", GROUP);
		group_set(fixture, &rule);
		netd_reconcile(&fixture->netd);
		assert_has(fixture->fake.rules, cases[i].text);
	}
}

/* A rule that can't be meant opens nothing. */
static void unsound_rules_are_left_out(void **state)
{
	static const struct net_rule rules[] = {
		{ .id = GROUP, .remote = "nonsense" },
		{ .id = GROUP, .remote = "2001:db8::/32" },
		{ .id = GROUP, .remote_group = "dddddddd-0000-4000-8000-000000000001" },
		{ .id = GROUP, .protocol = 300 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		group_set(fixture, &rules[i]);
		netd_reconcile(&fixture->netd);
		assert_has(fixture->fake.rules, "chain gi-" GROUP " {\n\t}");
	}
}

static void router_is_wired(void **state)
{
	struct fixture *fixture = *state;

	router_set(fixture);
	netd_reconcile(&fixture->netd);
	assert_lacks(fake_calls(&fixture->fake), "veth ci");
	network_set(fixture);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake),
		   "veth ci22222222000 bridge=cbr101 space=cr-bbbbbbbb-000 inner=in22222222000\n");
	assert_has(fake_calls(&fixture->fake),
		   "addresses cr-bbbbbbbb-000:in22222222000 10.1.0.1/24\n");
	assert_has(fake_calls(&fixture->fake), "169.254.169.254 via 10.1.0.2 from in22222222000\n");
	assert_has(fixture->fake.router_rules, "oifname up masquerade");
}

#define EXTERNAL "eeeeeeee-0000-4000-8000-000000000001"

static void external_set(struct fixture *fixture)
{
	struct net_network network = {
		.id = EXTERNAL, .type = "flat", .mtu = 1500, .admin_up = true, .external = true
	};

	set(fixture, OBJECT_NETWORK, net_network_fields, &network);
}

/* A router with an address outside, a floating one, and ports of a third. */
static void router_set_outside(struct fixture *fixture, bool snat)
{
	struct net_router_interface interface = { .port_id = ROUTER_PORT,
						  .network_id = NETWORK,
						  .subnet_id = SUBNET,
						  .address = "10.1.0.1/24" };
	struct net_floating floating = { .address = "192.0.2.101", .fixed = "10.1.0.11" };
	struct net_forward forwards[] = {
		{ "192.0.2.102", "10.1.0.12", 6, 8080, 8080, 80, 80 },
		{ "192.0.2.102", "10.1.0.12", 17, 5000, 5009, 5000, 5009 },
		{ "192.0.2.102", "10.1.0.12", 17, 6000, 6001, 7000, 7001 },
		{ "192.0.2.102", "10.1.0.12; accept", 17, 1, 2, 1, 2 },
	};
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = snat,
				     .external_network = EXTERNAL,
				     .external_address = "192.0.2.100/24",
				     .interfaces = { &interface, 1 },
				     .floatings = { &floating, 1 },
				     .forwards = { forwards, 4 } };

	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
}

static void router_has_addresses_outside(void **state)
{
	struct fixture *fixture = *state;
	const char *calls, *rules;

	snprintf(fixture->netd.uplink.link, sizeof(fixture->netd.uplink.link), "eth0");
	network_set(fixture);
	external_set(fixture);
	router_set_outside(fixture, true);
	netd_reconcile(&fixture->netd);
	calls = fake_calls(&fixture->fake);
	rules = fixture->fake.router_rules;
	assert_has(calls, " 192.0.2.100 192.0.2.101 192.0.2.102\n");
	assert_has(calls, "routes  192.0.2.101 via 100.127.");
	assert_has(calls, "proxy eth0 192.0.2.102\n");
	assert_has(calls, "announce eth0 192.0.2.100\n");
	assert_has(rules, "map inside { type ipv4_addr : ipv4_addr; elements = { "
			  "192.0.2.101 : 10.1.0.11, } }");
	assert_has(rules, "th dport 8080-8080 dnat to 10.1.0.12:80\n");
	assert_has(rules, "th dport 5000-5009 dnat to 10.1.0.12\n");
	assert_has(rules, "th dport 6001-6001 dnat to 10.1.0.12:7001\n");
	assert_has(rules, "oifname up snat to 192.0.2.100\n");
	assert_lacks(rules, ";accept");
	assert_lacks(rules, "masquerade");
	assert_has(fixture->fake.rules, "set externals { type ipv4_addr; elements = { "
					"192.0.2.100, 192.0.2.101, 192.0.2.102, } }");
	fake_forget(&fixture->fake);
	netd_reconcile(&fixture->netd);
	assert_string_equal(fake_calls(&fixture->fake), "");
}

static void floating_addresses_need_no_other(void **state)
{
	struct fixture *fixture = *state;
	struct net_floating floating = { .address = "192.0.2.101", .fixed = "10.1.0.11" };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = EXTERNAL,
				     .floatings = { &floating, 1 } };

	snprintf(fixture->netd.uplink.link, sizeof(fixture->netd.uplink.link), "eth0");
	external_set(fixture);
	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "proxy eth0 192.0.2.101\n");
	assert_has(fixture->fake.router_rules, "oifname up masquerade\n");
}

static void untranslated_networks_are_routed(void **state)
{
	struct fixture *fixture = *state;

	snprintf(fixture->netd.uplink.link, sizeof(fixture->netd.uplink.link), "eth0");
	network_set(fixture);
	external_set(fixture);
	router_set_outside(fixture, false);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "routes  10.1.0.0/24 via 100.127.");
	assert_lacks(fake_calls(&fixture->fake), "proxy eth0 10.1.0.0");
	assert_lacks(fixture->fake.router_rules, "oifname up snat to 192.0.2.100");
	assert_has(fixture->fake.rules,
		   "oifname cubbbbbbbb000 meta protocol ip ip daddr 10.1.0.0/24 accept");
}

static void delete_undoes(void **state)
{
	struct fixture *fixture = *state;
	int fd = -1;

	network_set(fixture);
	port_set(fixture, "");
	assert_int_equal(netd_tap_open(&fixture->netd, PORT, &fd, NULL), 0);
	close(fd);
	netd_reconcile(&fixture->netd);
	fake_forget(&fixture->fake);
	model_find(&fixture->netd.model, OBJECT_PORT, PORT)->doomed = true;
	model_find(&fixture->netd.model, OBJECT_NETWORK, NETWORK)->doomed = true;
	netd_reconcile(&fixture->netd);
	/* QEMU, which may have it open, would not survive the end of its tap. */
	assert_has(fake_calls(&fixture->fake), "tap ct11111111000 bridge= mtu=0\n");
	assert_lacks(fake_calls(&fixture->fake), "delete ct11111111000");
	assert_has(fake_calls(&fixture->fake), "delete cbr101\n");
	assert_null(fixture->netd.model.objects[OBJECT_PORT]);
	assert_lacks(fixture->fake.rules, PORT);
	assert_int_equal(netd_tap_close(&fixture->netd, PORT, NULL), 0);
	assert_has(fake_calls(&fixture->fake), "delete ct11111111000\n");
}

static void sync_sweeps(void **state)
{
	struct fixture *fixture = *state;
	struct backend_link *open_tap;

	fake_link(&fixture->fake, "ct99999999999");
	fake_link(&fixture->fake, "cbr7");
	fake_link(&fixture->fake, "ct88888888888");
	open_tap = &fixture->fake.links[fixture->fake.link_count - 1];
	open_tap->carrier = true; /* a guest has it */
	snprintf(open_tap->kind, sizeof(open_tap->kind), "tun");
	fake_link(&fixture->fake, "ctrl0"); /* not a name of netd's */
	fake_link(&fixture->fake, "eth0");
	network_set(fixture);
	model_stale(&fixture->netd.model);
	network_set(fixture);
	model_sync(&fixture->netd.model);
	netd_reconcile(&fixture->netd);
	netd_sweep(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "delete ct99999999999\n");
	assert_has(fake_calls(&fixture->fake), "delete cbr7\n");
	assert_lacks(fake_calls(&fixture->fake), "delete ct88888888888");
	assert_lacks(fake_calls(&fixture->fake), "delete ctrl0");
	assert_lacks(fake_calls(&fixture->fake), "delete eth0");
	assert_lacks(fake_calls(&fixture->fake), "delete cbr101");
}

/* The rules of a predecessor stay in force until all that is desired is known. */
static void rules_wait_for_sync(void **state)
{
	struct fixture *fixture = *state;

	fixture->netd.model.synced = false;
	fixture->fake.rules = strdup("of before");
	port_set(fixture, "");
	netd_reconcile(&fixture->netd);
	assert_string_equal(fixture->fake.rules, "of before");
	model_sync(&fixture->netd.model);
	netd_reconcile(&fixture->netd);
	assert_has(fixture->fake.rules, PORT);
}

static void failure_is_tried_again(void **state)
{
	struct fixture *fixture = *state;

	loop_clock_fake(fixture->loop, 1000);
	fixture->fake.fail = "bridge cbr101";
	network_set(fixture);
	netd_reconcile(&fixture->netd);
	assert_true(model_network(&fixture->netd.model, NETWORK)->object.dirty);
	fixture->fake.fail = NULL;
	loop_clock_fake(fixture->loop, 2100);
	loop_once(fixture->loop, 0);
	assert_true(model_network(&fixture->netd.model, NETWORK)->object.wired);
}

static void external_ids_are_checked(void **state)
{
	struct fixture *fixture = *state;
	struct net_network network = { .id = "../x", .type = "vxlan" };
	struct message message = { 0 };
	struct object *object;

	message_encode(&fixture->arena, &message, net_network_fields, &network);
	assert_int_equal(model_set(&fixture->netd.model, OBJECT_NETWORK, &message, &object, NULL),
			 -EBADMSG);
}

static void address_groups_become_intervals(void **state)
{
	struct net_address list[] = { { "10.0.0.128/25" }, { "10.0.0.77/24" }, { "nonsense" } };
	struct net_addresses addresses = { .id = ROUTER_PORT, .addresses = { list, 3 } };
	struct net_rule rule = { .id = GROUP, .remote_addresses = ROUTER_PORT };
	struct fixture *fixture = *state;

	group_set(fixture, &rule);
	netd_reconcile(&fixture->netd);
	assert_null(strstr(fixture->fake.rules, "@a4-" ROUTER_PORT));
	set(fixture, OBJECT_ADDRESSES, net_addresses_fields, &addresses);
	netd_reconcile(&fixture->netd);
	assert_has(fixture->fake.rules, "ip saddr @a4-" ROUTER_PORT " accept");
	assert_has(fixture->fake.rules,
		   "flags interval\n\t\telements = {\n\t\t\t10.0.0.0/24,\n\t\t}");
	for (size_t i = 0; i < 2; i++)
		snprintf(list[i].address, sizeof(list[i].address), "2001:db8::%zu/%zu", i, i);
	set(fixture, OBJECT_ADDRESSES, net_addresses_fields, &addresses);
	netd_reconcile(&fixture->netd);
	assert_has(fixture->fake.rules, "elements = {\n\t\t\t::/0,\n\t\t}");
}

/* --- quality of service --- */

static void port_set_qos(struct fixture *fixture, const struct net_qos *qos)
{
	struct net_port port = { .id = PORT,
				 .network_id = NETWORK,
				 .mac = "fa:16:3e:00:00:01",
				 .owner = "compute:nova",
				 .admin_up = true,
				 .qos = *qos };

	set(fixture, OBJECT_PORT, net_port_fields, &port);
	netd_reconcile(&fixture->netd);
}

static void qos_compiles(const char *text)
{
	struct netlink_request request = NETLINK_REQUEST_INIT;
	struct error error = { 0 };

	if (nft_compile(text, &request, &error) < 0)
		fail_msg("%s", error.message);
	netlink_free(&request);
}

static void ports_have_limits_and_marks(void **state)
{
	const struct net_qos nothing = { 0 }, qos = { .set = true,
						      .egress_kbps = 8000,
						      .egress_burst = 800,
						      .ingress_kbps = 4000,
						      .ingress_burst = 3200,
						      .dscp = 27 };
	struct fixture *fixture = *state;

	fake_link(&fixture->fake, "ct11111111000");
	network_set(fixture);
	port_set_qos(fixture, &nothing);
	assert_has(fixture->fake.qos_rules, "delete table bridge cumulet_qos");
	port_set_qos(fixture, &qos);
	assert_has(fake_calls(&fixture->fake), "rate ct11111111000 4000 kbit/s burst 3200\n");
	assert_has(fixture->fake.qos_rules,
		   "limit rate over 1000000 bytes/second burst 100000 bytes drop");
	assert_has(fixture->fake.qos_rules, "ct11111111000 : jump limit-ct11111111000,");
	assert_has(fixture->fake.qos_rules, "ct11111111000 : jump mark-26,");
	qos_compiles(fixture->fake.qos_rules);
	/* What has not changed is not set again. */
	fake_forget(&fixture->fake);
	port_set_qos(fixture, &qos);
	assert_null(strstr(fake_calls(&fixture->fake), "rules "));
	assert_null(strstr(fake_calls(&fixture->fake), "qos "));
	port_set_qos(fixture, &nothing);
	assert_has(fake_calls(&fixture->fake), "rate ct11111111000 0 kbit/s");
	assert_has(fixture->fake.qos_rules, "delete table bridge cumulet_qos");
}

/* With a kernel that lets packets wait no rule drops them; the queue comes and goes with the limit. */
static void what_ports_send_waits(void **state)
{
	const struct net_qos nothing = { 0 },
			     qos = { .set = true, .egress_kbps = 8000, .egress_burst = 800 };
	struct fixture *fixture = *state;
	struct error error;

	fixture->fake.backend.shaping = true;
	fake_link(&fixture->fake, "ct11111111000");
	network_set(fixture);
	port_set_qos(fixture, &qos);
	assert_has(fake_calls(&fixture->fake),
		   "sent ct11111111000 by cf11111111000 8000 kbit/s burst 800\n");
	assert_has(fixture->fake.qos_rules, "delete table bridge cumulet_qos");
	/* What is wanted is not swept away. */
	netd_sweep(&fixture->netd);
	assert_null(strstr(fake_calls(&fixture->fake), "delete cf"));
	port_set_qos(fixture, &nothing);
	assert_has(fake_calls(&fixture->fake), "delete cf11111111000\n");
	port_set_qos(fixture, &qos);
	fake_forget(&fixture->fake);
	assert_int_equal(netd_tap_close(&fixture->netd, PORT, &error), 0);
	assert_has(fake_calls(&fixture->fake), "delete cf11111111000\n");
	/* One that a former netd left behind goes, too. */
	fake_link(&fixture->fake, "cf22222222000");
	netd_sweep(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "delete cf22222222000\n");
}

static void networks_limits_are_their_guests(void **state)
{
	struct net_network network = {
		.id = NETWORK, .type = "vxlan", .vni = 101, .mtu = 1450, .admin_up = true
	};
	const struct net_qos nothing = { 0 };
	struct fixture *fixture = *state;

	network.qos = (struct net_qos){ .set = true, .egress_kbps = 80, .dscp = 99 };
	fake_link(&fixture->fake, "ct11111111000");
	set(fixture, OBJECT_NETWORK, net_network_fields, &network);
	port_set_qos(fixture, &nothing);
	/* a whole packet fits, and what is no code point marks nothing */
	assert_has(fixture->fake.qos_rules,
		   "limit rate over 10000 bytes/second burst 65536 bytes drop");
	assert_null(strstr(fixture->fake.qos_rules, "jump mark-"));
	qos_compiles(fixture->fake.qos_rules);
	port_set_qos(fixture, &(struct net_qos){ .set = true });
	assert_has(fixture->fake.qos_rules, "delete table bridge cumulet_qos");
}

static void addresses_outside_have_limits(void **state)
{
	struct net_floating floating = { .address = "192.0.2.101", .fixed = "10.1.0.11" };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = NETWORK,
				     .floatings = { &floating, 1 } };
	struct fixture *fixture = *state;

	floating.qos = (struct net_qos){ .set = true, .ingress_kbps = 800, .egress_kbps = 1600 };
	router.qos = (struct net_qos){ .set = true, .egress_kbps = 3200 };
	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
	netd_reconcile(&fixture->netd);
	assert_has(fixture->fake.router_qos_rules, "192.0.2.101 : jump in-0,");
	assert_has(fixture->fake.router_qos_rules, "192.0.2.101 : jump out-0,");
	/* the router's own address: that of its way to the box */
	assert_has(fixture->fake.router_qos_rules, "100.127.");
	assert_has(fixture->fake.router_qos_rules, "limit rate over 400000 bytes/second");
	qos_compiles(fixture->fake.router_qos_rules);
	fake_forget(&fixture->fake);
	router.admin_up = false;
	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
	netd_reconcile(&fixture->netd);
	router.admin_up = true;
	set(fixture, OBJECT_ROUTER, net_router_fields, &router);
	netd_reconcile(&fixture->netd);
	assert_has(fake_calls(&fixture->fake), "qos cr-");
}

/* What the firewall writes is always in the language that the Linux back end reads. */
static void rules_compile(void **state)
{
	struct fixture *fixture = *state;
	struct net_rule rule = { .id = GROUP, .protocol = 7, .port_min = 80, .port_max = 80 };

	for (int native = 0; native < 2; native++) {
		struct netlink_request request = NETLINK_REQUEST_INIT;
		struct error error = { 0 };

		fixture->fake.backend.bridge_conntrack = native;
		snprintf(fixture->netd.uplink.link, sizeof(fixture->netd.uplink.link), "eth0");
		network_set(fixture);
		port_set(fixture, "10.9.0.0/16");
		group_set(fixture, &rule);
		router_set(fixture);
		external_set(fixture);
		router_set_outside(fixture, native == 0);
		peers_set(fixture, "192.0.2.10");
		netd_reconcile(&fixture->netd);
		if (nft_compile(fixture->fake.rules, &request, &error) < 0 ||
		    nft_compile(fixture->fake.router_rules, &request, &error) < 0)
			fail_msg("%s", error.message);
		assert_true(request.bytes.length > 1000);
		netlink_free(&request);
	}
}

static void syntax_errors_name_the_line(void **state)
{
	static const char *const bad[] = {
		"table bridge x {\n chain y {\n frobnicate\n }\n}\n",
		"table bridge x {\n set y {\n type nonsense\n }\n}\n",
		"table bridge x {\n chain y {\n ip saddr 10.0.0.300 accept\n }\n}\n",
		"table bridge x {\n chain y {\n accept\n",
		"table nowhere x {\n}\n",
		"table bridge x {\n map y {\n type mark : verdict\n flags interval\n }\n}\n",
		"table bridge x {\n set y {\n type mark\n flags interval\n elements = { x }\n }\n}\n",
		"table bridge x {\n chain y {\n ip dscp set 64\n }\n}\n",
		"table bridge x {\n chain y {\n limit rate over 1 bytes burst 1 bytes drop\n }\n}\n",
		"table bridge x {\n map y {\n type mark : verdict\n elements = { 1 , }\n }\n}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct netlink_request request = NETLINK_REQUEST_INIT;
		struct error error = { 0 };

		assert_int_equal(nft_compile(bad[i], &request, &error), -EINVAL);
		assert_has(error.message, "rules, line ");
		netlink_free(&request);
	}
}

static void uplink_settings_are_read(void **state)
{
	struct net_uplink uplink = { .mode = "dhcp",
				     .ipv6_mode = "static",
				     .ipv6_address = "2001:db8::2/64",
				     .ipv6_gateway = "2001:db8::1" };
	struct uplink_settings settings;

	(void)state;
	assert_int_equal(uplink_settings_parse("dhcp\n", &settings), 0);
	assert_true(settings.dhcp);
	assert_int_equal(
		uplink_settings_parse("10.0.2.15/24,10.0.2.2,10.0.2.3,1.1.1.1\n", &settings), 0);
	assert_false(settings.dhcp);
	assert_int_equal(settings.address.prefix, 24);
	assert_string_equal(settings.gateway, "10.0.2.2");
	assert_int_equal(settings.dns_count, 2);
	assert_int_equal(uplink_settings_parse("10.0.2.15/33", &settings), -EINVAL);
	assert_int_equal(uplink_settings_parse("10.0.2.15/24,gateway", &settings), -EINVAL);
	assert_int_equal(uplink_settings_parse("", &settings), -EINVAL);
	assert_int_equal(uplink_settings_from(&uplink, &settings), 0);
	assert_int_equal(settings.ipv6, UPLINK_IPV6_STATIC);
	assert_int_equal(settings.address6.prefix, 64);
	snprintf(uplink.ipv6_address, sizeof(uplink.ipv6_address), "192.0.2.2/24");
	assert_int_equal(uplink_settings_from(&uplink, &settings), -EINVAL);
	snprintf(uplink.ipv6_mode, sizeof(uplink.ipv6_mode), "off");
	assert_int_equal(uplink_settings_from(&uplink, &settings), 0);
	assert_int_equal(settings.ipv6, UPLINK_IPV6_OFF);
	assert_int_equal(
		uplink_lease_parse("bound eth0 10.0.2.15/24 10.0.2.2,10.0.2.9 10.0.2.3", &settings),
		0);
	assert_string_equal(settings.gateway, "10.0.2.2");
	assert_int_equal(uplink_lease_parse("bound eth0 10.0.2.15/24 - -", &settings), 0);
	assert_string_equal(settings.gateway, "");
	assert_int_equal(uplink_lease_parse("bound eth0", &settings), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(network_gets_its_bridge, setup, teardown),
		cmocka_unit_test_setup_teardown(tap_waits_for_its_network, setup, teardown),
		cmocka_unit_test_setup_teardown(port_has_an_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(group_rules_become_matches, setup, teardown),
		cmocka_unit_test_setup_teardown(unsound_rules_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(router_is_wired, setup, teardown),
		cmocka_unit_test_setup_teardown(router_has_addresses_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(floating_addresses_need_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(untranslated_networks_are_routed, setup, teardown),
		cmocka_unit_test_setup_teardown(delete_undoes, setup, teardown),
		cmocka_unit_test_setup_teardown(sync_sweeps, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_wait_for_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(failure_is_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(external_ids_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(address_groups_become_intervals, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_have_limits_and_marks, setup, teardown),
		cmocka_unit_test_setup_teardown(what_ports_send_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(networks_limits_are_their_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(addresses_outside_have_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_compile, setup, teardown),
		cmocka_unit_test(syntax_errors_name_the_line),
		cmocka_unit_test(uplink_settings_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
