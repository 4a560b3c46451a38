/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd and svc against the real kernel, guests being namespaces; see world.h. */
#include <arpa/inet.h>
#include <fcntl.h>

#include "netstack/netd/test/scene.h"

/* --- what cloud would send --- */

static void router_send(void)
{
	struct net_router_interface interface = { .port_id = ROUTER_PORT,
						  .network_id = NETWORK,
						  .subnet_id = SUBNET,
						  .mac = "fa:16:3e:00:00:aa",
						  .address = "10.1.0.1/24" };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = "eeeeeeee-0000-4000-8000-000000000001",
				     .interfaces = { &interface, 1 } };

	assert_int_equal(ask(&world.cloud, NETD_ROUTER_SET, net_router_fields, &router), 0);
}

static void everything_send(void)
{
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	guests_send(80);
	router_send();
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
}

/* --- the tests, in this order --- */

/* The box's script is shown where the image has it. false: no overlays, or no DHCP server. */
static bool dhcp_server_start(void)
{
	FILE *file = fopen("/run/udhcpd.conf", "w");

	fputs("start 192.0.2.50\nend 192.0.2.50\ninterface eth0\nlease_file /run/leases\n"
	      "opt subnet 255.255.255.0\nopt router 192.0.2.1\nopt dns 192.0.2.1\n",
	      file);
	fclose(file);
	return run("mount -t overlay overlay -o lowerdir=$PWD/rootfs/skeleton/usr/share:/usr/share "
		   "/usr/share && : >/run/leases && "
		   "ip netns exec outside busybox udhcpd -S /run/udhcpd.conf") == 0;
}

static void uplink_is_dynamic(void **state)
{
	(void)state;
	NEED_WORLD();
	if (!dhcp_server_start())
		skip();
	wait_until(world.uplink.addresses.count == 1);
	assert_string_equal(((struct net_address *)world.uplink.addresses.items)->address,
			    "192.0.2.50/24");
	assert_string_equal(world.uplink.gateway, "192.0.2.1");
	assert_int_equal(world.uplink.dns.count, 1);
	assert_int_equal(run("ip route | grep -q 'default via 192.0.2.1 dev eth0'"), 0);
}

static void uplink_is_static(void **state)
{
	struct net_address dns = { "192.0.2.1" };
	struct net_uplink uplink = { .mode = "static",
				     .address = "192.0.2.10/24",
				     .gateway = "192.0.2.1",
				     .dns = { &dns, 1 } };

	(void)state;
	NEED_WORLD();
	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
	wait_until(world.uplink.addresses.count == 1 &&
		   strcmp(((struct net_address *)world.uplink.addresses.items)->address,
			  "192.0.2.10/24") == 0);
	assert_string_equal(world.uplink.link, "eth0");
	assert_string_equal(world.uplink.gateway, "192.0.2.1");
	wait_until(run("busybox ping -c1 -W2 192.0.2.1 >/dev/null") == 0);
}

static void dhcp_serves_the_ports(void **state)
{
	(void)state;
	NEED_WORLD();
	everything_send();
	for (int i = 1; i <= 3; i++)
		assert_int_equal(
			run_beside("ip netns exec g%d busybox udhcpc -i eth0 -n -q -f -t 10 -T 1 "
				   "-O staticroutes -s /run/script >/run/dhcp.%d 2>&1",
				   i, i),
			0);
	assert_int_equal(run("ip -n g1 addr show eth0 | grep -q 'inet 10.1.0.11/24'"), 0);
	assert_int_equal(run("ip -n g3 addr show eth0 | grep -q 'inet 10.1.0.13/24'"), 0);
	assert_int_equal(run("grep -q 'mtu=1450 hostname=one domain=cloud.test dns=10.1.0.2 "
			     "router=10.1.0.1' /run/dhcp.1"),
			 0);
	assert_int_equal(run("grep -q 'routes=169.254.169.254/32 10.1.0.2 0.0.0.0/0 10.1.0.1' "
			     "/run/dhcp.1"),
			 0);
}

