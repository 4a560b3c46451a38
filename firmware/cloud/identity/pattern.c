/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/pattern.h"

#include <ctype.h>
#include <string.h>

#define NODES_MAX 512
#define NESTING_MAX 16   /* of groups in a pattern */
#define DEPTH_MAX 400    /* of calls in a match */
#define STEPS_MAX 200000 /* of a match */
#define REPEAT_MAX 10000
#define FOREVER 0x7fffffffU

enum node_kind { NODE_SET, NODE_GROUP, NODE_LOOK, NODE_LOOK_NOT, NODE_BEGIN, NODE_END };

/* One item of a sequence. A group's alternatives are sequences, linked by 'other'. */
struct node {
	enum node_kind kind;
	unsigned least, most;  /* repetitions */
	unsigned char set[16]; /* of ASCII */
	bool foreign;          /* takes characters beyond ASCII */
	struct node *next;
	struct alternative *alternatives;
};

struct alternative {
	struct node *first;
	struct alternative *other;
};

struct pattern {
	struct alternative *alternatives;
};

/* --- parsing */

struct parser {
	struct arena *arena;
	const char *at;
	unsigned nodes, nesting;
	bool bad;
};

static void set_add(struct node *node, unsigned char c)
{
	if (c < 128)
		node->set[c / 8] |= (unsigned char)(1 << c % 8);
}

static bool set_has(const struct node *node, unsigned char c)
{
	return c >= 128 ? node->foreign : node->set[c / 8] >> c % 8 & 1;
}

static bool is_word(int c)
{
	return isalnum(c) || c == '_';
}

static bool is_space(int c)
{
	return isspace(c);
}

static bool is_digit(int c)
{
	return isdigit(c);
}

/* \d and its like; false when the letter names no class. */
static bool class_add(struct node *node, char letter)
{
	static const struct {
		char letter;
		bool (*has)(int c);
		bool foreign;
	} classes[] = { { 'd', is_digit, false },
			{ 'w', is_word, true },
			{ 's', is_space, false } };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		bool not = letter == toupper(classes[i].letter);

		if (!not &&letter != classes[i].letter)
			continue;
		for (int c = 1; c < 128; c++)
			if (classes[i].has(c) != not )
				set_add(node, (unsigned char)c);
		node->foreign |= classes[i].foreign != not ;
		return true;
	}
	return false;
}

static unsigned char escape_value(char letter)
{
	return (unsigned char)(letter == 'n' ? '\n' : letter == 't' ? '\t' : letter);
}

static struct node *node_new(struct parser *parser, enum node_kind kind)
{
	struct node *node = arena_alloc(parser->arena, sizeof(*node));

	if (!node || ++parser->nodes > NODES_MAX) {
		parser->bad = true;
		return NULL;
	}
	*node = (struct node){ .kind = kind, .least = 1, .most = 1 };
	return node;
}

static void set_invert(struct node *node)
{
	for (size_t i = 0; i < sizeof(node->set); i++)
		node->set[i] = (unsigned char)~node->set[i];
	node->foreign = !node->foreign;
}

/* One end of a range in brackets; -1 when a class stood there, which is added already. */
static int bracket_item(struct parser *parser, struct node *node)
{
	unsigned char c = (unsigned char)*parser->at++;

	if (c >= 128) {
		node->foreign = true;
		return -1;
	}
	if (c != '\\' || !*parser->at)
		return c;
	c = (unsigned char)*parser->at++;
	if (class_add(node, (char)c))
		return -1;
	return isalnum(c) && c != 'n' && c != 't' ? (parser->bad = true, -1)
						  : escape_value((char)c);
}

static struct node *parse_brackets(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_SET);
	bool not = *parser->at == '^', first = true;

	parser->at += not ;
	while (node && *parser->at && (*parser->at != ']' || first)) {
		int from = bracket_item(parser, node), to = from;

		first = false;
		if (from >= 0 && parser->at[0] == '-' && parser->at[1] && parser->at[1] != ']') {
			parser->at++;
			to = bracket_item(parser, node);
		}
		parser->bad |= to < from;
		for (int c = from; c >= 0 && c <= to; c++)
			set_add(node, (unsigned char)c);
	}
	parser->bad |= *parser->at != ']';
	parser->at += *parser->at == ']';
	if (node && not )
		set_invert(node);
	return node;
}

