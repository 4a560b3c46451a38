/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/fetch/message.h"

static const struct field word_fields[] = {
	FIELD(1, FIELD_STRING, struct fetch_word, text, true),
	FIELD_END,
};

static const struct field port_fields[] = {
	FIELD(1, FIELD_U32, struct fetch_port, number, true),
	FIELD_END,
};

#define WORDS(id, member)                                                                          \
	FIELD_LISTED(id, struct fetch_rules, member, struct fetch_word, word_fields,               \
		     FETCH_WORDS_MAX)
#define PORTS(id, member)                                                                          \
	FIELD_LISTED(id, struct fetch_rules, member, struct fetch_port, port_fields,               \
		     FETCH_WORDS_MAX)

static const struct field rules_fields[] = {
	WORDS(1, schemes_allowed),
	WORDS(2, schemes_disallowed),
	WORDS(3, hosts_allowed),
	WORDS(4, hosts_disallowed),
	PORTS(5, ports_allowed),
	PORTS(6, ports_disallowed),
	FIELD_END,
};

const struct field fetch_begin_fields[] = {
	{ 1, FIELD_TEXT, true, offsetof(struct fetch_begin, url), sizeof(char *), FETCH_URL_MAX + 1,
	  NULL },
	FIELD_NESTED(2, struct fetch_begin, rules, rules_fields, true),
	FIELD(3, FIELD_U64, struct fetch_begin, size_most, true),
	FIELD(4, FIELD_U32, struct fetch_begin, silence_ms, true),
	FIELD(5, FIELD_U32, struct fetch_begin, total_ms, true),
	FIELD(6, FIELD_U32, struct fetch_begin, redirects_most, true),
	FIELD_LISTED(7, struct fetch_begin, resolvers, struct fetch_word, word_fields,
		     FETCH_RESOLVERS_MAX),
	{ 8, FIELD_TEXT, false, offsetof(struct fetch_begin, authorities), sizeof(char *),
	  FETCH_AUTHORITIES_MAX + 1, NULL },
	FIELD_END,
};

const struct field fetch_end_fields[] = {
	FIELD(1, FIELD_U32, struct fetch_end, code, true),
	FIELD(2, FIELD_STRING, struct fetch_end, reason, true),
	FIELD_END,
};
