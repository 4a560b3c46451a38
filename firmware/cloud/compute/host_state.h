/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What administrators said of the one host; a record that is not there says nothing.
 *	/compute/host/cumulet   {disabled, disabled_reason, forced_down, zone}
 */
#ifndef CUMULET_COMPUTE_HOST_STATE_H
#define CUMULET_COMPUTE_HOST_STATE_H

#include "firmware/cloud/compute/internal.h"

#define KEY_HOST "/compute/host/" COMPUTE_HOST

struct host_state {
	bool disabled, forced_down;
	const char *reason; /* why it is disabled, or NULL */
	const char *zone;   /* its availability zone */
	uint64_t revision;
};

int host_state_read(struct request *request, struct host_state *state, struct error *error);
void host_state_put(struct request *request, struct store_txn *txn, const struct host_state *state);
/* The transaction holds only if the host is still as it was read. */
void host_state_compare(struct store_txn *txn, const struct host_state *state);
/* True when its compute service is to be taken for alive. */
bool host_up(const struct request *request, const struct host_state *state);

/* The processes that Nova's clients look for; all of them are this box. Their ids never change. */
struct host_service {
	const char *binary, *topic;
	int id;
	const char *uuid;
};
enum { SERVICE_SCHEDULER, SERVICE_CONDUCTOR, SERVICE_COMPUTE, SERVICES };
extern const struct host_service host_services[SERVICES];
const char *host_service_zone(const struct host_state *state, size_t service);
bool host_service_up(const struct request *request, const struct host_state *state, size_t service);
/* "id": a number until 2.52, from then on a UUID. */
void host_service_id(const struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
		     size_t service);

#endif
