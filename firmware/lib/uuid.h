/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random UUIDs (RFC 9562, version 4) and the dashless form that Keystone uses. */
#ifndef CUMULET_LIB_UUID_H
#define CUMULET_LIB_UUID_H

#include <stdbool.h>
#include <stddef.h>

#define UUID_SIZE 37     /* with dashes and NUL */
#define UUID_HEX_SIZE 33 /* without dashes */

/* Aborts only when the kernel has no randomness at all (getrandom fails). */
void uuid_make(char uuid[static UUID_SIZE]);
void uuid_make_hex(char uuid[static UUID_HEX_SIZE]);
/* The canonical dashed form, either case. */
bool uuid_valid(const char *text);
/* As Nova's and Keystone's is_uuid_like: with or without dashes. */
bool uuid_like(const char *text);
void random_bytes(void *data, size_t size);

#endif
