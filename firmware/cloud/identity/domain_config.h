/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration of domains, {group: {option: value}}: kept for the tools that set it, of no effect
 * on the box, whose users are all its own. What is sensitive lies sealed and is never shown.
 *
 *	/identity/domain_config/<domain id>   {"config": {...}, "sealed": {...}}
 *
 * The group security_compliance of the default domain is the box's own: see security.h.
 */
#ifndef CUMULET_IDENTITY_DOMAIN_CONFIG_H
#define CUMULET_IDENTITY_DOMAIN_CONFIG_H

#include "firmware/cloud/identity/kind.h"

struct domain_config_option {
	const char *group, *name;
	const char *fallback; /* JSON; NULL: it is sensitive */
};

extern const struct domain_config_option domain_config_options[]; /* ends with group NULL */

/* 403 "Invalid domain specific configuration: <reason>." */
int refuse_domain_config(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int domain_config_show(struct request *request, struct error *error);
int domain_config_create(struct request *request, struct error *error);
int domain_config_update(struct request *request, struct error *error);
int domain_config_delete(struct request *request, struct error *error);
int domain_config_default_show(struct request *request, struct error *error);
/* The box's rules about passwords, in the place of a domain's group. */
int security_show(struct request *request, struct error *error);
int security_update(struct request *request, struct error *error);
int security_reset(struct request *request, struct error *error);

#endif
