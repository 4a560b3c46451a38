/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process as cloud sees it, against a server and a resolver of the test's own on loopback. */
#include "firmware/fetch/fetch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/fetch/dns.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define PATIENCE_TURNS 2000 /* of 10 ms */

static struct loop *loop;
static struct fetch fetch;
static struct channel cloud;
static struct fetch_end end;
static bool ended;
static int http_fd, resolver_fd;
static unsigned http_port;
static char bytes[1 << 20];
static size_t byte_count;

/* --- the server: what it says is in the target */

static const struct {
	const char *target, *reply;
} replies[] = {
	{ "/hello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and what does not count" },
	{ "/empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ "/end", "HTTP/1.0 200 OK\r\n\r\nhello" },
	{ "/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n" },
	{ "/interim", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
	{ "/short", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello" },
	{ "/short-chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello" },
	{ "/bad-chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" },
	{ "/large", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" },
	{ "/large-chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "64\r\n0123456789012345678901234567890123456789012345678901234567890123"
			   "456789012345678901234567890123456789\r\n0\r\n\r\n" },
	{ "/gone", "HTTP/1.1 404 Not \x1b[31mFound\r\nContent-Length: 3\r\n\r\nno!" },
	{ "/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!" },
	{ "/part", "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nno!" },
	{ "/rubbish", "SSH-2.0-OpenSSH\r\n\r\n" },
	{ "/moved", "HTTP/1.1 302 Found\r\nLocation: hello\r\nContent-Length: 3\r\n\r\nno!" },
	{ "/round", "HTTP/1.1 307 Again\r\nLocation: /round\r\n\r\n" },
	{ "/metadata", "HTTP/1.1 301 x\r\nLocation: http://169.254.169.254/latest\r\n\r\n" },
	{ "/other-port", "HTTP/1.1 301 x\r\nLocation: http://127.0.0.1:1/\r\n\r\n" },
	{ "/silent", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello" },
};

static void flood(int fd)
{
	static const char zeros[65536];

	dprintf(fd, "HTTP/1.0 200 OK\r\n\r\n");
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
}

static void serve(int fd)
{
	char question[4096] = "", target[64] = "";
	size_t have = 0;
	ssize_t got;

	while (!strstr(question, "\r\n\r\n") && have < sizeof(question) - 1 &&
	       (got = read(fd, question + have, sizeof(question) - 1 - have)) > 0)
		have += (size_t)got;
	sscanf(question, "GET %63s HTTP/1.1", target);
	for (size_t i = 0; i < ARRAY_LENGTH(replies); i++)
		if (!strcmp(replies[i].target, target))
			(void)!write(fd, replies[i].reply, strlen(replies[i].reply));
	if (!strcmp(target, "/flood"))
		flood(fd);
	/* Silent until the other side gives up. */
	if (!strcmp(target, "/silent") || !strncmp(target, "/large", 6))
		while (read(fd, question, sizeof(question)) > 0)
			;
}

static void *server_main(void *argument)
{
	int fd;

	(void)argument;
	while ((fd = accept(http_fd, NULL, NULL)) >= 0) {
		serve(fd);
		close(fd);
	}
	return NULL;
}

/* "one." is 127.0.0.1, "none." does not exist, and nobody ever answers for others. */
static void *resolver_main(void *argument)
{
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1 };
	uint8_t packet[DNS_PACKET_MAX];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t length;

	(void)argument;
	while ((length = recvfrom(resolver_fd, packet, sizeof(packet) - sizeof(record), 0,
				  (struct sockaddr *)&from, &size)) > 12) {
		packet[2] |= 0x80;
		if (!memcmp(packet + 12, "\3one", 4)) {
			packet[7] = 1;
			memcpy(packet + length, record, sizeof(record));
			length += (ssize_t)sizeof(record);
		} else {
			packet[3] = 3;
		}
		sendto(resolver_fd, packet, (size_t)length, 0, (struct sockaddr *)&from, size);
	}
	return NULL;
}

static int socket_bound(int type, unsigned *port)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t size = sizeof(own);

	inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
	*port = ntohs(own.sin_port);
	return fd;
}

/* --- cloud */

static void on_message(struct channel *channel, struct message *message, void *context)
{
	struct arena *arena = context;

	(void)channel;
	assert_int_equal(message->type, FETCH_END);
	assert_int_equal(message_decode(arena, message, fetch_end_fields, &end, NULL), 0);
	ended = true;
}

static const struct channel_handler handler = { on_message, NULL };
static struct arena arena;

static void attach(void)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	fetch_cloud_attach(&fetch, pair[0]);
	assert_int_equal(channel_open(&cloud, loop, pair[1], "fetch", &handler, &arena), 0);
}

static struct fetch_word loopback[] = { { "127.0.0.1" }, { "one" }, { "none" }, { "mute" } };
static struct fetch_port port_words[1];
static struct fetch_word resolvers[] = { { "127.0.0.1" } };

static struct fetch_begin begin_for(const char *target)
{
	static char url[256];

	if (strstr(target, "://"))
		snprintf(url, sizeof(url), "%s", target);
	else
		snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_port, target);
	port_words[0].number = http_port;
	return (struct fetch_begin){ .url = url,
				     .rules = { .hosts_allowed = { loopback, 4 },
						.ports_allowed = { port_words, 1 } },
				     .size_most = 50,
				     .silence_ms = 200,
				     .total_ms = 10000,
				     .redirects_most = 3,
				     .resolvers = { resolvers, 1 } };
}

static int begin_send(const struct fetch_begin *begin)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ended = false;
	assert_true(channel_send_struct(&cloud, FETCH_BEGIN, 0, fetch_begin_fields, begin,
					ends[1]) > 0);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

static void turn_until(const bool *condition)
{
	for (int i = 0; i < PATIENCE_TURNS && !*condition; i++)
		loop_once(loop, 10);
	assert_true(*condition);
}

/* The end's code; what came is in 'bytes'. */
static unsigned run(const struct fetch_begin *begin)
{
	int fd = begin_send(begin);
	ssize_t got;

	byte_count = 0;
	turn_until(&ended);
	while ((got = read(fd, bytes + byte_count, sizeof(bytes) - byte_count)) > 0)
		byte_count += (size_t)got;
	assert_int_equal(got, 0); /* nobody holds the other end any more */
	close(fd);
	return end.code;
}

static unsigned fetched(const char *target)
{
	const struct fetch_begin begin = begin_for(target);

	return run(&begin);
}

static void expect_failure(const char *target, unsigned code, const char *reason)
{
	unsigned got = fetched(target);

	if (got != code || !strstr(end.reason, reason))
		fail_msg("%s: %u %s", target, got, end.reason);
}

/* --- tests */

static void test_bodies(void **state)
{
	static const char *const targets[] = { "/hello", "/end", "/chunks", "/interim", "/moved" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
		if (fetched(targets[i]) != 0)
			fail_msg("%s: %s", targets[i], end.reason);
		assert_int_equal(byte_count, 5);
		assert_memory_equal(bytes, "hello", 5);
	}
	assert_int_equal(fetched("/empty"), 0);
	assert_int_equal(byte_count, 0);
}

static void test_failures(void **state)
{
	(void)state;
	expect_failure("/missing", EPROTO, "HTTP Error 404: Not Found");
	expect_failure("/gone", EBADMSG, "no HTTP");
	expect_failure("/part", EPROTO, "HTTP Error 206");
	expect_failure("/rubbish", EBADMSG, "no HTTP");
	expect_failure("/nothing", EPROTO, "without a reply");
	expect_failure("/short", EPROTO, "in the middle");
	assert_int_equal(byte_count, 5);
	expect_failure("/short-chunks", EPROTO, "in the middle");
	expect_failure("/bad-chunks", EBADMSG, "no HTTP");
	expect_failure("/large", EFBIG, "larger");
	expect_failure("/large-chunks", EFBIG, "larger");
	expect_failure("/round", ELOOP, "too many redirections");
	expect_failure("/silent", ETIMEDOUT, "silent");
	assert_int_equal(byte_count, 5);
}

static void test_rules(void **state)
{
	struct fetch_begin begin;

	(void)state;
	expect_failure("/metadata", EACCES, "Redirect to disallowed URL: http://169.254.169.254");
	expect_failure("/other-port", EACCES, "Redirect to disallowed URL");
	expect_failure("http://127.0.0.1:1/", EACCES, "filtering");
	expect_failure("gopher", EACCES, "filtering");
	/* Not allowed by name, so not this machine. */
	begin = begin_for("/hello");
	begin.rules.hosts_allowed.count = 0;
	assert_int_equal(run(&begin), EACCES);
	assert_non_null(strstr(end.reason, "an address of the box"));
	begin = begin_for("/metadata");
	begin.rules = (struct fetch_rules){ 0 };
	assert_int_equal(run(&begin), EACCES);
}

static void test_names(void **state)
{
	char url[64];
	struct fetch_begin begin;

	(void)state;
	snprintf(url, sizeof(url), "http://one:%u/hello", http_port);
	assert_int_equal(fetched(url), 0);
	snprintf(url, sizeof(url), "http://none:%u/hello", http_port);
	expect_failure(url, EHOSTUNREACH, "is not known");
	/* What a name leads to counts, not how it looks. */
	snprintf(url, sizeof(url), "http://one:%u/hello", http_port);
	begin = begin_for(url);
	begin.rules.hosts_allowed.count = 0;
	assert_int_equal(run(&begin), EACCES);
	begin = begin_for(url);
	begin.resolvers.count = 0;
	assert_int_equal(run(&begin), EHOSTUNREACH);
	assert_non_null(strstr(end.reason, "no resolver"));
}

static void test_time(void **state)
{
	struct fetch_begin begin = begin_for("/silent");

	(void)state;
	begin.silence_ms = 60000;
	begin.total_ms = 300;
	assert_int_equal(run(&begin), ETIMEDOUT);
	assert_non_null(strstr(end.reason, "took too long"));
}

/* Nobody reads: what does not fit into the pipe waits, until the time is up. */
static void test_nobody_reads(void **state)
{
	struct fetch_begin begin = begin_for("/flood");
	int fd;

	(void)state;
	begin.size_most = 1 << 20;
	begin.total_ms = 300;
	fd = begin_send(&begin);
	turn_until(&ended);
	assert_int_equal(end.code, ETIMEDOUT);
	close(fd);
}

static void test_refused_connection(void **state)
{
	struct fetch_begin begin = begin_for("http://127.0.0.1:1/");

	(void)state;
	begin.rules.ports_allowed.count = 0;
	assert_int_equal(run(&begin), ECONNREFUSED);
	assert_non_null(strstr(end.reason, "127.0.0.1 port 1"));
}

/* --- what ends in the middle */

static bool first_bytes;

static int begin_silent(void)
{
	struct fetch_begin begin = begin_for("/silent");
	int fd;

	begin.silence_ms = 60000;
	begin.total_ms = 60000;
	fd = begin_send(&begin);
	first_bytes = false;
	for (int i = 0; i < PATIENCE_TURNS && !first_bytes; i++) {
		loop_once(loop, 10);
		first_bytes = read(fd, bytes, 5) == 5;
	}
	assert_true(first_bytes);
	return fd;
}

static struct fetch_job *running(void)
{
	for (size_t i = 0; i < FETCH_JOBS_MAX; i++)
		if (fetch.jobs[i].pid)
			return &fetch.jobs[i];
	return NULL;
}

static void test_killed(void **state)
{
	int fd = begin_silent();

	(void)state;
	kill(running()->pid, SIGKILL);
	turn_until(&ended);
	assert_int_equal(end.code, EIO);
	assert_non_null(strstr(end.reason, "unexpectedly"));
	assert_null(running());
	close(fd);
	assert_int_equal(fetched("/hello"), 0);
}

static void test_given_up(void **state)
{
	(void)state;
	close(begin_silent());
	turn_until(&ended);
	assert_int_equal(end.code, EPIPE);
}

static void test_cloud_gone(void **state)
{
	int fd = begin_silent();
	struct pollfd hangup = { .fd = fd };

	(void)state;
	channel_close(&cloud);
	for (int i = 0; i < PATIENCE_TURNS && running(); i++)
		loop_once(loop, 10);
	assert_null(running());
	assert_int_equal(poll(&hangup, 1, 10000), 1); /* the child is gone: the pipe has ended */
	close(fd);
	attach();
	assert_int_equal(fetched("/hello"), 0);
}

static void test_overdue(void **state)
{
	int fd = begin_silent();

	(void)state;
	kill(running()->pid, SIGSTOP);
	loop_clock_fake(loop, loop_now(loop) + 70000);
	turn_until(&ended);
	assert_int_equal(end.code, EIO);
	close(fd);
}

static void test_too_many(void **state)
{
	const struct fetch_begin begin = begin_for("/silent");
	int fds[FETCH_JOBS_MAX];

	(void)state;
	for (size_t i = 0; i < FETCH_JOBS_MAX; i++)
		fds[i] = begin_send(&begin);
	assert_int_equal(run(&begin), EBUSY);
	for (size_t i = 0; i < FETCH_JOBS_MAX; i++)
		close(fds[i]);
	for (int i = 0; i < PATIENCE_TURNS && running(); i++)
		loop_once(loop, 10);
	assert_null(running());
	for (int i = 0; i < 2 * FETCH_JOBS_MAX; i++)
		loop_once(loop, 0); /* their ends are heard */
}

static void test_bad_messages(void **state)
{
	const struct fetch_begin begin = begin_for("/hello");
	const struct fetch_end other = { .code = 1 };

	(void)state;
	ended = false;
	channel_send_struct(&cloud, FETCH_BEGIN, 0, fetch_begin_fields, &begin, -1);
	turn_until(&ended);
	assert_int_equal(end.code, EBADF);
	ended = false;
	channel_send_struct(&cloud, FETCH_BEGIN, 0, fetch_end_fields, &other, -1);
	turn_until(&ended);
	assert_int_equal(end.code, EBADMSG);
}

/* --- */

static void start(void *(*body)(void *))
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, body, NULL), 0);
	pthread_detach(thread);
}

static int group_setup(void **state)
{
	unsigned dns_port;

	(void)state;
	log_level_set("*", "error");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	http_fd = socket_bound(SOCK_STREAM, &http_port);
	resolver_fd = socket_bound(SOCK_DGRAM, &dns_port);
	listen(http_fd, 64);
	for (int i = 0; i < 16; i++)
		start(server_main);
	start(resolver_main);
	if (loop_new(&loop) < 0)
		return -1;
	fetch_init(&fetch, loop);
	fetch.dns_port = (uint16_t)dns_port;
	attach();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	fetch_free(&fetch);
	channel_close(&cloud);
	loop_free(loop);
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_nobody_reads),
		cmocka_unit_test(test_refused_connection),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_cloud_gone),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_overdue),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
