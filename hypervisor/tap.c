/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/tap.h"

#include <stdio.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/message.h"

/* netd usually hears of a port within milliseconds of us. */
#define RETRY_FIRST_MS 4
#define RETRY_MOST_MS 128

static void tap_ask(struct tap_set *set, struct tap *tap)
{
	struct net_id id = { 0 };
	int64_t serial;

	snprintf(id.id, sizeof(id.id), "%s", tap->port_id);
	serial = channel_send_struct(&set->vmm->netd, NETD_TAP_OPEN, 0, net_id_fields, &id, -1);
	tap->serial = serial > 0 ? (uint32_t)serial : 0;
}

static void tap_set_ask(struct tap_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->taps[i].fd < 0 && set->taps[i].serial == 0)
			tap_ask(set, &set->taps[i]);
}

static void on_retry(struct loop_timer *timer)
{
	tap_set_ask(container_of(timer, struct tap_set, retry));
}

void tap_set_ask_again(struct tap_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		set->taps[i].serial = 0;
	if (set->on_ready != NULL)
		tap_set_ask(set);
}

static void check_ready(struct tap_set *set)
{
	void (*on_ready)(struct tap_set *) = set->on_ready;

	for (size_t i = 0; i < set->count; i++)
		if (set->taps[i].fd < 0)
			return;
	loop_timer_stop(&set->retry);
	set->on_ready = NULL;
	if (on_ready != NULL)
		on_ready(set);
}

void tap_set_open(struct tap_set *set, struct vmm *vmm, const struct guest *guest,
		  void (*on_ready)(struct tap_set *),
		  void (*on_fault)(struct tap_set *, const char *))
{
	const struct guest_nic *nics = guest->nics.items;

	tap_set_release(set);
	set->vmm = vmm;
	set->delay = RETRY_FIRST_MS;
	set->on_ready = on_ready;
	set->on_fault = on_fault;
	for (; set->count < guest->nics.count; set->count++) {
		struct tap *tap = &set->taps[set->count];

		*tap = (struct tap){ .fd = -1 };
		snprintf(tap->port_id, sizeof(tap->port_id), "%s", nics[set->count].port_id);
	}
	tap_set_ask(set);
	check_ready(set);
}

void tap_set_release(struct tap_set *set)
{
	loop_timer_stop(&set->retry);
	for (size_t i = 0; i < set->count; i++)
		cleanup_close(&set->taps[i].fd);
	set->count = 0;
	set->on_ready = NULL;
}

void tap_close(struct vmm *vmm, const char *port_id)
{
	struct net_id id = { 0 };

	snprintf(id.id, sizeof(id.id), "%s", port_id);
	channel_send_struct(&vmm->netd, NETD_TAP_CLOSE, 0, net_id_fields, &id, -1);
}

static bool code_is_passing(uint32_t code)
{
	return code == ENOENT || code == EAGAIN || code == ENODEV || code == EBUSY;
}

static void tap_take(struct tap_set *set, struct tap *tap, const struct net_reply *reply, int fd)
{
	tap->serial = 0;
	if (reply->code == 0 && fd >= 0) {
		tap->fd = fd;
		check_ready(set);
	} else if (code_is_passing(reply->code)) {
		loop_timer_stop(&set->retry);
		loop_timer_start(set->vmm->loop, &set->retry, set->delay, on_retry);
		set->delay = set->delay < RETRY_MOST_MS ? set->delay * 2 : RETRY_MOST_MS;
	} else if (set->on_ready != NULL) {
		set->on_ready = NULL;
		set->on_fault(set, reply->reason[0] != '\0' ? reply->reason
							    : strerror((int)reply->code));
	}
}

bool tap_set_take(struct tap_set *set, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_reply reply = { 0 };

	for (size_t i = 0; i < set->count; i++) {
		struct tap *tap = &set->taps[i];
		CLEANUP_FD int fd = -1;

		if (tap->fd >= 0 || tap->serial == 0 || tap->serial != message->reply_to)
			continue;
		if (message_decode(&arena, message, net_reply_fields, &reply, NULL) < 0)
			reply.code = EBADMSG;
		fd = message_take_fd(message, 0);
		tap_take(set, tap, &reply, fd);
		if (tap->fd == fd)
			fd = -1;
		return true;
	}
	return false;
}
