/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and rules that stand beside the collections that they are about; service.c has the list. */
#ifndef CUMULET_COMPUTE_PARTS_H
#define CUMULET_COMPUTE_PARTS_H

#include "firmware/cloud/http/service.h"

#define POLICY(name) "os_compute_api:" name
/* What follows the rule's name is further members of the route: .body, .flags, .first, .last */
#define ROUTE(verb, where, handler, rule, ...)                                                     \
	{                                                                                          \
		.method = verb, .path = where, .handle = handler, .policy = POLICY(rule),          \
		__VA_ARGS__                                                                        \
	}

/* Nova's defaults (Zed), in the words of http/service.h. Handlers check ownership. */
#define READ "project_reader admin"
#define WRITE "project_member admin"
#define ADMIN "admin"

extern const struct service_part compute_group_part, compute_usage_part, compute_audit_log_part,
	compute_zone_part, compute_service_part, compute_aggregate_part, compute_hypervisor_part,
	compute_host_part, compute_network_part, compute_floating_ip_part, compute_rule_part,
	compute_quota_class_part, compute_extension_part, compute_gone_part, compute_password_part,
	compute_console_part, compute_interface_part, compute_volume_part, compute_fixed_ip_part,
	compute_volume_proxy_part, compute_diagnostics_part;

#endif
