/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits and marks against the real kernel: what arrives is measured; see world.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <time.h>

#include "netstack/netd/test/world.h"

#define NETWORK "aaaaaaaa-0000-4000-8000-000000000001"
#define EXTERNAL "eeeeeeee-0000-4000-8000-000000000001"
#define ROUTER "bbbbbbbb-0000-4000-8000-000000000001"
#define ROUTER_PORT "bbbbbbbb-0000-4000-8000-000000000002"
#define PORT_1 "11111111-0000-4000-8000-000000000001"
#define PORT_2 "22222222-0000-4000-8000-000000000002"
#define MAC_1 "fa:16:3e:00:00:01"
#define MAC_2 "fa:16:3e:00:00:02"
#define LINK_LOCAL_2 "fe80::f816:3eff:fe00:2%eth0"
#define UDP_PORT 7000

#define LIMIT_KBPS 1600
#define OFFERED_KBPS (16 * LIMIT_KBPS)
#define STREAM_KBPS 800
#define STREAM_BYTES 200000 /* 2 s of it */

/* --- what cloud would send --- */

static void network_send(const struct net_qos *qos)
{
	struct net_network network = {
		.id = NETWORK, .type = "vxlan", .vni = 101, .mtu = 1450, .admin_up = true
	};

	if (qos != NULL)
		network.qos = *qos;
	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

static void port_send(const char *id, const char *mac, const char *address,
		      const struct net_qos *qos)
{
	struct net_address fixed = { 0 };
	struct net_port port = { .network_id = NETWORK,
				 .owner = "compute:nova",
				 .admin_up = true,
				 .addresses = { &fixed, 1 } };

	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.mac, sizeof(port.mac), "%s", mac);
	if (qos != NULL)
		port.qos = *qos;
	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, &port), 0);
}

static void router_send(const struct net_qos *floating, const struct net_qos *own)
{
	struct net_network network = { .id = EXTERNAL,
				       .type = "flat",
				       .physical = "uplink",
				       .mtu = 1500,
				       .admin_up = true,
				       .external = true };
	struct net_router_interface interface = { .port_id = ROUTER_PORT,
						  .network_id = NETWORK,
						  .mac = "fa:16:3e:00:00:aa",
						  .address = "10.1.0.1/24" };
	struct net_floating floatings = { "192.0.2.101", "10.1.0.11", *floating };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = EXTERNAL,
				     .external_address = "192.0.2.100/24",
				     .interfaces = { &interface, 1 },
				     .floatings = { &floatings, 1 },
				     .qos = *own };

	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
	assert_int_equal(ask(&world.cloud, NETD_ROUTER_SET, net_router_fields, &router), 0);
}

static void uplink_send(void)
{
	struct net_uplink uplink = { .mode = "static",
				     .address = "192.0.2.10/24",
				     .gateway = "192.0.2.1" };
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
	wait_until(world.uplink.addresses.count == 1);
}

/* --- measuring --- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double sink_read(void)
{
	double kbps = -1;
	FILE *file = fopen("/run/sink", "r");

	if (file == NULL)
		return -1;
	if (fscanf(file, "%lf", &kbps) != 1)
		kbps = -1;
	fclose(file);
	return kbps;
}

/* kbit/s that arrive of OFFERED_KBPS, once buckets are empty. */
static double measure(const char *from, const char *to, const char *address)
{
	run_beside("ip netns exec %s $QOS sink %d >/run/sink & "
		   "sleep 0.2; ip netns exec %s $QOS blast %s; wait",
		   to, UDP_PORT, from, address);
	return sink_read();
}

/* Less than a third of what was offered arrives without a limit only on a machine that is too
 * busy to tell; with one it is the limit, give or take. */
#define assert_unlimited(value) assert_true((value) > LIMIT_KBPS * 5)
#define assert_limited(value)                                                                      \
	do {                                                                                       \
		double ratio = (value) / LIMIT_KBPS;                                               \
                                                                                                   \
		print_message("of the limit: %.2f\n", ratio);                                      \
		assert_true(ratio > 0.7 && ratio < 1.2);                                           \
	} while (0)

static const struct net_qos nothing;