static void groups_are_enforced(void **state)
{
	(void)state;
	NEED_WORLD();
	wait_until(run("ip netns exec g1 busybox ping -c1 -W2 10.1.0.12 >/dev/null") == 0);
	wait_until(run("ip netns exec g1 busybox ping -c1 -W1 10.1.0.13 >/dev/null") != 0);
	wait_until(run("ip netns exec g3 busybox ping -c1 -W1 10.1.0.11 >/dev/null") != 0);
	run("ip netns exec g3 busybox httpd -p 80 -h /run; ip netns exec g3 busybox httpd -p 81 "
	    "-h /run");
	wait_until(run("ip netns exec g1 $FETCH 3 10.1.0.13 80 /hello | "
		       "grep -q hello") == 0);
	wait_until(run("ip netns exec g1 $FETCH 1 10.1.0.13 81 /hello") != 0);
}

static void rules_follow_the_group(void **state)
{
	(void)state;
	NEED_WORLD();
	group_send(GROUP_WEB, 81);
	wait_until(run("ip netns exec g1 $FETCH 3 10.1.0.13 81 /hello "
		       "| grep -q hello") == 0);
	wait_until(run("ip netns exec g1 $FETCH 1 10.1.0.13 80 /hello") != 0);
	group_send(GROUP_WEB, 80);
}

/* The web's group lets in those of an address group alone. */
static void addresses_send(const struct net_address *list, size_t count)
{
	struct net_rule rules[] = { { .id = GROUP_WEB, .egress = true },
				    { .id = GROUP_WEB,
				      .protocol = 6 + 1,
				      .port_min = 80,
				      .port_max = 80,
				      .remote_addresses = ADDRESSES } };
	struct net_group group = { .id = GROUP_WEB, .stateful = true, .rules = { rules, 2 } };
	struct net_addresses addresses = { .id = ADDRESSES, .addresses = { (void *)list, count } };

	assert_int_equal(ask(&world.cloud, NETD_GROUP_SET, net_group_fields, &group), 0);
	assert_int_equal(ask(&world.cloud, NETD_ADDRESSES_SET, net_addresses_fields, &addresses),
			 0);
}

static void address_groups_are_enforced(void **state)
{
	/* in no order, one inside of another, two side by side, and the other family's */
	static const struct net_address list[] = { { "10.1.0.12/32" },
						   { "10.0.0.0/24" },
						   { "10.1.0.10/31" },
						   { "10.0.0.128/25" },
						   { "::/0" } };
	struct net_id gone = { ADDRESSES };

	(void)state;
	NEED_WORLD();
	addresses_send(list, 5);
	wait_until(run("ip netns exec g1 $FETCH 3 10.1.0.13 80 /hello | grep -q hello") == 0);
	wait_until(run("ip netns exec g2 $FETCH 3 10.1.0.13 80 /hello | grep -q hello") == 0);
	addresses_send(list + 1, 4);
	wait_until(run("ip netns exec g1 $FETCH 3 10.1.0.13 80 /hello | grep -q hello") == 0);
	wait_until(run("ip netns exec g2 $FETCH 1 10.1.0.13 80 /hello") != 0);
	/* What is not known allows nothing. */
	assert_int_equal(ask(&world.cloud, NETD_ADDRESSES_DELETE, net_id_fields, &gone), 0);
	wait_until(run("ip netns exec g1 $FETCH 1 10.1.0.13 80 /hello") != 0);
	group_send(GROUP_WEB, 80);
}

static void spoofed_frames_are_dropped(void **state)
{
	(void)state;
	NEED_WORLD();
	/* another address of the subnet, then another MAC */
	run("ip -n g1 addr add 10.1.0.99/24 dev eth0");
	wait_until(run("ip netns exec g1 busybox ping -I 10.1.0.99 -c1 -W1 10.1.0.12 >/dev/null") !=
		   0);
	run("ip -n g1 addr del 10.1.0.99/24 dev eth0");
	run("ip -n g1 link set eth0 address fa:16:3e:00:00:77");
	wait_until(run("ip netns exec g1 busybox ping -c1 -W1 10.1.0.12 >/dev/null") != 0);
	run("ip -n g1 link set eth0 address " MAC_1);
	wait_until(run("ip netns exec g1 busybox ping -c2 -W2 10.1.0.12 >/dev/null") == 0);
}

