/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wall-clock times as Keystone writes them. */
#ifndef CUMULET_IDENTITY_INSTANT_H
#define CUMULET_IDENTITY_INSTANT_H

#include <stdint.h>

#define INSTANT_SIZE 28 /* "2026-11-22T10:47:18.000000Z" and NUL */

uint64_t instant_now(void);       /* Unix seconds */
uint64_t instant_monotonic(void); /* ms */
/* "2026-11-22T10:47:18.000000Z", UTC. */
void instant_format(uint64_t seconds, char text[static INSTANT_SIZE]);
/* "YYYY-MM-DDTHH:MM:SS", with or without a fraction, 'Z' or an offset; -1 when it is none. */
int64_t instant_parse(const char *text);
/* "YYYYMMDDTHHMMSSZ". */
int64_t instant_parse_basic(const char *text);

#endif
