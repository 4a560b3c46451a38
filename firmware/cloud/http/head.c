/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/head.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static int refuse(struct head *head, int status, const char **reason, const char *text)
{
	head->status = status;
	*reason = text;
	return -EBADMSG;
}

size_t head_length(const char *data, size_t size, size_t *scanned)
{
	size_t at = *scanned;

	/* Empty lines before a request are skipped (RFC 9112, 2.2): they are part of the head. */
	while (at < size && at <= 4 && (data[at] == '\r' || data[at] == '\n'))
		at++;
	for (; at < size; at++) {
		if (data[at] != '\n')
			continue;
		if (at + 1 < size && data[at + 1] == '\n')
			return at + 2;
		if (at + 2 < size && data[at + 1] == '\r' && data[at + 2] == '\n')
			return at + 3;
		if (at + 2 >= size)
			break; /* undecided: look at this line end again */
	}
	*scanned = at;
	return 0;
}

static bool is_token(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
			return false;
	return true;
}

static bool is_field_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

/* Cuts the next line off; NULL at the end or when it holds a NUL or a bare CR. */
static char *take_line(char **cursor, char *end)
{
	char *line = *cursor, *newline;

	if (line >= end || !(newline = memchr(line, '\n', (size_t)(end - line))))
		return NULL;
	*cursor = newline + 1;
	if (newline > line && newline[-1] == '\r')
		newline--;
	if (memchr(line, '\0', (size_t)(newline - line)) ||
	    memchr(line, '\r', (size_t)(newline - line)))
		return NULL;
	*newline = '\0';
	return line;
}

static int parse_version(struct head *head, const char *version, const char **reason)
{
	if (strncmp(version, "HTTP/", 5) != 0 || !isdigit((unsigned char)version[5]) ||
	    version[6] != '.' || !isdigit((unsigned char)version[7]) || version[8])
		return refuse(head, 400, reason, "The protocol version is malformed.");
	if (version[5] != '1')
		return refuse(head, 505, reason, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
	head->minor = version[7] == '0' ? 0 : 1;
	return 0;
}

static int parse_request_line(struct head *head, char *line, const char **reason)
{
	char *target = strchr(line, ' '), *version;

	if (!target)
		return refuse(head, 400, reason, "The request line is malformed.");
	*target++ = '\0';
	version = strchr(target, ' ');
	if (!version)
		return refuse(head, 400, reason, "The request line is malformed.");
	*version++ = '\0';
	if (!is_token(line) || strlen(line) > 32)
		return refuse(head, 400, reason, "The method is malformed.");
	if (strlen(target) > HEAD_TARGET_MAX)
		return refuse(head, 414, reason, "The request target is too long.");
	if (!*target || !is_field_value(target))
		return refuse(head, 400, reason, "The request target is malformed.");
	head->method = line;
	head->target = target;
	return parse_version(head, version, reason);
}

static int parse_field(struct head *head, char *line, const char **reason)
{
	char *colon = strchr(line, ':'), *value, *end;

	if (!colon || *line == ' ' || *line == '\t')
		return refuse(head, 400, reason, "A header line is malformed.");
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (!is_token(line) || !is_field_value(value))
		return refuse(head, 400, reason, "A header line is malformed.");
	if (head->count == HEAD_FIELDS_MAX)
		return refuse(head, 431, reason, "There are too many header lines.");
	head->fields[head->count++] = (struct name_value){ line, value };
	return 0;
}

const char *head_field(const struct head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

/* 1*DIGIT and nothing else; 18 digits are more than any disk. */
static bool parse_length(const char *text, uint64_t *length)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 18 || text[digits])
		return false;
	*length = 0;
	for (; *text; text++)
		*length = *length * 10 + (uint64_t)(*text - '0');
	return true;
}

static int check_length(struct head *head, const char **reason)
{
	bool seen = false;

	for (size_t i = 0; i < head->count; i++) {
		uint64_t length;

		if (strcasecmp(head->fields[i].name, "Content-Length") != 0)
			continue;
		if (!parse_length(head->fields[i].value, &length) ||
		    (seen && length != head->content_length))
			return refuse(head, 400, reason, "Content-Length is malformed.");
		head->content_length = length;
		seen = true;
	}
	return 0;
}

static int check_encoding(struct head *head, const char **reason)
{
	bool chunked = false;

	for (size_t i = 0; i < head->count; i++) {
		if (strcasecmp(head->fields[i].name, "Transfer-Encoding") != 0)
			continue;
		if (chunked || head->minor == 0)
			return refuse(head, 400, reason, "Transfer-Encoding is malformed.");
		if (strcasecmp(head->fields[i].value, "chunked") != 0)
			return refuse(head, 501, reason, "This transfer encoding is not known.");
		chunked = true;
	}
	if (!chunked)
		return 0;
	if (head_field(head, "Content-Length"))
		return refuse(head, 400, reason,
			      "Content-Length and Transfer-Encoding exclude each other.");
	head->content_length = UINT64_MAX;
	return 0;
}

static int check_host(struct head *head, const char **reason)
{
	size_t hosts = 0;

	for (size_t i = 0; i < head->count; i++) {
		if (strcasecmp(head->fields[i].name, "Host") != 0)
			continue;
		hosts++;
		/* It ends up in links: reg-name, IP literal and port only. */
		if (strspn(head->fields[i].value,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]%") !=
		    strlen(head->fields[i].value))
			return refuse(head, 400, reason, "Host is malformed.");
	}
	if (hosts > 1 || (hosts == 0 && head->minor > 0))
		return refuse(head, 400, reason, "Exactly one Host header is needed.");
	return 0;
}

/* Is 'word' an element of this comma-separated list, in any case? */
static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (list && *list) {
		list += strspn(list, " \t,");
		if (strncasecmp(list, word, length) == 0 && strchr(" \t,", list[length]))
			return true;
		list = strchr(list, ',');
	}
	return false;
}

static int check_connection(struct head *head, const char **reason)
{
	const char *connection = head_field(head, "Connection");
	const char *expect = head_field(head, "Expect");

	head->keep_alive = head->minor > 0 ? !list_has(connection, "close")
					   : list_has(connection, "keep-alive");
	if (!expect || head->minor == 0)
		return 0;
	if (strcasecmp(expect, "100-continue") != 0)
		return refuse(head, 417, reason, "This expectation can not be met.");
	head->expect_continue = head->content_length > 0;
	return 0;
}

int head_parse(struct head *head, char *data, size_t size, const char **reason)
{
	char *cursor = data, *end = data + size, *line;
	int result;

	memset(head, 0, sizeof(*head));
	while (cursor < end && (*cursor == '\r' || *cursor == '\n'))
		cursor++;
	line = take_line(&cursor, end);
	if (!line)
		return refuse(head, 400, reason, "The request line is malformed.");
	result = parse_request_line(head, line, reason);
	while (result == 0) {
		line = take_line(&cursor, end);
		if (!line)
			return refuse(head, 400, reason, "A header line is malformed.");
		if (!*line)
			break;
		result = parse_field(head, line, reason);
	}
	if (result == 0)
		result = check_length(head, reason);
	if (result == 0)
		result = check_encoding(head, reason);
	if (result == 0)
		result = check_host(head, reason);
	return result ? result : check_connection(head, reason);
}
