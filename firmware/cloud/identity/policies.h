/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies: texts that services of old fetched their rules from, and which endpoints they are for
 * (OS-ENDPOINT-POLICY). The box keeps them; its own rules stand in its tables.
 *
 *	/identity/policy/<id>
 *	/identity/policy_association/<what>   what: endpoint-<id>, service-<id> or
 *	                                      service-<id>-region-<id>; has one policy at most
 */
#ifndef CUMULET_IDENTITY_POLICIES_H
#define CUMULET_IDENTITY_POLICIES_H

#include "firmware/cloud/identity/kind.h"

extern const struct kind kind_policy;

int policy_list(struct request *request, struct error *error);
int policy_create(struct request *request, struct error *error);
int policy_show(struct request *request, struct error *error);
int policy_update(struct request *request, struct error *error);
int policy_delete(struct request *request, struct error *error);
int policy_association_create(struct request *request, struct error *error);
int policy_association_check(struct request *request, struct error *error);
int policy_association_delete(struct request *request, struct error *error);
int policy_endpoint_list(struct request *request, struct error *error);
int endpoint_policy_show(struct request *request, struct error *error);

#endif
