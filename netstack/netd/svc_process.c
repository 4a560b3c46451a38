/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The svc of a network: a process of its own, with the tap of the network's bridge and a channel
 * to netd, and nothing else. It keeps no state that it could lose: leases are the ports.
 *
 *	state      event             next       what is done
 *	(none)     wanted            running    tap, fork, network, ports and link to cloud sent
 *	running    channel closed    waiting    timer: 100 ms, doubled up to 10 s
 *	waiting    timer             running    as above
 *	any        not wanted        (none)     channel closed, upon which the process ends
 *
 * A process that ran for 10 s starts again at 100 ms. The channel's end tells of its death; the
 * kernel reaps the child (SIGCHLD is ignored).
 */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/names.h"
#include "netstack/netd/netd.h"
#include "netstack/netd/spawn.h"

#define DELAY_FIRST_MS 100
#define DELAY_MOST_MS 10000
#define RAN_WELL_MS 10000

/* svc enters its empty root and becomes UID_SVC by itself, then has none of these. */
#define SVC_CAPABILITIES                                                                           \
	(UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_SYS_CHROOT |   \
	 UINT64_C(1) << CAP_SETPCAP)

struct svc_process {
	struct netd *netd;
	struct network *network;
	struct channel channel; /* fd -1: no process */
	struct loop_timer timer;
	uint32_t serial; /* of this process, for answers that come later */
	uint64_t started;
	unsigned delay; /* ms */
};

static void svc_launch(struct svc_process *svc);

/* --- what it is told --- */

static void send_port(struct svc_process *svc, const struct port *port)
{
	if (port->desired.addresses.count > 0 && channel_is_open(&svc->channel))
		channel_send_struct(&svc->channel, SVC_PORT_SET, 0, net_port_fields, &port->desired,
				    -1);
}

