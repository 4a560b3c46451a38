/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/fetch/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

static const struct {
	const char *scheme;
	unsigned port;
} ports[] = { { "http", 80 }, { "https", 443 } };

/* --- parts */

static bool is_scheme(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && (i == 0 || !strchr("+-.", text[i])))
			return false;
	return length > 0 && isalpha((unsigned char)text[0]);
}

static void copy_lower(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[length] = '\0';
}

static int scheme_take(struct url *url, const char **rest)
{
	const char *colon = strstr(*rest, "://");
	size_t length = colon ? (size_t)(colon - *rest) : 0;

	if (!is_scheme(*rest, length) || length >= sizeof(url->scheme))
		return -EINVAL;
	copy_lower(url->scheme, *rest, length);
	*rest = colon + 3;
	return 0;
}

static bool is_host(const char *text, size_t length, bool literal6)
{
	const char *allowed = literal6 ? "0123456789abcdefABCDEF:."
				       : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789.-_";

	return length > 0 && strspn(text, allowed) >= length;
}

static int host_take(struct url *url, const char **rest)
{
	size_t length;

	url->literal6 = **rest == '[';
	*rest += url->literal6;
	length = strcspn(*rest, url->literal6 ? "]/?#" : ":/?#");
	if (!is_host(*rest, length, url->literal6) || length >= sizeof(url->host))
		return -EINVAL;
	copy_lower(url->host, *rest, length);
	*rest += length;
	if (url->literal6 && *(*rest)++ != ']')
		return -EINVAL;
	/* "name." is "name": no way around a list of hosts. */
	if (length > 1 && url->host[length - 1] == '.')
		url->host[length - 1] = '\0';
	return 0;
}

static int port_take(struct url *url, const char **rest)
{
	size_t digits;

	for (size_t i = 0; i < ARRAY_LENGTH(ports); i++)
		if (!strcmp(ports[i].scheme, url->scheme))
			url->port = ports[i].port;
	if (**rest != ':')
		return 0;
	digits = strspn(++*rest, "0123456789");
	if (digits > 5)
		return -EINVAL;
	if (digits)
		url->port = (unsigned)strtoul(*rest, NULL, 10);
	*rest += digits;
	return url->port >= 1 && url->port <= 65535 ? 0 : -EINVAL;
}

/* What follows the host; a fragment is the client's own. */
static int target_take(struct url *url, const char *rest)
{
	size_t length = strcspn(rest, "#");
	int written;

	if (length && *rest != '/' && *rest != '?')
		return -EINVAL;
	written = snprintf(url->target, sizeof(url->target), "%s%.*s", *rest == '/' ? "" : "/",
			   (int)length, rest);
	return written < (int)sizeof(url->target) ? 0 : -EINVAL;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

int url_parse(const char *text, struct url *url)
{
	const char *rest = text;
	int result = strlen(text) <= FETCH_URL_MAX && is_printable(text) ? 0 : -EINVAL;

	*url = (struct url){ 0 };
	if (result == 0)
		result = scheme_take(url, &rest);
	if (result == 0)
		result = host_take(url, &rest);
	if (result == 0)
		result = port_take(url, &rest);
	return result == 0 ? target_take(url, rest) : result;
}

/* --- redirections */

void url_authority(const struct url *url, char *text, size_t size)
{
	bool own_port = true;

	for (size_t i = 0; i < ARRAY_LENGTH(ports); i++)
		if (!strcmp(ports[i].scheme, url->scheme))
			own_port = ports[i].port != url->port;
	snprintf(text, size, url->literal6 ? "[%s]" : "%s", url->host);
	if (own_port)
		snprintf(text + strlen(text), size - strlen(text), ":%u", url->port);
}

/* Up to the last '/' of the path. */
static int folder_length(const struct url *base)
{
	size_t path = strcspn(base->target, "?");

	while (path > 0 && base->target[path - 1] != '/')
		path--;
	return (int)path;
}

int url_join(const struct url *base, const char *location, struct url *url)
{
	char text[2 * sizeof(base->target)], authority[sizeof(base->host) + 16];
	size_t path = strcspn(base->target, "?");
	size_t scheme = strcspn(location, ":/?#");

	url_authority(base, authority, sizeof(authority));
	if (location[scheme] == ':' && is_scheme(location, scheme))
		return url_parse(location, url);
	if (strlen(location) > FETCH_URL_MAX)
		return -EINVAL;
	if (!strncmp(location, "//", 2))
		snprintf(text, sizeof(text), "%s:%s", base->scheme, location);
	else if (*location == '/')
		snprintf(text, sizeof(text), "%s://%s%s", base->scheme, authority, location);
	else if (*location == '?')
		snprintf(text, sizeof(text), "%s://%s%.*s%s", base->scheme, authority, (int)path,
			 base->target, location);
	else
		snprintf(text, sizeof(text), "%s://%s%.*s%s", base->scheme, authority,
			 folder_length(base), base->target, location);
	return url_parse(text, url);
}

/* --- the rules */

static bool has_word(const struct message_list *list, const char *word)
{
	const struct fetch_word *words = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(words[i].text, word))
			return true;
	return false;
}

static bool has_port(const struct message_list *list, unsigned port)
{
	const struct fetch_port *numbers = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (numbers[i].number == port)
			return true;
	return false;
}

static bool word_passes(const struct message_list *allowed, const struct message_list *disallowed,
			const char *word)
{
	return allowed->count ? has_word(allowed, word) : !has_word(disallowed, word);
}

bool rules_allow(const struct fetch_rules *rules, const struct url *url)
{
	return word_passes(&rules->schemes_allowed, &rules->schemes_disallowed, url->scheme) &&
	       word_passes(&rules->hosts_allowed, &rules->hosts_disallowed, url->host) &&
	       (rules->ports_allowed.count ? has_port(&rules->ports_allowed, url->port)
					   : !has_port(&rules->ports_disallowed, url->port));
}

bool rules_name_host(const struct fetch_rules *rules, const char *host)
{
	return has_word(&rules->hosts_allowed, host);
}
