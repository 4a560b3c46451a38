/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/quiesce.h"

#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/guest.h"

#define FREEZE "{\"execute\":\"guest-fsfreeze-freeze\"}\n"
#define THAW "{\"execute\":\"guest-fsfreeze-thaw\"}\n"
#define THAW_TRIES 5

static struct guest_instance *guest_of(struct agent_talk *talk)
{
	struct quiesce *quiesce = container_of(talk, struct quiesce, talk);

	return container_of(quiesce, struct guest_instance, quiesce);
}

static int ask(struct guest_instance *guest, const char *line, agent_end_function on_end)
{
	char path[VMM_PATH_SIZE];
	int result;

	guest_path(guest, "agent.sock", path);
	result = agent_begin(&guest->quiesce.talk, guest->vmm->loop, path, line, on_end);
	guest->quiesce.talking = result == 0;
	return result;
}

static void frozen_note(struct guest_instance *guest, bool frozen)
{
	guest->record.frozen = frozen;
	guest_record_save(guest);
}

/* ---- to thaw ---- */

static void thaw_ask(struct guest_instance *guest);

static void on_thawed(struct agent_talk *talk, int result, const char *reason)
{
	struct guest_instance *guest = guest_of(talk);

	guest->quiesce.talking = false;
	if (result == -ETIMEDOUT && guest->quiesce.tries > 0) {
		thaw_ask(guest);
		return;
	}
	guest->quiesce.thawing = false;
	if (result < 0)
		log_warning("agent", "guest not thawed", "id=%s reason=%s", guest->id,
			    log_quote(reason));
	frozen_note(guest, false);
}

static void thaw_ask(struct guest_instance *guest)
{
	guest->quiesce.tries--;
	if (ask(guest, THAW, on_thawed) < 0)
		on_thawed(&guest->quiesce.talk, -EIO, "The agent's line can't be opened");
}

void quiesce_thaw(struct guest_instance *guest)
{
	struct quiesce *quiesce = &guest->quiesce;

	if (!guest->record.frozen || quiesce->talking)
		return;
	quiesce->thawing = true;
	quiesce->tries = THAW_TRIES;
	thaw_ask(guest);
}

/* ---- to freeze ---- */

static void on_frozen(struct agent_talk *talk, int result, const char *reason)
{
	struct guest_instance *guest = guest_of(talk);

	guest->quiesce.talking = false;
	log_info("agent", "guest asked to freeze", "id=%s code=%d", guest->id, -result);
	guest->quiesce.done(guest, result, reason);
}

int quiesce_freeze(struct guest_instance *guest,
		   void (*done)(struct guest_instance *guest, int result, const char *reason))
{
	struct quiesce *quiesce = &guest->quiesce;
	int result;

	if (quiesce->talking || quiesce->thawing)
		return -EBUSY;
	quiesce->done = done;
	frozen_note(guest, true);
	result = ask(guest, FREEZE, on_frozen);
	if (result < 0)
		frozen_note(guest, false);
	return result;
}

void quiesce_stop(struct guest_instance *guest)
{
	if (guest->quiesce.talking)
		agent_close(&guest->quiesce.talk);
	guest->quiesce = (struct quiesce){ 0 };
	guest->record.frozen = false;
}
