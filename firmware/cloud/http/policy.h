/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may call a route; the words of the checks are in service.h. */
#ifndef CUMULET_HTTP_POLICY_H
#define CUMULET_HTTP_POLICY_H

#include "firmware/cloud/http/service.h"

/* 0, or -EACCES with the service's own words. A rule that is not in the table allows nobody. */
int policy_check(struct request *request, struct error *error);

#endif
