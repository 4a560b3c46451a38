/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes there are and which of them are linked: the two tables that describe the box. */
#ifndef CUMULET_INIT_TABLE_H
#define CUMULET_INIT_TABLE_H

#include "firmware/lib/role.h"

struct role_entry {
	enum role role;
	unsigned uid;        /* what the role itself drops to, 0: it stays root (why: see there) */
	bool needs_data;     /* not started while the data partition is missing */
	int oom_score;       /* as of proc(5), oom_score_adj: guests go before the box does */
	bool has_tty;        /* stdin and stdout are the operator's terminal */
	unsigned stop_phase; /* at shutdown: 0 first; each phase waits for the one before */
	unsigned stop_ms;    /* how long it may take from CONTROL_STOP to its end, then SIGKILL */
};

struct link_entry {
	enum role one, other;
	enum link_plane plane;
};

#define STOP_PHASES 3

/* In the order in which they are started; both end with ROLE_NONE. */
extern const struct role_entry role_table[];
extern const struct link_entry link_table[];

#endif
