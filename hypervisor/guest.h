/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest as vmm holds it: what is desired, what is, and the way between (guest_table.h). The
 * record is what must outlive vmm: it stands in /run/cumulet/guests/<id>/record beside the QMP and
 * serial sockets and the logs, and is written whenever it changes. After a cut of the box /run is
 * empty and guests start anew.
 */
#ifndef CUMULET_HYPERVISOR_GUEST_H
#define CUMULET_HYPERVISOR_GUEST_H

#include "hypervisor/cgroup.h"
#include "hypervisor/guest_table.h"
#include "hypervisor/hotplug.h"
#include "hypervisor/overhead.h"
#include "hypervisor/qmp.h"
#include "hypervisor/quiesce.h"
#include "hypervisor/sandbox.h"
#include "hypervisor/tap.h"
#include "hypervisor/vmm.h"

struct guest_record {
	pid_t pid;           /* 0: no process */
	uint64_t start_time; /* of the process, clock ticks since boot: tells a reused pid */
	uint32_t slot;       /* uid is UID_GUEST_FIRST + slot */
	uint64_t generation; /* of the desire that was met last, or given up */
	bool held;           /* nothing more is done until the generation grows */
	uint32_t reboots_soft, reboots_hard, interrupts; /* that were done */
	uint32_t ending; /* PHASE_ENDING: the outcome's phase + 1; else 0 */
	uint32_t state;  /* enum guest_state as last settled; 0: never */
	uint32_t code;
	bool self;
	uint64_t started;    /* Unix ms */
	uint32_t memory_mib; /* of the process: what is desired may differ by now */
	char accelerator[8];
	char reason[512];
	char ports[GUEST_NICS_MAX][UUID_SIZE]; /* whose taps are in use */
	uint32_t port_count;
	bool frozen;      /* its file systems may be: they were asked to */
	uint64_t devices; /* see struct guest_status */
	char stuck[GUEST_STUCK_SIZE], stuck_reason[128];
};

struct guest_instance {
	struct guest_instance *next;
	struct vmm *vmm;
	char id[UUID_SIZE];
	enum guest_phase phase, outcome;
	struct guest_record record;

	struct arena arena; /* holds the desire's lists */
	struct guest desired;
	bool has_desired; /* false: found again, cloud has not named it yet */
	bool deleting;
	bool fresh;                   /* its directory was made by this very attempt to build it */
	unsigned save_first;          /* id of the first command of a save under way; 0: none */
	bool rebooting;               /* it starts because of a counter, not where it stopped */
	bool pausing;                 /* we asked for the pause that will be reported */
	uint64_t wanted;              /* when it was begun to build it, ms of the loop */
	struct guest_status reported; /* what cloud was told last */
	struct error fault;           /* why it can't be built, started or went on */

	struct loop_process process;
	bool process_watched;
	struct loop_fd status; /* of sandbox_spawn() */
	int status_fd;         /* owned */
	struct qmp qmp;
	struct tap_set taps;
	struct hotplug hotplug;
	struct quiesce quiesce;
	struct loop_timer deadline, press, reconnect, weigh;
	uint64_t weigh_ms; /* until the next look */
	uint64_t overhead; /* highest of this process, bytes; 0: not looked at yet */
	struct loop_task reconcile;
};

/* guest.c */
struct guest_instance *guest_new(struct vmm *vmm, const char *id);
void guest_free(struct guest_instance *guest);
void guest_dispatch(struct guest_instance *guest, enum guest_event event);
/* Looks at the desire soon, after the callbacks of this turn. */
void guest_reconcile_soon(struct guest_instance *guest);
/* What is wanted of it now; pure. */
enum guest_event guest_want(const struct guest_instance *guest);
/* The same from the desired power and counters alone. */
enum guest_event guest_power_want(const struct guest_instance *guest);
/* PHASE_CLONING: makes the disks whose base images are there. */
void guest_clone(struct guest_instance *guest);

/* guest_actions.c: one for each enum guest_action, in its order. */
typedef void (*guest_action_function)(struct guest_instance *guest);
extern const guest_action_function guest_actions[ACTION_COUNT];

/* guest_report.c */
void guest_report(struct guest_instance *guest);
bool guest_is_settled(const struct guest_instance *guest);

/* guest_process.c: QEMU's process. */
int guest_process_start(struct guest_instance *guest, struct error *error);
/* Watches a process that an earlier vmm has started: 1 when it lives, 0 when it is gone. */
int guest_process_adopt(struct guest_instance *guest);
void guest_process_signal(struct guest_instance *guest, int signal);
void guest_process_release(struct guest_instance *guest);
void guest_qmp_connect(struct guest_instance *guest);

/* guest_memory.c: the memory of a guest that is suspended, memory.save beside its disks. */
int guest_memory_save(struct guest_instance *guest);
/* QEMU says that it is all written. */
int guest_memory_keep(const struct guest_instance *guest);
bool guest_memory_exists(const struct guest_instance *guest);
/* A descriptor to read it, and its name is gone: whatever becomes of it, the disks go on from here.
 * -1: there is none. */
int guest_memory_take(const struct guest_instance *guest);
void guest_memory_drop(const struct guest_instance *guest);
void guest_memory_on_answer(struct guest_instance *guest, const struct qmp_message *answer);
void guest_memory_on_event(struct guest_instance *guest, const struct qmp_message *event);

/* guest_record.c */
void guest_path(const struct guest_instance *guest, const char *file, char *path);
int guest_record_save(const struct guest_instance *guest);
int guest_record_load(struct guest_instance *guest, struct error *error);
void guest_record_remove(const struct guest_instance *guest);
/* Start time of a process, clock ticks since boot; 0: there is none, or it has ended. */
uint64_t process_start_time(pid_t pid);

#endif
