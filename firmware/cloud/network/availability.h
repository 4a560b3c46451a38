/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many addresses of a network are in use: GET /v2.0/network-ip-availabilities. */
#ifndef CUMULET_NETWORK_AVAILABILITY_H
#define CUMULET_NETWORK_AVAILABILITY_H

#include "firmware/cloud/http/request.h"

int availability_list(struct request *request, struct error *error);
int availability_show(struct request *request, struct error *error);

#endif
