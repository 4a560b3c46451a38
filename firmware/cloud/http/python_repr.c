/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as the services' Python prints them into error texts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/http/schema_text.h"

struct writer {
	char *text;
	size_t size, used;
};

static void put(struct writer *writer, const char *text, size_t length)
{
	size_t room = writer->size - writer->used - 1;

	if (length > room)
		length = room;
	memcpy(writer->text + writer->used, text, length);
	writer->used += length;
	writer->text[writer->used] = '\0';
}

static void put_text(struct writer *writer, const char *text)
{
	put(writer, text, strlen(text));
}

static void put_escaped(struct writer *writer, char c, char quote)
{
	char escape[8];

	if (c == '\n')
		put_text(writer, "\\n");
	else if (c == '\r')
		put_text(writer, "\\r");
	else if (c == '\t')
		put_text(writer, "\\t");
	else if (c == '\\' || c == quote)
		put(writer, (char[]){ '\\', c }, 2);
	else if ((unsigned char)c < ' ' || c == 0x7f)
		put(writer, escape,
		    (size_t)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)c));
	else
		put(writer, &c, 1);
}

static void put_string(struct writer *writer, const char *string)
{
	char quote = strchr(string, '\'') && !strchr(string, '"') ? '"' : '\'';

	put(writer, &quote, 1);
	for (; *string; string++)
		put_escaped(writer, *string, quote);
	put(writer, &quote, 1);
}

static void put_value(struct writer *writer, yyjson_val *value);

static void put_array(struct writer *writer, yyjson_val *array)
{
	size_t i, most;
	yyjson_val *item;

	put_text(writer, "[");
	yyjson_arr_foreach (array, i, most, item) {
		if (i)
			put_text(writer, ", ");
		if (writer->used + 1 == writer->size)
			break;
		put_value(writer, item);
	}
	put_text(writer, "]");
}

static void put_object(struct writer *writer, yyjson_val *object)
{
	size_t i, most;
	yyjson_val *key, *item;

	put_text(writer, "{");
	yyjson_obj_foreach (object, i, most, key, item) {
		if (i)
			put_text(writer, ", ");
		if (writer->used + 1 == writer->size)
			break;
		put_string(writer, yyjson_get_str(key));
		put_text(writer, ": ");
		put_value(writer, item);
	}
	put_text(writer, "}");
}

static void put_number(struct writer *writer, yyjson_val *value)
{
	char text[40];

	if (yyjson_is_uint(value))
		snprintf(text, sizeof(text), "%llu", (unsigned long long)yyjson_get_uint(value));
	else if (yyjson_is_sint(value))
		snprintf(text, sizeof(text), "%lld", (long long)yyjson_get_sint(value));
	else
		snprintf(text, sizeof(text), "%.17g", yyjson_get_real(value));
	if (yyjson_is_real(value)) {
		/* The shortest text that reads as the same number. */
		for (int digits = 1; digits < 17; digits++) {
			double back = 0;

			snprintf(text, sizeof(text), "%.*g", digits, yyjson_get_real(value));
			if (sscanf(text, "%lf", &back) == 1 && !(back < yyjson_get_real(value)) &&
			    !(back > yyjson_get_real(value)))
				break;
		}
		if (!strpbrk(text, ".en"))
			strcat(text, ".0");
	}
	put_text(writer, text);
}

static void put_value(struct writer *writer, yyjson_val *value)
{
	switch (yyjson_get_type(value)) {
	case YYJSON_TYPE_STR:
		put_string(writer, yyjson_get_str(value));
		break;
	case YYJSON_TYPE_NUM:
		put_number(writer, value);
		break;
	case YYJSON_TYPE_BOOL:
		put_text(writer, yyjson_get_bool(value) ? "True" : "False");
		break;
	case YYJSON_TYPE_ARR:
		put_array(writer, value);
		break;
	case YYJSON_TYPE_OBJ:
		put_object(writer, value);
		break;
	default:
		put_text(writer, "None");
	}
}

/* A text that was cut must not end within a character. */
static void trim(struct writer *writer)
{
	size_t at = writer->used, sequence;

	if (writer->used + 1 < writer->size)
		return;
	while (at && ((unsigned char)writer->text[at - 1] & 0xc0) == 0x80)
		at--;
	if (!at || (unsigned char)writer->text[at - 1] < 0xc0)
		return;
	sequence = (unsigned char)writer->text[at - 1] >= 0xf0   ? 4
		   : (unsigned char)writer->text[at - 1] >= 0xe0 ? 3
								 : 2;
	if (at - 1 + sequence > writer->used)
		writer->text[at - 1] = '\0';
}

void python_repr(yyjson_val *value, char *text, size_t size)
{
	struct writer writer = { text, size, 0 };

	text[0] = '\0';
	put_value(&writer, value);
	trim(&writer);
}

void python_str(yyjson_val *value, char *text, size_t size)
{
	struct writer writer = { text, size, 0 };

	if (!yyjson_is_str(value)) {
		python_repr(value, text, size);
		return;
	}
	text[0] = '\0';
	put_text(&writer, yyjson_get_str(value));
	trim(&writer);
}

void python_repr_string(const char *string, char *text, size_t size)
{
	struct writer writer = { text, size, 0 };

	text[0] = '\0';
	put_string(&writer, string);
	trim(&writer);
}
