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

/* The project's own limits, NULL (revision 0) when it has none of its own. */
int quota_record(struct request *request, const char *project_id, yyjson_val **record,
		 uint64_t *revision, struct error *error);
int64_t quota_value(yyjson_val *record, const struct quota_rule *rule);

#endif