static struct alternative *parse_alternatives(struct parser *parser);

static struct node *parse_group(struct parser *parser)
{
	enum node_kind kind = NODE_GROUP;
	struct node *node;

	if (*parser->at == '?') {
		char mark = parser->at[1];

		kind = mark == '=' ? NODE_LOOK : mark == '!' ? NODE_LOOK_NOT : NODE_GROUP;
		parser->bad |= !mark || !strchr("=!:", mark);
		parser->at += mark ? 2 : 1;
	}
	node = node_new(parser, kind);
	if (parser->bad || ++parser->nesting > NESTING_MAX) {
		parser->bad = true;
		return NULL;
	}
	node->alternatives = parse_alternatives(parser);
	parser->nesting--;
	parser->bad |= *parser->at != ')';
	parser->at += *parser->at == ')';
	return node;
}

static struct node *parse_escape(struct parser *parser)
{
	struct node *node = node_new(parser, NODE_SET);
	char letter = *parser->at;

	if (!letter || !node) {
		parser->bad = true;
		return NULL;
	}
	parser->at++;
	if (class_add(node, letter))
		return node;
	parser->bad |= isalnum((unsigned char)letter) && letter != 'n' && letter != 't';
	set_add(node, escape_value(letter));
	return node;
}

static struct node *parse_character(struct parser *parser, char c)
{
	struct node *node = node_new(parser, NODE_SET);

	if (!node)
		return NULL;
	/* a literal beyond ASCII would match any such character: refused rather than wrong */
	parser->bad |= (unsigned char)c >= 128;
	if (c != '.') {
		set_add(node, (unsigned char)c);
		return node;
	}
	set_add(node, '\n');
	set_invert(node);
	return node;
}

static struct node *parse_item(struct parser *parser)
{
	char c = *parser->at++;

	switch (c) {
	case '(':
		return parse_group(parser);
	case '[':
		return parse_brackets(parser);
	case '\\':
		return parse_escape(parser);
	case '^':
		return node_new(parser, NODE_BEGIN);
	case '$':
		return node_new(parser, NODE_END);
	case '*':
	case '+':
	case '?':
		parser->bad = true;
		return NULL;
	default:
		return parse_character(parser, c);
	}
}

static unsigned parse_number(struct parser *parser, unsigned fallback)
{
	unsigned value = 0;

	if (!isdigit((unsigned char)*parser->at))
		return fallback;
	while (isdigit((unsigned char)*parser->at) && value <= REPEAT_MAX)
		value = value * 10 + (unsigned)(*parser->at++ - '0');
	parser->bad |= value > REPEAT_MAX;
	return value;
}

/* "{2}", "{2,}", "{,3}", "{2,3}"; anything else in braces is refused. */
static void parse_braces(struct parser *parser, struct node *node)
{
	parser->at++;
	node->least = parse_number(parser, 0);
	node->most = node->least;
	if (*parser->at == ',') {
		parser->at++;
		node->most = parse_number(parser, FOREVER);
	}
	parser->bad |= *parser->at != '}' || node->most < node->least || parser->at[-1] == '{';
	parser->at += *parser->at == '}';
}

static void parse_repetition(struct parser *parser, struct node *node)
{
	char c = *parser->at;

	if (!c || !strchr("*+?{", c))
		return;
	parser->bad |= node->kind != NODE_SET && node->kind != NODE_GROUP;
	if (c == '{') {
		parse_braces(parser, node);
	} else {
		node->least = c == '+';
		node->most = c == '?' ? 1 : FOREVER;
		parser->at++;
	}
	/* whether it takes as little as it can does not matter to whether it matches */
	parser->at += *parser->at == '?';
	parser->bad |= *parser->at && strchr("*+?{", *parser->at);
}

static struct node *parse_sequence(struct parser *parser)
{
	struct node *first = NULL, **end = &first;

	while (!parser->bad && *parser->at && *parser->at != '|' && *parser->at != ')') {
		*end = parse_item(parser);
		if (parser->bad || !*end)
			break;
		parse_repetition(parser, *end);
		end = &(*end)->next;
	}
	return first;
}

static struct alternative *parse_alternatives(struct parser *parser)
{
	struct alternative *first = NULL, **end = &first;

