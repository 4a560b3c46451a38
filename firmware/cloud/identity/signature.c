/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/signature.h"

#include <mbedtls/base64.h>
#include <mbedtls/constant_time.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/identity/mac.h"
#include "firmware/cloud/json.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SCOPE_PARTS 4 /* date, region, service, "aws4_request" */

bool signature_same(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && mbedtls_ct_memcmp(a, b, strlen(a)) == 0;
}

static bool finish_base64(struct mac *mac, char signature[static SIGNATURE_SIZE])
{
	unsigned char value[MAC_SIZE];
	size_t size = mac_finish(mac, value), length;

	return size && !mbedtls_base64_encode((unsigned char *)signature, SIGNATURE_SIZE, &length,
					      value, size);
}

static bool finish_hex(struct mac *mac, char signature[static SIGNATURE_SIZE])
{
	unsigned char value[MAC_SIZE];
	size_t size = mac_finish(mac, value);

	hex_encode(value, size, signature);
	return size != 0;
}

/* --- parameters in order */

struct parameter {
	const char *name, *value;
};

static const char *value_text(struct arena *arena, yyjson_val *value)
{
	char text[256];

	if (yyjson_is_str(value))
		return yyjson_get_str(value);
	python_str(value, text, sizeof(text));
	return arena_strdup(arena, text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct parameter *)a)->name, ((const struct parameter *)b)->name);
}

static int by_lower_name(const void *a, const void *b)
{
	return strcasecmp(((const struct parameter *)a)->name, ((const struct parameter *)b)->name);
}

/* An array that ends with name NULL; 'method' is what version 2 adds. NULL: no memory. */
static struct parameter *parameters_sort(struct arena *arena, yyjson_val *params,
					 const char *method,
					 int (*compare)(const void *, const void *))
{
	size_t count = 0;
	struct parameter *sorted =
		arena_alloc(arena, (yyjson_obj_size(params) + 2) * sizeof(*sorted));
	yyjson_obj_iter iterator = yyjson_obj_iter_with(params);
	yyjson_val *key;

	if (!sorted)
		return NULL;
	while ((key = yyjson_obj_iter_next(&iterator))) {
		const char *name = yyjson_get_str(key);

		if (method && !strcmp(name, "SignatureMethod"))
			continue;
		sorted[count++] =
			(struct parameter){ name, value_text(arena, yyjson_obj_iter_get_val(key)) };
	}
	if (method)
		sorted[count++] = (struct parameter){ "SignatureMethod", method };
	qsort(sorted, count, sizeof(*sorted), compare);
	sorted[count] = (struct parameter){ NULL, NULL };
	return arena->failed ? NULL : sorted;
}

static void mac_query(struct mac *mac, const struct parameter *parameters)
{
	for (const struct parameter *at = parameters; at->name; at++) {
		mac_text(mac, at == parameters ? "" : "&");
		mac_quoted(mac, at->name);
		mac_text(mac, "=");
		mac_quoted(mac, at->value);
	}
}

/* --- versions 0 to 2 */

struct signing {
	struct arena *arena;
	yyjson_val *request, *params;
	const char *host, *secret;
};

static bool sign_0(const struct signing *signing, char signature[static SIGNATURE_SIZE])
{
	const char *action = json_string(signing->params, "Action");
	const char *timestamp = json_string(signing->params, "Timestamp");
	struct mac mac;

	if (!action || !timestamp)
		return false;
	mac_begin(&mac, MBEDTLS_MD_SHA1, signing->secret, strlen(signing->secret));
	mac_text(&mac, action);
	mac_text(&mac, timestamp);
	return finish_base64(&mac, signature);
}

static bool sign_1(const struct signing *signing, char signature[static SIGNATURE_SIZE])
{
	struct parameter *sorted =
		parameters_sort(signing->arena, signing->params, NULL, by_lower_name);
	struct mac mac;

	if (!sorted)
		return false;
	mac_begin(&mac, MBEDTLS_MD_SHA1, signing->secret, strlen(signing->secret));
	for (; sorted->name; sorted++) {
		mac_text(&mac, sorted->name);
		mac_text(&mac, sorted->value);
	}
	return finish_base64(&mac, signature);
}

static bool sign_2(const struct signing *signing, char signature[static SIGNATURE_SIZE])
{
	const char *verb = json_string(signing->request, "verb");
	const char *path = json_string(signing->request, "path");
	struct parameter *sorted =
		parameters_sort(signing->arena, signing->params, "HmacSHA256", by_name);
	struct mac mac;

	if (!verb || !path || !sorted)
		return false;
	mac_begin(&mac, MBEDTLS_MD_SHA256, signing->secret, strlen(signing->secret));
	mac_text(&mac, verb);
	mac_text(&mac, "\n");
	mac_text(&mac, signing->host);
	mac_text(&mac, "\n");
	mac_text(&mac, path);
	mac_text(&mac, "\n");
	mac_query(&mac, sorted);
	return finish_base64(&mac, signature);
}

