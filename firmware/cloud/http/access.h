/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access rules of application credentials: which requests a token of one may make. */
#ifndef CUMULET_HTTP_ACCESS_H
#define CUMULET_HTTP_ACCESS_H

#include "firmware/cloud/http/service.h"

/* The caller has no access rules, or one of them names this request. */
bool access_allows(const struct request *request);
/* {name} and * stand for one segment, or a part of one; ** for anything. */
bool access_path_matches(const char *pattern, const char *path);

#endif
