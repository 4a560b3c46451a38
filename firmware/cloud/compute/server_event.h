/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a caller asks a server to do, by the table of state.c. */
#ifndef CUMULET_COMPUTE_SERVER_EVENT_H
#define CUMULET_COMPUTE_SERVER_EVENT_H

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/state.h"

/* 409 in Nova's words when the server's states do not allow it. */
int server_event_check(const struct server_edit *edit, enum server_event event,
		       struct error *error);
/* The same for actions without a row in the table: 'vm_states' are bits. */
int server_state_check(yyjson_val *record, const char *action, unsigned vm_states,
		       unsigned task_states, struct error *error);
/* Sets task and desired state, raises the generation, notes the action. */
void server_event_apply(struct server_edit *edit, enum server_event event);

#endif
