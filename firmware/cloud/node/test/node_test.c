/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /node/v1 with peers that the test plays: vmm, netd, the console. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/cloud/http/direct.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/cloud/node/internal.h"
#include "firmware/cloud/placement/placement.h"
#include "firmware/lib/cleanup.h"

static const struct service *const list[] = { &node_service, &index_service, NULL };
static char directory[64];
static struct cloud cloud;
static struct arena arena;
static struct direct_reply reply;
static yyjson_val *body;

struct peer {
	struct channel channel;
	unsigned messages;
	uint16_t type; /* of the last one */
	struct net_uplink uplink;
	struct net_peers peers;
	struct net_remotes remotes;
	struct net_physicals physicals;
	uint64_t revision;
};
static struct peer vmm, netd, console;

static void on_peer_message(struct channel *channel, struct message *message, void *context)
{
	struct peer *peer = context;
	struct node_changed changed = { 0 };

	(void)channel;
	peer->messages++;
	peer->type = message->type;
	if (peer == &netd && message->type == NETD_UPLINK_SET)
		assert_int_equal(message_decode(&arena, message, net_uplink_fields,
						memset(&peer->uplink, 0, sizeof(peer->uplink)),
						NULL),
				 0);
	if (peer == &netd && message->type == NETD_PEERS_SET)
		assert_int_equal(message_decode(&arena, message, net_peers_fields,
						memset(&peer->peers, 0, sizeof(peer->peers)), NULL),
				 0);
	if (peer == &netd && message->type == NETD_REMOTES_SET)
		assert_int_equal(message_decode(&arena, message, net_remotes_fields,
						memset(&peer->remotes, 0, sizeof(peer->remotes)),
						NULL),
				 0);
	if (peer == &netd && message->type == NETD_PHYSICALS_SET)
		assert_int_equal(
			message_decode(&arena, message, net_physicals_fields,
				       memset(&peer->physicals, 0, sizeof(peer->physicals)), NULL),
			0);
	if (peer == &console) {
		assert_int_equal(
			message_decode(&arena, message, node_changed_fields, &changed, NULL), 0);
		peer->revision = changed.revision;
	}
}

static const struct channel_handler peer_handler = { .on_message = on_peer_message };

static void attach(struct peer *peer, enum role role)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	link_attach(cloud.links[role], pair[0]);
	assert_int_equal(
		channel_open(&peer->channel, cloud.loop, pair[1], "peer", &peer_handler, peer), 0);
}

static void turn(int turns)
{
	for (int i = 0; i < turns; i++)
		loop_once(cloud.loop, 10);
}

