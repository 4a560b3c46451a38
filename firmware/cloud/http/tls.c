/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/tls.h"

#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/lib/loop.h"
#include "firmware/lib/uuid.h"

struct tls {
	unsigned references; /* loop's thread alone */
	mbedtls_ssl_config config;
	mbedtls_x509_crt chain;
	mbedtls_pk_context key;
};

static int random_from_kernel(void *context, unsigned char *data, size_t size)
{
	(void)context;
	random_bytes(data, size);
	return 0;
}

static int load(struct tls *tls, const char *directory)
{
	char path[256];
	int result;

	snprintf(path, sizeof(path), "%s/server.pem", directory);
	result = mbedtls_x509_crt_parse_file(&tls->chain, path);
	if (result != 0)
		return result;
	snprintf(path, sizeof(path), "%s/server.key", directory);
	return mbedtls_pk_parse_keyfile(&tls->key, path, NULL, random_from_kernel, NULL);
}

static int configure(struct tls *tls)
{
	static const char *protocols[] = { "http/1.1", NULL };
	int result = mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_SERVER,
						 MBEDTLS_SSL_TRANSPORT_STREAM,
						 MBEDTLS_SSL_PRESET_DEFAULT);

	if (result != 0)
		return result;
	mbedtls_ssl_conf_rng(&tls->config, random_from_kernel, NULL);
	mbedtls_ssl_conf_min_tls_version(&tls->config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(&tls->config, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_tls13_key_exchange_modes(
		&tls->config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
	mbedtls_ssl_conf_renegotiation(&tls->config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	result = mbedtls_ssl_conf_alpn_protocols(&tls->config, protocols);
	return result ? result : mbedtls_ssl_conf_own_cert(&tls->config, &tls->chain, &tls->key);
}

int tls_new(struct tls **made, const char *directory, struct error *error)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int result;

	if (!tls)
		return error_set(error, -ENOMEM, "out of memory");
	tls->references = 1;
	mbedtls_ssl_config_init(&tls->config);
	mbedtls_x509_crt_init(&tls->chain);
	mbedtls_pk_init(&tls->key);
	result = psa_crypto_init(); /* TLS 1.3 runs on it */
	if (result == 0)
		result = load(tls, directory);
	if (result == 0)
		result = configure(tls);
	if (result != 0) {
		tls_release(tls);
		return error_set(error, -EIO, "setting up TLS from %s failed: mbedTLS -0x%04x",
				 directory, (unsigned)-result);
	}
	*made = tls;
	return 0;
}

void tls_release(struct tls *tls)
{
	if (!tls || --tls->references > 0)
		return;
	mbedtls_ssl_config_free(&tls->config);
	mbedtls_x509_crt_free(&tls->chain);
	mbedtls_pk_free(&tls->key);
	free(tls);
}

/* --- one connection */

static ssize_t from_socket(ssize_t result)
{
	return result < 0 ? (errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno) : result;
}

static int bio_send(void *context, const unsigned char *data, size_t size)
{
	const struct transport *transport = context;
	ssize_t sent = from_socket(send(transport->fd, data, size, MSG_NOSIGNAL));

	if (sent == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	return sent < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)sent;
}

static int bio_receive(void *context, unsigned char *data, size_t size)
{
	const struct transport *transport = context;
	ssize_t got = from_socket(recv(transport->fd, data, size, 0));

	if (got == -EAGAIN)
		return MBEDTLS_ERR_SSL_WANT_READ;
	return got < 0 ? MBEDTLS_ERR_NET_RECV_FAILED : (int)got;
}

int transport_open(struct transport *transport, int fd, struct tls *tls)
{
	*transport = (struct transport){ .fd = fd, .want = LOOP_READ };
	if (!tls)
		return 0;
	transport->ssl = malloc(sizeof(*transport->ssl));
	if (!transport->ssl) {
		transport_close(transport);
		return -ENOMEM;
	}
	transport->tls = tls;
	tls->references++;
	mbedtls_ssl_init(transport->ssl);
	if (mbedtls_ssl_setup(transport->ssl, &tls->config) != 0) {
		transport_close(transport);
		return -ENOMEM;
	}
	mbedtls_ssl_set_bio(transport->ssl, transport, bio_send, bio_receive, NULL);
	return 0;
}

void transport_close(struct transport *transport)
{
	if (transport->ssl) {
		mbedtls_ssl_free(transport->ssl);
		free(transport->ssl);
	}
	tls_release(transport->tls);
	if (transport->fd >= 0)
		close(transport->fd);
	*transport = (struct transport){ .fd = -1 };
}

/* What mbedTLS says, as an errno; waiting is noted in 'want'. */
static int from_tls(struct transport *transport, int result)
{
	switch (result) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		transport->want = LOOP_READ;
		return -EAGAIN;
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		transport->want = LOOP_WRITE;
		return -EAGAIN;
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
	case MBEDTLS_ERR_SSL_CONN_EOF:
		return 0;
	case MBEDTLS_ERR_NET_RECV_FAILED:
	case MBEDTLS_ERR_NET_SEND_FAILED:
		return -EPIPE;
	}
	return result < 0 ? -EPROTO : result;
}

int transport_handshake(struct transport *transport)
{
	int result = transport->ssl ? mbedtls_ssl_handshake(transport->ssl) : 0;

	/* An end in mid-handshake is no success. */
	return result == 0 ? 0 : from_tls(transport, result) ?: -EPIPE;
}

ssize_t transport_read(struct transport *transport, void *data, size_t size)
{
	ssize_t got;

	if (transport->ssl)
		return from_tls(transport, mbedtls_ssl_read(transport->ssl, data, size));
	got = from_socket(recv(transport->fd, data, size, 0));
	transport->want = LOOP_READ;
	return got;
}

ssize_t transport_write(struct transport *transport, const void *data, size_t size)
{
	ssize_t sent;

	if (transport->ssl) {
		sent = from_tls(transport, mbedtls_ssl_write(transport->ssl, data, size));
		return sent == 0 ? -EPIPE : sent;
	}
	sent = from_socket(send(transport->fd, data, size, MSG_NOSIGNAL));
	transport->want = LOOP_WRITE;
	return sent;
}

void transport_shutdown(struct transport *transport)
{
	if (transport->ssl)
		mbedtls_ssl_close_notify(transport->ssl);
	shutdown(transport->fd, SHUT_WR);
}
