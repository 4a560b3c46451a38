/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/extra_specs.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 256

/* Cuts the next word off the text; false at its end. */
static bool word_next(const char **text, char word[WORD_MAX])
{
	size_t length;

	*text += strspn(*text, " \t\n\r");
	length = strcspn(*text, " \t\n\r");
	if (!length || length >= WORD_MAX)
		return false;
	memcpy(word, *text, length);
	word[length] = '\0';
	*text += length;
	return true;
}

static bool number_read(const char *text, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && !*end;
}

static bool numbers_match(const char *operator, const char * value, const char *wanted)
{
	double left, right;

	if (!number_read(value, &left) || !number_read(wanted, &right))
		return false;
	switch (operator[0]) {
	case '!':
		return left != right;
	case '<':
		return left <= right;
	case '>':
		return left >= right;
	default:
		return operator[1] ? left == right : left >= right;
	}
}

static bool texts_match(const char *operator, const char * value, const char *wanted)
{
	int order = strcmp(value, wanted);

	switch (operator[1]) {
	case '!':
		return order != 0;
	case '<':
		return operator[2] ? order <= 0 : order<0;
	case '>':
		return operator[2] ? order >= 0 : order> 0;
	default:
		return order == 0;
	}
}

static bool part_match(const char *operator, const char * value, const char *wanted)
{
	(void)operator;
	return strstr(value, wanted);
}

static const struct {
	const char *name;
	bool (*match)(const char *operator, const char * value, const char *wanted);
} operators[] = {
	{ "=", numbers_match },  { "==", numbers_match }, { "!=", numbers_match },
	{ ">=", numbers_match }, { "<=", numbers_match }, { "s==", texts_match },
	{ "s!=", texts_match },  { "s<", texts_match },   { "s<=", texts_match },
	{ "s>", texts_match },   { "s>=", texts_match },  { "<in>", part_match },
};

static bool any_match(const char *value, const char *rest)
{
	char word[WORD_MAX];

	while (word_next(&rest, word)) {
		if (!strcmp(word, value))
			return true;
		if (!word_next(&rest, word)) /* the <or> between them */
			return false;
	}
	return false;
}

static bool all_match(const char *value, const char *rest)
{
	char word[WORD_MAX];
	bool some = false;

	for (; word_next(&rest, word); some = true)
		if (!strstr(value, word))
			return false;
	return some;
}

bool extra_spec_match(const char *value, const char *wanted)
{
	char operator[WORD_MAX], word[WORD_MAX];
	const char *rest = wanted;

	if (!word_next(&rest, operator))
		return !strcmp(value, wanted);
	if (!strcmp(operator, "<or>"))
		return any_match(value, rest);
	if (!strcmp(operator, "<all-in>"))
		return all_match(value, rest);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (!strcmp(operator, operators[i].name))
			return word_next(&rest, word) && operators[i].match(operator, value, word);
	return !strcmp(value, wanted);
}