	do {
		*end = arena_alloc(parser->arena, sizeof(**end));
		if (!*end) {
			parser->bad = true;
			break;
		}
		**end = (struct alternative){ .first = parse_sequence(parser) };
		end = &(*end)->other;
	} while (!parser->bad && *parser->at == '|' && parser->at++);
	return first;
}

const struct pattern *pattern_parse(struct arena *arena, const char *text)
{
	struct parser parser = { .arena = arena, .at = text };
	struct pattern *pattern = arena_alloc(arena, sizeof(*pattern));

	if (!pattern)
		return NULL;
	pattern->alternatives = parse_alternatives(&parser);
	return parser.bad || *parser.at ? NULL : pattern;
}

/* --- matching */

struct match {
	const char *begin;
	unsigned steps, depth;
	bool exceeded;
};

/* What is left to do behind a group: its next round, or what follows it. */
struct rest {
	const struct node *group;
	unsigned round;
	const char *began;
	const struct rest *outer;
};

static bool match_sequence(struct match *match, const struct node *node, const char *text,
			   const struct rest *rest);

/* False also stands for: too long. */
static bool match_may(struct match *match)
{
	if (++match->steps >= STEPS_MAX || match->depth >= DEPTH_MAX)
		match->exceeded = true;
	return !match->exceeded;
}

static size_t character_length(const char *text)
{
	size_t length = 1;

	while (((unsigned char)text[0] & 0x80) && ((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static bool match_any(struct match *match, const struct alternative *alternative, const char *text,
		      const struct rest *rest)
{
	for (; alternative; alternative = alternative->other)
		if (match_sequence(match, alternative->first, text, rest))
			return true;
	return false;
}

/* As many as it takes, then fewer: a loop, so that long texts need no stack. */
static bool match_set(struct match *match, const struct node *node, const char *text,
		      const struct rest *rest)
{
	const char *at = text;
	unsigned count = 0;

	while (count < node->most && *at && set_has(node, (unsigned char)*at)) {
		at += character_length(at);
		count++;
	}
	for (; count >= node->least; count--) {
		if (match_sequence(match, node->next, at, rest))
			return true;
		if (at == text || !match_may(match))
			return false;
		do
			at--;
		while (at > text && ((unsigned char)*at & 0xc0) == 0x80);
	}
	return false;
}

/* A round that took nothing does not ask for another. */
static bool match_group(struct match *match, const struct node *node, unsigned round,
			const char *text, const struct rest *outer)
{
	struct rest rest = { node, round + 1, text, outer };

	if (round < node->most && match_any(match, node->alternatives, text, &rest))
		return true;
	return round >= node->least && match_sequence(match, node->next, text, outer);
}

static bool match_rest(struct match *match, const struct rest *rest, const char *text)
{
	if (!rest)
		return true;
	if (text == rest->began)
		return match_sequence(match, rest->group->next, text, rest->outer);
	return match_group(match, rest->group, rest->round, text, rest->outer);
}

static bool match_node(struct match *match, const struct node *node, const char *text,
		       const struct rest *rest)
{
	switch (node->kind) {
	case NODE_SET:
		return match_set(match, node, text, rest);
	case NODE_GROUP:
		return match_group(match, node, 0, text, rest);
	case NODE_LOOK:
	case NODE_LOOK_NOT:
		return match_any(match, node->alternatives, text, NULL) ==
			       (node->kind == NODE_LOOK) &&
		       match_sequence(match, node->next, text, rest);
	case NODE_BEGIN:
		return text == match->begin && match_sequence(match, node->next, text, rest);
	case NODE_END:
		return (!*text || !strcmp(text, "\n")) &&
		       match_sequence(match, node->next, text, rest);
	}
	return false;
}

static bool match_sequence(struct match *match, const struct node *node, const char *text,
			   const struct rest *rest)
{
	bool matches;

	if (!match_may(match))
		return false;
	match->depth++;
	matches = node ? match_node(match, node, text, rest) : match_rest(match, rest, text);
	match->depth--;
	return matches;
}

bool pattern_matches(const struct pattern *pattern, const char *text)
{
	struct match match = { .begin = text };
	bool matches = match_any(&match, pattern->alternatives, text, NULL);

	return matches && !match.exceeded;
}
