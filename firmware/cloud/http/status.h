/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP status codes: the phrases of RFC 9110, and which one an error becomes. */
#ifndef CUMULET_HTTP_STATUS_H
#define CUMULET_HTTP_STATUS_H

#include "firmware/lib/error.h"

const char *status_phrase(int status); /* "Not Found"; "Unknown" for numbers outside the table */
int status_of_error(const struct error *error);

#endif
