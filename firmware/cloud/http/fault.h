/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors as each service tells them; the renderers themselves are declared in service.h. */
#ifndef CUMULET_HTTP_FAULT_H
#define CUMULET_HTTP_FAULT_H

#include "firmware/cloud/http/service.h"

/* Replies with the fault of the request's service (the node's when it has none). Never fails: when
 * memory is out, the reply is a plain text that needs none. Messages of a 500 stay in the log. */
void fault_render(struct request *request, const struct error *error);

/* The 401 of keystonemiddleware, the same for all services. */
void fault_unauthorized(struct request *request);

/* A body that is not JSON, or of another media type, in the service's words. */
int fault_malformed(const struct request *request, struct error *error);
int fault_media_type(const struct request *request, const char *content_type, struct error *error);

#endif
