/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time-based one-time passwords (RFC 6238): six digits, thirty seconds, HMAC-SHA1. */
#ifndef CUMULET_IDENTITY_TOTP_H
#define CUMULET_IDENTITY_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#define TOTP_SEED_MAX 128 /* bytes */

/* Whether 'code' is the seed's (base32, RFC 4648, padding optional) at 'now' (Unix seconds) or
 * was in the thirty seconds before. Takes the same time for a wrong code as for a right one. */
bool totp_holds(const char *seed, uint64_t now, const char *code);

#endif