static void what_a_port_sends_is_limited(void **state)
{
	const struct net_qos qos = { .set = true, .egress_kbps = LIMIT_KBPS, .egress_burst = 100 };

	(void)state;
	NEED_WORLD();
	assert_unlimited(measure("g1", "g2", "10.1.0.12"));
	port_send(PORT_1, MAC_1, "10.1.0.11", &qos);
	assert_limited(measure("g1", "g2", "10.1.0.12"));
	/* the other direction is not */
	assert_unlimited(measure("g2", "g1", "10.1.0.11"));
	port_send(PORT_1, MAC_1, "10.1.0.11", NULL);
	assert_unlimited(measure("g1", "g2", "10.1.0.12"));
}

static void what_a_port_is_sent_is_limited(void **state)
{
	const struct net_qos qos = { .set = true,
				     .ingress_kbps = LIMIT_KBPS,
				     .ingress_burst = 100 };

	(void)state;
	NEED_WORLD();
	port_send(PORT_2, MAC_2, "10.1.0.12", &qos);
	assert_limited(measure("g1", "g2", "10.1.0.12"));
	assert_unlimited(measure("g2", "g1", "10.1.0.11"));
	port_send(PORT_2, MAC_2, "10.1.0.12", NULL);
	assert_int_not_equal(run("tc qdisc show dev ct22222222000 2>/dev/null | grep -q tbf"), 0);
	assert_unlimited(measure("g1", "g2", "10.1.0.12"));
}

/* How often the limit's own time a stream takes from g1 to g2, headers not counted. */
static double stream_ratio(void)
{
	double seconds = -1;
	FILE *file;

	run_beside("ip netns exec g2 $QOS take %d >/run/stream & sleep 0.2; "
		   "ip netns exec g1 $QOS stream 10.1.0.12; wait",
		   UDP_PORT);
	file = fopen("/run/stream", "r");
	if (file != NULL) {
		if (fscanf(file, "%lf", &seconds) != 1)
			seconds = -1;
		fclose(file);
	}
	print_message("a stream took %.2f s of %.2f\n", seconds,
		      STREAM_BYTES * 8.0 / 1000 / STREAM_KBPS);
	return seconds * 1000 * STREAM_KBPS / 8 / STREAM_BYTES;
}

/* A sender that is made to wait keeps its pace; one whose segments are dropped crawls. */
static void streams_keep_the_pace_of_a_limit(void **state)
{
	const struct net_qos sent = { .set = true,
				      .egress_kbps = STREAM_KBPS,
				      .egress_burst = 100 };
	const struct net_qos received = { .set = true,
					  .ingress_kbps = STREAM_KBPS,
					  .ingress_burst = 100 };
	double ratio;

	(void)state;
	NEED_WORLD();
	if (run("ip link add ifb-probe type ifb 2>/dev/null && ip link del ifb-probe") != 0) {
		print_message("this kernel has no ifb\n");
		skip();
	}
	ratio = stream_ratio();
	assert_true(ratio >= 0 && ratio < 0.5); /* nothing else slows it down */
	port_send(PORT_1, MAC_1, "10.1.0.11", &sent);
	wait_until(run("ip link show cf11111111000 >/dev/null 2>&1") == 0);
	ratio = stream_ratio();
	assert_true(ratio > 0.8 && ratio < 2.5);
	port_send(PORT_1, MAC_1, "10.1.0.11", NULL);
	wait_until(run("ip link show cf11111111000 >/dev/null 2>&1") != 0);
	port_send(PORT_2, MAC_2, "10.1.0.12", &received);
	wait_until(run("tc qdisc show dev ct22222222000 2>/dev/null | grep -q tbf") == 0);
	ratio = stream_ratio();
	assert_true(ratio > 0.8 && ratio < 2.5);
	port_send(PORT_2, MAC_2, "10.1.0.12", NULL);
	wait_until(run("tc qdisc show dev ct22222222000 2>/dev/null | grep -q tbf") != 0);
}

static void a_network_stands_for_its_ports(void **state)
{
	const struct net_qos qos = { .set = true, .egress_kbps = LIMIT_KBPS },
			     own = { .set = true };

	(void)state;
	NEED_WORLD();
	network_send(&qos);
	assert_limited(measure("g1", "g2", "10.1.0.12"));
	port_send(PORT_1, MAC_1, "10.1.0.11", &own);
	assert_unlimited(measure("g1", "g2", "10.1.0.12"));
	port_send(PORT_1, MAC_1, "10.1.0.11", NULL);
	network_send(NULL);
}

