/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/table.h"

const struct role_entry role_table[] = {
	/* Owns the kernel's links and rules; drops to CAP_NET_ADMIN and what namespaces need. */
	{ ROLE_NETD, UID_NETD, .oom_score = -900, .stop_phase = 2, .stop_ms = 3000 },
	/* The operator's screen must come up even when nothing else does. */
	{ ROLE_CONSOLE, UID_CONSOLE, .oom_score = -500, .has_tty = true, .stop_phase = 2,
	  .stop_ms = 2000 },
	/* Before those that find out about the machine first: it is what everybody waits for. */
	{ ROLE_CLOUD, UID_CLOUD, .needs_data = true, .oom_score = -500, .stop_phase = 1,
	  .stop_ms = 5000 },
	/* Stays root with few capabilities: it gives each guest a uid of its own. Guests are asked
	 * to shut down before anything else goes, because they need all the rest for it. What it
	 * starts gets scores of its own. */
	{ ROLE_VMM, 0, .needs_data = true, .oom_score = -900, .stop_phase = 0, .stop_ms = 75000 },
	/* Parses what strangers' servers send: no privilege, and the first of ours to go. Its work is
	 * cloud's, and ends with it. */
	{ ROLE_FETCH, UID_FETCH, .needs_data = true, .stop_phase = 1, .stop_ms = 2000 },
	{ .role = ROLE_NONE },
};

const struct link_entry link_table[] = {
	{ ROLE_CLOUD, ROLE_VMM, LINK_MESSAGES },   { ROLE_CLOUD, ROLE_NETD, LINK_MESSAGES },
	{ ROLE_VMM, ROLE_NETD, LINK_MESSAGES },    { ROLE_CONSOLE, ROLE_CLOUD, LINK_MESSAGES },
	{ ROLE_CONSOLE, ROLE_CLOUD, LINK_HTTP },   { ROLE_CONSOLE, ROLE_VMM, LINK_MESSAGES },
	{ ROLE_CLOUD, ROLE_FETCH, LINK_MESSAGES }, { .one = ROLE_NONE },
};
