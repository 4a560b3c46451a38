/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes on while rules change and netd is away: connections, ways out; see world.h. */
#include <arpa/inet.h>

#include "netstack/netd/test/scene.h"

#define HELD_PORT 7777U
#define AS_FETCH "setpriv --reuid 105 --clear-groups "

static void leased_uplink_begin(void)
{
	FILE *file = fopen("/run/udhcpd.conf", "w");

	fputs("start 192.0.2.50\nend 192.0.2.50\ninterface eth0\nlease_file /run/leases\n"
	      "opt subnet 255.255.255.0\nopt router 192.0.2.1\npidfile /run/udhcpd.pid\n",
	      file);
	fclose(file);
	run("mount -t overlay overlay -o lowerdir=$PWD/rootfs/skeleton/usr/share:/usr/share "
	    "/usr/share && : >/run/leases && "
	    "ip netns exec outside busybox udhcpd -S /run/udhcpd.conf");
}

static bool has_way_out(void)
{
	return run("ip route | grep -q 'default via 192.0.2.1 dev eth0'") == 0;
}

/* A fresh netd has no lease for a while, and is told all that is desired before it has one. */
static void a_leased_way_out_outlives_netd(void **state)
{
	(void)state;
	NEED_WORLD();
	leased_uplink_begin();
	wait_until(has_way_out());
	run("kill $(cat /run/udhcpd.pid)");
	netd_kill();
	netd_start();
	guests_send(80);
	external_send(true);
	run("ip monitor route >/run/routes & echo $! >/run/monitor; sleep 0.3");
	sync_send();
	run("sleep 0.3; kill $(cat /run/monitor)");
	assert_int_equal(run("! grep 'Deleted.*default' /run/routes"), 0);
	assert_true(has_way_out());
	/* One that is given is taken, and one that is not wanted any more goes. */
	uplink_send("192.0.2.10/24");
	wait_until(run("ip addr show dev eth0 | grep -q 192.0.2.10/24") == 0);
	assert_true(has_way_out());
}

/* Each of the connections has been answered since, and none was lost. */
static bool connections_go_on(void)
{
	return run("for i in 0 1 2; do n=$(wc -l </run/held-$i); for t in $(seq 50); do "
		   "[ $(wc -l </run/held-$i) -gt $n ] && continue 2; sleep 0.1; done; exit 1; "
		   "done; ! grep -q lost /run/held-*") == 0;
}

/* In one network, out under a floating address, and in by one. */
static void connections_begin(void)
{
	static const struct {
		const char *from, *to, *address;
	} ends[] = { { "g1", "g2", "10.1.0.12" },
		     { "g1", "outside", "192.0.2.1" },
		     { "outside", "g3", "192.0.2.103" } };

	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		run("ip netns exec %s $SELF echo %u &", ends[i].to, HELD_PORT);
		wait_until(run("ip netns exec %s $SELF hold %s %u once >/dev/null", ends[i].from,
			       ends[i].address, HELD_PORT) == 0);
		run("ip netns exec %s $SELF hold %s %u on >/run/held-%u &", ends[i].from,
		    ends[i].address, HELD_PORT, i);
	}
	assert_true(connections_go_on());
}

static void connections_survive_changes(void **state)
{
	static const char id[] = "44444444-0000-4000-8000-000000000004";
	struct net_id port = { "44444444-0000-4000-8000-000000000004" };

	(void)state;
	NEED_WORLD();
	group_send(GROUP_WEB, HELD_PORT);
	connections_begin();
	group_send(GROUP, 9999);
	port_send(id, "fa:16:3e:00:00:04", "10.1.0.14", "four", GROUP);
	assert_true(connections_go_on());
	group_send(GROUP, 0);
	assert_int_equal(ask(&world.cloud, NETD_PORT_DELETE, net_id_fields, &port), 0);
	network_send();
	external_send(true);
	assert_true(connections_go_on());
}

