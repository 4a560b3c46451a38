/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May the host take these servers? Filters as Nova names them, in a table (scheduler.c); what the
 * host still has room for is placement's to say (admission.h). There is one host, so nothing is
 * weighed.
 */
#ifndef CUMULET_COMPUTE_SCHEDULER_H
#define CUMULET_COMPUTE_SCHEDULER_H

#include "firmware/cloud/compute/host_state.h"

/* Why a server has no host, as its fault tells it. */
#define NO_HOST_ROOM "No valid host was found. "
#define NO_HOST_FILTER "No valid host was found. There are not enough hosts available."

struct schedule {
	struct request *request;
	const struct host_state *host;
	yyjson_val *flavor;                /* with its extra_specs */
	yyjson_val *image;                 /* its properties; NULL: they do not count */
	const char *server_id;             /* NULL: it is being made */
	yyjson_val *hints;                 /* NULL: none */
	yyjson_val *group;                 /* NULL: none */
	const struct record_list *members; /* of the group */
	int64_t count;                     /* servers of this kind */
};

/* Sets why the host does not take all of them: one of the texts above; NULL: it does. */
int schedule_run(const struct schedule *schedule, const char **refused, struct error *error);
/* The same for a server that exists. */
int schedule_server(struct request *request, yyjson_val *server, const char **refused,
		    struct error *error);

#endif