static void routers_translate(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -n g1 route replace default via 10.1.0.1");
	wait_until(run("ip netns exec g1 busybox ping -c1 -W2 10.1.0.1 >/dev/null") == 0);
	wait_until(run("ip netns exec g1 busybox ping -c1 -W2 192.0.2.1 >/dev/null") == 0);
	wait_until(run("ip netns exec g1 $FETCH 3 192.0.2.1 80 /hello | "
		       "grep -q hello") == 0);
	/* the box itself is out of reach */
	wait_until(run("ip netns exec g1 busybox ping -c1 -W1 192.0.2.10 >/dev/null") != 0);
}

/* The address under which a guest is seen outside: what answers it asked for that one. */
static int seen_as(const char *guest, const char *address)
{
	run("ip -n outside neigh flush dev eth0");
	run("ip netns exec %s busybox ping -c1 -W2 192.0.2.1 >/dev/null", guest);
	return run("ip -n outside neigh show %s | grep -q lladdr", address);
}

static void floating_addresses_lead_inside(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -n g2 route replace default via 10.1.0.1; "
	    "ip -n g3 route replace default via 10.1.0.1");
	assert_int_equal(seen_as("g1", "192.0.2.10"), 0);
	external_send(true);
	wait_until(run("ip netns exec outside busybox ping -c1 -W2 192.0.2.100 >/dev/null") == 0);
	wait_until(run("ip netns exec outside $FETCH 3 192.0.2.103 80 /hello | "
		       "grep -q hello") == 0);
	/* the group lets nothing else in */
	wait_until(run("ip netns exec outside $FETCH 1 192.0.2.103 81 /hello") != 0);
	wait_until(run("ip netns exec outside $FETCH 1 192.0.2.101 80 /hello") != 0);
	assert_int_equal(seen_as("g1", "192.0.2.101"), 0);
	assert_int_equal(seen_as("g2", "192.0.2.100"), 0);
}

static void floating_addresses_are_reached_from_inside(void **state)
{
	(void)state;
	NEED_WORLD();
	wait_until(run("ip netns exec g1 $FETCH 3 192.0.2.103 80 /hello | grep -q hello") == 0);
	wait_until(run("ip netns exec g2 $FETCH 3 192.0.2.103 80 /hello | grep -q hello") == 0);
	wait_until(run("ip netns exec g3 $FETCH 3 192.0.2.103 80 /hello | grep -q hello") == 0);
}

/* From the moment that netd is gone until it knows all again. */
static void floating_addresses_outlive_netd(void **state)
{
	struct net_address dns = { "192.0.2.1" };
	struct net_uplink uplink = { .mode = "static",
				     .address = "192.0.2.10/24",
				     .gateway = "192.0.2.1",
				     .dns = { &dns, 1 } };
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	(void)state;
	NEED_WORLD();
	run("ip route add 192.0.2.199 dev eth0 proto 193"); /* of a router that is no more */
	netd_kill();
	netd_start();
	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
	run("ip -n outside neigh flush dev eth0");
	wait_until(run("ip netns exec outside $FETCH 3 192.0.2.103 80 /hello | "
		       "grep -q hello") == 0);
	guests_send(80);
	external_send(true);
	assert_int_equal(run("ip route | grep -q 192.0.2.199"), 0);
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
	assert_int_not_equal(run("ip route | grep -q 192.0.2.199"), 0);
	run("ip -n outside neigh flush dev eth0");
	wait_until(run("ip netns exec outside $FETCH 3 192.0.2.103 80 /hello | "
		       "grep -q hello") == 0);
}

static void ports_are_forwarded(void **state)
{
	(void)state;
	NEED_WORLD();
	wait_until(run("ip netns exec outside $FETCH 3 192.0.2.102 8081 /hello | "
		       "grep -q hello") == 0);
	wait_until(run("ip netns exec g1 $FETCH 3 192.0.2.102 8080 /hello | grep -q hello") == 0);
	wait_until(run("ip netns exec outside $FETCH 1 192.0.2.102 80 /hello") != 0);
}