static void path_in(char *path, const char *name)
{
	snprintf(path, 128, "%s/%s", directory, name);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	path_in(path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int set_up(void **state)
{
	struct store_options options = { .path = directory, .map_size = 64 << 20 };
	char path[128];
	struct error error = { 0 };

	(void)state;
	strcpy(directory, "/tmp/node_test.XXXXXX");
	assert_non_null(mkdtemp(directory));
	path_in(path, "provision");
	mkdir(path, 0700);
	path_in(path, "tls");
	mkdir(path, 0700);
	write_file("provision/admin-password", "secret");
	cloud = (struct cloud){ .directory = directory };
	assert_int_equal(loop_new(&cloud.loop), 0);
	options.loop = cloud.loop;
	options.indexes = identity_service.indexes;
	for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++)
		cloud.links[role] = link_new(cloud.loop, role);
	if (store_open(&cloud.store, &options, &error) < 0 || identity_start(&cloud, &error) < 0 ||
	    placement_service.start(&cloud, &error) < 0 || node_service.start(&cloud, &error) < 0)
		fail_msg("%s", error.message);
	vmm = netd = console = (struct peer){ .channel.fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	struct peer *const peers[] = { &vmm, &netd, &console };
	char command[128];

	(void)state;
	turn(3); /* what was committed is told before the loop goes */
	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
		if (channel_is_open(&peers[i]->channel))
			channel_close(&peers[i]->channel);
	for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++)
		link_free(cloud.links[role]);
	for (size_t i = 0; i < NODE_WATCHES; i++)
		store_watch_stop(&cloud.node->watches[i].watch);
	store_watch_stop(&cloud.node->peers_watch);
	loop_timer_stop(&cloud.node->notify);
	free(cloud.node);
	identity_stop(&cloud);
	store_close(cloud.store);
	loop_free(cloud.loop);
	arena_reset(&arena);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static int ask(const char *method, const char *target, const char *text)
{
	const struct direct_request request = { .method = method,
						.target = target,
						.body = text,
						.body_size = text ? SIZE_MAX : 0,
						.operator= true };

	assert_int_equal(direct_run(&cloud, list, &arena, &request, &reply), 0);
	body = reply.body ? json_parse(&arena, reply.body, reply.body_size) : NULL;
	return reply.status;
}

static const char *text_at(const char *pointer)
{
	const char *text = yyjson_get_str(yyjson_ptr_get(body, pointer));

	return text ? text : "";
}

static void test_overview(void **state)
{
	struct vmm_host host = { .cpus = 2, .accelerator = "kvm", .arch = "x86_64" };
	struct net_address address = { "192.0.2.7/24" };
	struct net_uplink_state uplink = { .link = "eth0",
					   .carrier = true,
					   .addresses = { &address, 1 } };

	(void)state;
	assert_int_equal(ask("GET", "/node/v1", NULL), 200);
	assert_string_equal(text_at("/node/accelerator"), "");
	attach(&vmm, ROLE_VMM);
	attach(&netd, ROLE_NETD);
	channel_send_struct(&vmm.channel, VMM_HOST, 0, vmm_host_fields, &host, -1);
	channel_send_struct(&netd.channel, NETD_UPLINK_STATE, 0, net_uplink_state_fields, &uplink,
			    -1);
	turn(5);
	assert_int_equal(ask("GET", "/node/v1", NULL), 200);
	assert_string_equal(text_at("/node/accelerator"), "kvm");
	assert_string_equal(text_at("/node/uplink/addresses/0"), "192.0.2.7/24");
	assert_true(yyjson_is_true(yyjson_ptr_get(body, "/node/links/vmm")));
	assert_int_equal(ask("GET", "/", NULL), 200);
	assert_string_equal(text_at("/name"), "Cumulet");
}

/* Two guests of 383 MiB that cost 129 each (a quarter more than 101, the kernel's part, page tables): two
 * to a GiB. */
static void test_guests_in_a_gib(void **state)
{
	static const char allocation[] = "{\"consumer\":\"%d\",\"kind\":\"tcg:q35:bios:1\","
					 "\"resources\":{\"VCPU\":1,\"MEMORY_MB\":383}}";
	struct store_txn *txn = store_txn_new(&arena);
	struct store_view *view;

	(void)state;
	assert_int_equal(ask("GET", "/node/v1", NULL), 200);
	assert_true(yyjson_is_null(yyjson_ptr_get(body, "/node/guests/per_gib")));
	assert_int_equal(store_view_open(cloud.store, &view, NULL), 0);
	assert_int_equal(
		placement_overhead_learn(view, &arena, txn, "tcg:q35:bios:1", 101ull << 20), 1);
	store_view_close(view);
	for (int i = 0; i < 2; i++)
		store_txn_put(txn, arena_printf(&arena, "/placement/allocation/%d", i),
			      arena_printf(&arena, allocation, i));
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
	assert_int_equal(ask("GET", "/node/v1", NULL), 200);
	assert_int_equal(yyjson_get_int(yyjson_ptr_get(body, "/node/guests/overhead_mib")), 258);
	assert_int_equal(yyjson_get_int(yyjson_ptr_get(body, "/node/guests/host_mib")),
			 HOST_RESERVED_MIB);
	assert_true(yyjson_get_num(yyjson_ptr_get(body, "/node/guests/per_gib")) == 2.0);
	assert_string_equal(text_at("/node/guests/kinds/0/kind"), "tcg:q35:bios:1");
}

static void test_uplink(void **state)
{
	(void)state;
	attach(&netd, ROLE_NETD);
	turn(5);
	assert_string_equal(netd.uplink.mode, "dhcp");
	assert_int_equal(ask("PUT", "/node/v1/uplink", "{\"uplink\": {\"mode\": \"static\"}}"),
			 400);
	assert_int_equal(ask("PUT", "/node/v1/uplink", "{\"uplink\": {\"mode\": \"magic\"}}"), 400);
	assert_int_equal(ask("PUT", "/node/v1/uplink",
			     "{\"uplink\": {\"mode\": \"static\", \"address\": \"192.0.2.2/24\", "
			     "\"gateway\": \"192.0.2.1\", \"dns\": [\"192.0.2.3\"]}}"),
			 200);
	turn(5);
	assert_string_equal(netd.uplink.mode, "static");
	assert_string_equal(netd.uplink.address, "192.0.2.2/24");
	assert_int_equal(netd.uplink.dns.count, 1);
	assert_int_equal(ask("GET", "/node/v1/uplink", NULL), 200);
	assert_string_equal(text_at("/uplink/gateway"), "192.0.2.1");
	assert_string_equal(netd.uplink.ipv6_mode, "");
	assert_int_equal(ask("PUT", "/node/v1/uplink",
			     "{\"uplink\": {\"mode\": \"dhcp\", \"ipv6_mode\": \"static\", "
			     "\"ipv6_address\": \"192.0.2.2/24\"}}"),
			 400);
	assert_int_equal(ask("PUT", "/node/v1/uplink",
			     "{\"uplink\": {\"mode\": \"dhcp\", \"ipv6_mode\": \"static\", "
			     "\"ipv6_address\": \"2001:db8::2/64\", "
			     "\"ipv6_gateway\": \"2001:db8::1\"}}"),
			 200);
	turn(5);
	assert_string_equal(netd.uplink.ipv6_mode, "static");
	assert_string_equal(netd.uplink.ipv6_gateway, "2001:db8::1");
	/* Who knows nothing of IPv6 does not undo it. */
	assert_int_equal(ask("PUT", "/node/v1/uplink", "{\"uplink\": {\"mode\": \"dhcp\"}}"), 200);
	turn(5);
	assert_string_equal(netd.uplink.ipv6_address, "2001:db8::2/64");
}

static void test_image_import(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/node/v1/image-import", NULL), 200);
	assert_int_equal(yyjson_obj_size(yyjson_obj_get(body, "image_import")), 0);
	assert_int_equal(
		ask("PUT", "/node/v1/image-import", "{\"image_import\": {\"allowed_ports\": [0]}}"),
		400);
	assert_int_equal(ask("PUT", "/node/v1/image-import",
			     "{\"image_import\": {\"authorities\": \"trust me\"}}"),
			 400);
	assert_int_equal(ask("PUT", "/node/v1/image-import",
			     "{\"image_import\": {\"allowed_schemes\": [\"ftp\"]}}"),
			 400);
	assert_int_equal(ask("PUT", "/node/v1/image-import",
			     "{\"image_import\": {\"allowed_hosts\": [\"mirror.example.com\"], "
			     "\"allowed_ports\": [8080], \"total_seconds\": 60}}"),
			 200);
	assert_int_equal(ask("GET", "/node/v1/image-import", NULL), 200);
	assert_string_equal(text_at("/image_import/allowed_hosts/0"), "mirror.example.com");
}

static void test_first_uplink(void **state)
{
	(void)state;
	write_file("provision/uplink", "203.0.113.2/24,203.0.113.1,203.0.113.1\n");
	attach(&netd, ROLE_NETD);
	turn(5);
	assert_string_equal(netd.uplink.mode, "static");
	assert_string_equal(netd.uplink.address, "203.0.113.2/24");
	assert_string_equal(netd.uplink.gateway, "203.0.113.1");
}

#define REMOTE "/node/v1/peers/networks/101"

static void test_peers(void **state)
{
	const struct net_remote *remote;

	(void)state;
	attach(&netd, ROLE_NETD);
	turn(5);
	assert_string_equal(netd.peers.endpoint, "");
	assert_int_equal(node_overlay_mtu(&cloud), 1450);
	assert_int_equal(ask("GET", "/node/v1/peers", NULL), 200);
	assert_true(yyjson_is_null(yyjson_ptr_get(body, "/peers/endpoint")));
	assert_int_equal(ask("PUT", "/node/v1/peers",
			     "{\"peers\": {\"endpoint\": null, \"addresses\": [\"192.0.2.3\"]}}"),
			 400);
	assert_int_equal(ask("PUT", "/node/v1/peers",
			     "{\"peers\": {\"endpoint\": \"192.0.2.2\", "
			     "\"addresses\": [\"2001:db8::1\"]}}"),
			 400);
	assert_int_equal(ask("PUT", "/node/v1/peers",
			     "{\"peers\": {\"endpoint\": \"2001:db8::2\", "
			     "\"addresses\": [\"2001:db8::1\"]}}"),
			 200);
	turn(5);
	assert_string_equal(netd.peers.endpoint, "2001:db8::2");
	assert_int_equal(netd.peers.port, 4789);
	assert_true(netd.peers.learning);
	assert_int_equal(netd.peers.peers.count, 1);
	assert_int_equal(node_overlay_mtu(&cloud), 1430);
	assert_int_equal(ask("GET", REMOTE, NULL), 404);
	assert_int_equal(ask("GET", "/node/v1/peers/networks/16777216", NULL), 404);
	assert_int_equal(ask("PUT", REMOTE,
			     "{\"network\": {\"ports\": [{\"mac\": \"01:00:00:00:00:01\", "
			     "\"peer\": \"2001:db8::1\", \"addresses\": []}]}}"),
			 400);
	assert_int_equal(ask("PUT", REMOTE,
			     "{\"network\": {\"ports\": [{\"mac\": \"02:00:00:00:00:01\", "
			     "\"peer\": \"2001:db8::1\", "
			     "\"addresses\": [\"10.1.0.9\", \"2001:db8:1::9\"]}]}}"),
			 200);
	turn(5);
	assert_int_equal(netd.remotes.vni, 101);
	assert_int_equal(netd.remotes.remotes.count, 2);
	remote = netd.remotes.remotes.items;
	assert_string_equal(remote[1].address, "2001:db8:1::9");
	assert_int_equal(ask("GET", "/node/v1/peers/networks", NULL), 200);
	assert_int_equal(yyjson_get_int(yyjson_ptr_get(body, "/networks/0/vni")), 101);
	/* A fresh netd hears all of it. */
	channel_close(&netd.channel);
	memset(&netd.remotes, 0, sizeof(netd.remotes));
	attach(&netd, ROLE_NETD);
	turn(5);
	assert_int_equal(netd.remotes.vni, 101);
	assert_int_equal(ask("DELETE", REMOTE, NULL), 204);
	turn(5);
	assert_int_equal(netd.remotes.remotes.count, 0);
	assert_int_equal(ask("DELETE", REMOTE, NULL), 404);
}

#define PHYSICALS "/node/v1/physical-networks"

static void test_physical_networks(void **state)
{
	static const char *const bad[] = {
		"{\"physical_networks\": [{\"name\": \"uplink\", \"link\": \"eth1\"}]}",
		"{\"physical_networks\": [{\"name\": \"lan\", \"link\": \"eth1/..\"}]}",
		"{\"physical_networks\": [{\"name\": \"a\", \"link\": \"eth1\"}, "
		"{\"name\": \"b\", \"link\": \"eth1\"}]}",
		"{\"physical_networks\": [{\"name\": \"a\", \"link\": \"eth1\", "
		"\"vlan_ranges\": [{\"minimum\": 9, \"maximum\": 8}]}]}",
	};

	(void)state;
	attach(&netd, ROLE_NETD);
	turn(5);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_int_equal(ask("PUT", PHYSICALS, bad[i]), 400);
	assert_int_equal(ask("GET", PHYSICALS, NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(body, "/physical_networks")), 0);
	assert_int_equal(ask("PUT", PHYSICALS,
			     "{\"physical_networks\": [{\"name\": \"lan\", \"link\": \"eth1\", "
			     "\"vlan_ranges\": [{\"minimum\": 8, \"maximum\": 9}]}]}"),
			 200);
	turn(5);
	assert_int_equal(netd.physicals.physicals.count, 1);
	assert_string_equal(((struct net_physical *)netd.physicals.physicals.items)->link, "eth1");
	assert_int_equal(ask("GET", PHYSICALS, NULL), 200);
	assert_string_equal(text_at("/physical_networks/0/name"), "lan");
}

static void commit(const char *key)
{
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, key, "{}");
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
}

static void test_changes(void **state)
{
	char key[64];

	(void)state;
	attach(&console, ROLE_CONSOLE);
	turn(3);
	assert_int_equal(console.messages, 1); /* upon the fresh link */
	commit("/identity/x/1");
	turn(3);
	assert_int_equal(console.messages, 1); /* nothing that it shows */
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "/compute/x/%d", i);
		commit(key);
	}
	turn(40);
	assert_int_equal(console.revision, store_revision(cloud.store));
	assert_true(console.messages <= 5); /* twenty changes, few messages */
	assert_int_equal(console.type, NODE_CHANGED);
}

static void test_alone(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/node/v1/logs", NULL), 503);
	assert_int_equal(ask("GET", "/node/v1/logs?limit=x", NULL), 400);
	assert_int_equal(ask("POST", "/node/v1/power", "{\"power\": {\"action\": \"reboot\"}}"),
			 503);
	assert_int_equal(ask("POST", "/node/v1/power", "{\"power\": {\"action\": \"jump\"}}"), 400);
	assert_int_equal(ask("POST", "/node/v1/admin-password", "{\"password\": \"short\"}"), 400);
	assert_int_equal(ask("GET", "/node/v1/ca", NULL), 404);
	write_file("tls/ca.pem", "PEM");
	assert_int_equal(ask("GET", "/node/v1/ca", NULL), 200);
	assert_int_equal(reply.length, 3);
	close(reply.fd);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_overview),        TEST(test_uplink), TEST(test_image_import),
		TEST(test_guests_in_a_gib), TEST(test_uplink), TEST(test_image_import),
		TEST(test_first_uplink),    TEST(test_peers),  TEST(test_physical_networks),
		TEST(test_changes),         TEST(test_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
