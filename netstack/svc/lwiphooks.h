/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lwIP calls of ours; included by its own sources. */
#ifndef CUMULET_SVC_LWIPHOOKS_H
#define CUMULET_SVC_LWIPHOOKS_H

#include <stdint.h>

struct tcp_pcb;

/* A segment for this pcb, before it is looked at; an err_t. */
int8_t metadata_arrives(struct tcp_pcb *pcb, unsigned flags);

#endif