static void send_cloud_link(struct svc_process *svc)
{
	struct net_id id;
	int pair[2];

	if (!channel_is_open(&svc->netd->cloud) || !channel_is_open(&svc->channel))
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	memcpy(id.id, svc->network->desired.id, sizeof(id.id));
	channel_send_struct(&svc->channel, SVC_CLOUD_LINK, 0, net_id_fields, &id, pair[0]);
	channel_send_struct(&svc->netd->cloud, NETD_SVC_LINK, 0, net_id_fields, &id, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

static void send_everything(struct svc_process *svc)
{
	channel_send_struct(&svc->channel, SVC_NETWORK_SET, 0, net_network_fields,
			    &svc->network->desired, -1);
	model_each(&svc->netd->model, OBJECT_PORT, object)
	{
		const struct port *port = (const struct port *)object;

		if (!object->doomed &&
		    strcmp(port->desired.network_id, svc->network->desired.id) == 0)
			send_port(svc, port);
	}
	send_cloud_link(svc);
}

/* --- its life --- */

static void svc_retry(struct loop_timer *timer)
{
	svc_launch(container_of(timer, struct svc_process, timer));
}

static void wait_and_retry(struct svc_process *svc)
{
	struct loop *loop = svc->netd->loop;

	if (svc->started != 0 && loop_now(loop) - svc->started > RAN_WELL_MS)
		svc->delay = DELAY_FIRST_MS;
	loop_timer_start(loop, &svc->timer, svc->delay, svc_retry);
	svc->delay = svc->delay * 2 > DELAY_MOST_MS ? DELAY_MOST_MS : svc->delay * 2;
}

static void svc_message(struct channel *channel, struct message *message, void *context)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct svc_process *svc = context;
	struct svc_dns query = { 0 };

	(void)channel;
	if (message->type == SVC_DNS_QUERY &&
	    message_decode(&arena, message, svc_dns_fields, &query, NULL) == 0)
		dns_relay_query(&svc->netd->dns, svc->serial, &query);
}

static void svc_lost(struct channel *channel, void *context)
{
	struct svc_process *svc = context;

	(void)channel;
	log_warning("svc", "process lost", "network=%s again_ms=%u", svc->network->desired.id,
		    svc->delay);
	wait_and_retry(svc);
}

static const struct channel_handler svc_handler = { svc_message, svc_lost };

static int svc_tap(struct svc_process *svc, int *fd, struct error *error)
{
	struct backend *backend = svc->netd->backend;
	struct backend_tap tap = { .mtu = svc->network->desired.mtu };

	name_link(tap.name, "cs", svc->network->desired.id);
	name_bridge(tap.bridge, &svc->network->desired);
	return backend->ops->tap_set(backend, &tap, fd, error);
}

static int svc_fork(struct svc_process *svc, int control, int tap, struct error *error)
{
	struct spawn spawn = {
		.path = "/proc/self/exe",
		.arguments = (char *const[]){ "svc", NULL },
		.fds = { control, tap, -1 },
		.first_fd = ROLE_CONTROL_FD,
		.capabilities = SVC_CAPABILITIES,
	};
	pid_t pid = spawn_start(&spawn, error);

	if (pid < 0)
		return pid;
	log_info("svc", "process started", "network=%s pid=%d", svc->network->desired.id, pid);
	return 0;
}

static int svc_start(struct svc_process *svc, struct error *error)
{
	CLEANUP_FD int tap = -1;
	CLEANUP_FD int control = -1;
	int pair[2], result;

	result = svc_tap(svc, &tap, error);
	if (result < 0)
		return result;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return error_errno(error, "socketpair");
	control = pair[0];
	result = channel_open(&svc->channel, svc->netd->loop, pair[1], "svc", &svc_handler, svc);
	if (result == 0)
		result = svc_fork(svc, control, tap, error);
	if (result < 0)
		channel_close(&svc->channel);
	return result;
}

static void svc_launch(struct svc_process *svc)
{
	static uint32_t serial;
	struct error error = { 0 };

	svc->serial = ++serial;
	svc->started = loop_now(svc->netd->loop);
	if (svc_start(svc, &error) == 0) {
		send_everything(svc);
		return;
	}
	log_error("svc", "process not started", "network=%s reason=%s", svc->network->desired.id,
		  log_quote(error.message));
	wait_and_retry(svc);
}

static void svc_new(struct netd *netd, struct network *network)
{
	struct svc_process *svc = calloc(1, sizeof(*svc));

	if (svc == NULL)
		return;
	svc->netd = netd;
	svc->network = network;
	svc->channel.fd = -1;
	svc->delay = DELAY_FIRST_MS;
	network->svc = svc;
	svc_launch(svc);
}

void svc_stop(struct network *network)
{
	struct svc_process *svc = network->svc;

	if (svc == NULL)
		return;
	loop_timer_stop(&svc->timer);
	channel_close(&svc->channel);
	network->svc = NULL;
	free(svc);
}

void svc_reconcile(struct netd *netd, struct network *network)
{
	bool wanted = network_has_dhcp(&network->desired) && network->desired.admin_up &&
		      !netd->svc_disabled;

	if (!wanted)
		svc_stop(network);
	else if (network->svc == NULL)
		svc_new(netd, network);
	else if (channel_is_open(&network->svc->channel))
		channel_send_struct(&network->svc->channel, SVC_NETWORK_SET, 0, net_network_fields,
				    &network->desired, -1);
}

void svc_port_set(struct netd *netd, const struct port *port)
{
	struct network *network = model_network(&netd->model, port->desired.network_id);

	if (network != NULL && network->svc != NULL)
		send_port(network->svc, port);
}

void svc_port_delete(struct netd *netd, const struct port *port)
{
	struct network *network = model_network(&netd->model, port->desired.network_id);
	struct net_id id;

	if (network == NULL || network->svc == NULL || !channel_is_open(&network->svc->channel))
		return;
	memcpy(id.id, port->desired.id, sizeof(id.id));
	channel_send_struct(&network->svc->channel, SVC_PORT_DELETE, 0, net_id_fields, &id, -1);
}

void svc_links_renew(struct netd *netd)
{
	model_each(&netd->model, OBJECT_NETWORK, object)
	{
		struct network *network = (struct network *)object;

		if (network->svc != NULL)
			send_cloud_link(network->svc);
	}
}

void svc_dns_answer(struct netd *netd, uint32_t svc_serial, const struct svc_dns *answer)
{
	model_each(&netd->model, OBJECT_NETWORK, object)
	{
		struct svc_process *svc = ((struct network *)object)->svc;

		if (svc != NULL && svc->serial == svc_serial && channel_is_open(&svc->channel))
			channel_send_struct(&svc->channel, SVC_DNS_ANSWER, 0, svc_dns_fields,
					    answer, -1);
	}
}
