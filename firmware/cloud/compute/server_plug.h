/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces that come and go. What is under way stands in the server's record,
 *	_plugs   [{port, request, generation, detach}]
 * until vmm says that the guest has the devices of that generation. Then a port that was attached
 * stays, or goes again where the guest could not be given it; one that was detached goes, or stays
 * where the guest does not let go of it; and the action's event ends accordingly.
 */
#ifndef CUMULET_COMPUTE_SERVER_PLUG_H
#define CUMULET_COMPUTE_SERVER_PLUG_H

#include "firmware/cloud/compute/internal.h"
#include "hypervisor/message.h"

#define SERVER_NICS_MAX 16 /* as many as vmm has slots */

/* Whether the port is on its way out: then the guest is not to have it. */
bool plug_is_leaving(yyjson_val *record, const char *port_id);
/* Whether the report ends something that is under way. */
bool plugs_are_due(yyjson_val *record, const struct guest_status *status);
/* Ends all that the report ends, in the copy and in the transaction. */
int plugs_settle(struct store_view *view, struct arena *arena, struct store_txn *txn,
		 yyjson_val *record, const struct guest_status *status, yyjson_mut_doc *doc,
		 yyjson_mut_val *edited);
/* Remembers an interface's tag; NULL: it has none. */
void tag_keep(yyjson_mut_doc *doc, yyjson_mut_val *record, const char *port_id, const char *tag);
/* From now on guests do without the ports that are deleted below them. */
void server_plug_start(void);

#endif
