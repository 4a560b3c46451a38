/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Request targets (RFC 3986, RFC 9112 section 3.2), query strings and byte ranges. */
#ifndef CUMULET_HTTP_URI_H
#define CUMULET_HTTP_URI_H

#include <stdint.h>

#include "firmware/cloud/http/request.h"

#define QUERY_MAX 256 /* parameters of one request */

/*
 * Splits a target (origin form, or absolute form whose authority is dropped) into the decoded
 * path, which starts with '/' and has no trailing one ("/" itself becomes ""), and the decoded
 * query, which ends with name NULL. -EINVAL: not a path, a broken escape, a NUL, not UTF-8;
 * -E2BIG: too many parameters; -ENOMEM.
 */
int uri_split(struct arena *arena, const char *target, const char **path,
	      const struct name_value **query);

/* Decodes %XX (and '+' as a blank when 'form'); NULL on a broken escape, NUL or bad UTF-8. */
char *uri_decode(struct arena *arena, const char *text, size_t length, bool form);
/* Escapes all but unreserved characters and those in 'keep' ("/" for paths). */
char *uri_encode(struct arena *arena, const char *text, const char *keep);
bool utf8_valid(const char *text, size_t length);

/*
 * One byte range of a Range header over 'size' bytes (RFC 9110, section 14). 1: '*offset' and
 * '*length' are a part; 0: the whole (no header, another unit, several ranges, a malformed one);
 * -ERANGE: unsatisfiable, answer 416.
 */
int range_parse(const char *header, uint64_t size, uint64_t *offset, uint64_t *length);

#endif
