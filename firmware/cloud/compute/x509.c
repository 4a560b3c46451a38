/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key pairs of type x509, as guests take them that log in by certificate (WinRM): a self-signed
 * client certificate whose alternative name is the user's principal name, and the private key
 * with it as PKCS #12 (RFC 7292) without a password. DER is written from its end to its beginning.
 */
#include "firmware/cloud/compute/internal.h"

#include <mbedtls/asn1write.h>
#include <mbedtls/base64.h>
#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pkcs12.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha1.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RSA_BITS 2048
#define DER_MAX 8192
#define MAC_ITERATIONS 2048
#define MAC_SIZE 20
#define VALID_SECONDS (3650L * 24 * 3600)
#define CONTEXT(n) (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | (n))
#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

#define OID_DATA MBEDTLS_OID_PKCS "\x07\x01"
#define OID_KEY_BAG MBEDTLS_OID_PKCS12 "\x0a\x01\x01"
#define OID_CERTIFICATE_BAG MBEDTLS_OID_PKCS12 "\x0a\x01\x03"
#define OID_X509_CERTIFICATE MBEDTLS_OID_PKCS9 "\x16\x01"
#define OID_PRINCIPAL_NAME "\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03" /* 1.3.6.1.4.1.311.20.2.3 */

/* --- DER */

struct der {
	unsigned char bytes[DER_MAX];
	unsigned char *at; /* the first byte written so far */
	bool failed;
};

static unsigned char *der_begin(struct der *der)
{
	der->failed = false;
	der->at = der->bytes + sizeof(der->bytes);
	return der->at;
}

static void der_check(struct der *der, int result)
{
	der->failed = der->failed || result < 0;
}

/* Puts tag and length in front of what was written since 'end' was the beginning. */
static void der_wrap(struct der *der, const unsigned char *end, unsigned char tag)
{
	der_check(der, mbedtls_asn1_write_len(&der->at, der->bytes, (size_t)(end - der->at)));
	der_check(der, mbedtls_asn1_write_tag(&der->at, der->bytes, tag));
}

static void der_raw(struct der *der, const void *data, size_t size)
{
	der_check(der, mbedtls_asn1_write_raw_buffer(&der->at, der->bytes, data, size));
}

static void der_octets(struct der *der, const void *data, size_t size)
{
	der_check(der, mbedtls_asn1_write_octet_string(&der->at, der->bytes, data, size));
}

static void der_oid(struct der *der, const char *oid)
{
	der_check(der, mbedtls_asn1_write_oid(&der->at, der->bytes, oid, strlen(oid)));
}

/* ContentInfo of type data (RFC 5652), around what was written since 'end'. */
static void der_content(struct der *der, const unsigned char *end)
{
	der_wrap(der, end, MBEDTLS_ASN1_OCTET_STRING);
	der_wrap(der, end, CONTEXT(0));
	der_oid(der, OID_DATA);
	der_wrap(der, end, SEQUENCE);
}

/* --- PKCS #12 */

struct identity_pair {
	mbedtls_pk_context key;
	unsigned char certificate[4096];
	size_t certificate_size;
};

static void key_bag(struct der *der, mbedtls_pk_context *key)
{
	unsigned char *end = der->at;
	int size = mbedtls_pk_write_key_der(key, der->bytes, (size_t)(end - der->bytes));

	der_check(der, size);
	der->at -= size > 0 ? size : 0; /* it stands at the end of the space that it was given */
	der_wrap(der, end, MBEDTLS_ASN1_OCTET_STRING);
	der_check(der, mbedtls_asn1_write_algorithm_identifier(
			       &der->at, der->bytes, MBEDTLS_OID_PKCS1_RSA,
			       MBEDTLS_OID_SIZE(MBEDTLS_OID_PKCS1_RSA), 0));
	der_check(der, mbedtls_asn1_write_int(&der->at, der->bytes, 0));
	der_wrap(der, end, SEQUENCE);
	der_wrap(der, end, CONTEXT(0));
	der_oid(der, OID_KEY_BAG);
	der_wrap(der, end, SEQUENCE);
}