static void floating_addresses_are_given_back(void **state)
{
	(void)state;
	NEED_WORLD();
	external_send(false);
	wait_until(run("ip neigh show proxy | grep -q 192.0.2.103") != 0);
	wait_until(run("ip netns exec outside $FETCH 1 192.0.2.103 80 /hello") != 0);
	assert_int_equal(run("ip neigh show proxy | grep -q 192.0.2.100"), 0);
	assert_int_equal(seen_as("g1", "192.0.2.100"), 0);
	router_send();
	wait_until(run("[ -z \"$(ip neigh show proxy)\" ]") == 0);
	assert_int_equal(seen_as("g1", "192.0.2.10"), 0);
}

static void names_are_resolved(void **state)
{
	(void)state;
	NEED_WORLD();
	assert_int_equal(run("ip netns exec g1 busybox nslookup two.cloud.test 10.1.0.2 "
			     ">/run/dns; grep -q 10.1.0.12 /run/dns"),
			 0);
	assert_int_equal(run("ip netns exec g1 busybox nslookup 10.1.0.13 10.1.0.2 >/run/dns; "
			     "grep -q three.cloud.test /run/dns"),
			 0);
	/* Forwarded: the resolver stand-in answers everything with its own name. */
	assert_int_equal(run_beside("ip netns exec g1 busybox nslookup -type=a far.example "
				    "10.1.0.2 >/run/dns; grep -q 198.51.100.7 /run/dns"),
			 0);
}

static void metadata_comes_from_cloud(void **state)
{
	(void)state;
	NEED_WORLD();
	run("ip -n g1 route replace 169.254.169.254 via 10.1.0.2");
	assert_int_equal(
		run_beside("ip netns exec g1 $FETCH 5 169.254.169.254 80 /openstack/latest | "
			   "grep -q 'metadata of /openstack/latest'"),
		0);
	assert_string_equal(world.asked_address, "10.1.0.11");
	/* by way of the router, too */
	run("ip -n g2 route replace default via 10.1.0.1");
	assert_int_equal(
		run_beside(
			"ip netns exec g2 $FETCH 5 169.254.169.254 80 /by-router | grep -q by-router"),
		0);
	assert_string_equal(world.asked_address, "10.1.0.12");
}

static void svc_comes_back(void **state)
{
	size_t links = world.svc_count;

	(void)state;
	NEED_WORLD();
	assert_int_equal(run("kill -9 $(ip netns pids $(ip netns identify $$) 2>/dev/null; "
			     "for p in /proc/[0-9]*; do "
			     "[ \"$(tr -d '\\0' <$p/cmdline 2>/dev/null)\" = svc ] && "
			     "[ \"$(readlink $p/ns/mnt)\" = \"$(readlink /proc/self/ns/mnt)\" ] && "
			     "echo ${p#/proc/}; done)"),
			 0);
	wait_until(world.svc_count > links);
	/* It is there before it has been told all about its network. */
	wait_until(run_beside("ip netns exec g1 $FETCH 5 169.254.169.254 80 /again | "
			      "grep -q again") == 0);
}

/* What nft says of all rules, without the order of elements, which is none, and the numbers that
 * marks know ports by. */
#define LISTING                                                                                    \
	"(nft list ruleset; for s in $(ls /run/cumulet/netns); do "                                \
	"nsenter --net=/run/cumulet/netns/$s nft list ruleset; done) "                             \
	"| tr ',{}' '\\n\\n\\n' | sed 's/0x[0-9a-f]*/N/g; s/^[ \t]*//; s/[ \t]*$//' | sort"

/* Each change made only what differed: together they are what a fresh netd sets as a whole. */
static void changes_add_up(void **state)
{
	(void)state;
	NEED_WORLD();
	if (run("command -v nft >/dev/null") != 0)
		skip();
	link_give(&world.cloud, ROLE_CLOUD, "cloud"); /* what it is not told again goes */
	everything_send();
	wait_until(run("nft list ruleset | grep -q 'dport 80'") == 0);
	run(LISTING " >/run/changed");
	netd_kill();
	netd_start();
	everything_send();
	wait_until(run(LISTING " >/run/whole; cmp -s /run/changed /run/whole") == 0);
	assert_int_equal(run("grep -q ct11111111000 /run/whole"), 0);
}

