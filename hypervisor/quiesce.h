/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File systems of a guest at rest while a copy of its disk begins: its agent is asked to freeze them,
 * and to let go as soon as QEMU has begun the copy, which shows the disk at that moment.
 *
 *	quiesce_freeze -> guest-fsfreeze-freeze -> done(result) -> ... -> quiesce_thaw -> guest-fsfreeze-thaw
 *
 * A guest may freeze and say so too late, or vmm may end in between: what was asked to freeze is noted in
 * the record first, and asked to thaw whatever became of it, by a later vmm, too.
 */
#ifndef CUMULET_HYPERVISOR_QUIESCE_H
#define CUMULET_HYPERVISOR_QUIESCE_H

#include "hypervisor/agent.h"

struct guest_instance;

struct quiesce {
	struct agent_talk talk;
	bool talking, thawing;
	unsigned tries; /* to thaw that are left */
	/* Called once; 0, or -errno with a reason in the agent's words. */
	void (*done)(struct guest_instance *guest, int result, const char *reason);
};

/* 0: 'done' will be called; -errno: it can't be asked, and nothing has happened. */
int quiesce_freeze(struct guest_instance *guest,
		   void (*done)(struct guest_instance *guest, int result, const char *reason));
/* Nothing when the record does not say that it was asked to freeze. */
void quiesce_thaw(struct guest_instance *guest);
/* The process is gone, and with it what was frozen. */
void quiesce_stop(struct guest_instance *guest);

#endif
