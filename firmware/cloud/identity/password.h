/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passwords and secrets of application credentials: argon2id in its encoded form. A hash costs
 * PASSWORD_MEMORY KiB and some 30 to 50 ms of a small board's core; at most PASSWORD_PARALLEL run
 * at once, so that a flood of logins starves nobody else.
 */
#ifndef CUMULET_IDENTITY_PASSWORD_H
#define CUMULET_IDENTITY_PASSWORD_H

#include <stdbool.h>

#include "firmware/lib/error.h"

#define PASSWORD_MEMORY 8192 /* KiB */
#define PASSWORD_PASSES 2
#define PASSWORD_PARALLEL 2
#define PASSWORD_LENGTH_MAX 4096 /* bytes; Keystone's max_password_length */
#define PASSWORD_HASH_SIZE 128   /* of the encoded form, NUL included */

int password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE], struct error *error);
/* Constant time. With 'hash' NULL (there is no such user) it costs the same and gives false. */
bool password_verify(const char *password, const char *hash);
/* A secret that can be read out and typed: four groups of five letters and digits. */
#define PASSWORD_RANDOM_SIZE 24
void password_random(char password[static PASSWORD_RANDOM_SIZE]);

#endif
