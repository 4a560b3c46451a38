/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata service on 169.254.169.254 (by IPv6: metadata6.h), port 80. svc knows nothing of servers: it asks cloud with
 * the guest's address and the path, and hands back what comes. A connection is one request.
 *
 *	state     event                     next      what is done
 *	reading   head is whole             asking    SVC_METADATA_GET; 503 without a link
 *	reading   not a GET or HEAD, ...    writing   the error
 *	asking    reply                     writing   head and body are queued as TCP takes them
 *	asking    10 s, or the link is lost writing   504, 503
 *	writing   all is acknowledged       (freed)   closed
 *	any       30 s, reset, guest closes (freed)
 *
 * A connection is freed when lwIP has let go of it, or before it is closed or aborted: pcb and
 * connection never outlive each other.
 */
#include <arpa/inet.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/log.h"
#include "netstack/svc/http.h"
#include "netstack/svc/lwiphooks.h"
#include "netstack/svc/svc.h"

#define CONNECTIONS_MOST 12
#define CONNECTIONS_OF_GUEST 4
#define HALF_OPEN_MOST 8
#define HALF_OPEN_OF_GUEST 4
#define BODY_MOST (128 * 1024)
#define POLL_HALF_SECONDS 2 /* lwIP's unit: polled once a second */
#define ASKING_SECONDS 10
#define LIFE_SECONDS 30
#define METADATA_ADDRESS PP_HTONL(0xa9fea9feUL)

enum state { READING, ASKING, WRITING };

struct connection {
	struct connection *next;
	struct svc *svc;
	struct tcp_pcb *pcb;
	enum state state;
	unsigned age, asked; /* seconds; 'asked' is the age when cloud was asked */
	uint32_t serial;     /* of the question to cloud */
	bool head_only;
	size_t input_size;
	char input[HTTP_HEAD_MAX];
	char *output; /* head and body; owned */
	size_t output_size, written, acknowledged;
};

struct metadata {
	struct tcp_pcb *listener;
	struct connection *connections;
};

/* --- the end of a connection --- */

static void connection_free(struct connection *connection)
{
	struct connection **place = &connection->svc->metadata->connections;

	while (*place != connection)
		place = &(*place)->next;
	*place = connection->next;
	free(connection->output);
	free(connection);
}

static void pcb_forget(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
}

