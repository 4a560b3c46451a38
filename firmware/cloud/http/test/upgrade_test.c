/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections after an upgrade to WebSocket. */
#include "firmware/cloud/http/test/server.h"
#include "firmware/cloud/http/websocket.h"

#define MANY (16 * 1024 * 1024)

static int tunnel_end; /* the far end of the last tunnel; the test's */

static int tunnel(struct request *request, struct error *error)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(error, "socketpair");
	tunnel_end = pair[1];
	return websocket_accept(request, pair[0], error);
}

static const struct route routes[] = {
	{ .method = "GET", .path = "/tunnel", .handle = tunnel, .flags = ROUTE_PUBLIC },
	{ .method = NULL },
};

#define UPGRADE                                                                                    \
	"GET /tunnel HTTP/1.1\r\n" HOST                                                            \
	"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"                                \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: base64, binary\r\n"                  \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define FRAME_HI "\x82\x82\0\0\0\0hi"

static int upgrade(void)
{
	int fd = dial();
	struct timeval patience = { .tv_sec = 10 };

	put(fd, UPGRADE "\r\n");
	assert_int_equal(take(fd), 101);
	setsockopt(tunnel_end, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void expect(int fd, const char *bytes, size_t size)
{
	char heard[64];

	assert_int_equal(recv(fd, heard, size, MSG_WAITALL), size);
	assert_memory_equal(heard, bytes, size);
}

static void test_upgrade(void **state)
{
	int fd = upgrade();

	(void)state;
	/* The example of RFC 6455, section 1.3. */
	assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_non_null(strstr(answer, "Sec-WebSocket-Protocol: binary\r\n"));
	assert_non_null(strstr(answer, "Connection: Upgrade\r\n"));
	assert_int_equal(send(fd, FRAME_HI, 8, 0), 8);
	expect(tunnel_end, "hi", 2);
	assert_int_equal(send(tunnel_end, "there", 5, 0), 5);
	expect(fd, "\x82\x05there", 7);
	assert_int_equal(send(fd, "\x89\x81\0\0\0\0p", 7, 0), 7);
	expect(fd, "\x8a\x01p", 3);
	/* The far end goes: a close frame, and the end. */
	close(tunnel_end);
	expect(fd, "\x88\x02\x03\xe8", 4);
	assert_true(at_end(fd));
	close(fd);
}

static void test_upgrade_ends(void **state)
{
	int fd = upgrade();

	(void)state;
	/* It says nothing for so long: is it still there? It does not answer. */
	expect(fd, "\x89\0", 2);
	assert_true(at_end(fd));
	assert_true(at_end(tunnel_end));
	close(fd);
	close(tunnel_end);
	fd = upgrade();
	assert_int_equal(send(fd, "\x82\x02hi", 4, 0), 4); /* not masked */
	expect(fd, "\x88\x02\x03\xea", 4);
	assert_true(at_end(fd));
	assert_true(at_end(tunnel_end));
	close(fd);
	close(tunnel_end);
}

/* Neither side's bytes pile up here when the other takes none. */
static void test_upgrade_stalls(void **state)
{
	static const char many[65536];
	int fd = upgrade();
	size_t sent = 0;
	ssize_t got;

	(void)state;
	fcntl(tunnel_end, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 400; i++) {
		got = send(tunnel_end, many, sizeof(many), MSG_NOSIGNAL);
		sent += got > 0 ? (size_t)got : 0;
		if (got < 0)
			usleep(1000);
	}
	assert_true(sent < (size_t)MANY);
	assert_int_equal(recv(fd, answer, 2, MSG_WAITALL), 2);
	assert_int_equal((unsigned char)answer[0], 0x82);
	close(fd);
	close(tunnel_end);
}

static void test_upgrade_refused(void **state)
{
	static const struct {
		const char *head;
		int status;
	} bad[] = {
		{ "GET /tunnel HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ UPGRADE "Origin: https://elsewhere\r\n\r\n", 403 },
		{ UPGRADE "Origin: https://localhost\r\n\r\n", 101 },
		{ "GET /tunnel HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: upgrade\r\n"
		  "Sec-WebSocket-Version: 8\r\n\r\n",
		  426 },
		{ "GET /tunnel HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: upgrade\r\n"
		  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n",
		  400 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		int fd = dial();

		put(fd, bad[i].head);
		assert_int_equal(take(fd), bad[i].status);
		close(fd);
		close(tunnel_end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_upgrade),
		PLAIN(test_upgrade_ends),
		PLAIN(test_upgrade_stalls),
		PLAIN(test_upgrade_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