/* The first byte of a datagram's traffic class, as it arrives; -1: none arrived. */
static int mark_of(const char *address)
{
	int mark = -1;
	FILE *file;

	run_beside("ip netns exec g2 $QOS mark %d >/run/mark & sleep 0.2; "
		   "ip netns exec g1 $QOS one %s; wait",
		   UDP_PORT, address);
	file = fopen("/run/mark", "r");
	if (file != NULL) {
		if (fscanf(file, "%d", &mark) != 1)
			mark = -1;
		fclose(file);
	}
	return mark;
}

/* A wrong checksum would keep the packet from arriving. */
static void packets_are_marked(void **state)
{
	const struct net_qos qos = { .set = true, .dscp = 26 + 1 },
			     none = { .set = true, .dscp = 1 };

	(void)state;
	NEED_WORLD();
	/* what is sent has code point 10 and says that it knows of congestion (ECT) */
	assert_int_equal(mark_of("10.1.0.12"), 10 << 2 | 2);
	port_send(PORT_1, MAC_1, "10.1.0.11", &qos);
	assert_int_equal(mark_of("10.1.0.12"), 26 << 2 | 2);
	assert_int_equal(mark_of(LINK_LOCAL_2), 26 << 2 | 2);
	port_send(PORT_1, MAC_1, "10.1.0.11", &none);
	assert_int_equal(mark_of("10.1.0.12"), 2);
	port_send(PORT_1, MAC_1, "10.1.0.11", NULL);
	assert_int_equal(mark_of(LINK_LOCAL_2), 10 << 2 | 2);
}

static void addresses_outside_are_limited(void **state)
{
	const struct net_qos both = { .set = true,
				      .egress_kbps = LIMIT_KBPS,
				      .ingress_kbps = LIMIT_KBPS };

	(void)state;
	NEED_WORLD();
	run("ip -n g1 route replace default via 10.1.0.1; "
	    "ip -n g2 route replace default via 10.1.0.1");
	router_send(&nothing, &nothing);
	wait_until(run("ip netns exec outside busybox ping -c1 -W2 192.0.2.101 >/dev/null") == 0);
	assert_unlimited(measure("g1", "outside", "192.0.2.1"));
	router_send(&both, &nothing);
	assert_limited(measure("g1", "outside", "192.0.2.1"));
	assert_limited(measure("outside", "g1", "192.0.2.101"));
	assert_unlimited(measure("g2", "outside", "192.0.2.1"));
	/* the router's own address stands for all that have none */
	router_send(&nothing, &both);
	assert_unlimited(measure("outside", "g1", "192.0.2.101"));
	assert_limited(measure("g2", "outside", "192.0.2.1"));
}

/* A rule that is set again counts anew: others' changes must not refill buckets. */
static void changes_elsewhere_leave_limits_alone(void **state)
{
	const struct net_qos qos = { .set = true, .egress_kbps = LIMIT_KBPS };
	double started;

	(void)state;
	NEED_WORLD();
	port_send(PORT_1, MAC_1, "10.1.0.11", &qos);
	run("(ip netns exec g2 $QOS sink %d >/run/sink; touch /run/done) & sleep 0.2; "
	    "ip netns exec g1 $QOS blast 10.1.0.12 &",
	    UDP_PORT);
	for (started = now(); now() - started < 15 && access("/run/done", F_OK) != 0;) {
		usleep(100000);
		port_send(PORT_2, MAC_2, "10.1.0.12", NULL);
	}
	assert_limited(sink_read());
	port_send(PORT_1, MAC_1, "10.1.0.11", NULL);
}

static int world_setup(void **state)
{
	char program[64];

	(void)state;
	world.possible = world_make();
	if (!world.possible)
		return 0;
	snprintf(program, sizeof(program), "/proc/%d/exe", getpid());
	setenv("QOS", program, 1);
	outside_connect("192.0.2.1/24");
	guest_make("g1", PORT_1, MAC_1);
	guest_make("g2", PORT_2, MAC_2);
	/* as DHCP would say: larger frames do not get through */
	run("for n in g1 g2; do ip -n $n link set eth0 mtu 1450; done");
	run("ip -n g1 addr add 10.1.0.11/24 dev eth0; ip -n g2 addr add 10.1.0.12/24 dev eth0");
	netd_start();
	network_send(NULL);
	port_send(PORT_1, MAC_1, "10.1.0.11", NULL);
	port_send(PORT_2, MAC_2, "10.1.0.12", NULL);
	uplink_send();
	return 0;
}

