/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU guest agent (qga/qapi-schema.json): a program inside a guest that does what it is asked,
 * over a virtio port, in lines of JSON. It is the guest's: what it says is bounded and checked as
 * QMP's is, and it is never waited for longer than AGENT_TIMEOUT_MS.
 *
 *	connect -> guest-sync-delimited -> the command -> its answer -> closed
 *
 * The command leaves only when the agent has answered to the number that was drawn for this very
 * conversation: what an agent that is not there did not read must not happen later.
 */
#ifndef CUMULET_HYPERVISOR_AGENT_H
#define CUMULET_HYPERVISOR_AGENT_H

#include "firmware/lib/buffer.h"
#include "firmware/lib/loop.h"
#include "firmware/lib/message.h"
#include "hypervisor/vmm.h"

#define AGENT_TIMEOUT_MS 8000
#define AGENT_LINE_MAX 65536

struct agent_talk;

/* Called once; the conversation is over and closed. 0; -ETIMEDOUT: nobody answers; -EIO: it is refused,
 * with the agent's reason; -EBADMSG, -errno. */
typedef void (*agent_end_function)(struct agent_talk *talk, int result, const char *reason);

struct agent_talk {
	struct loop_fd handle;
	struct loop_timer timer;
	struct loop *loop;
	int fd; /* owned; -1: closed */
	struct buffer in;
	int64_t number; /* of the synchronization */
	bool synchronized;
	char *command; /* the line that is to be sent, owned and wiped; NULL: it was */
	agent_end_function on_end;
};

/* 'line' is the command with its arguments, one line of JSON, and is copied. 0, or -errno: it did not
 * begin, and on_end is not called. */
int agent_begin(struct agent_talk *talk, struct loop *loop, const char *path, const char *line,
		agent_end_function on_end);
void agent_close(struct agent_talk *talk); /* may be called on a closed one; on_end is not */

/* VMM_PASSWORD_SET: ENOTSUP: the guest has no port for an agent; ETIMEDOUT: nobody answers there. */
void agent_password_serve(struct vmm *vmm, struct message *message);

#endif
