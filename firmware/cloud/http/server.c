/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/cloud/http/connection.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define BACKLOG 128
#define ACCEPTS_MAX 16      /* in one turn of the loop */
#define ACCEPT_AGAIN_MS 100 /* after the process ran out of descriptors or memory */

struct listener {
	struct server *server;
	struct loop_fd handle;
	int fd; /* owned */
	struct listener *next;
};

static const struct server_limits defaults = {
	.connections = 128,
	.handshake = 10 * 1000,
	.head = 10 * 1000,
	.idle = 75 * 1000,
	.body = 30 * 1000,
	.write = 60 * 1000,
	.linger = 5 * 1000,
	.buffered = 16 * 1024 * 1024,
};

static unsigned or_default(unsigned value, unsigned standard)
{
	return value ? value : standard;
}

static void set_limits(struct server_limits *to, const struct server_limits *from)
{
	to->connections = or_default(from->connections, defaults.connections);
	to->handshake = or_default(from->handshake, defaults.handshake);
	to->head = or_default(from->head, defaults.head);
	to->idle = or_default(from->idle, defaults.idle);
	to->body = or_default(from->body, defaults.body);
	to->write = or_default(from->write, defaults.write);
	to->linger = or_default(from->linger, defaults.linger);
	to->buffered = from->buffered ? from->buffered : defaults.buffered;
}

/* --- accepting */

static void watch_listeners(struct server *server, bool watch)
{
	for (struct listener *listener = server->listeners; listener; listener = listener->next)
		loop_fd_change(&listener->handle, watch ? LOOP_READ : 0);
}

static void on_accept_again(struct loop_timer *timer)
{
	watch_listeners(container_of(timer, struct server, accept_again), true);
}

/* Closes the connection that has been idle for longest; false when none is. */
static bool evict_idle(struct server *server)
{
	struct connection *oldest = NULL, *connection;

	for (connection = server->connections; connection; connection = connection->next)
		if (connection_is_idle(connection) &&
		    (!oldest || connection->moved < oldest->moved))
			oldest = connection;
	if (oldest)
		connection_close(oldest);
	return oldest != NULL;
}

static int accept_one(struct listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), one = 1;

	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	return connection_open(listener->server, fd, false);
}

static void on_listener(struct loop_fd *handle, unsigned events)
{
	struct listener *listener = container_of(handle, struct listener, handle);
	struct server *server = listener->server;
	int result = 0;

	(void)events;
	for (int i = 0; result == 0 && i < ACCEPTS_MAX; i++) {
		if (server->connection_count >= server->limits.connections && !evict_idle(server)) {
			watch_listeners(server, false); /* the rest waits in the backlog */
			return;
		}
		result = accept_one(listener);
	}
	if (result == 0 || result == -EAGAIN)
		return;
	log_warning("http", "accept failed", "error=%d", -result);
	watch_listeners(server, false);
	loop_timer_start(server->cloud->loop, &server->accept_again, ACCEPT_AGAIN_MS,
			 on_accept_again);
}

int server_listen_fd(struct server *server, int fd)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int result = listener ? 0 : -ENOMEM;

	if (result == 0) {
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		*listener = (struct listener){ .server = server, .fd = fd };
		result = loop_fd_start(server->cloud->loop, &listener->handle, fd, LOOP_READ,
				       on_listener);
	}
	if (result < 0) {
		free(listener);
		close(fd);
		return result;
	}
	listener->next = server->listeners;
	server->listeners = listener;
	return 0;
}

static int bind_any(int family, unsigned port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, zero = 0;
	int result;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
		result = bind(fd, (struct sockaddr *)&six, sizeof(six));
	} else {
		result = bind(fd, (struct sockaddr *)&four, sizeof(four));
	}
	if (result == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

static int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

int server_listen(struct server *server, unsigned port, struct error *error)
{
	int fd = bind_any(AF_INET6, port), bound, result;

	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
		fd = bind_any(AF_INET, port); /* a kernel without IPv6 */
	if (fd < 0)
		return error_set(error, fd, "listening on port %u: %s", port, strerror(-fd));
	bound = port_of(fd);
	result = server_listen_fd(server, fd);
	return result < 0 ? error_set(error, result, "listening on port %u", port) : bound;
}

int server_attach_local(struct server *server, int fd)
{
	return connection_open(server, fd, true);
}

/* --- what workers have to say */

static void on_kick(struct loop_fd *handle, unsigned events)
{
	struct server *server = container_of(handle, struct server, kick_handle);
	struct exchange *exchange;
	uint64_t count;

	(void)events;
	if (read(handle->fd, &count, sizeof(count)) < 0)
		return;
	while ((exchange = kick_list_take(&server->kicks))) {
		if (exchange->connection)
			connection_pump(exchange->connection);
		exchange_release(exchange);
	}
}

void server_connection_gone(struct server *server, struct connection *connection)
{
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->local)
		return;
	server->connection_count--;
	if (!server->accept_again.running)
		watch_listeners(server, true);
}

/* --- life */

int server_names(struct server *server, const struct certificate_names *names, struct error *error)
{
	struct tls *tls;
	bool changed;
	int result = certificate_ensure(server->tls_directory, names, &changed, error);

	if (result < 0 || (server->tls && !changed))
		return result;
	result = tls_new(&tls, server->tls_directory, error);
	if (result < 0)
		return result;
	tls_release(server->tls);
	server->tls = tls;
	result = certificate_fingerprint(server->tls_directory, "ca.pem", server->ca_fingerprint,
					 error);
	if (result < 0)
		return result;
	return certificate_fingerprint(server->tls_directory, "server.pem", server->fingerprint,
				       error);
}

static int start_tls(struct server *server, const struct certificate_names *more,
		     struct error *error)
{
	struct certificate_names names = { { "localhost", "127.0.0.1", "::1" }, 3 };

	for (size_t i = 0; more && i < more->count; i++)
		certificate_name_add(&names, more->names[i]);
	return server->tls_directory ? server_names(server, &names, error) : 0;
}

int server_new(struct server **made, const struct server_options *options, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	int result;

	if (!server)
		return error_set(error, -ENOMEM, "out of memory");
	server->cloud = options->cloud;
	server->services = options->services;
	server->tls_directory = options->tls_directory;
	set_limits(&server->limits, &options->limits);
	result = kick_list_open(&server->kicks);
	if (result < 0) {
		free(server);
		return error_set(error, result, "eventfd: %s", strerror(-result));
	}
	result = loop_fd_start(server->cloud->loop, &server->kick_handle, server->kicks.fd,
			       LOOP_READ, on_kick);
	if (result == 0)
		result = start_tls(server, options->names, error);
	if (result < 0) {
		server_free(server);
		return result;
	}
	*made = server;
	return 0;
}

void server_stop(struct server *server)
{
	loop_timer_stop(&server->accept_again);
	while (server->listeners) {
		struct listener *listener = server->listeners;

		server->listeners = listener->next;
		loop_fd_stop(&listener->handle);
		close(listener->fd);
		free(listener);
	}
	for (struct connection *connection = server->connections, *next; connection;
	     connection = next) {
		next = connection->next;
		connection_close(connection);
	}
}

void server_free(struct server *server)
{
	if (!server)
		return;
	server_stop(server);
	loop_fd_stop(&server->kick_handle);
	kick_list_close(&server->kicks);
	tls_release(server->tls);
	free(server);
}

const char *server_fingerprint(const struct server *server)
{
	return server->fingerprint;
}

const char *server_ca_fingerprint(const struct server *server)
{
	return server->ca_fingerprint;
}

unsigned server_connections(const struct server *server)
{
	return server->connection_count;
}
