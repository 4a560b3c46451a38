/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS 1.2 and 1.3 as a client. A server that can't prove its name is not talked to. */
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <poll.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/fetch/transfer.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define BUNDLE_MAX (2L * 1024 * 1024)

static int random_from_kernel(void *context, unsigned char *data, size_t size)
{
	(void)context;
	random_bytes(data, size);
	return 0;
}

static ssize_t from_socket(ssize_t result)
{
	return result < 0 && (errno == EINTR || errno == EAGAIN) ? -EAGAIN : result;
}

static int bio_send(void *context, const unsigned char *data, size_t size)
{
	const struct peer *peer = context;
	ssize_t sent = from_socket(send(peer->fd, data, size, MSG_NOSIGNAL));

	if (sent == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	return sent < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)sent;
}

static int bio_receive(void *context, unsigned char *data, size_t size)
{
	const struct peer *peer = context;
	ssize_t got = from_socket(recv(peer->fd, data, size, 0));

	if (got == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_READ;
	return got < 0 ? MBEDTLS_ERR_NET_RECV_FAILED : (int)got;
}

/* --- whom it trusts */

/* A certificate of the bundle that this library does not understand is none that it trusts. */
static void pem_add(mbedtls_x509_crt *authorities, const char *pem, size_t size)
{
	mbedtls_x509_crt_parse(authorities, (const unsigned char *)pem, size + 1);
}

static void bundle_add(mbedtls_x509_crt *authorities, int fd)
{
	CLEANUP_FREE char *pem = NULL;
	struct stat status;
	off_t have = 0;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size > BUNDLE_MAX)
		return;
	pem = calloc(1, (size_t)status.st_size + 1);
	while (pem && got > 0 && have < status.st_size) {
		got = pread(fd, pem + have, (size_t)(status.st_size - have), have);
		have += got > 0 ? got : 0;
	}
	if (pem)
		pem_add(authorities, pem, (size_t)have);
}

/* --- the handshake */

static int configure(struct peer *peer, const struct transfer *transfer, const struct url *url)
{
	mbedtls_ssl_config *config = &peer->config;
	int result = psa_crypto_init(); /* TLS 1.3 runs on it */

	if (result == 0)
		result = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT,
						     MBEDTLS_SSL_TRANSPORT_STREAM,
						     MBEDTLS_SSL_PRESET_DEFAULT);
	if (result != 0)
		return result;
	bundle_add(&peer->authorities, transfer->authorities_fd);
	if (transfer->begin->authorities)
		pem_add(&peer->authorities, transfer->begin->authorities,
			strlen(transfer->begin->authorities));
	mbedtls_ssl_conf_rng(config, random_from_kernel, NULL);
	mbedtls_ssl_conf_ca_chain(config, &peer->authorities, NULL);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	result = mbedtls_ssl_setup(&peer->ssl, config);
	if (result == 0)
		result = mbedtls_ssl_set_hostname(&peer->ssl, url->host);
	mbedtls_ssl_set_bio(&peer->ssl, peer, bio_send, bio_receive, NULL);
	return result;
}

static int handshake_wait(const struct peer *peer, const struct transfer *transfer, int result)
{
	return transfer_wait(transfer, peer->fd,
			     result == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN,
			     transfer->begin->silence_ms);
}

static int certificate_refused(const struct peer *peer, const struct url *url, struct error *error)
{
	char text[256] = "";
	uint32_t flags = mbedtls_ssl_get_verify_result(&peer->ssl);

	if (flags == 0 || flags == UINT32_MAX ||
	    mbedtls_x509_crt_verify_info(text, sizeof(text), "", flags) < 0)
		snprintf(text, sizeof(text), "it can't be verified");
	text[strcspn(text, "\n")] = '\0';
	return error_set(error, -EACCES, "the certificate of %s: %s", url->host, text);
}

static int handshake(struct peer *peer, const struct transfer *transfer, const struct url *url,
		     struct error *error)
{
	char text[128];
	int result;

	while ((result = mbedtls_ssl_handshake(&peer->ssl)) != 0) {
		if (result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
			return certificate_refused(peer, url, error);
		if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE)
			break;
		result = handshake_wait(peer, transfer, result);
		if (result < 0)
			return error_set(error, result, "TLS with %s: %s", url->host,
					 strerror(-result));
	}
	if (result == 0)
		return 0;
	mbedtls_strerror(result, text, sizeof(text));
	return error_set(error, -EPROTO, "TLS with %s: %s", url->host, text);
}

int peer_secure(struct peer *peer, const struct transfer *transfer, const struct url *url,
		struct error *error)
{
	int result;

	mbedtls_ssl_init(&peer->ssl);
	mbedtls_ssl_config_init(&peer->config);
	mbedtls_x509_crt_init(&peer->authorities);
	peer->secure = true;
	result = configure(peer, transfer, url);
	if (result != 0)
		return error_set(error, -EIO, "TLS can't be set up: mbedTLS -0x%04x",
				 (unsigned)-result);
	return handshake(peer, transfer, url, error);
}

/* --- bytes */

ssize_t secure_read(struct peer *peer, void *data, size_t size)
{
	int result = mbedtls_ssl_read(&peer->ssl, data, size);

	switch (result) {
	case MBEDTLS_ERR_SSL_WANT_READ:
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return -EAGAIN;
	case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
		return -EINTR; /* nothing of the body: read on */
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return 0;
	}
	/* Plain end of file: anybody could have cut it off. */
	return result > 0 ? result : -EPROTO;
}

ssize_t secure_write(struct peer *peer, const void *data, size_t size)
{
	int result = mbedtls_ssl_write(&peer->ssl, data, size);

	if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE)
		return -EAGAIN;
	return result > 0 ? result : -EPROTO;
}