/* --- version 4: headers or parameters say what was signed */

static const char *header_find(const struct signing *signing, const char *name, size_t length)
{
	yyjson_obj_iter iterator =
		yyjson_obj_iter_with(yyjson_obj_get(signing->request, "headers"));
	yyjson_val *key;

	while ((key = yyjson_obj_iter_next(&iterator))) {
		const char *text = yyjson_get_str(key);

		if (strlen(text) == length && !strncasecmp(text, name, length))
			return yyjson_get_str(yyjson_obj_iter_get_val(key));
	}
	return NULL;
}

/* "Credential" and the like: in the Authorization header up to a comma, or X-Amz-Credential. */
static const char *auth_part(const struct signing *signing, const char *name)
{
	const char *header =
		json_string(yyjson_obj_get(signing->request, "headers"), "Authorization");
	const char *marked = arena_printf(signing->arena, "%s=", name), *found;

	if (!header)
		return json_string(signing->params, arena_printf(signing->arena, "X-Amz-%s", name));
	found = marked ? strstr(header, marked) : NULL;
	if (!found)
		return NULL;
	found += strlen(marked);
	return arena_strndup(signing->arena, found, strcspn(found, ","));
}

static bool is_version_4(const struct signing *signing)
{
	const char *header =
		json_string(yyjson_obj_get(signing->request, "headers"), "Authorization");

	if (header)
		return !strncmp(header, ALGORITHM, strlen(ALGORITHM));
	return json_is(signing->params, "X-Amz-Algorithm", ALGORITHM);
}

static void mac_stripped(struct mac *mac, const char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	mac_bytes(mac, text, length);
}

/* The headers that are named, in that order; those that are not there are left out. */
static void mac_headers(struct mac *mac, const struct signing *signing, const char *names)
{
	const char *between = "";

	while (*names) {
		size_t length = strcspn(names, ";");
		const char *value = header_find(signing, names, length);

		if (value) {
			mac_text(mac, between);
			mac_bytes(mac, names, length);
			mac_text(mac, ":");
			mac_stripped(mac, value);
			between = "\n";
		}
		names += length + (names[length] == ';');
	}
	mac_text(mac, "\n");
}

static void mac_upper(struct mac *mac, const char *text)
{
	for (; *text; text++) {
		char upper = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

		mac_bytes(mac, &upper, 1);
	}
}

/* SHA-256 of the canonical request, in hexadecimal. */
static bool canonical_hash(const struct signing *signing, char hash[static SIGNATURE_SIZE])
{
	const char *verb = json_string(signing->request, "verb");
	const char *path = json_string(signing->request, "path");
	const char *body_hash = json_string(signing->request, "body_hash");
	const char *names = auth_part(signing, "SignedHeaders");
	struct parameter *sorted = parameters_sort(signing->arena, signing->params, NULL, by_name);
	struct mac mac;

	if (!verb || !path || !body_hash || !names || !sorted)
		return false;
	digest_begin(&mac, MBEDTLS_MD_SHA256);
	mac_upper(&mac, verb);
	mac_text(&mac, "\n");
	mac_text(&mac, path);
	mac_text(&mac, "\n");
	if (strcasecmp(verb, "POST"))
		mac_query(&mac, sorted);
	mac_text(&mac, "\n");
	mac_headers(&mac, signing, names);
	mac_text(&mac, "\n");
	mac_text(&mac, names);
	mac_text(&mac, "\n");
	mac_text(&mac, body_hash);
	return finish_hex(&mac, hash);
}

struct span {
	const char *text;
	size_t length;
};

/* The parts between slashes; true when there are at least as many. */
static bool scope_split(const char *scope, struct span parts[static SCOPE_PARTS])
{
	for (size_t i = 0; i < SCOPE_PARTS; i++) {
		parts[i] = (struct span){ scope, strcspn(scope, "/\n") };
		scope += parts[i].length;
		if (i + 1 < SCOPE_PARTS && *scope++ != '/')
			return false;
	}
	return true;
}

/* One key from the other: date, region, service, the end. */
static bool key_derive(struct arena *arena, const char *secret, const struct span *parts,
		       unsigned char key[static MAC_SIZE])
{
	const char *first = arena_printf(arena, "AWS4%s", secret);
	struct mac mac;

	if (!first)
		return false;
	mac_begin(&mac, MBEDTLS_MD_SHA256, first, strlen(first));
	for (size_t i = 0; i < SCOPE_PARTS; i++) {
		mac_bytes(&mac, i < 3 ? parts[i].text : "aws4_request",
			  i < 3 ? parts[i].length : 12);
		if (!mac_finish(&mac, key))
			return false;
		mac_begin(&mac, MBEDTLS_MD_SHA256, key, MAC_SIZE);
	}
	return mac_finish(&mac, (unsigned char[MAC_SIZE]){ 0 }) != 0;
}

