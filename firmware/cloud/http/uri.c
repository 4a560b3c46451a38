/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/uri.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes of the well-formed sequence (RFC 3629) at 'text', 0 if it is none. */
static size_t utf8_sequence(const unsigned char *text, size_t length)
{
	static const struct {
		unsigned char first, last, low, high;
		unsigned char length;
	} table[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (text[0] < table[i].first || text[0] > table[i].last)
			continue;
		if (table[i].length > length)
			return 0;
		if (table[i].length > 1 && (text[1] < table[i].low || text[1] > table[i].high))
			return 0;
		for (size_t j = 2; j < table[i].length; j++)
			if (text[j] < 0x80 || text[j] > 0xbf)
				return 0;
		return table[i].length;
	}
	return 0;
}

bool utf8_valid(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t at = 0, step; at < length; at += step)
		if (!(step = utf8_sequence(bytes + at, length - at)))
			return false;
	return true;
}

/* One character of the source; returns how many bytes it took, 0 when it is broken. */
static size_t decode_one(const char *text, size_t left, bool form, char *decoded)
{
	if (*text == '+' && form) {
		*decoded = ' ';
		return 1;
	}
	if (*text != '%') {
		*decoded = *text;
		return 1;
	}
	if (left < 3 || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)
		return 0;
	*decoded = (char)(hex_digit(text[1]) * 16 + hex_digit(text[2]));
	return 3;
}

char *uri_decode(struct arena *arena, const char *text, size_t length, bool form)
{
	char *decoded = arena_alloc(arena, length + 1);
	size_t used = 0;

	if (!decoded)
		return NULL;
	for (size_t at = 0, step; at < length; at += step) {
		step = decode_one(text + at, length - at, form, decoded + used);
		if (!step || decoded[used++] == '\0')
			return NULL;
	}
	return utf8_valid(decoded, used) ? decoded : NULL;
}

char *uri_encode(struct arena *arena, const char *text, const char *keep)
{
	static const char hex[] = "0123456789ABCDEF";
	char *encoded = arena_alloc(arena, 3 * strlen(text) + 1), *out = encoded;

	if (!encoded)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c) || strchr(keep, c)) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '%';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	}
	return encoded;
}

/* "https://host/path" -> "/path" */
static const char *skip_authority(const char *target)
{
	if (strncasecmp(target, "http://", 7) != 0 && strncasecmp(target, "https://", 8) != 0)
		return target;
	target = strstr(target, "//") + 2;
	target += strcspn(target, "/?");
	return *target == '/' ? target : "/";
}

static size_t count_parameters(const char *query)
{
	size_t count = 1;

	for (; *query; query++)
		count += *query == '&';
	return count;
}

static int split_parameter(struct arena *arena, const char *text, size_t length,
			   struct name_value *parameter)
{
	const char *equals = memchr(text, '=', length);
	size_t name = equals ? (size_t)(equals - text) : length;

	parameter->name = uri_decode(arena, text, name, true);
	parameter->value = equals ? uri_decode(arena, equals + 1, length - name - 1, true) : "";
	return parameter->name && parameter->value ? 0 : -EINVAL;
}

static int split_query(struct arena *arena, const char *text, const struct name_value **query)
{
	size_t most = count_parameters(text), count = 0;
	struct name_value *list;

	if (most > QUERY_MAX)
		return -E2BIG;
	list = arena_alloc(arena, (most + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	while (*text) {
		size_t length = strcspn(text, "&");

		if (length && split_parameter(arena, text, length, &list[count++]) < 0)
			return -EINVAL;
		text += length + (text[length] == '&');
	}
	*query = list;
	return 0;
}

int uri_split(struct arena *arena, const char *target, const char **path,
	      const struct name_value **query)
{
	char *decoded;
	size_t length;

	target = skip_authority(target);
	if (*target != '/')
		return -EINVAL;
	length = strcspn(target, "?#");
	decoded = uri_decode(arena, target, length, false);
	if (!decoded)
		return -EINVAL;
	for (size_t end = strlen(decoded); end && decoded[end - 1] == '/'; end--)
		decoded[end - 1] = '\0';
	*path = decoded;
	return split_query(arena, target[length] == '?' ? target + length + 1 : "", query);
}

/* At most 18 digits; moves the cursor behind them. */
static bool take_number(const char **cursor, uint64_t *number)
{
	size_t digits = strspn(*cursor, "0123456789");

	if (!digits || digits > 18)
		return false;
	*number = 0;
	for (; digits; digits--)
		*number = *number * 10 + (uint64_t)(*(*cursor)++ - '0');
	return true;
}

static int range_suffix(const char *text, uint64_t size, uint64_t *offset, uint64_t *length)
{
	uint64_t last;

	if (!take_number(&text, &last) || *text)
		return 0;
	if (last == 0 || size == 0)
		return -ERANGE;
	*length = last < size ? last : size;
	*offset = size - *length;
	return 1;
}

int range_parse(const char *header, uint64_t size, uint64_t *offset, uint64_t *length)
{
	uint64_t first, last = UINT64_MAX;

	if (!header || strncasecmp(header, "bytes=", 6) != 0)
		return 0;
	header += 6;
	if (*header == '-')
		return range_suffix(header + 1, size, offset, length);
	if (!take_number(&header, &first) || *header++ != '-')
		return 0;
	if (*header && (!take_number(&header, &last) || *header || last < first))
		return 0;
	if (first >= size)
		return -ERANGE;
	*offset = first;
	*length = (last < size ? last + 1 : size) - first;
	return 1;
}
