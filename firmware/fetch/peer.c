/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "firmware/fetch/transfer.h"
#include "firmware/lib/cleanup.h"

#define CONNECT_MS 10000 /* to one address: there may be others */

static int address_connect(const struct transfer *transfer, const union fetch_address *address)
{
	CLEANUP_FD int fd =
		socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result = 0;
	socklen_t size = sizeof(result);

	if (fd < 0)
		return -errno;
	if (connect(fd, &address->any, fetch_address_size(address)) < 0 && errno != EINPROGRESS)
		return -errno;
	result = transfer_wait(transfer, fd, POLLOUT, CONNECT_MS);
	if (result < 0)
		return result;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size) < 0)
		return -errno;
	return result ? -result : fd_take(&fd);
}

int peer_open(struct peer *peer, const struct transfer *transfer, const struct url *url,
	      struct error *error)
{
	struct dns_addresses addresses;
	int result;

	*peer = (struct peer){ .fd = -1 };
	result = transfer_resolve(transfer, url, &addresses, error);
	if (result < 0)
		return result;
	result = -EHOSTUNREACH;
	for (size_t i = 0; i < addresses.count && peer->fd < 0 && result != -EPIPE; i++) {
		result = address_connect(transfer, &addresses.list[i]);
		if (result >= 0)
			peer->fd = result;
	}
	if (peer->fd < 0)
		return error_set(error, result, "connecting to %s port %u: %s", url->host,
				 url->port, strerror(-result));
	return strcmp(url->scheme, "https") ? 0 : peer_secure(peer, transfer, url, error);
}

void peer_close(struct peer *peer)
{
	if (peer->secure) {
		mbedtls_ssl_free(&peer->ssl);
		mbedtls_ssl_config_free(&peer->config);
		mbedtls_x509_crt_free(&peer->authorities);
	}
	if (peer->fd >= 0)
		close(peer->fd);
	*peer = (struct peer){ .fd = -1 };
}

static int wait_failed(int result, struct error *error)
{
	return error_set(error, result, "%s",
			 result == -ETIMEDOUT ? "the server was silent for too long"
					      : "the transfer was given up");
}

ssize_t peer_read(struct peer *peer, const struct transfer *transfer, void *data, size_t size,
		  struct error *error)
{
	ssize_t got;

	for (;;) {
		int result;

		if (peer->secure)
			got = secure_read(peer, data, size);
		else if ((got = recv(peer->fd, data, size, 0)) < 0)
			got = -errno;
		if (got >= 0)
			return got;
		if (got == -EINTR)
			continue;
		if (got != -EAGAIN)
			return error_set(error, (int)got, "reading: %s", strerror((int)-got));
		result = transfer_wait(transfer, peer->fd, POLLIN, transfer->begin->silence_ms);
		if (result < 0)
			return wait_failed(result, error);
	}
}

int peer_write(struct peer *peer, const struct transfer *transfer, const char *data, size_t size,
	       struct error *error)
{
	while (size > 0) {
		ssize_t sent = peer->secure ? secure_write(peer, data, size)
					    : send(peer->fd, data, size, MSG_NOSIGNAL);
		int result = 0;

		if (!peer->secure && sent < 0)
			sent = -errno;
		if (sent == -EAGAIN)
			result = transfer_wait(transfer, peer->fd, POLLOUT,
					       transfer->begin->silence_ms);
		if (result < 0)
			return wait_failed(result, error);
		if (sent < 0 && sent != -EAGAIN && sent != -EINTR)
			return error_set(error, (int)sent, "asking: %s", strerror((int)-sent));
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
	}
	return 0;
}