static bool sign_4(const struct signing *signing, char signature[static SIGNATURE_SIZE])
{
	yyjson_val *headers = yyjson_obj_get(signing->request, "headers");
	const char *credential = auth_part(signing, "Credential"), *scope, *date;
	char hash[SIGNATURE_SIZE];
	unsigned char key[MAC_SIZE];
	struct span parts[SCOPE_PARTS];
	struct mac mac;

	date = json_string(headers, "X-Amz-Date");
	if (!date)
		date = json_string(signing->params, "X-Amz-Date");
	scope = credential ? strchr(credential, '/') : NULL;
	if (!date || !scope || !scope_split(++scope, parts) ||
	    strncmp(date, parts[0].text, parts[0].length))
		return false;
	if (!canonical_hash(signing, hash) ||
	    !key_derive(signing->arena, signing->secret, parts, key))
		return false;
	mac_begin(&mac, MBEDTLS_MD_SHA256, key, sizeof(key));
	mac_text(&mac, ALGORITHM "\n");
	mac_text(&mac, date);
	mac_text(&mac, "\n");
	mac_text(&mac, scope);
	mac_text(&mac, "\n");
	mac_text(&mac, hash);
	return finish_hex(&mac, signature);
}

bool signature_ec2(struct arena *arena, yyjson_val *request, const char *host, const char *secret,
		   char signature[static SIGNATURE_SIZE])
{
	static const struct {
		const char *version;
		bool (*sign)(const struct signing *signing, char signature[static SIGNATURE_SIZE]);
	} versions[] = { { "0", sign_0 }, { "1", sign_1 }, { "2", sign_2 } };
	struct signing signing = { arena, request, yyjson_obj_get(request, "params"), host,
				   secret };
	const char *version = json_string(signing.params, "SignatureVersion");

	for (size_t i = 0; version && i < sizeof(versions) / sizeof(versions[0]); i++)
		if (!strcmp(version, versions[i].version))
			return versions[i].sign(&signing, signature);
	return is_version_4(&signing) && sign_4(&signing, signature);
}

/* --- S3 */

/* base64 of either alphabet, into text that ends with NUL. */
static const char *token_decode(struct arena *arena, const char *token, size_t *size)
{
	char *text = arena_strdup(arena, token);
	unsigned char *bytes = arena_alloc(arena, strlen(token) + 1);

	if (!text || !bytes)
		return NULL;
	for (char *at = text; *at; at++)
		*at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
	if (mbedtls_base64_decode(bytes, strlen(token), size, (const unsigned char *)text,
				  strlen(text)))
		return NULL;
	bytes[*size] = '\0';
	return (const char *)bytes;
}

static bool is_s3_service(const struct span *service)
{
	static const char *const services[] = { "s3", "iam", "sts" };

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (service->length == strlen(services[i]) &&
		    !strncmp(service->text, services[i], service->length))
			return true;
	return false;
}

/* Four lines: the algorithm, the date, the scope, the hash of the request. */
static bool s3_scope(const char *text, struct span parts[static SCOPE_PARTS])
{
	const char *date = strchr(text, '\n'), *scope = date ? strchr(date + 1, '\n') : NULL;
	const char *hash = scope ? strchr(scope + 1, '\n') : NULL;

	if (!hash || strchr(hash + 1, '\n') || strncmp(text, ALGORITHM "\n", strlen(ALGORITHM) + 1))
		return false;
	if (!scope_split(scope + 1, parts) || parts[3].text + parts[3].length != hash)
		return false;
	return parts[3].length == 12 && !strncmp(parts[3].text, "aws4_request", 12) &&
	       is_s3_service(&parts[2]);
}

bool signature_s3(struct arena *arena, const char *token, const char *secret,
		  char signature[static SIGNATURE_SIZE])
{
	struct span parts[SCOPE_PARTS];
	unsigned char key[MAC_SIZE];
	size_t size;
	const char *text = token_decode(arena, token, &size);
	struct mac mac;

	if (!text)
		return false;
	if (strncmp(text, "AWS4", 4)) {
		mac_begin(&mac, MBEDTLS_MD_SHA1, secret, strlen(secret));
		mac_bytes(&mac, text, size);
		return finish_base64(&mac, signature);
	}
	if (!s3_scope(text, parts) || !key_derive(arena, secret, parts, key))
		return false;
	mac_begin(&mac, MBEDTLS_MD_SHA256, key, sizeof(key));
	mac_bytes(&mac, text, size);
	return finish_hex(&mac, signature);
}
