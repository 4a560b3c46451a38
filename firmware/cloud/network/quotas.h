/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotas: how many of each resource a project may have. */
#ifndef CUMULET_NETWORK_QUOTAS_H
#define CUMULET_NETWORK_QUOTAS_H

#include "firmware/cloud/network/resource.h"

/* 409 OverQuota when the project has no room for one more, beside change->made of this request. */
int network_quota_check(struct change *change, const struct resource *resource,
			const char *project_id, struct error *error);

/* The same for several of them that come with something else. */
int network_quota_room(struct change *change, const struct resource *resource,
		       const char *project_id, int64_t more, struct error *error);

/* GET /v2.0/quotas, .../project, .../tenant; GET, PUT, DELETE .../{id}; .../{id}/default, details */
int network_quota_list(struct request *request, struct error *error);
int network_quota_project(struct request *request, struct error *error);
int network_quota_tenant(struct request *request, struct error *error);
int network_quota_show(struct request *request, struct error *error);
int network_quota_standard(struct request *request, struct error *error);
int network_quota_details(struct request *request, struct error *error);
int network_quota_update(struct request *request, struct error *error);
int network_quota_delete(struct request *request, struct error *error);

#endif
