/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server over real sockets: its loop in a thread of its own, the client here. */
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <sys/mman.h>

#include "firmware/cloud/http/test/server.h"

#define BIG (8 * 1024 * 1024)

/* --- handlers */

static atomic_size_t uploaded;   /* bytes that the last upload's handler has read */
static atomic_int upload_result; /* 1: under way */
static atomic_bool upload_held;  /* the handler waits before it reads */

static int upload(struct request *request, struct error *error)
{
	char data[4096];
	ssize_t got;

	uploaded = 0;
	upload_result = 1;
	while (upload_held)
		usleep(1000);
	while ((got = request_read(request, data, sizeof(data), error)) > 0)
		uploaded += (size_t)got;
	upload_result = (int)got;
	if (got < 0)
		return (int)got;
	return reply_text(request, 200, "text/plain",
			  arena_printf(request->arena, "%zu", (size_t)uploaded));
}

static int refuse_upload(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -EEXIST, "It is there.");
}

static int download(struct request *request, struct error *error)
{
	int fd = memfd_create("download", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, BIG) < 0 || pwrite(fd, "begin", 5, 0) < 0)
		return error_errno(error, "memfd");
	return reply_file(request, 200, "application/octet-stream", fd, 0, BIG);
}

static atomic_size_t streamed;
static atomic_int stream_result;

static int stream(struct request *request, struct error *error)
{
	static const char part[16384];
	int result = reply_stream_begin(request, 200, "text/plain");
	bool big = request_query(request, "big");

	(void)error;
	streamed = 0;
	stream_result = 1;
	for (int i = 0; result == 0 && big && i < BIG / 16384; i++) {
		result = reply_stream_write(request, part, sizeof(part));
		streamed += sizeof(part);
	}
	if (result == 0 && !big)
		result = reply_stream_write(request, "hello", 5);
	stream_result = result;
	if (request_query(request, "fail"))
		return error_set(error, -EIO, "in the middle");
	return result;
}

static const struct schema any_body = { .types = SCHEMA_OBJECT, .additional = true };

static int echo(struct request *request, struct error *error)
{
	(void)error;
	return reply_text(request, 200, "text/plain",
			  request->local_operator ? "operator"
			  : request->body         ? "body"
						  : "none");
}

static const struct route routes[] = {
	{ .method = "GET", .path = "/echo", .handle = echo, .flags = ROUTE_PUBLIC },
	{ .method = "POST",
	  .path = "/echo",
	  .handle = echo,
	  .flags = ROUTE_PUBLIC,
	  .body = &any_body,
	  .body_max = 100000 },
	{ .method = "PUT",
	  .path = "/upload",
	  .handle = upload,
	  .flags = ROUTE_PUBLIC | ROUTE_STREAM },
	{ .method = "PUT",
	  .path = "/small",
	  .handle = upload,
	  .flags = ROUTE_PUBLIC | ROUTE_STREAM,
	  .body_max = 10 },
	{ .method = "PUT",
	  .path = "/refused",
	  .handle = refuse_upload,
	  .flags = ROUTE_PUBLIC | ROUTE_STREAM },
	{ .method = "GET", .path = "/download", .handle = download, .flags = ROUTE_PUBLIC },
	{ .method = "GET",
	  .path = "/stream",
	  .handle = stream,
	  .flags = ROUTE_PUBLIC | ROUTE_STREAM },
	{ .method = NULL },
};
static void wait_for(atomic_int *value, int not_this)
{
	for (int i = 0; i < 5000 && *value == not_this; i++)
		usleep(1000);
	assert_int_not_equal(*value, not_this);
}

/* --- tests */

