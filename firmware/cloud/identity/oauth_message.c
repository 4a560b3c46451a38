/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/oauth_message.h"

#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/identity/mac.h"
#include "firmware/cloud/identity/signature.h"

#define SCHEME "OAuth "
#define PLAINTEXT "PLAINTEXT"
#define HEX_DIGITS "0123456789abcdef"

static const struct method {
	const char *name;
	mbedtls_md_type_t digest;
} methods[] = {
	{ "HMAC-SHA1", MBEDTLS_MD_SHA1 },
	{ "HMAC-SHA256", MBEDTLS_MD_SHA256 },
	{ PLAINTEXT, MBEDTLS_MD_NONE },
};

static const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

/* --- reading */

/* Up to its comma, which does not count within quotes. */
static size_t item_length(const char *text)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length] && (quoted || text[length] != ','); length++) {
		if (quoted && text[length] == '\\' && text[length + 1])
			length++;
		else if (text[length] == '"')
			quoted = !quoted;
	}
	return length;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without the blanks around it, and without the backslashes that quote something. */
static const char *item_copy(struct arena *arena, const char *text, size_t length)
{
	char *item, *to;
	bool quoted = false;

	for (; length && is_blank(*text); length--)
		text++;
	while (length && is_blank(text[length - 1]))
		length--;
	item = to = arena_alloc(arena, length + 1);
	for (size_t i = 0; item && i < length; i++) {
		if (quoted && text[i] == '\\' && i + 1 < length)
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		*to++ = text[i];
	}
	if (item)
		*to = '\0';
	return item;
}

/* name="value" or name=value; what is the protocol's own comes percent-encoded. */
static int item_read(struct arena *arena, const char *item, struct name_value *parameter)
{
	const char *equals = strchr(item, '='), *value;
	size_t length;

	if (!equals || !equals[1])
		return -EINVAL;
	value = equals + 1;
	length = strlen(value);
	if (length > 1 && value[0] == '"' && value[length - 1] == '"') {
		value++;
		length -= 2;
	}
	parameter->name = arena_strndup(arena, item, (size_t)(equals - item));
	parameter->value = !strncmp(item, "oauth_", 6) ? uri_decode(arena, value, length, false)
						       : arena_strndup(arena, value, length);
	if (arena->failed)
		return -ENOMEM;
	return parameter->value ? 0 : -EINVAL;
}

/* Of two with the same name the last one counts. */
static struct name_value *slot_find(struct oauth_message *message, const char *name)
{
	struct name_value *at = message->items;

	while (at->name && strcmp(at->name, name))
		at++;
	return at < message->items + OAUTH_PARAMETERS_MAX ? at : NULL;
}

int oauth_message_parse(struct arena *arena, const char *header, struct oauth_message *message)
{
	memset(message, 0, sizeof(*message));
	if (strncasecmp(header, SCHEME, strlen(SCHEME)) != 0)
		return -EINVAL;
	for (header += strlen(SCHEME); *header;) {
		size_t length = item_length(header);
		const char *item = item_copy(arena, header, length);
		struct name_value parameter = { 0 }, *slot;
		int result = item ? item_read(arena, item, &parameter) : -ENOMEM;

		if (result < 0)
			return result;
		slot = slot_find(message, parameter.name);
		if (!slot)
			return -EINVAL;
		*slot = parameter;
		header += length + (header[length] == ',');
	}
	return 0;
}

const char *oauth_message_value(const struct oauth_message *message, const char *name)
{
	for (const struct name_value *at = message->items; at->name; at++)
		if (!strcmp(at->name, name))
			return at->value;
	return NULL;
}

/* --- checking */

int oauth_message_refuse(struct error *error, const char *kind, const char *detail)
{
	return error_fault(error, -EINVAL, 400, NULL,
			   "Validation failed with errors: %s, detail message is: %s.", kind,
			   detail);
}

static int refuse_request(struct error *error, const char *detail)
{
	return oauth_message_refuse(error, "invalid_request", detail);
}

static bool is_complete(const struct oauth_message *message)
{
	static const char *const needed[] = { "oauth_signature", "oauth_consumer_key",
					      "oauth_nonce", "oauth_timestamp",
					      "oauth_signature_method" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		const char *value = oauth_message_value(message, needed[i]);

		if (!value || !*value)
			return false;
	}
	return true;
}

static bool is_in_query(const struct name_value *query)
{
	for (; query && query->name; query++)
		if (!strncmp(query->name, "oauth_", 6))
			return true;
	return false;
}

static int method_check(const char *name, struct error *error)
{
	char text[160];

	if (method_find(name))
		return 0;
	snprintf(text, sizeof(text),
		 "Invalid signature, %.40s not in ('HMAC-SHA1', 'HMAC-SHA256', 'PLAINTEXT').",
		 name);
	return oauth_message_refuse(error, "invalid_signature_method", text);
}

static int timestamp_check(const char *timestamp, uint64_t now, struct error *error)
{
	uint64_t when;

	if (strlen(timestamp) != 10)
		return refuse_request(error, "Invalid timestamp size");
	if (strspn(timestamp, "0123456789") != 10)
		return refuse_request(error, "Timestamp must be an integer.");
	when = strtoull(timestamp, NULL, 10);
	if ((when > now ? when - now : now - when) > OAUTH_CLOCK_SKEW)
		return refuse_request(error, "Timestamp given is invalid, differ from allowed by "
					     "over 600 seconds.");
	return 0;
}

