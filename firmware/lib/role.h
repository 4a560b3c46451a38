/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roles: one binary, many processes. init starts each role with a control channel on descriptor
 * ROLE_CONTROL_FD and hands it, whenever it or its peer has (re)started, one end of a fresh
 * socket pair for each link of the table in firmware/init/table.c. A role never looks for its
 * peers; when one is gone, the link is closed and a new one arrives with its successor.
 */
#ifndef CUMULET_LIB_ROLE_H
#define CUMULET_LIB_ROLE_H

#include "firmware/lib/loop.h"
#include "firmware/lib/message.h"

#define ROLE_CONTROL_FD 3

enum role {
	ROLE_NONE,
	ROLE_INIT,
	ROLE_CLOUD,
	ROLE_VMM,
	ROLE_NETD,
	ROLE_SVC,
	ROLE_CONSOLE,
	ROLE_FETCH,
	ROLE_COUNT
};

const char *role_name(enum role role); /* "init", "cloud", ... */
enum role role_by_name(const char *name);

/* Control messages between init and a role. */
enum control_type {
	CONTROL_LINK = 1,  /* init -> role: struct control_link and one descriptor */
	CONTROL_READY,     /* role -> init: it serves now */
	CONTROL_STOP,      /* init -> role: finish what must be finished and exit 0 */
	CONTROL_POWER,     /* role -> init: struct control_power; cloud and console alone may */
	CONTROL_LOG_GET,   /* role -> init: struct control_log_get; answered by CONTROL_LOG */
	CONTROL_LOG,       /* init -> role: struct control_log */
	CONTROL_LOG_LEVEL, /* both ways: struct control_log_level */
};

struct control_link {
	uint32_t peer;  /* enum role */
	uint32_t plane; /* enum link_plane */
};

/* Planes of a link: messages (SEQPACKET), HTTP over a plain stream socket (console to cloud:
 * requests on it act as the operator in front of the box), or a listening TCP socket for the API
 * that was made outside of the box's network namespace (hosted runs). */
enum link_plane { LINK_MESSAGES = 1, LINK_HTTP, LINK_LISTEN };

struct control_power {
	char action[16]; /* "reboot", "poweroff" */
};

struct control_log_get {
	uint64_t after; /* sequence number, 0: from the oldest in the ring */
	uint32_t most;  /* lines */
};

struct control_log {
	uint64_t last; /* sequence number of the last line in 'text' */
	const char *text;
};

struct control_log_level {
	char module[32], level[16];
};

extern const struct field control_link_fields[], control_power_fields[], control_log_get_fields[],
	control_log_fields[], control_log_level_fields[];

struct role_handler {
	/* A link has come: 'fd' is the callee's. */
	void (*on_link)(enum role peer, enum link_plane plane, int fd, void *context);
	void (*on_stop)(void *context); /* CONTROL_STOP, or init is gone */
	/* Other control messages (replies to CONTROL_LOG_GET); may be NULL. */
	void (*on_control)(struct message *message, void *context);
};

/* Attaches to the control channel; the process-wide channel is returned for sending. */
int role_attach(struct loop *loop, enum role role, const struct role_handler *handler,
		void *context, struct channel **control);
void role_ready(struct channel *control);

/* Gives up privileges for good: supplementary groups, gid, uid; chroot when 'root' is not NULL
 * (with chdir); keeps only the capabilities in the mask 'keep' (1 << CAP_x); sets no_new_privs.
 * Logs and returns a negative errno when any of it fails: callers then exit. */
int role_confine(const char *root, unsigned uid, unsigned gid, uint64_t keep, struct error *error);

/* Entry points; see firmware/init/main.c. */
int init_main(int argc, char **argv);
int cloud_main(int argc, char **argv);
int vmm_main(int argc, char **argv);
int netd_main(int argc, char **argv);
int svc_main(int argc, char **argv);
int console_main(int argc, char **argv);
int fetch_main(int argc, char **argv);

/* Fixed numbers and paths of the appliance, the same hosted and booted. */
#define UID_CLOUD 100
#define UID_VMM 101
#define UID_NETD 102
#define UID_SVC 103
#define UID_CONSOLE 104
#define UID_FETCH 105
#define UID_CONVERT 99999      /* looks into images and converts them; owns nothing else */
#define UID_GUEST_FIRST 100000 /* guests get uids from here: first + slot */

#define PATH_DATA "/data"               /* survives; owner root */
#define PATH_CLOUD "/data/cloud"        /* the chroot of cloud: store/ images/ tls/ */
#define PATH_GUESTS "/data/guests"      /* vmm: <server id>/, base images in .base/ */
#define PATH_VOLUMES "/data/volumes"    /* <volume id>.raw, opened by vmm, never made there */
#define PATH_RUN "/run/cumulet"         /* tmpfs */
#define PATH_PROVISION "/run/provision" /* first-boot settings, one file each; see init/README */

#endif
