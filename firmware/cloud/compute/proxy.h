/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Nova's older paths ask of another service: through its API, with the caller's own token. */
#ifndef CUMULET_COMPUTE_PROXY_H
#define CUMULET_COMPUTE_PROXY_H

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/http/direct.h"

/* 'headers' and 'body' may be NULL. -ENOMEM, else 0 and whatever the service answered. */
int proxy_ask(struct request *request, const char *method, const char *target,
	      const struct name_value *headers, const char *body, struct direct_reply *reply,
	      struct error *error);

#endif
