/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back end of tests: a machine that is a list of names. It records each call as a line,
 *
 *	bridge cbr101 mtu=1450
 *	tap ct11111111000 bridge=cbr101 mtu=1450 open
 *	veth ci22222222000 bridge=cbr101 space=cr-... inner=in22222222000
 *	rate ct11111111000 1000 kbit/s burst 800
 *	sent ct11111111000 by cf11111111000 1000 kbit/s burst 800
 *	addresses cr-...:in22222222000 10.1.0.1/24
 *	routes cr-... 0.0.0.0/0 via 100.127.4.2
 *	delete ct11111111000
 *
 * and keeps the text of the last rule set of each space. Calls whose line contains 'fail' answer
 * -EIO.
 */
#ifndef CUMULET_NETD_FAKE_H
#define CUMULET_NETD_FAKE_H

#include "firmware/lib/buffer.h"
#include "netstack/netd/backend.h"

#define FAKE_LINKS_MAX 64
#define FAKE_SPACES_MAX 8

struct fake_backend {
	struct backend backend;
	struct buffer calls; /* lines, NUL-terminated as a whole by fake_calls() */
	struct backend_link links[FAKE_LINKS_MAX];
	size_t link_count;
	uint32_t rates[FAKE_LINKS_MAX]; /* of the links, kbit/s */
	char spaces[FAKE_SPACES_MAX][SPACE_SIZE];
	size_t space_count;
	char *rules;                        /* of the box's own space; NULL: none */
	char *router_rules;                 /* the last of any other space */
	char *qos_rules, *router_qos_rules; /* the same of their tables for QoS */
	char *change;                       /* what led to the last of them; NULL: set anew */
	const char *fail;                   /* NULL: everything works */
};

void fake_init(struct fake_backend *fake);
void fake_free(struct fake_backend *fake);
/* Adds what is there from before. */
void fake_link(struct fake_backend *fake, const char *name);
const char *fake_calls(struct fake_backend *fake);
void fake_forget(struct fake_backend *fake); /* the calls until now */

#endif