static void netd_comes_back(void **state)
{
	pid_t ping;
	int status;

	(void)state;
	NEED_WORLD();
	/* traffic goes on while netd is away and when it is back */
	ping = fork();
	if (ping == 0) {
		execl("/bin/sh", "sh", "-c",
		      "exec ip netns exec g1 busybox ping -q -c 4 -W 1 10.1.0.12 >/run/ping", NULL);
		_exit(127);
	}
	netd_kill();
	wait_until(run("ip netns exec g1 busybox ping -c1 -W1 10.1.0.13 >/dev/null") != 0);
	netd_start();
	everything_send();
	waitpid(ping, &status, 0);
	wait_until(run("grep -q ' 0%% packet loss' /run/ping") == 0);
	wait_until(run("ip netns exec g1 busybox ping -c1 -W2 192.0.2.1 >/dev/null") == 0);
	assert_int_equal(
		run_beside("ip netns exec g1 $FETCH 9 169.254.169.254 80 /back | grep -q back"), 0);
}

/* The setting of the first boot, which root alone may read, holds before cloud says anything. */
static void provisioned_uplink_holds(void **state)
{
	(void)state;
	NEED_WORLD();
	netd_kill();
	run("mkdir -p /run/provision && umask 077 && "
	    "echo 192.0.2.77/24,192.0.2.1,192.0.2.1 >/run/provision/uplink");
	netd_start();
	wait_until(world.uplink.addresses.count == 1 &&
		   strcmp(((struct net_address *)world.uplink.addresses.items)->address,
			  "192.0.2.77/24") == 0);
	everything_send();
}

/* In the guest's eyes: what its tap was sent is what it received. */
static void ports_are_counted(void **state)
{
	struct net_id port = { PORT_1 };
	struct net_counters before;

	(void)state;
	NEED_WORLD();
	assert_int_equal(ask(&world.cloud, NETD_COUNTERS_GET, net_id_fields, &port), 0);
	before = world.counters;
	assert_true(before.received_packets > 0 && before.sent_packets > 0);
	run("ip netns exec g1 busybox ping -c1 -W2 -s 900 10.1.0.99 >/dev/null");
	wait_until(run("ip netns exec g1 busybox ping -c1 -W2 -s 1000 10.1.0.1 >/dev/null") == 0);
	assert_int_equal(ask(&world.cloud, NETD_COUNTERS_GET, net_id_fields, &port), 0);
	assert_true(world.counters.sent_bytes >= before.sent_bytes + 1000);
	assert_true(world.counters.received_bytes >= before.received_bytes + 1000);
	strcpy(port.id, "99999999-0000-4000-8000-000000000001");
	assert_int_equal(ask(&world.cloud, NETD_COUNTERS_GET, net_id_fields, &port), ENODEV);
	strcpy(port.id, "../x");
	assert_int_equal(ask(&world.cloud, NETD_COUNTERS_GET, net_id_fields, &port), EINVAL);
}

static void taps_are_handed_out(void **state)
{
	static const char id[] = "44444444-0000-4000-8000-000000000004";
	struct net_id port = { "44444444-0000-4000-8000-000000000004" };

	(void)state;
	NEED_WORLD();
	port_send(id, "fa:16:3e:00:00:04", "10.1.0.14", "four", GROUP);
	assert_int_equal(ask(&world.vmm, NETD_TAP_OPEN, net_id_fields, &port), 0);
	assert_true(world.reply_fd >= 0);
	wait_until(world.port.up && strcmp(world.port.id, id) == 0);
	assert_int_equal(run("ip link show ct44444444000 | grep -q 'mtu 1450.*master cbr101'"), 0);
	assert_int_equal(ask(&world.vmm, NETD_TAP_OPEN, net_id_fields, &port), EBUSY);
	assert_int_equal(ask(&world.vmm, NETD_TAP_CLOSE, net_id_fields, &port), 0);
	assert_int_not_equal(run("ip link show ct44444444000 2>/dev/null"), 0);
}

static void leftovers_go_with_sync(void **state)
{
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	(void)state;
	NEED_WORLD();
	run("ip link add ct00000000000 type veth peer name other0; ip link add br0 type bridge");
	link_give(&world.cloud, ROLE_CLOUD, "cloud");
	network_send();
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
	assert_int_not_equal(run("ip link show ct00000000000 2>/dev/null"), 0);
	assert_int_not_equal(run("ip link show ct11111111000 2>/dev/null"), 0);
	assert_int_equal(run("ip link show cbr101 >/dev/null && ip link show br0 >/dev/null"), 0);
	assert_int_equal(run("[ -z \"$(ls /run/cumulet/netns)\" ]"), 0);
}