static bool is_hex(const char *text)
{
	return strspn(text, HEX_DIGITS) == strlen(text);
}

int oauth_message_check(const struct oauth_message *message, const struct name_value *query,
			uint64_t now, struct error *error)
{
	const char *version = oauth_message_value(message, "oauth_version");
	const char *consumer = oauth_message_value(message, "oauth_consumer_key");
	int result;

	if (is_in_query(query))
		return refuse_request(error, "oauth_ params must come from only 1 signature type");
	if (!is_complete(message))
		return refuse_request(error, "Missing mandatory OAuth parameters.");
	result = method_check(oauth_message_value(message, "oauth_signature_method"), error);
	if (result < 0)
		return result;
	if (version && strcmp(version, "1.0") != 0)
		return refuse_request(error, "Invalid OAuth version.");
	result = timestamp_check(oauth_message_value(message, "oauth_timestamp"), now, error);
	if (result < 0)
		return result;
	if (strlen(consumer) != 32 || !is_hex(consumer))
		return refuse_request(error, "Invalid client key format.");
	if (!is_hex(oauth_message_value(message, "oauth_nonce")))
		return refuse_request(error, "Invalid nonce format.");
	return 0;
}

/* --- signing: RFC 5849, section 3.4 */

static int by_name_and_value(const void *a, const void *b)
{
	const struct name_value *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : strcmp(one->value, other->value);
}

static bool is_signed(const char *name)
{
	return strcmp(name, "oauth_signature") != 0 && strcmp(name, "realm") != 0;
}

static size_t encoded_add(struct arena *arena, const struct name_value *from,
			  struct name_value *sorted, size_t count)
{
	for (; from && from->name; from++)
		if (is_signed(from->name))
			sorted[count++] = (struct name_value){ uri_encode(arena, from->name, ""),
							       uri_encode(arena, from->value, "") };
	return count;
}

/* "name=value&...", encoded and in order (3.4.1.3.2); NULL: out of memory. */
static const char *parameters_text(struct arena *arena, const struct oauth_message *message,
				   const struct name_value *query)
{
	size_t most = OAUTH_PARAMETERS_MAX + QUERY_MAX, count;
	struct name_value *sorted = arena_alloc(arena, most * sizeof(*sorted));
	const char **parts = arena_alloc(arena, (4 * most + 1) * sizeof(*parts)), **to = parts;

	if (!sorted || !parts)
		return NULL;
	count = encoded_add(arena, message->items, sorted, 0);
	count = encoded_add(arena, query, sorted, count);
	if (arena->failed)
		return NULL;
	qsort(sorted, count, sizeof(*sorted), by_name_and_value);
	for (size_t i = 0; i < count; i++) {
		*to++ = i ? "&" : "";
		*to++ = sorted[i].name;
		*to++ = "=";
		*to++ = sorted[i].value;
	}
	*to = NULL;
	return arena_join(arena, parts);
}

/* Scheme and host in lower case, and no port that is the scheme's own (3.4.1.2). */
static const char *uri_text(struct arena *arena, const char *uri)
{
	static const char own_port[] = ":443";
	char *text = arena_strdup(arena, uri), *host = text ? strstr(text, "://") : NULL;
	size_t length, own = sizeof(own_port) - 1;

	if (!host)
		return text;
	length = strcspn(host + 3, "/") + 3;
	for (char *at = text; at < host + length; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at += 'a' - 'A';
	if (!strncmp(text, "https:", 6) && length > own &&
	    !strncmp(host + length - own, own_port, own))
		memmove(host + length - own, host + length, strlen(host + length) + 1);
	return text;
}

static const char *mac_base64(struct arena *arena, struct mac *mac)
{
	unsigned char value[MAC_SIZE];
	char text[SIGNATURE_SIZE];
	size_t size = mac_finish(mac, value), length;

	if (!size ||
	    mbedtls_base64_encode((unsigned char *)text, sizeof(text), &length, value, size))
		return NULL;
	return arena_strdup(arena, text);
}

const char *oauth_message_sign(struct arena *arena, const struct oauth_message *message,
			       const struct oauth_signing *signing)
{
	const char *name = oauth_message_value(message, "oauth_signature_method");
	const struct method *method = method_find(name ? name : "");
	const char *parameters = parameters_text(arena, message, signing->query);
	const char *uri = uri_text(arena, signing->uri);
	const char *key =
		arena_printf(arena, "%s&%s", uri_encode(arena, signing->consumer_secret, ""),
			     uri_encode(arena, signing->token_secret, ""));
	struct mac mac;

	if (!method || !parameters || !uri || arena->failed)
		return NULL;
	if (method->digest == MBEDTLS_MD_NONE)
		return key;
	mac_begin(&mac, method->digest, key, strlen(key));
	mac_quoted(&mac, signing->method);
	mac_text(&mac, "&");
	mac_quoted(&mac, uri);
	mac_text(&mac, "&");
	mac_quoted(&mac, parameters);
	return mac_base64(arena, &mac);
}

bool oauth_message_holds(struct arena *arena, const struct oauth_message *message,
			 const struct oauth_signing *signing)
{
	const char *given = oauth_message_value(message, "oauth_signature");
	const char *expected = oauth_message_sign(arena, message, signing);

	return given && expected && signature_same(given, expected);
}