static void certificate_bag(struct der *der, const struct identity_pair *pair)
{
	unsigned char *end = der->at;

	der_octets(der, pair->certificate, pair->certificate_size);
	der_wrap(der, end, CONTEXT(0));
	der_oid(der, OID_X509_CERTIFICATE);
	der_wrap(der, end, SEQUENCE);
	der_wrap(der, end, CONTEXT(0));
	der_oid(der, OID_CERTIFICATE_BAG);
	der_wrap(der, end, SEQUENCE);
}

/* AuthenticatedSafe: one SafeContents with both bags. */
static void safe_write(struct der *der, struct identity_pair *pair)
{
	unsigned char *end = der_begin(der);

	certificate_bag(der, pair);
	key_bag(der, &pair->key);
	der_wrap(der, end, SEQUENCE);
	der_content(der, end);
	der_wrap(der, end, SEQUENCE);
}

/* Over the AuthenticatedSafe, by a key that is derived from the empty password. */
static int safe_mac(const struct der *safe, const unsigned char salt[8],
		    unsigned char mac[MAC_SIZE])
{
	static const unsigned char empty[2]; /* a BMPString: its terminator alone */
	unsigned char key[MAC_SIZE];
	size_t size = sizeof(safe->bytes) - (size_t)(safe->at - safe->bytes);
	int result = mbedtls_pkcs12_derivation(key, sizeof(key), empty, sizeof(empty), salt, 8,
					       MBEDTLS_MD_SHA1, MBEDTLS_PKCS12_DERIVE_MAC_KEY,
					       MAC_ITERATIONS);

	return result ? result
		      : mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), key,
					sizeof(key), safe->at, size, mac);
}

static int pkcs12_write(struct der *der, struct identity_pair *pair)
{
	struct der safe;
	unsigned char salt[8], mac[MAC_SIZE], *end, *start;

	random_bytes(salt, sizeof(salt));
	safe_write(&safe, pair);
	if (safe.failed || safe_mac(&safe, salt, mac))
		return -EIO;
	end = der_begin(der);
	der_check(der, mbedtls_asn1_write_int(&der->at, der->bytes, MAC_ITERATIONS));
	der_octets(der, salt, sizeof(salt));
	start = der->at;
	der_octets(der, mac, sizeof(mac));
	der_check(der, mbedtls_asn1_write_algorithm_identifier(
			       &der->at, der->bytes, MBEDTLS_OID_DIGEST_ALG_SHA1,
			       MBEDTLS_OID_SIZE(MBEDTLS_OID_DIGEST_ALG_SHA1), 0));
	der_wrap(der, start, SEQUENCE);
	der_wrap(der, end, SEQUENCE);
	start = der->at;
	der_raw(der, safe.at, sizeof(safe.bytes) - (size_t)(safe.at - safe.bytes));
	der_content(der, start);
	der_check(der, mbedtls_asn1_write_int(&der->at, der->bytes, 3));
	der_wrap(der, end, SEQUENCE);
	memset(&safe, 0, sizeof(safe));
	return der->failed ? -EIO : 0;
}

/* --- the certificate */

static int key_random(void *context, unsigned char *data, size_t size)
{
	(void)context;
	random_bytes(data, size);
	return 0;
}

static int validity_set(mbedtls_x509write_cert *writer)
{
	time_t now = time(NULL), then = now + VALID_SECONDS;
	char from[16], to[16];
	struct tm parts;

	strftime(from, sizeof(from), "%Y%m%d%H%M%S", gmtime_r(&now, &parts));
	strftime(to, sizeof(to), "%Y%m%d%H%M%S", gmtime_r(&then, &parts));
	return mbedtls_x509write_crt_set_validity(writer, from, to);
}

/* subjectAltName = otherName: <user>@localhost as a principal name. */
static int principal_set(mbedtls_x509write_cert *writer, const char *user)
{
	struct der der;
	const unsigned char *end = der_begin(&der);

	der_raw(&der, "@localhost", 10);
	der_raw(&der, user, strlen(user));
	der_wrap(&der, end, MBEDTLS_ASN1_UTF8_STRING);
	der_wrap(&der, end, CONTEXT(0));
	der_oid(&der, OID_PRINCIPAL_NAME);
	der_wrap(&der, end, CONTEXT(0));
	der_wrap(&der, end, SEQUENCE);
	return der.failed ? -EIO
			  : mbedtls_x509write_crt_set_extension(
				    writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
				    MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, der.at,
				    (size_t)(end - der.at));
}

