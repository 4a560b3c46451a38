/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Microversions, as the API special interest group's guideline and Nova's and Placement's own
 * behaviour have them: asked for and echoed in OpenStack-API-Version. */
#ifndef CUMULET_HTTP_MICROVERSION_H
#define CUMULET_HTTP_MICROVERSION_H

#include "firmware/cloud/http/service.h"

/* Sets request->microversion from the headers. -EINVAL (400) or 406 in the service's words. */
int microversion_negotiate(struct request *request, struct error *error);
/* The headers that say which version answered. */
void microversion_echo(struct request *request);

#endif
