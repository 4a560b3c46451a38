/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSH keys: fingerprints of public ones (RFC 4253, section 6.6), making of pairs. */
#include "firmware/cloud/compute/internal.h"

#include <mbedtls/base64.h>
#include <mbedtls/md5.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <stdio.h>
#include <string.h>

#define KEY_BLOB_MAX 8192
#define RSA_BITS 2048

static const char *const key_types[] = {
	"ssh-rsa",
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
	"ssh-dss",
	"sk-ssh-ed25519@openssh.com",
	"sk-ecdsa-sha2-nistp256@openssh.com",
};

static bool key_type_known(const char *type, size_t length)
{
	for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++)
		if (strlen(key_types[i]) == length && !memcmp(key_types[i], type, length))
			return true;
	return false;
}

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The blob is a row of strings, the first of which repeats the type. */
static bool key_blob_sound(const unsigned char *blob, size_t size, const char *type,
			   size_t type_length)
{
	size_t at = 0, strings = 0;

	while (at < size) {
		uint32_t length;

		if (size - at < 4)
			return false;
		length = be32(blob + at);
		at += 4;
		if (length > size - at)
			return false;
		if (strings++ == 0 && (length != type_length || memcmp(blob + at, type, length)))
			return false;
		at += length;
	}
	return strings >= 2;
}

static void fingerprint_write(const unsigned char digest[16], char fingerprint[48])
{
	for (size_t i = 0; i < 16; i++)
		snprintf(fingerprint + 3 * i, 4, "%02x%s", digest[i], i < 15 ? ":" : "");
}

int key_fingerprint(const char *public_key, char fingerprint[48])
{
	unsigned char blob[KEY_BLOB_MAX], digest[16];
	size_t type_length = strcspn(public_key, " "), text_length, size = 0;
	const char *text;

	if (!public_key[type_length] || !key_type_known(public_key, type_length))
		return -EINVAL;
	text = public_key + type_length + 1;
	text_length = strcspn(text, " \r\n\t");
	if (mbedtls_base64_decode(blob, sizeof(blob), &size, (const unsigned char *)text,
				  text_length) ||
	    !key_blob_sound(blob, size, public_key, type_length))
		return -EINVAL;
	if (mbedtls_md5(blob, size, digest))
		return -EIO;
	fingerprint_write(digest, fingerprint);
	return 0;
}

static int key_random(void *context, unsigned char *data, size_t size)
{
	(void)context;
	random_bytes(data, size);
	return 0;
}

/* Appends a string of the SSH wire format; an integer gets a zero in front of a set top bit. */
static size_t blob_add(unsigned char *blob, size_t at, const unsigned char *data, size_t size,
		       bool integer)
{
	size_t pad = 0;

	while (integer && size > 1 && !data[0])
		data++, size--;
	pad = integer && (data[0] & 0x80) ? 1 : 0;
	blob[at] = (unsigned char)((size + pad) >> 24);
	blob[at + 1] = (unsigned char)((size + pad) >> 16);
	blob[at + 2] = (unsigned char)((size + pad) >> 8);
	blob[at + 3] = (unsigned char)(size + pad);
	at += 4;
	if (pad)
		blob[at++] = 0;
	memcpy(blob + at, data, size);
	return at + size;
}

static const char *rsa_public_write(struct arena *arena, const mbedtls_rsa_context *rsa,
				    const char *comment)
{
	unsigned char n[RSA_BITS / 8], e[4], blob[512], text[1024];
	size_t size = 0, written = 0;

	if (mbedtls_rsa_export_raw(rsa, n, sizeof(n), NULL, 0, NULL, 0, NULL, 0, e, sizeof(e)))
		return NULL;
	size = blob_add(blob, 0, (const unsigned char *)"ssh-rsa", 7, false);
	size = blob_add(blob, size, e, sizeof(e), true);
	size = blob_add(blob, size, n, sizeof(n), true);
	if (mbedtls_base64_encode(text, sizeof(text), &written, blob, size))
		return NULL;
	return arena_printf(arena, "ssh-rsa %s %s", (const char *)text, comment);
}

int key_generate(struct arena *arena, const char *comment, const char **private_key,
		 const char **public_key, struct error *error)
{
	unsigned char pem[4096];
	mbedtls_pk_context key;
	int result;

	mbedtls_pk_init(&key);
	result = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
	if (!result)
		result =
			mbedtls_rsa_gen_key(mbedtls_pk_rsa(key), key_random, NULL, RSA_BITS, 65537);
	if (!result)
		result = mbedtls_pk_write_key_pem(&key, pem, sizeof(pem));
	if (!result) {
		*private_key = arena_strdup(arena, (const char *)pem);
		*public_key = rsa_public_write(arena, mbedtls_pk_rsa(key), comment);
	}
	mbedtls_pk_free(&key);
	memset(pem, 0, sizeof(pem));
	if (result || !*private_key || !*public_key)
		return error_set(error, -EIO, "a key pair could not be made");
	return 0;
}
