/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/mac.h"

#include <ctype.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>

static void begin(struct mac *mac, mbedtls_md_type_t type, bool keyed)
{
	mac->keyed = keyed;
	mbedtls_md_init(&mac->md);
	mac->failed =
		mbedtls_md_setup(&mac->md, mbedtls_md_info_from_type(type), keyed ? 1 : 0) != 0;
}

void mac_begin(struct mac *mac, mbedtls_md_type_t type, const void *key, size_t size)
{
	begin(mac, type, true);
	mac->failed = mac->failed || mbedtls_md_hmac_starts(&mac->md, key, size);
}

void digest_begin(struct mac *mac, mbedtls_md_type_t type)
{
	begin(mac, type, false);
	mac->failed = mac->failed || mbedtls_md_starts(&mac->md);
}

void mac_bytes(struct mac *mac, const void *data, size_t size)
{
	if (mac->failed)
		return;
	mac->failed = mac->keyed ? mbedtls_md_hmac_update(&mac->md, data, size)
				 : mbedtls_md_update(&mac->md, data, size);
}

void mac_text(struct mac *mac, const char *text)
{
	mac_bytes(mac, text, strlen(text));
}

static bool is_unreserved(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-_.~", c));
}

void mac_quoted(struct mac *mac, const char *text)
{
	for (; *text; text++) {
		char escape[4];

		if (is_unreserved(*text)) {
			mac_bytes(mac, text, 1);
			continue;
		}
		snprintf(escape, sizeof(escape), "%%%02X", (unsigned char)*text);
		mac_bytes(mac, escape, 3);
	}
}

size_t mac_finish(struct mac *mac, unsigned char value[static MAC_SIZE])
{
	size_t size = mac->failed ? 0 : mbedtls_md_get_size(mbedtls_md_info_from_ctx(&mac->md));

	if (size && (mac->keyed ? mbedtls_md_hmac_finish(&mac->md, value)
				: mbedtls_md_finish(&mac->md, value)))
		size = 0;
	mbedtls_md_free(&mac->md);
	return size;
}

void hex_encode(const unsigned char *bytes, size_t size, char *text)
{
	text[0] = '\0';
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void digest_text(const char *text, char hex[static DIGEST_TEXT_SIZE])
{
	unsigned char digest[MAC_SIZE];

	mbedtls_sha256((const unsigned char *)text, strlen(text), digest, 0);
	hex_encode(digest, sizeof(digest), hex);
}
