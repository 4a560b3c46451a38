/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which service and route a request means. Services by the longest prefix that ends at a segment
 * of the path; routes by the order of their table. Path parameters ("{id}") match one non-empty
 * segment; literal segments go before parameters wherever both match.
 */
#ifndef CUMULET_HTTP_ROUTER_H
#define CUMULET_HTTP_ROUTER_H

#include "firmware/cloud/http/service.h"

/* NULL when no prefix matches; '*rest' is the path behind the prefix ("" or "/..."). */
const struct service *router_service(const struct service *const *list, const char *path,
				     const char **rest);

/* The path by its own name: an alias at its beginning is replaced. NULL: out of memory. */
const char *router_path(struct arena *arena, const struct service *service, const char *path);

struct router_match {
	const struct route *route;       /* NULL: none */
	const struct name_value *params; /* ends with name NULL */
	const char *allow;               /* the path exists, with these methods: 405 */
};

/* Routes that do not exist in this microversion do not match. -ENOMEM. */
int router_match(struct arena *arena, const struct service *service, const char *method,
		 const char *path, unsigned microversion, struct router_match *match);

/* Among the action routes with the path and method of 'route': the one for this body member. */
const struct route *router_action(const struct service *service, const struct route *route,
				  const char *action, unsigned microversion);

#endif