static void test_keep_alive(void **state)
{
	int fd = dial();

	(void)state;
	for (int i = 0; i < 3; i++) {
		put(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(take(fd), 200);
		assert_string_equal(body(), "none");
		assert_null(strcasestr(answer, "Connection:"));
	}
	put(fd, "GET /echo HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n");
	assert_int_equal(take(fd), 200);
	assert_non_null(strstr(answer, "Connection: close"));
	assert_true(at_end(fd));
	close(fd);
	fd = dial();
	put(fd, "GET /echo HTTP/1.0\r\n\r\n");
	assert_int_equal(take(fd), 200);
	assert_true(at_end(fd));
	close(fd);
}

static void test_pipelining(void **state)
{
	int fd = dial();

	(void)state;
	put(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"
		"HEAD /echo HTTP/1.1\r\n" HOST "\r\n"
		"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
		"GET /none HTTP/1.1\r\n" HOST "\r\n"
		"GET /echo HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n");
	assert_int_equal(take(fd), 200);
	assert_string_equal(body(), "body");
	/* HEAD promises four bytes and sends none: the next head comes right behind. */
	assert_int_equal(recv(fd, answer, 15, MSG_WAITALL), 15);
	assert_memory_equal(answer, "HTTP/1.1 200 OK", 15);
	for (answer[0] = '\0'; !strstr(answer, "\r\n\r\n");) {
		size_t used = strlen(answer);

		assert_int_equal(recv(fd, answer + used, 1, 0), 1);
		answer[used + 1] = '\0';
	}
	assert_int_equal(take(fd), 200);
	assert_string_equal(body(), "body");
	assert_int_equal(take(fd), 404);
	assert_int_equal(take(fd), 200);
	assert_true(at_end(fd));
	close(fd);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		int status;
	} samples[] = {
		{ "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
		{ "GET /\r\n\r\n", 400 },
		{ "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501 },
		{ "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: x\r\n\r\n", 417 },
		{ "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\n", 413 },
		{ "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz", 400 },
		{ "PUT /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", 413 },
		{ "PUT /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		  "B\r\n01234567890\r\n0\r\n\r\n",
		  413 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
		int fd = dial();

		put(fd, samples[i].text);
		assert_int_equal(take(fd), samples[i].status);
		assert_non_null(strstr(answer, "Connection: close"));
		assert_true(at_end(fd));
		close(fd);
	}
}

static void test_large_head(void **state)
{
	char line[1024];
	int fd = dial();

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	put(fd, "GET /echo HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 33; i++)
		if (send(fd, line, sizeof(line), MSG_NOSIGNAL) < 0)
			break;
	assert_int_equal(take(fd), 431);
	close(fd);
}

static void test_chunked_limit(void **state)
{
	char data[4096];
	int fd = dial();

	(void)state;
	memset(data, ' ', sizeof(data));
	put(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 30; i++) {
		put(fd, "1000\r\n");
		assert_true(send(fd, data, sizeof(data), MSG_NOSIGNAL) > 0);
		put(fd, "\r\n");
	}
	assert_int_equal(take(fd), 413);
	close(fd);
}

static void test_buffer_budget(void **state)
{
	char *data = calloc(1, 99000);
	int one = dial(), other = dial();

	(void)state;
	memset(data, ' ', 98999);
	put(one, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99001\r\n\r\n");
	put(one, data);
	usleep(50 * 1000);
	put(other, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99001\r\n\r\n");
	put(other, data);
	assert_int_equal(take(other), 503);
	put(one, "{}");
	assert_int_equal(take(one), 200);
	close(one);
	close(other);
	free(data);
}

static void test_continue(void **state)
{
	int fd = dial();

	(void)state;
	put(fd,
	    "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(take(fd), 100);
	put(fd, "abc");
	assert_int_equal(take(fd), 200);
	assert_string_equal(body(), "3");
	put(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(take(fd), 100);
	put(fd, "{}");
	assert_int_equal(take(fd), 200);
	/* refused before the body was sent */
	put(fd,
	    "PUT /refused HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(take(fd), 409);
	assert_non_null(strstr(answer, "Connection: close"));
	close(fd);
}

/* Sends the rest of 'size' bytes as far as the socket takes them without waiting. */
static size_t flood(int fd, size_t size)
{
	static char zeros[65536];
	size_t sent = 0;
	ssize_t step = 1;

	for (int quiet = 0; sent < size && quiet < 50;) {
		size_t part = size - sent < sizeof(zeros) ? size - sent : sizeof(zeros);

		step = send(fd, zeros, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (step > 0) {
			sent += (size_t)step;
			quiet = 0;
		} else {
			quiet++;
			usleep(2000);
		}
	}
	return sent;
}

static void test_slow_reader_of_body(void **state)
{
	int fd = dial(), small = 65536;
	char head[128];
	size_t sent;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	upload_held = true;
	upload_result = 1;
	snprintf(head, sizeof(head), "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
		 BIG);
	put(fd, head);
	sent = flood(fd, BIG);
	assert_true(sent < BIG); /* the kernel's buffers and 64 KiB of ours, no more */
	upload_held = false;
	for (ssize_t step; sent < BIG; sent += (size_t)step) {
		step = send(fd, answer, BIG - sent < sizeof(answer) ? BIG - sent : sizeof(answer),
			    MSG_NOSIGNAL);
		assert_true(step > 0);
	}
	assert_int_equal(take(fd), 200);
	assert_int_equal(atoi(body()), BIG);
	close(fd);
}

static void test_half_upload(void **state)
{
	int fd = dial();

	(void)state;
	upload_result = 1;
	put(fd, "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
	usleep(50 * 1000);
	close(fd);
	wait_for(&upload_result, 1);
	assert_int_equal(upload_result, -EPIPE);
	assert_int_equal(uploaded, 3);
	/* one that falls silent */
	fd = dial();
	upload_result = 1;
	put(fd, "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
	assert_int_equal(take(fd), 408);
	assert_int_equal(upload_result, -ETIMEDOUT);
	close(fd);
	/* and bad framing in the middle */
	fd = dial();
	put(fd, "PUT /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX");
	assert_int_equal(take(fd), 400);
	close(fd);
}

/* The worker has read the body himself; the loop goes on behind it, to the byte. */
static void test_request_behind_a_body(void **state)
{
	static char bytes[300000];
	int fd = dial();

	(void)state;
	put(fd, "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: 300000\r\n\r\n");
	wait_for(&upload_result, 0);
	assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	put(fd, "PUT /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 30; i++) {
		put(fd, "1fff;x=y\r\n");
		assert_int_equal(send(fd, bytes, 0x1fff, 0), 0x1fff);
		put(fd, "\r\n");
	}
	put(fd, "0\r\n\r\nGET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(take(fd), 200);
	assert_string_equal(body(), "300000");
	assert_int_equal(take(fd), 200);
	assert_string_equal(body(), "245730");
	assert_int_equal(take(fd), 200);
	assert_string_equal(body(), "none");
	close(fd);
}

/* The server stops while an upload and a download go on: it waits for nobody but the threads, and
 * these notice. */
static void test_stop_under_way(void **state)
{
	int up = dial(), down = dial(), small = 4096;

	(void)state;
	upload_result = 0;
	setsockopt(down, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	put(down, "GET /download HTTP/1.1\r\n" HOST "\r\n");
	put(up, "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: 300000\r\n\r\nabc");
	wait_for(&upload_result, 0);
	assert_int_equal(take(down), 200);
	stop(NULL);
	assert_true(upload_result < 0);
	close(up);
	close(down);
	start(NULL);
}

/* A refusal must reach a client that sends on: the connection lingers. */
static void test_early_reply(void **state)
{
	int fd = dial();
	size_t sent;

	(void)state;
	put(fd, "PUT /refused HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n");
	sent = flood(fd, 1000000);
	assert_true(sent > 100000);
	assert_int_equal(take(fd), 409);
	close(fd);
}

static void test_slow_clients(void **state)
{
	int fd = dial();

	(void)state;
	put(fd, "GET /echo HT"); /* never finished */
	assert_int_equal(take(fd), 408);
	assert_true(at_end(fd));
	close(fd);
	fd = dial(); /* says nothing */
	assert_true(at_end(fd));
	close(fd);
	fd = dial(); /* a JSON body that never comes */
	put(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n{");
	assert_int_equal(take(fd), 408);
	close(fd);
}

static void test_download(void **state)
{
	int fd = dial();
	size_t size = 0;
	ssize_t got;

	(void)state;
	put(fd, "HEAD /download HTTP/1.1\r\n" HOST "\r\n"
		"GET /download HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n");
	while ((got = recv(fd, answer, sizeof(answer), 0)) > 0)
		size += (size_t)got;
	assert_true(size > BIG && size < BIG + 1024);
	close(fd);
}

static void test_stalled_download(void **state)
{
	int fd = dial(), small = 4096;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	stream_result = 2;
	put(fd, "GET /stream?big=1 HTTP/1.1\r\n" HOST "\r\n");
	usleep(300 * 1000);
	assert_int_equal(stream_result, 1); /* the handler waits for the client */
	assert_true(streamed < BIG);
	wait_for(&stream_result, 1); /* until the server has had enough */
	assert_int_equal(stream_result, -EPIPE);
	close(fd);
}

static void test_stream(void **state)
{
	char all[1024] = "";
	size_t used = 0;
	ssize_t got;
	int fd = dial();

	(void)state;
	put(fd, "GET /stream HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n");
	while ((got = recv(fd, all + used, sizeof(all) - 1 - used, 0)) > 0)
		used += (size_t)got;
	assert_non_null(strstr(all, "Transfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(all, "x-openstack-request-id: req-"));
	assert_string_equal(strstr(all, "\r\n\r\n"), "\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
	close(fd);
	memset(all, 0, sizeof(all));
	fd = dial();
	used = 0;
	put(fd, "GET /stream?fail=1 HTTP/1.1\r\n" HOST "\r\n");
	while ((got = recv(fd, all + used, sizeof(all) - 1 - used, 0)) > 0)
		used += (size_t)got;
	assert_string_equal(strstr(all, "\r\n\r\n"), "\r\n\r\n5\r\nhello\r\n");
	close(fd);
}

static void test_connection_limit(void **state)
{
	int busy[4], extra;

	(void)state;
	upload_held = true;
	for (int i = 0; i < 4; i++) {
		busy[i] = dial();
		put(busy[i], "PUT /upload HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
	}
	usleep(50 * 1000);
	extra = dial(); /* the kernel takes it, the server does not, yet */
	put(extra, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	upload_held = false;
	for (int i = 0; i < 4; i++)
		assert_int_equal(take(busy[i]), 200);
	/* all four are idle now: one of them makes room */
	close(busy[0]);
	assert_int_equal(take(extra), 200);
	busy[0] = dial();
	put(busy[0], "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(take(busy[0]), 200);
	assert_true(server_connections(cloud.server) <= 4);
	for (int i = 0; i < 4; i++)
		close(busy[i]);
	close(extra);
}

static void test_local(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		put(local_fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(take(local_fd), 200);
		assert_string_equal(body(), "operator");
		usleep(400 * 1000); /* its idleness has no end */
	}
}

/* --- TLS */

static int random_for_client(void *context, unsigned char *data, size_t size)
{
	(void)context;
	random_bytes(data, size);
	return 0;
}

static void exchange_over_tls(mbedtls_ssl_protocol_version version)
{
	static const char request[] = "GET /echo HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n";
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt ca;
	mbedtls_net_context net = { .fd = dial() };
	char path[64], text[4096] = "";
	int got, used = 0;

	mbedtls_ssl_config_init(&config);
	mbedtls_ssl_init(&ssl);
	mbedtls_x509_crt_init(&ca);
	snprintf(path, sizeof(path), "%s/ca.pem", directory);
	assert_int_equal(mbedtls_x509_crt_parse_file(&ca, path), 0);
	mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
				    MBEDTLS_SSL_PRESET_DEFAULT);
	mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
	mbedtls_ssl_conf_rng(&config, random_for_client, NULL);
	mbedtls_ssl_conf_min_tls_version(&config, version);
	mbedtls_ssl_conf_max_tls_version(&config, version);
	assert_int_equal(mbedtls_ssl_setup(&ssl, &config), 0);
	mbedtls_ssl_set_hostname(&ssl, "localhost");
	mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
	assert_int_equal(mbedtls_ssl_handshake(&ssl), 0);
	assert_int_equal(mbedtls_ssl_get_version_number(&ssl), version);
	assert_int_equal(
		mbedtls_ssl_write(&ssl, (const unsigned char *)request, sizeof(request) - 1),
		sizeof(request) - 1);
	while ((got = mbedtls_ssl_read(&ssl, (unsigned char *)text + used,
				       sizeof(text) - 1 - (size_t)used)) > 0)
		used += got;
	assert_int_equal(got, MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
	mbedtls_ssl_free(&ssl);
	mbedtls_ssl_config_free(&config);
	mbedtls_x509_crt_free(&ca);
	mbedtls_net_free(&net);
}

static void test_tls(void **state)
{
	int fd;

	(void)state;
	exchange_over_tls(MBEDTLS_SSL_VERSION_TLS1_2);
	exchange_over_tls(MBEDTLS_SSL_VERSION_TLS1_3);
	fd = dial(); /* no TLS at all */
	put(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(take(fd), 0);
	close(fd);
	fd = dial(); /* a handshake that never begins */
	assert_true(at_end(fd));
	close(fd);
	exchange_over_tls(MBEDTLS_SSL_VERSION_TLS1_3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_keep_alive),
		PLAIN(test_pipelining),
		PLAIN(test_refusals),
		PLAIN(test_large_head),
		PLAIN(test_chunked_limit),
		PLAIN(test_buffer_budget),
		PLAIN(test_continue),
		PLAIN(test_slow_reader_of_body),
		PLAIN(test_half_upload),
		PLAIN(test_request_behind_a_body),
		PLAIN(test_stop_under_way),
		PLAIN(test_early_reply),
		PLAIN(test_slow_clients),
		PLAIN(test_download),
		PLAIN(test_stalled_download),
		PLAIN(test_stream),
		PLAIN(test_connection_limit),
		PLAIN(test_local),
		cmocka_unit_test_setup_teardown(test_tls, start_tls, stop_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
