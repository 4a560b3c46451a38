/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of Amazon's kind over a request that somebody else received: what the EC2 and S3
 * services pass on to have it checked. All of it comes from outside.
 */
#ifndef CUMULET_IDENTITY_SIGNATURE_H
#define CUMULET_IDENTITY_SIGNATURE_H

#include <stdbool.h>
#include <yyjson.h>

#include "firmware/lib/arena.h"

#define SIGNATURE_SIZE 65 /* 64 hexadecimal digits, or base64 of at most 32 bytes, and NUL */

/*
 * What the request {params, verb, host, path, headers, body_hash} should be signed with: versions
 * 0 and 1 (HMAC-SHA1), 2 (HMAC-SHA256) and 4. 'host' is the request's own, or what is to be tried
 * instead. False when it is signed in no known way, or lacks what that way needs.
 */
bool signature_ec2(struct arena *arena, yyjson_val *request, const char *host, const char *secret,
		   char signature[static SIGNATURE_SIZE]);
/* Over an S3 request's string to sign, as base64 in the request's "token": versions 1 and 4. */
bool signature_s3(struct arena *arena, const char *token, const char *secret,
		  char signature[static SIGNATURE_SIZE]);
/* Constant time. */
bool signature_same(const char *a, const char *b);

#endif
