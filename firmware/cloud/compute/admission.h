/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May the host take a server? */
#ifndef CUMULET_COMPUTE_ADMISSION_H
#define CUMULET_COMPUTE_ADMISSION_H

#include "firmware/cloud/placement/placement.h"

/* What a server of this flavor and image (NULL: its properties do not count) takes of the host, claimed
 * with the create's other claims.
 * -ENOSPC: it does not fit (no message: it is not the request's fault, the server goes to ERROR). */
int admission_claim(struct request *request, struct placement_claims *claims, const char *server_id,
		    yyjson_val *flavor, yyjson_val *image, struct error *error);

/* The same for a consumer of another's project: what the server or its migration holds. The flavor
 * is one that a server keeps. */
int admission_hold(struct request *request, struct placement_claims *claims,
		   const char *consumer_id, yyjson_val *server, yyjson_val *flavor,
		   struct error *error);

/* How many servers of this flavor there is still room for. */
int64_t admission_room(const struct placement_claims *claims, yyjson_val *flavor,
		       yyjson_val *image);

#endif