/* ERR_ABRT must then be handed back to lwIP from within one of its callbacks. */
static err_t connection_end(struct connection *connection)
{
	struct tcp_pcb *pcb = connection->pcb;

	connection_free(connection);
	pcb_forget(pcb);
	if (tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

/* --- answering --- */

/* Queues what TCP has room for; the rest follows when something is acknowledged. */
static void write_more(struct connection *connection)
{
	size_t left = connection->output_size - connection->written;
	size_t room = tcp_sndbuf(connection->pcb);
	u16_t size = (u16_t)(left < room ? left : room);

	if (size > 0 && tcp_write(connection->pcb, connection->output + connection->written, size,
				  TCP_WRITE_FLAG_COPY) == ERR_OK)
		connection->written += size;
	tcp_output(connection->pcb);
}

static void answer(struct connection *connection, int status, const char *type, const void *body,
		   size_t size)
{
	char head[256];
	int length = snprintf(head, sizeof(head),
			      "HTTP/1.1 %d %s\r\nContent-Type: %.63s\r\nContent-Length: %zu\r\n"
			      "%sConnection: close\r\n\r\n",
			      status, http_reason(status), type, size,
			      status == 405 ? "Allow: GET, HEAD\r\n" : "");

	if (connection->head_only)
		size = 0;
	connection->state = WRITING;
	connection->output = malloc((size_t)length + size);
	if (connection->output == NULL)
		return; /* it is closed when its time is over */
	memcpy(connection->output, head, (size_t)length);
	if (size > 0)
		memcpy(connection->output + length, body, size);
	connection->output_size = (size_t)length + size;
	write_more(connection);
}

static void answer_error(struct connection *connection, int status)
{
	char body[128];
	int size = snprintf(body, sizeof(body), "%d %s\n", status, http_reason(status));

	answer(connection, status, "text/plain; charset=UTF-8", body, (size_t)size);
}

/* --- asking --- */

/* By IPv6 a guest is known by its MAC: its link-local address says nothing to cloud. */
static void asker_put(const struct svc *svc, const ip_addr_t *remote, struct svc_metadata_get *get)
{
	const struct metadata6_peer *peer = metadata6_peer(svc, remote->addr);

	if (peer == NULL) {
		snprintf(get->address, sizeof(get->address), "%s", ipaddr_ntoa(remote));
		return;
	}
	inet_ntop(AF_INET6, peer->address, get->address, sizeof(get->address));
	mac_format(peer->mac, get->mac);
}

static void ask(struct connection *connection, const struct http_request *request)
{
	struct svc *svc = connection->svc;
	struct svc_metadata_get get = { 0 };
	int64_t serial = -ENOTCONN;

	snprintf(get.network_id, sizeof(get.network_id), "%s", svc->network.id);
	asker_put(svc, &connection->pcb->remote_ip, &get);
	snprintf(get.method, sizeof(get.method), "%s", request->method);
	snprintf(get.path, sizeof(get.path), "%s", request->path);
	if (channel_is_open(&svc->cloud))
		serial = channel_send_struct(&svc->cloud, SVC_METADATA_GET, 0,
					     svc_metadata_get_fields, &get, -1);
	if (serial < 0) {
		answer_error(connection, 503);
		return;
	}
	connection->state = ASKING;
	connection->asked = connection->age;
	connection->serial = (uint32_t)serial;
}

void metadata_reply(struct svc *svc, uint32_t serial, const struct svc_metadata *reply)
{
	struct connection *connection = svc->metadata->connections;

	while (connection != NULL && (connection->state != ASKING || connection->serial != serial))
		connection = connection->next;
	if (connection == NULL)
		return; /* the guest did not wait */
	if (reply->status < 100 || reply->status > 599 || reply->body.size > BODY_MOST)
		answer_error(connection, 500);
	else
		answer(connection, (int)reply->status,
		       reply->content_type[0] != '\0' ? reply->content_type : "text/plain",
		       reply->body.data, reply->body.size);
}

void metadata_lost(struct svc *svc)
{
	for (struct connection *each = svc->metadata->connections; each != NULL; each = each->next)
		if (each->state == ASKING)
			answer_error(each, 503);
}

/* --- lwIP's callbacks --- */

static void input_take(struct connection *connection, struct pbuf *packet)
{
	size_t room = sizeof(connection->input) - connection->input_size;
	struct http_request request;
	int status;

	if (connection->state != READING)
		return;
	connection->input_size += pbuf_copy_partial(
		packet, connection->input + connection->input_size, (u16_t)room, 0);
	status = http_parse(connection->input, connection->input_size, &request);
	connection->head_only = strcmp(request.method, "HEAD") == 0;
	if (status == 200)
		ask(connection, &request);
	else if (status != 0)
		answer_error(connection, status);
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
	struct connection *connection = argument;

	if (packet == NULL || error != ERR_OK) {
		if (packet != NULL)
			pbuf_free(packet);
		/* A guest that has said all may still wait for its answer. */
		return connection->state == READING ? connection_end(connection) : ERR_OK;
	}
	tcp_recved(pcb, packet->tot_len);
	input_take(connection, packet);
	pbuf_free(packet);
	return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
	struct connection *connection = argument;

	(void)pcb;
	connection->acknowledged += size;
	if (connection->acknowledged == connection->output_size)
		return connection_end(connection);
	write_more(connection);
	return ERR_OK;
}

static err_t on_poll(void *argument, struct tcp_pcb *pcb)
{
	struct connection *connection = argument;

	connection->age++;
	if (connection->age > LIFE_SECONDS) {
		connection_free(connection);
		pcb_forget(pcb);
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	if (connection->state == ASKING && connection->age - connection->asked > ASKING_SECONDS)
		answer_error(connection, 504);
	else if (connection->state == WRITING)
		write_more(connection);
	return ERR_OK;
}

/* lwIP has freed the pcb. */
static void on_error(void *argument, err_t error)
{
	(void)error;
	connection_free(argument);
}

static bool same_guest(const struct svc *svc, const ip_addr_t *one, const ip_addr_t *other)
{
	const struct metadata6_peer *a = metadata6_peer(svc, one->addr);
	const struct metadata6_peer *b = metadata6_peer(svc, other->addr);

	return a != NULL && b != NULL ? memcmp(a->mac, b->mac, MAC_SIZE) == 0
				      : ip_addr_eq(one, other);
}

static bool has_room(const struct svc *svc, const ip_addr_t *guest)
{
	const struct metadata *metadata = svc->metadata;
	unsigned all = 0, of_guest = 0;

	for (const struct connection *each = metadata->connections; each != NULL;
	     each = each->next) {
		all++;
		of_guest += same_guest(svc, &each->pcb->remote_ip, guest);
	}
	return all < CONNECTIONS_MOST && of_guest < CONNECTIONS_OF_GUEST;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error)
{
	struct svc *svc = argument;
	struct connection *connection = NULL;

	if (error != ERR_OK || pcb == NULL)
		return ERR_VAL;
	if (has_room(svc, &pcb->remote_ip))
		connection = calloc(1, sizeof(*connection));
	if (connection == NULL) {
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	connection->svc = svc;
	connection->pcb = pcb;
	connection->next = svc->metadata->connections;
	svc->metadata->connections = connection;
	tcp_arg(pcb, connection);
	tcp_recv(pcb, on_receive);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_poll, POLL_HALF_SECONDS);
	return ERR_OK;
}

/* A guest that begins connections and does not go on with them gives way: its own oldest goes when it
 * has too many, and the oldest of all when all have. The newest stand first in lwIP's list. */
int8_t metadata_arrives(struct tcp_pcb *listener, unsigned flags)
{
	struct tcp_pcb *oldest = NULL, *oldest_own = NULL;
	size_t all = 0, own = 0;

	if (listener->state != LISTEN || !(flags & TCP_SYN))
		return ERR_OK;
	for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
		if (pcb->state != SYN_RCVD)
			continue;
		oldest = pcb;
		all++;
		if (!same_guest(listener->callback_arg, &pcb->remote_ip, ip_current_src_addr()))
			continue;
		oldest_own = pcb;
		own++;
	}
	if (own >= HALF_OPEN_OF_GUEST)
		tcp_abandon(oldest_own, 0);
	else if (all >= HALF_OPEN_MOST)
		tcp_abandon(oldest, 0);
	return ERR_OK;
}

int metadata_start(struct svc *svc)
{
	ip4_addr_t address = { .addr = METADATA_ADDRESS };
	struct tcp_pcb *pcb = tcp_new();

	svc->metadata = calloc(1, sizeof(*svc->metadata));
	if (svc->metadata == NULL || pcb == NULL || tcp_bind(pcb, &address, 80) != ERR_OK)
		return -ENOMEM;
	svc->metadata->listener = tcp_listen_with_backlog(pcb, CONNECTIONS_MOST);
	if (svc->metadata->listener == NULL)
		return -ENOMEM;
	tcp_arg(svc->metadata->listener, svc);
	tcp_accept(svc->metadata->listener, on_accept);
	return 0;
}

void metadata_free(struct svc *svc)
{
	while (svc->metadata->connections != NULL) {
		struct tcp_pcb *pcb = svc->metadata->connections->pcb;

		connection_free(svc->metadata->connections);
		pcb_forget(pcb);
		tcp_abort(pcb);
	}
	tcp_close(svc->metadata->listener);
	free(svc->metadata);
	svc->metadata = NULL;
}
