/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The taps of a guest's ports. netd is asked for each; where it does not know the port yet it is
 * asked again, and after a restart of netd as well. The caller bounds the time.
 */
#ifndef CUMULET_HYPERVISOR_TAP_H
#define CUMULET_HYPERVISOR_TAP_H

#include "hypervisor/message.h"
#include "hypervisor/vmm.h"

struct tap {
	char port_id[UUID_SIZE];
	uint32_t serial; /* of the request under way; 0: none */
	int fd;          /* owned; -1: not there yet */
};

struct tap_set {
	struct tap taps[GUEST_NICS_MAX];
	size_t count;
	struct vmm *vmm;
	struct loop_timer retry;
	uint64_t delay;                        /* ms until the next retry */
	void (*on_ready)(struct tap_set *set); /* all are there; NULL: nobody waits */
	void (*on_fault)(struct tap_set *set, const char *reason);
};

/* Starts asking; on_ready may come within the call when there is nothing to ask for. */
void tap_set_open(struct tap_set *set, struct vmm *vmm, const struct guest *guest,
		  void (*on_ready)(struct tap_set *),
		  void (*on_fault)(struct tap_set *, const char *));
/* Closes the descriptors; the taps themselves stay until tap_close(). */
void tap_set_release(struct tap_set *set);
/* Tells netd that no guest uses the port's tap any more. */
void tap_close(struct vmm *vmm, const char *port_id);
/* NETD_REPLY: true if it was for this set. */
bool tap_set_take(struct tap_set *set, struct message *message);
/* A fresh link to netd: what is missing is asked for again. */
void tap_set_ask_again(struct tap_set *set);

#endif