/* Answers every query with 198.51.100.7, as the resolver of the uplink. */
static void resolver_run(void)
{
	static const uint8_t record[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 7
	};
	struct sockaddr_storage from;
	uint8_t packet[600];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(53) };

	if (bind(fd, (void *)&own, sizeof(own)) < 0)
		_exit(1);
	for (;;) {
		socklen_t length = sizeof(from);
		ssize_t size = recvfrom(fd, packet, 500, 0, (void *)&from, &length);

		if (size < 12)
			continue;
		packet[2] |= 0x80;
		packet[7] = 1;
		memcpy(packet + size, record, sizeof(record));
		sendto(fd, packet, (size_t)size + sizeof(record), 0, (void *)&from, length);
	}
}

static void resolver_start(void)
{
	int fd;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open("/run/netns/outside", O_RDONLY);
	if (setns(fd, CLONE_NEWNET) == 0)
		resolver_run();
	_exit(1);
}

static const char script[] =
	"#!/bin/sh\n"
	"[ \"$1\" = bound ] || exit 0\n"
	"busybox ip addr add $ip/$mask dev $interface\n"
	"echo \"mtu=$mtu hostname=$hostname domain=$domain dns=$dns router=$router\"\n"
	"echo \"routes=$staticroutes\"\n";

static int world_setup(void **state)
{
	char fetcher[64];
	FILE *file;

	(void)state;
	world.possible = world_make();
	if (!world.possible)
		return 0;
	snprintf(fetcher, sizeof(fetcher), "/proc/%d/exe fetch", getpid());
	setenv("FETCH", fetcher, 1);
	file = fopen("/run/script", "w");
	fputs(script, file);
	fclose(file);
	chmod("/run/script", 0755);
	run("echo hello >/run/hello");
	outside_connect("192.0.2.1/24");
	run("ip netns exec outside busybox httpd -p 80 -h /run");
	resolver_start();
	guest_make("g1", PORT_1, MAC_1);
	guest_make("g2", PORT_2, MAC_2);
	guest_make("g3", PORT_3, MAC_3);
	netd_start();
	return 0;
}

/* fetch SECONDS ADDRESS PORT PATH: prints what an HTTP server answers. */
static int fetch(char **argv)
{
	struct timeval limit = { .tv_sec = atoi(argv[1]) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[3])) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char data[4096];
	ssize_t size;

	inet_pton(AF_INET, argv[2], &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (void *)&to, sizeof(to)) < 0)
		return 1;
	dprintf(fd, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", argv[4], argv[2]);
	while ((size = read(fd, data, sizeof(data))) > 0)
		fwrite(data, 1, (size_t)size, stdout);
	return size < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uplink_is_dynamic),
		cmocka_unit_test(uplink_is_static),
		cmocka_unit_test(dhcp_serves_the_ports),
		cmocka_unit_test(groups_are_enforced),
		cmocka_unit_test(rules_follow_the_group),
		cmocka_unit_test(address_groups_are_enforced),
		cmocka_unit_test(spoofed_frames_are_dropped),
		cmocka_unit_test(routers_translate),
		cmocka_unit_test(floating_addresses_lead_inside),
		cmocka_unit_test(floating_addresses_are_reached_from_inside),
		cmocka_unit_test(floating_addresses_outlive_netd),
		cmocka_unit_test(ports_are_forwarded),
		cmocka_unit_test(floating_addresses_are_given_back),
		cmocka_unit_test(names_are_resolved),
		cmocka_unit_test(metadata_comes_from_cloud),
		cmocka_unit_test(changes_add_up),
		cmocka_unit_test(svc_comes_back),
		cmocka_unit_test(netd_comes_back),
		cmocka_unit_test(provisioned_uplink_holds),
		cmocka_unit_test(ports_are_counted),
		cmocka_unit_test(taps_are_handed_out),
		cmocka_unit_test(leftovers_go_with_sync),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	if (argc == 6 && strcmp(argv[1], "fetch") == 0)
		return fetch(argv + 1);
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