static int certificate_fill(mbedtls_x509write_cert *writer, mbedtls_pk_context *key,
			    const char *name, const char *user)
{
	mbedtls_asn1_sequence usage = { .buf = { MBEDTLS_ASN1_OID,
						 MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH),
						 (unsigned char *)MBEDTLS_OID_CLIENT_AUTH } };
	unsigned char serial[16];
	int result;

	random_bytes(serial, sizeof(serial));
	serial[0] &= 0x7f;
	mbedtls_x509write_crt_set_version(writer, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(writer, key);
	mbedtls_x509write_crt_set_issuer_key(writer, key);
	result = mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof(serial));
	if (!result)
		result = mbedtls_x509write_crt_set_subject_name(writer, name);
	if (!result)
		result = mbedtls_x509write_crt_set_issuer_name(writer, name);
	if (!result)
		result = validity_set(writer);
	if (!result)
		result = mbedtls_x509write_crt_set_ext_key_usage(writer, &usage);
	return result ? result : principal_set(writer, user);
}

static int certificate_make(struct arena *arena, struct identity_pair *pair, const char *user)
{
	const char *name = arena_printf(arena, "CN=%s", user);
	size_t room = sizeof(pair->certificate);
	mbedtls_x509write_cert writer;
	int result;

	mbedtls_x509write_crt_init(&writer);
	result = name ? certificate_fill(&writer, &pair->key, name, user) : -ENOMEM;
	if (!result)
		result = mbedtls_x509write_crt_der(&writer, pair->certificate, room, key_random,
						   NULL);
	mbedtls_x509write_crt_free(&writer);
	if (result <= 0)
		return -EIO;
	memmove(pair->certificate, pair->certificate + room - result, (size_t)result);
	pair->certificate_size = (size_t)result;
	return 0;
}

static const char *certificate_pem(struct arena *arena, const struct identity_pair *pair)
{
	unsigned char text[6144];
	size_t size = 0;

	if (mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
				     pair->certificate, pair->certificate_size, text, sizeof(text),
				     &size))
		return NULL;
	return arena_strdup(arena, (const char *)text);
}

static const char *private_text(struct arena *arena, struct identity_pair *pair)
{
	unsigned char text[DER_MAX * 4 / 3 + 8];
	const char *kept = NULL;
	size_t written = 0;
	struct der der;

	if (pkcs12_write(&der, pair) == 0 &&
	    !mbedtls_base64_encode(text, sizeof(text), &written, der.at,
				   sizeof(der.bytes) - (size_t)(der.at - der.bytes)))
		kept = arena_strdup(arena, (const char *)text);
	memset(text, 0, sizeof(text));
	memset(&der, 0, sizeof(der));
	return kept;
}

int key_x509_generate(struct arena *arena, const char *user, const char **private_key,
		      const char **certificate, struct error *error)
{
	struct identity_pair pair = { 0 };
	int result;

	mbedtls_pk_init(&pair.key);
	result = mbedtls_pk_setup(&pair.key, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
	if (!result)
		result = mbedtls_rsa_gen_key(mbedtls_pk_rsa(pair.key), key_random, NULL, RSA_BITS,
					     65537);
	if (!result)
		result = certificate_make(arena, &pair, user);
	if (!result) {
		*certificate = certificate_pem(arena, &pair);
		*private_key = private_text(arena, &pair);
	}
	mbedtls_pk_free(&pair.key);
	if (result || !*certificate || !*private_key)
		return error_set(error, -EIO, "a key pair could not be made");
	return 0;
}

int key_x509_fingerprint(const char *certificate, char fingerprint[64])
{
	mbedtls_x509_crt parsed;
	unsigned char digest[20];
	int result;

	mbedtls_x509_crt_init(&parsed);
	result = mbedtls_x509_crt_parse(&parsed, (const unsigned char *)certificate,
					strlen(certificate) + 1);
	if (!result)
		result = mbedtls_sha1(parsed.raw.p, parsed.raw.len, digest);
	mbedtls_x509_crt_free(&parsed);
	for (size_t i = 0; !result && i < sizeof(digest); i++)
		snprintf(fingerprint + 3 * i, 4, "%02x%s", digest[i], i < 19 ? ":" : "");
	return result ? -EINVAL : 0;
}
