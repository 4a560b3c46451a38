/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests and HMACs over text that comes in pieces; a thin layer over mbedTLS. */
#ifndef CUMULET_IDENTITY_MAC_H
#define CUMULET_IDENTITY_MAC_H

#include <mbedtls/md.h>
#include <stdbool.h>
#include <stddef.h>

#define MAC_SIZE 32 /* of the largest: SHA-256 */

struct mac {
	mbedtls_md_context_t md;
	bool keyed, failed;
};

void mac_begin(struct mac *mac, mbedtls_md_type_t type, const void *key, size_t size);
void digest_begin(struct mac *mac, mbedtls_md_type_t type);
void mac_bytes(struct mac *mac, const void *data, size_t size);
void mac_text(struct mac *mac, const char *text);
/* Percent-encoded: all but letters, digits and "-_.~" (RFC 3986, unreserved). */
void mac_quoted(struct mac *mac, const char *text);
/* Ends it. The number of bytes, 0 when it failed. */
size_t mac_finish(struct mac *mac, unsigned char value[static MAC_SIZE]);

#define DIGEST_TEXT_SIZE (2 * MAC_SIZE + 1)

/* SHA-256 of a text, in hexadecimal. */
void digest_text(const char *text, char hex[static DIGEST_TEXT_SIZE]);
void hex_encode(const unsigned char *bytes, size_t size, char *text); /* 2 * size + 1 */

#endif
