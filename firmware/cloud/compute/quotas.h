/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of quotas, for the API's views of it. */
#ifndef CUMULET_COMPUTE_QUOTAS_H
#define CUMULET_COMPUTE_QUOTAS_H

#include "firmware/cloud/http/request.h"

struct quota_rule {
	const char *name;      /* ends with NULL */
	int64_t standard;      /* -1: no limit */
	unsigned last;         /* microversion that still shows it; 0: all */
	const char *limits[2]; /* names below "absolute" of the limits API */
	const char *used;      /* the name of what is used of it there */
};
extern const struct quota_rule quota_rules[];

struct quotas {
	yyjson_val *own;      /* the project's; NULL: it has none of its own */
	yyjson_val *standard; /* the class "default"; NULL: it is as above */
	uint64_t revision;    /* of the project's own, 0: there is none */
};
int quotas_read(struct request *request, const char *project_id, struct quotas *quotas,
		struct error *error);
int64_t quota_value(const struct quotas *quotas, const struct quota_rule *rule);

#endif
