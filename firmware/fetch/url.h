/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URLs as fetch takes them (RFC 3986, RFC 9110 section 4.2), and whether the rules let one pass. */
#ifndef CUMULET_FETCH_URL_H
#define CUMULET_FETCH_URL_H

#include <stdbool.h>

#include "firmware/fetch/message.h"

struct url {
	char scheme[16];                /* lower case */
	char host[256];                 /* lower case, without brackets and a final dot */
	unsigned port;                  /* the scheme's own when none is named; 0: not known */
	bool literal6;                  /* the host stood in brackets */
	char target[FETCH_URL_MAX + 2]; /* path and query, begins with '/' */
};

/* -EINVAL: not scheme://host, a user's name before the host, characters that a URL does not have,
 * or longer than FETCH_URL_MAX. */
int url_parse(const char *text, struct url *url);
/* What a redirection from 'base' to 'location' leads to; as url_parse(). */
int url_join(const struct url *base, const char *location, struct url *url);
/* "host" or "host:port", with brackets where they are needed, as the Host field has it. */
void url_authority(const struct url *url, char *text, size_t size);

bool rules_allow(const struct fetch_rules *rules, const struct url *url);
/* The host stands by name in the list of those that are allowed. */
bool rules_name_host(const struct fetch_rules *rules, const char *host);

#endif
