/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server over real sockets: its loop in a thread of its own, the client here. The test has the routes: a table
 * 'routes', before this is included. */
#ifndef CUMULET_HTTP_TEST_SERVER_H
#define CUMULET_HTTP_TEST_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/http/server.h"
#include "firmware/cloud/http/test/unit.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define HOST "Host: localhost\r\n"

static const struct route routes[];

int identity_caller(struct cloud *cloud, struct arena *arena, const char *token,
		    const struct caller **caller, struct error *error)
{
	(void)cloud;
	(void)arena;
	(void)token;
	(void)caller;
	return error_set(error, -EPERM, "nobody");
}

int identity_operator(struct cloud *cloud, struct arena *arena, const struct caller **caller,
		      struct error *error)
{
	static const struct caller operator= { .user_id = "operator", .is_admin = true };

	(void)cloud;
	(void)arena;
	(void)error;
	*caller = &operator;
	return 0;
}

static const struct service service = {
	.name = "test", .type = "test", .prefix = "", .routes = routes, .fault = fault_node
};
const struct service *const services[] = { &service, NULL };

/* --- the box */

static struct cloud cloud;
static pthread_t thread;
static int port, local_fd;
static char directory[] = "/tmp/server_test.XXXXXX";

static inline void *run_loop(void *argument)
{
	loop_run(argument);
	return NULL;
}

static inline int start(const char *tls_directory)
{
	const struct server_options options = {
		.cloud = &cloud,
		.services = services,
		.tls_directory = tls_directory,
		.limits = { .connections = 4,
			    .handshake = 300,
			    .head = 300,
			    .idle = 2000,
			    .body = 300,
			    .write = 1000,
			    .linger = 300,
			    .buffered = 150000 },
	};
	struct error error = { 0 };
	int pair[2];

	if (loop_new(&cloud.loop) < 0 || pool_new(&cloud.pool, 4, 8) < 0 ||
	    server_new(&cloud.server, &options, &error) < 0)
		fail_msg("%s", error.message);
	port = server_listen(cloud.server, 0, &error);
	assert_true(port > 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(server_attach_local(cloud.server, pair[0]), 0);
	local_fd = pair[1];
	fcntl(local_fd, F_SETFL, 0);
	return pthread_create(&thread, NULL, run_loop, cloud.loop);
}

static inline int start_plain(void **state)
{
	(void)state;
	return start(NULL);
}

static inline int start_tls(void **state)
{
	(void)state;
	return mkdtemp(directory) ? start(directory) : -1;
}

static inline void stop_posted(void *argument)
{
	server_stop(cloud.server);
	loop_stop(argument, 0);
}

static inline int stop(void **state)
{
	(void)state;
	loop_post(cloud.loop, stop_posted, cloud.loop);
	pthread_join(thread, NULL);
	pool_free(cloud.pool);
	server_free(cloud.server);
	loop_free(cloud.loop);
	close(local_fd);
	return 0;
}

static inline int stop_tls(void **state)
{
	static const char *const files[] = { "ca.pem", "ca.key", "server.pem", "server.key" };
	char path[64];

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	rmdir(directory);
	return stop(state);
}

/* --- the client */

static inline int dial(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static inline void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static char answer[65536]; /* what came last, NUL-terminated */

/* Reads one head and, by its Content-Length, its body; returns the status, 0 at the end. */
static inline int take(int fd)
{
	size_t used = 0, wanted = 0;
	int status = 0;

	answer[0] = '\0';
	while (used < sizeof(answer) - 1) {
		char *end = strstr(answer, "\r\n\r\n"), *length;

		if (end && !wanted) {
			length = strcasestr(answer, "\r\nContent-Length:");
			wanted = (size_t)(end + 4 - answer);
			if (length && length < end)
				wanted += strtoul(length + 17, NULL, 10);
		}
		if (wanted && used >= wanted)
			break;
		if (recv(fd, answer + used, 1, 0) <= 0)
			break;
		answer[++used] = '\0';
	}
	sscanf(answer, "HTTP/1.1 %d", &status);
	return status;
}

static inline bool at_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) == 0;
}

static inline const char *body(void)
{
	char *end = strstr(answer, "\r\n\r\n");

	return end ? end + 4 : "";
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)

#endif