/* --- what runs in a guest --- */

static int udp_to(const char *address)
{
	char text[64], *scope;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(UDP_PORT) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(UDP_PORT) };
	int class = 10 << 2 | 2, fd;

	snprintf(text, sizeof(text), "%s", address);
	scope = strchr(text, '%');
	if (scope != NULL) {
		*scope = '\0';
		to6.sin6_scope_id = if_nametoindex(scope + 1);
		inet_pton(AF_INET6, text, &to6.sin6_addr);
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
		return connect(fd, (void *)&to6, sizeof(to6)) < 0 ? -1 : fd;
	}
	inet_pton(AF_INET, text, &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, IPPROTO_IP, IP_TOS, &class, sizeof(class));
	return connect(fd, (void *)&to, sizeof(to)) < 0 ? -1 : fd;
}

/* OFFERED_KBPS for two seconds. */
static int blast(const char *address)
{
	static const char data[1000];
	double start = now(), elapsed;
	int fd = udp_to(address);
	uint64_t sent = 0;

	while ((elapsed = now() - start) < 2) {
		if ((double)sent * 8 / 1000 > elapsed * OFFERED_KBPS)
			usleep(2000);
		else if (send(fd, data, sizeof(data), 0) > 0)
			sent += sizeof(data);
	}
	return 0;
}

/* STREAM_BYTES, then the end. */
static int stream(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(UDP_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static const char data[10000];

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (void *)&to, sizeof(to)) < 0)
		return 1;
	for (size_t sent = 0; sent < STREAM_BYTES; sent += sizeof(data))
		if (send(fd, data, sizeof(data), 0) != sizeof(data))
			return 1;
	return 0;
}

/* Seconds from the first byte of a stream to its end. */
static int take(int port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int server = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;
	char data[10000];
	double start;

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server, (void *)&own, sizeof(own)) < 0 || listen(server, 1) < 0)
		return 1;
	alarm(60);
	fd = accept(server, NULL, NULL);
	start = now();
	while (recv(fd, data, sizeof(data), 0) > 0)
		;
	printf("%f\n", now() - start);
	return 0;
}

static int udp_here(int port)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct timeval limit = { .tv_usec = 700000 };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
	return bind(fd, (void *)&own, sizeof(own)) < 0 ? -1 : fd;
}

/* kbit/s once what buckets held is gone: bytes as both kinds of limit count them, headers included. */
static int sink(int port)
{
	double start = 0, first = 0, last = 0;
	int fd = udp_here(port);
	uint64_t bytes = 0;
	char data[2000];
	ssize_t size;

	while ((size = recv(fd, data, sizeof(data), 0)) > 0) {
		last = now();
		if (start == 0)
			start = last;
		if (last - start < 0.6 || last - start > 1.9)
			continue;
		if (first == 0)
			first = last;
		bytes += (uint64_t)size + 28;
	}
	printf("%f\n", first > 0 ? (double)bytes * 8 / 1000 / (1.9 - 0.6) : 0);
	return 0;
}

static int mark(int port)
{
	char data[100], control[200];
	struct iovec vector = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd = udp_here(port), value = -1;

	if (recvmsg(fd, &message, 0) < 0)
		return 1;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item != NULL;
	     item = CMSG_NXTHDR(&message, item)) {
		if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TOS)
			value = *CMSG_DATA(item);
		if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_TCLASS)
			memcpy(&value, CMSG_DATA(item), sizeof(value));
	}
	printf("%d\n", value);
	return 0;
}

static int one(const char *address)
{
	return send(udp_to(address), "x", 1, 0) != 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_port_sends_is_limited),
		cmocka_unit_test(what_a_port_is_sent_is_limited),
		cmocka_unit_test(streams_keep_the_pace_of_a_limit),
		cmocka_unit_test(a_network_stands_for_its_ports),
		cmocka_unit_test(packets_are_marked),
		cmocka_unit_test(changes_elsewhere_leave_limits_alone),
		cmocka_unit_test(addresses_outside_are_limited),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	if (argc == 3 && strcmp(argv[1], "blast") == 0)
		return blast(argv[2]);
	if (argc == 3 && strcmp(argv[1], "stream") == 0)
		return stream(argv[2]);
	if (argc == 3 && strcmp(argv[1], "take") == 0)
		return take(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "sink") == 0)
		return sink(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "mark") == 0)
		return mark(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "one") == 0)
		return one(argv[2]);
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
