/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Nova's older paths ask of the network service, through its API and with the caller's token. */
#ifndef CUMULET_COMPUTE_NETWORK_PROXY_H
#define CUMULET_COMPUTE_NETWORK_PROXY_H

#include "firmware/cloud/compute/internal.h"

struct network_answer {
	int status;
	yyjson_val *body;    /* NULL: none */
	const char *message; /* of its fault; "" for none */
};

/* 'target' stands below /network/v2.0; -ENOMEM, else 0 whatever the service answered. */
int network_ask(struct request *request, const char *method, const char *target, const char *body,
		struct network_answer *answer, struct error *error);
/* A list, or a -EIO when it is refused; NULL in *list for a status of 404. */
int network_get(struct request *request, const char *target, const char *member, yyjson_val **value,
		struct error *error);
const char *proxy_encode(struct request *request, const char *text);

#endif
