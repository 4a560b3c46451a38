/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service declares: its routes, request schemas, policy rules and microversions are static
 * tables; the router, validator, policy check, pagination and fault rendering are written once
 * (router.c, schema.c, policy.c, page.c, fault.c).
 */
#ifndef CUMULET_HTTP_SERVICE_H
#define CUMULET_HTTP_SERVICE_H

#include "firmware/cloud/http/request.h"
#include "firmware/cloud/http/schema.h"

enum route_flags {
	ROUTE_PUBLIC = 1,   /* no token needed; if one is sent it is checked */
	ROUTE_STREAM = 2,   /* the body is read by request_read(), never buffered; own thread */
	ROUTE_OPERATOR = 4, /* only over the console's own link, or by a system admin */
	ROUTE_NO_BODY = 8,  /* a body is ignored */
	ROUTE_SLOW = 16,    /* hashes passwords: only so many of these run at once */
};

struct route {
	const char *method; /* "GET" serves HEAD too, unless the table has HEAD */
	const char *path;   /* "/servers/{server_id}/metadata/{key}"; "" is the service's root */
	int (*handle)(struct request *request, struct error *error);
	const char *policy;        /* rule's name in the service's table; NULL: any valid token */
	const struct schema *body; /* NULL: no JSON body is parsed */
	unsigned flags;
	unsigned first, last; /* microversions (minor); 0: no bound */
	const char *action;   /* for ".../action" routes: the body's one member, e.g. "os-start" */
	uint64_t body_max;    /* bytes; 0: 1 MiB for JSON, none for streams */
};

/* Policy: the caller must satisfy one of the words of 'check':
 *   admin | reader | member     the role, in any scope (implied: admin > member > reader)
 *   project_reader, project_member, project_admin   that role and a project scope
 *   service, any (valid token), none (nobody)
 * Ownership ("the object's project is the caller's, or the caller is admin") is checked by the handler with
 * policy_owns(), since only it knows the object: not owning reads as 404. */
struct policy_rule {
	const char *name;  /* "os_compute_api:servers:create" */
	const char *check; /* words separated by blanks: any one suffices */
};

bool policy_allows(const struct caller *caller, const char *check);
bool policy_owns(const struct request *request, const char *project_id);

/* How a service renders a fault. 'error' has code, status, type, message. */
typedef int fault_renderer(struct request *request, int status, const struct error *error);

/* Routes and rules of a service that stand in a file of their own, beside what they are about. */
struct service_part {
	const struct route *routes;         /* ends with method NULL */
	const struct policy_rule *policies; /* ends with name NULL; or NULL */
};

/* A collection that is there by another name as well: "/os-volumes_boot" is "/servers". */
struct path_alias {
	const char *from, *to; /* whole segments at the path's beginning; ends with from NULL */
};

struct service {
	const char *name;   /* "nova" */
	const char *type;   /* "compute" */
	const char *prefix; /* "/compute/v2.1": longest prefix wins; "" answers at the root */
	const struct route *routes;              /* ends with method NULL */
	const struct policy_rule *policies;      /* ends with name NULL */
	const struct service_part *const *parts; /* further tables; ends with NULL; or NULL */
	const struct path_alias *aliases;        /* or NULL */
	const struct store_index *indexes; /* of its collections; ends with prefix NULL; or NULL */
	/* Rules that depend on what the request is about: 1 allows, 0 refuses, -ENOENT leaves the
	 * rule to the tables; NULL: all are left to them. */
	int (*decide)(struct request *request, const char *rule);
	fault_renderer *fault;
	/* "compute": read from OpenStack-API-Version (and X-OpenStack-Nova-API-Version for compute),
	 * echoed with Vary; NULL: no microversions. "latest" is the last. Out of range: 406. */
	const char *version_name;
	unsigned version_major, version_first, version_last;
	/* Called once at start, after the store is open (first-boot records, keys); may be NULL. */
	int (*start)(struct cloud *cloud, struct error *error);
	/* Called once at the end, when no handler runs any more; may be NULL. */
	void (*stop)(struct cloud *cloud);
	/* Where a path or method is unknown: the service's own 404/405 come from 'fault'. */
};

/* All services, ends with NULL: firmware/cloud/services.c. */
extern const struct service *const services[];

/* Ready-made renderers, each as the real service's: */
fault_renderer fault_identity;  /* {"error": {"code", "message", "title"}} */
fault_renderer fault_image;     /* HTML-ish text as Glance: "<html>...": see fault.c */
fault_renderer fault_compute;   /* {"itemNotFound": {"code", "message"}} */
fault_renderer fault_network;   /* {"NeutronError": {"type", "message", "detail"}} */
fault_renderer fault_placement; /* {"errors": [{"status", "title", "detail", "request_id"}]} */
fault_renderer fault_node;

#endif
