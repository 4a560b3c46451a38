/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request without a connection: the same path through router, token, policy, schema and
 * handler, in the caller's thread (a worker or a test, never the loop). For unit tests of
 * services, and for one service that asks another through its API.
 */
#ifndef CUMULET_HTTP_DIRECT_H
#define CUMULET_HTTP_DIRECT_H

#include "firmware/cloud/http/service.h"

struct direct_request {
	const char *method, *target;      /* "/compute/v2.1/servers?limit=1" */
	const struct name_value *headers; /* ends with name NULL; NULL: none */
	const char *token;                /* NULL: none */
	const void *body;                 /* also what request_read() gives */
	size_t body_size;                 /* SIZE_MAX: strlen(body) */
	bool operator;                    /* as over the console's link */
};

struct direct_reply {
	int status;
	const char *content_type; /* NULL: no body */
	const char *body;         /* NUL-terminated, in the arena; NULL for a file */
	size_t body_size;
	const struct name_value *headers; /* ends with name NULL, in the arena */
	int fd;                           /* of reply_file: the caller's; else -1 */
	uint64_t offset, length;
};

/* -ENOMEM, else 0 and whatever the service answered. 'list' NULL: all services. */
int direct_run(struct cloud *cloud, const struct service *const *list, struct arena *arena,
	       const struct direct_request *request, struct direct_reply *reply);
/* Value of a header of the reply, NULL if absent. */
const char *direct_header(const struct direct_reply *reply, const char *name);

#endif
