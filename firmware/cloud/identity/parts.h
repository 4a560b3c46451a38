/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and rules that stand beside the collections that they are about; service.c has the list. */
#ifndef CUMULET_IDENTITY_PARTS_H
#define CUMULET_IDENTITY_PARTS_H

#include "firmware/cloud/http/service.h"

/* method, path, handler, policy, body, flags */
#define ROUTE(method, path, handler, policy, body, flags)                                          \
	{                                                                                          \
		method, path, handler, policy, body, flags, 0, 0, NULL, 0                          \
	}

extern const struct service_part identity_access_rule_part, identity_grant_part,
	identity_trust_part, identity_limit_part, identity_credential_part, identity_policy_part,
	identity_endpoint_filter_part, identity_domain_config_part, identity_extension_part,
	identity_oauth_part, identity_oauth_access_part, identity_federation_part,
	identity_oauth2_part;

#endif
