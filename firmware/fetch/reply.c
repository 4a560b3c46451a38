/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/fetch/reply.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t reply_head_length(const char *data, size_t size)
{
	for (size_t at = 0; at < size; at++) {
		if (data[at] != '\n')
			continue;
		if (at + 1 < size && data[at + 1] == '\n')
			return at + 2;
		if (at + 2 < size && data[at + 1] == '\r' && data[at + 2] == '\n')
			return at + 3;
	}
	return 0;
}

/* The next line without its end; NULL when it holds what no line may. */
static char *line_take(char **cursor, char *end)
{
	char *line = *cursor, *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*cursor = newline + 1;
	if (newline > line && newline[-1] == '\r')
		newline--;
	for (char *c = line; c < newline; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return NULL;
	*newline = '\0';
	return line;
}

static int status_parse(struct reply_head *head, const char *line)
{
	if (strncmp(line, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)line[7]) || line[8] != ' ')
		return -EBADMSG;
	for (int i = 9; i < 12; i++)
		if (!isdigit((unsigned char)line[i]))
			return -EBADMSG;
	if (line[12] != '\0' && line[12] != ' ')
		return -EBADMSG;
	head->status = (unsigned)strtoul(line + 9, NULL, 10);
	head->reason = line[12] ? line + 13 : line + 12;
	return head->status >= 100 ? 0 : -EBADMSG;
}

static int length_parse(struct reply_head *head, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t length;

	if (digits == 0 || digits > 18 || value[digits])
		return -EBADMSG;
	length = strtoull(value, NULL, 10);
	if (head->has_length && head->length != length)
		return -EBADMSG;
	head->has_length = true;
	head->length = length;
	return 0;
}

static int field_take(struct reply_head *head, const char *name, const char *value)
{
	if (!strcasecmp(name, "Content-Length"))
		return length_parse(head, value);
	if (!strcasecmp(name, "Location") && !head->location)
		head->location = value;
	if (strcasecmp(name, "Transfer-Encoding") != 0)
		return 0;
	if (head->chunked || strcasecmp(value, "chunked") != 0)
		return -EBADMSG;
	head->chunked = true;
	return 0;
}

static int field_parse(struct reply_head *head, char *line)
{
	size_t length = strcspn(line, ": \t");
	char *value, *end;

	if (length == 0 || line[length] != ':')
		return -EBADMSG; /* a folded line among them */
	line[length] = '\0';
	value = line + length + 1;
	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return field_take(head, line, value);
}

int reply_head_parse(struct reply_head *head, char *data, size_t size)
{
	char *cursor = data, *end = data + size, *line = line_take(&cursor, end);
	int result = line ? 0 : -EBADMSG;

	*head = (struct reply_head){ .reason = "" };
	if (result == 0)
		result = status_parse(head, line);
	while (result == 0) {
		line = line_take(&cursor, end);
		if (!line)
			return -EBADMSG;
		if (!*line)
			break;
		result = field_parse(head, line);
	}
	/* Two lengths are two readings. */
	return result == 0 && head->chunked && head->has_length ? -EBADMSG : result;
}