static void connections_survive_a_restart(void **state)
{
	(void)state;
	NEED_WORLD();
	netd_kill();
	assert_true(connections_go_on());
	netd_start();
	assert_true(connections_go_on());
	uplink_send("192.0.2.10/24");
	guests_send(HELD_PORT);
	external_send(true);
	assert_true(connections_go_on());
	sync_send();
	assert_true(connections_go_on());
	run("touch /run/over");
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
	guests_send(80);
	external_send(false);
	sync_send();
	wait_until(run("nft list ruleset | grep -q 'dport 80'") == 0);
	run(LISTING " >/run/changed");
	netd_kill();
	netd_start();
	uplink_send("192.0.2.10/24");
	guests_send(80);
	external_send(false);
	sync_send();
	wait_until(run(LISTING " >/run/whole; cmp -s /run/changed /run/whole") == 0);
	assert_int_equal(run("grep -q ct11111111000 /run/whole"), 0);
}

/* The user's own rule: the web, and nothing of the box. */
static void images_come_from_the_web_alone(void **state)
{
	(void)state;
	NEED_WORLD();
	if (run("command -v setpriv >/dev/null") != 0)
		skip();
	run("cp $SELF /run/self && chmod 755 /run/self"); /* where another user gets to */
	run("$SELF echo 7001 & echo $! >/run/echo; ip netns exec outside $SELF echo 7001 &");
	wait_until(run("/run/self hold 127.0.0.1 7001 once >/dev/null") == 0);
	wait_until(run(AS_FETCH "/run/self hold 192.0.2.1 7001 once >/dev/null") == 0);
	assert_int_not_equal(run(AS_FETCH "/run/self hold 127.0.0.1 7001 once"), 0);
	/* Others are not concerned. */
	assert_int_equal(run("/run/self hold 127.0.0.1 7001 once >/dev/null"), 0);
	run("kill $(cat /run/echo)");
}

static int world_setup(void **state)
{
	char program[64];

	(void)state;
	world.possible = world_make();
	if (!world.possible)
		return 0;
	snprintf(program, sizeof(program), "/proc/%d/exe", getpid());
	setenv("SELF", program, 1);
	outside_connect("192.0.2.1/24");
	guest_make("g1", PORT_1, MAC_1);
	guest_make("g2", PORT_2, MAC_2);
	guest_make("g3", PORT_3, MAC_3);
	run("for i in 1 2 3; do ip -n g$i addr add 10.1.0.1$i/24 dev eth0; "
	    "ip -n g$i link set eth0 mtu 1450; ip -n g$i route add default via 10.1.0.1; done");
	netd_start();
	return 0;
}

/* --- what runs in a guest --- */

/* echo PORT: each connection is answered with what it says, until the test ends. */
static int echo(const char *port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int server = socket(AF_INET, SOCK_STREAM, 0);
	char data[64];

	signal(SIGCHLD, SIG_IGN);
	alarm(300); /* should nobody end it */
	if (bind(server, (void *)&own, sizeof(own)) < 0 || listen(server, 4) < 0)
		return 1;
	for (;;) {
		int fd = accept(server, NULL, NULL);
		ssize_t size;

		if (fork() != 0) {
			close(fd);
			continue;
		}
		alarm(120);
		while ((size = read(fd, data, sizeof(data))) > 0)
			if (write(fd, data, (size_t)size) < 0)
				break;
		_exit(0);
	}
}

/* hold ADDRESS PORT once|on: a line for each answer on one connection, "lost" when it breaks. */
static int hold(char **argv)
{
	struct timeval limit = { .tv_sec = strcmp(argv[3], "once") == 0 ? 2 : 10 };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(argv[2])) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool once = strcmp(argv[3], "once") == 0;
	char data = 'x';

	inet_pton(AF_INET, argv[1], &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (void *)&to, sizeof(to)) < 0)
		return 1;
	do {
		bool answered = write(fd, &data, 1) == 1 && read(fd, &data, 1) == 1;

		puts(answered ? "answered" : "lost");
		fflush(stdout);
		if (!answered)
			return 1;
		usleep(50000);
	} while (!once && access("/run/over", F_OK) != 0);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leased_way_out_outlives_netd),
		cmocka_unit_test(connections_survive_changes),
		cmocka_unit_test(connections_survive_a_restart),
		cmocka_unit_test(changes_add_up),
		cmocka_unit_test(images_come_from_the_web_alone),
	};
	int result;

	if (world_is_role(argc, argv, &result))
		return result;
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		return echo(argv[2]);
	if (argc == 5 && strcmp(argv[1], "hold") == 0)
		return hold(argv + 1);
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
