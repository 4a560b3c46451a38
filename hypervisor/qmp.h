/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU machine protocol (docs/interop/qmp-spec): lines of JSON over a Unix socket. What comes
 * from QEMU is not trusted: a guest may have taken it over. Lines are bounded, JSON is parsed
 * into bounded memory, anything out of order closes the connection and is reported, once.
 *
 * Commands are answered in order of sending. A command that isn't answered in time is
 * logged and reported by on_hung, once, until an answer comes; the guest is left alone.
 */
#ifndef CUMULET_HYPERVISOR_QMP_H
#define CUMULET_HYPERVISOR_QMP_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/lib/buffer.h"
#include "firmware/lib/error.h"
#include "firmware/lib/loop.h"

#define QMP_LINE_MAX (256 * 1024)
#define QMP_TIMEOUT_MS 15000
#define QMP_NAME_SIZE 48
#define QMP_NAMES_MAX 64

enum qmp_kind { QMP_GREETING, QMP_RETURN, QMP_ERROR, QMP_EVENT };

/* What vmm uses of a line, whatever else is in it. */
struct qmp_message {
	enum qmp_kind kind;
	char version[32];           /* greeting: "10.0.13" */
	unsigned id;                /* return, error: that of the command, 0: none */
	int64_t number;             /* return that is one, else 0 */
	char event[QMP_NAME_SIZE];  /* event */
	char reason[QMP_NAME_SIZE]; /* event SHUTDOWN: "guest-shutdown", ...; else "" */
	bool guest;                 /* event SHUTDOWN, RESET: the guest did it */
	char status
		[QMP_NAME_SIZE]; /* return of query-status: "running", "paused", ...; MIGRATION */
	char device[QMP_NAME_SIZE]; /* event of a device or block job: which one */
	char description[256];      /* error; event of a block job: why it failed */
	/* return of qom-list: the children, no more than there is room for */
	char names[QMP_NAMES_MAX][QMP_NAME_SIZE];
	size_t name_count;
	/* The line itself, while it is being looked at: for who wants more of it. */
	const char *line;
	size_t line_size;
};

/* -EBADMSG with the reason for what is not a QMP message. */
int qmp_parse(const char *line, size_t size, struct qmp_message *message, struct error *error);

struct qmp;

struct qmp_handler {
	/* Capabilities are negotiated; 'status' is what query-status said. */
	void (*on_ready)(struct qmp *qmp, const char *version, const char *status);
	void (*on_event)(struct qmp *qmp, const struct qmp_message *event);
	void (*on_answer)(struct qmp *qmp, const struct qmp_message *answer); /* may be NULL */
	void (*on_lost)(struct qmp *qmp, const char *reason);                 /* closed already */
	void (*on_hung)(struct qmp *qmp);
};

struct qmp {
	struct loop_fd handle;
	struct loop_timer timer;
	struct loop *loop;
	int fd; /* owned; -1: closed */
	struct buffer in, out;
	unsigned sent, answered; /* ids */
	unsigned timeout_ms;     /* QMP_TIMEOUT_MS, unless it is set behind qmp_open() */
	bool ready, hung;
	const struct qmp_handler *handler;
	char version[32];
};

/* Connects to the socket at 'path'. It listens already when QEMU is started, so this does not
 * wait: the greeting comes when QEMU is up. */
int qmp_open(struct qmp *qmp, struct loop *loop, const char *path,
	     const struct qmp_handler *handler);
void qmp_close(struct qmp *qmp); /* may be called on a closed one */
/* Sends a command without arguments; 'command' is a literal of our own. -ENOTCONN. */
int qmp_send(struct qmp *qmp, const char *command);
/* The same with arguments as JSON; the command's id is then qmp->sent. */
int qmp_send_with(struct qmp *qmp, const char *command, const char *arguments);
/* And with a descriptor, which stays the caller's. -EAGAIN while earlier commands wait to leave. */
int qmp_send_fd(struct qmp *qmp, const char *command, const char *arguments, int fd);

#endif
