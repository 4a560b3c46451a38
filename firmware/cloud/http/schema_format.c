/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/lib/uuid.h"

static bool is_uri(const char *text)
{
	const char *rest = strstr(text, "://");

	if (!rest || rest == text || !isalpha((unsigned char)*text))
		return false;
	for (const char *at = text; at < rest; at++)
		if (!isalnum((unsigned char)*at) && !strchr("+-.", *at))
			return false;
	rest += 3;
	return *rest && *rest != '/' && !strpbrk(text, " \t\r\n<>\"{}|\\^`");
}

static bool is_ipv4(const char *text)
{
	struct in_addr address;

	return inet_pton(AF_INET, text, &address) == 1;
}

static bool is_ipv6(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_ip(const char *text)
{
	return is_ipv4(text) || is_ipv6(text);
}

static bool is_cidr(const char *text)
{
	const char *slash = strchr(text, '/');
	char address[64], *end;
	long bits;

	if (!slash || (size_t)(slash - text) >= sizeof(address) ||
	    !isdigit((unsigned char)slash[1]))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	bits = strtol(slash + 1, &end, 10);
	if (*end || bits < 0)
		return false;
	return (is_ipv4(address) && bits <= 32) || (is_ipv6(address) && bits <= 128);
}

static bool is_mac(const char *text)
{
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return text[17] == '\0';
}

static bool is_base64(const char *text)
{
	size_t length = 0, padding = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (*text == '=')
			padding++;
		else if (padding || (!isalnum((unsigned char)*text) && !strchr("+/", *text)))
			return false;
		length++;
	}
	return length % 4 == 0 && padding <= 2;
}

/* ISO 8601 as oslo.utils parses it: date, optionally time, fraction and zone. */
static bool is_date_time(const char *text)
{
	static const char *const shapes[] = {
		"0000-00-00",
		"0000-00-00T00:00",
		"0000-00-00T00:00:00",
		NULL,
	};
	size_t best = 0;

	for (const char *const *shape = shapes; *shape; shape++) {
		size_t at = 0;

		while ((*shape)[at] && ((*shape)[at] == '0' ? isdigit((unsigned char)text[at]) != 0
					: (*shape)[at] == 'T' ? text[at] == 'T' || text[at] == ' '
							      : text[at] == (*shape)[at]))
			at++;
		if (!(*shape)[at])
			best = at;
	}
	if (!best)
		return false;
	text += best;
	if (*text == '.' && best > 16)
		text += 1 + strspn(text + 1, "0123456789");
	return !*text || strcmp(text, "Z") == 0 ||
	       ((*text == '+' || *text == '-') &&
		strspn(text + 1, "0123456789:") == strlen(text + 1));
}

/* One code point; the text is known to be UTF-8. */
static const char *next_point(const char *text, uint32_t *point)
{
	unsigned char first = (unsigned char)*text++;
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;

	*point = more ? first & (0x3f >> more) : first;
	for (; more && *text; more--)
		*point = *point << 6 | ((unsigned char)*text++ & 0x3f);
	return text;
}

/* Unicode's separators; the locale's tables are not asked, the box has none. */
static bool is_blank(uint32_t point)
{
	return point == ' ' || point == 0xa0 || point == 0x1680 ||
	       (point >= 0x2000 && point <= 0x200a) || point == 0x202f || point == 0x205f ||
	       point == 0x3000;
}

static bool is_printable(uint32_t point)
{
	return point >= ' ' && !(point >= 0x7f && point < 0xa0) && point != 0x2028 &&
	       point != 0x2029;
}

/* Printable characters; '*filled' tells whether there is more than blanks, '*edged' whether it
 * begins or ends with one. */
static bool scan_name(const char *text, bool *filled, bool *edged)
{
	bool first = true, blank = false;

	*filled = *edged = false;
	while (*text) {
		uint32_t point;

		text = next_point(text, &point);
		if (!is_printable(point))
			return false;
		blank = is_blank(point);
		*filled |= !blank;
		*edged |= first && blank;
		first = false;
	}
	*edged |= blank;
	return true;
}

static bool is_name(const char *text)
{
	bool filled, edged;

	return scan_name(text, &filled, &edged) && !edged;
}

static bool is_name_strip(const char *text)
{
	bool filled, edged;

	return scan_name(text, &filled, &edged) && filled;
}

static bool is_hostname(const char *text)
{
	size_t label = 0;

	if (strlen(text) > 253 || !*text)
		return false;
	for (; *text; text++) {
		if (*text == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if ((!isalnum((unsigned char)*text) && *text != '-' && *text != '_') ||
		    ++label > 63)
			return false;
	}
	return true;
}

static bool is_integer_string(const char *text)
{
	return strspn(text, "0123456789") == strlen(text);
}

static bool is_boolean_string(const char *text)
{
	static const char *const words[] = { "1", "t", "true",  "on",  "y", "yes",
					     "0", "f", "false", "off", "n", "no" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static const struct {
	const char *name;
	bool (*holds)(const char *text);
} formats[] = {
	[FORMAT_UUID] = { "uuid", uuid_like },
	[FORMAT_URI] = { "uri", is_uri },
	[FORMAT_IPV4] = { "ipv4", is_ipv4 },
	[FORMAT_IPV6] = { "ipv6", is_ipv6 },
	[FORMAT_IP] = { "ip_address", is_ip },
	[FORMAT_CIDR] = { "cidr", is_cidr },
	[FORMAT_MAC] = { "mac_address", is_mac },
	[FORMAT_BASE64] = { "base64", is_base64 },
	[FORMAT_DATE_TIME] = { "date-time", is_date_time },
	[FORMAT_NAME] = { "name", is_name },
	[FORMAT_NAME_STRIP] = { "name_with_leading_trailing_spaces", is_name_strip },
	[FORMAT_HOSTNAME] = { "hostname", is_hostname },
	[FORMAT_INTEGER_STRING] = { "integer", is_integer_string },
	[FORMAT_BOOLEAN_STRING] = { "boolean", is_boolean_string },
};

bool schema_format_holds(enum schema_format format, const char *text)
{
	return !formats[format].holds || formats[format].holds(text);
}

const char *schema_format_name(enum schema_format format)
{
	return formats[format].name;
}
