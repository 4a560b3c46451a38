/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 4648, section 5, without padding. */
#ifndef CUMULET_IDENTITY_BASE64URL_H
#define CUMULET_IDENTITY_BASE64URL_H

#include <stddef.h>
#include <sys/types.h>

#define BASE64URL_SIZE(bytes) (((bytes)*4 + 2) / 3 + 1) /* characters, NUL included */

/* 'text' has room for BASE64URL_SIZE(size). */
void base64url_encode(const void *data, size_t size, char *text);
/* The number of bytes, or -EINVAL: a foreign character, left-over bits, or more than 'size'. */
ssize_t base64url_decode(const char *text, void *data, size_t size);

#endif
