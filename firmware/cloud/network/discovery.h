/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_NETWORK_DISCOVERY_H
#define CUMULET_NETWORK_DISCOVERY_H

#include "firmware/cloud/http/request.h"

int network_versions(struct request *request, struct error *error);   /* GET / */
int network_resources(struct request *request, struct error *error);  /* GET /v2.0 */
int network_extensions(struct request *request, struct error *error); /* GET /v2.0/extensions */
int network_extension(struct request *request, struct error *error);  /* .../{alias} */
int network_zones(struct request *request, struct error *error);      /* .../availability_zones */

#endif
