/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, sets, maps and chains of the rule set's language; rules are in nft_rule.c. */
#include "netstack/netd/nft_text.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_arp.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/netd/nft_internal.h"

#define ELEMENTS_MAX 256 /* of one message: an attribute holds 64 KiB */

/* --- words --- */

void nft_next(struct nft_text *text)
{
	size_t length = 0;

	while (*text->at == ' ' || *text->at == '\t')
		text->at++;
	if (*text->at != '\0' && strchr("\n;{},=", *text->at) != NULL) {
		text->line += *text->at == '\n';
		text->word[length++] = *text->at++;
	} else {
		while (*text->at != '\0' && strchr(" \t\n;{},=", *text->at) == NULL) {
			if (length + 1 < sizeof(text->word))
				text->word[length++] = *text->at;
			text->at++;
		}
	}
	text->word[length] = '\0';
}

bool nft_is(const struct nft_text *text, const char *word)
{
	return strcmp(text->word, word) == 0;
}

bool nft_accept(struct nft_text *text, const char *word)
{
	if (!nft_is(text, word))
		return false;
	nft_next(text);
	return true;
}

int nft_syntax(struct nft_text *text, const char *expected)
{
	return error_set(text->error, -EINVAL, "rules, line %u: '%s' where %s should be",
			 text->line, nft_is(text, "\n") ? "end of line" : text->word, expected);
}

int nft_expect(struct nft_text *text, const char *word)
{
	return nft_accept(text, word) ? 0 : nft_syntax(text, word);
}

static void skip_ends(struct nft_text *text)
{
	while (nft_is(text, "\n") || nft_is(text, ";"))
		nft_next(text);
}

static int take(struct nft_text *text, char *into)
{
	if (text->word[0] == '\0' || strchr("\n;{},=", text->word[0]) != NULL)
		return nft_syntax(text, "a name");
	memcpy(into, text->word, NFT_WORD_SIZE);
	nft_next(text);
	return 0;
}

void nft_message(struct nft_text *text, uint16_t type, uint16_t flags)
{
	struct nfgenmsg header = { .nfgen_family = text->family, .version = NFNETLINK_V0 };

	netlink_begin(text->request, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header,
		      sizeof(header));
}

/* --- sets and maps --- */

enum set_verb { SET_DEFINE, SET_ADD, SET_REMOVE };

struct set {
	char name[NFT_WORD_SIZE];
	enum set_verb verb;
	bool map, interval;
	enum nft_type types[4], data;
	unsigned type_count;
	unsigned elements; /* in the message that is being built */
};

static int set_types(struct nft_text *text, struct set *set)
{
	do {
		if (set->type_count == ARRAY_LENGTH(set->types) ||
		    nft_type_parse(text->word, &set->types[set->type_count++]) < 0)
			return nft_syntax(text, "a type");
		nft_next(text);
	} while (nft_accept(text, "."));
	if (!set->map)
		return 0;
	if (!nft_accept(text, ":") || nft_type_parse(text->word, &set->data) < 0)
		return nft_syntax(text, ": and a type");
	nft_next(text);
	return 0;
}

static void set_define(struct nft_text *text, const struct set *set)
{
	uint32_t number = 0, size = 0;

	for (unsigned i = 0; i < set->type_count; i++) {
		number = number << 6 | nft_type_number(set->types[i]);
		size += set->type_count > 1 ? NLA_ALIGN(nft_type_size(set->types[i]))
					    : nft_type_size(set->types[i]);
	}
	nft_message(text, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_string(text->request, NFTA_SET_TABLE, text->table);
	netlink_put_string(text->request, NFTA_SET_NAME, set->name);
	netlink_put_be32(text->request, NFTA_SET_ID, ++text->set_id);
	netlink_put_be32(text->request, NFTA_SET_KEY_TYPE, number);
	netlink_put_be32(text->request, NFTA_SET_KEY_LEN, size);
	if (set->interval)
		netlink_put_be32(text->request, NFTA_SET_FLAGS, NFT_SET_INTERVAL);
	if (!set->map)
		return;
	netlink_put_be32(text->request, NFTA_SET_FLAGS, NFT_SET_MAP);
	netlink_put_be32(text->request, NFTA_SET_DATA_TYPE, nft_type_number(set->data));
	if (set->data != NFT_TYPE_VERDICT)
		netlink_put_be32(text->request, NFTA_SET_DATA_LEN, nft_type_size(set->data));
}

static int key_parse(struct nft_text *text, const struct set *set, uint8_t *key, size_t *size)
{
	struct nft_value value;

	*size = 0;
	for (unsigned i = 0; i < set->type_count; i++) {
		if (i > 0 && !nft_accept(text, "."))
			return nft_syntax(text, ".");
		if (nft_value_parse(set->types[i], text->word, &value) < 0 ||
		    value.prefix != value.size * 8)
			return nft_syntax(text, "an element");
		memcpy(key + *size, value.bytes, value.size);
		*size += set->type_count > 1 ? NLA_ALIGN(value.size) : value.size;
		nft_next(text);
	}
	return 0;
}

static int data_parse(struct nft_text *text, const struct set *set)
{
	struct nft_value value;

	if (!nft_accept(text, ":"))
		return nft_syntax(text, ":");
	if (set->data == NFT_TYPE_VERDICT)
		return nft_verdict(text, NFTA_SET_ELEM_DATA);
	if (nft_value_parse(set->data, text->word, &value) < 0)
		return nft_syntax(text, "a value");
	netlink_nest(text->request, NFTA_SET_ELEM_DATA);
	netlink_put(text->request, NFTA_DATA_VALUE, value.bytes, value.size);
	netlink_nest_end(text->request);
	nft_next(text);
	return 0;
}

static void bound_put(struct nft_text *text, const struct nft_value *value, bool end)
{
	netlink_nest(text->request, NFTA_LIST_ELEM);
	netlink_nest(text->request, NFTA_SET_ELEM_KEY);
	netlink_put(text->request, NFTA_DATA_VALUE, value->bytes, value->size);
	netlink_nest_end(text->request);
	if (end)
		netlink_put_be32(text->request, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	netlink_nest_end(text->request);
}

/* The first address behind a network; false: there is none. */
static bool behind(struct nft_value *value)
{
	unsigned bit = value->prefix;

	while (bit > 0) {
		uint8_t mask = (uint8_t)(0x80 >> (--bit % 8));

		value->bytes[bit / 8] ^= mask;
		if (value->bytes[bit / 8] & mask)
			return true;
	}
	return false;
}

/* From where it begins to where it has ended. */
static int interval_parse(struct nft_text *text, struct set *set)
{
	struct nft_value value;

	if (nft_value_parse(set->types[0], text->word, &value) < 0)
		return nft_syntax(text, "a network");
	nft_next(text);
	bound_put(text, &value, false);
	if (!behind(&value))
		return 0;
	set->elements++;
	bound_put(text, &value, true);
	return 0;
}

static int element_parse(struct nft_text *text, const struct set *set)
{
	uint8_t key[NFT_KEY_SIZE] = { 0 };
	size_t size;
	int result = key_parse(text, set, key, &size);

	if (result < 0)
		return result;
	netlink_nest(text->request, NFTA_LIST_ELEM);
	netlink_nest(text->request, NFTA_SET_ELEM_KEY);
	netlink_put(text->request, NFTA_DATA_VALUE, key, size);
	netlink_nest_end(text->request);
	if (set->map && set->verb != SET_REMOVE)
		result = data_parse(text, set);
	netlink_nest_end(text->request);
	return result;
}

static void elements_begin(struct nft_text *text, struct set *set)
{
	set->elements = 0;
	if (set->verb == SET_REMOVE)
		nft_message(text, NFT_MSG_DELSETELEM, 0);
	else
		nft_message(text, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	netlink_put_string(text->request, NFTA_SET_ELEM_LIST_TABLE, text->table);
	netlink_put_string(text->request, NFTA_SET_ELEM_LIST_SET, set->name);
	if (set->verb == SET_DEFINE)
		netlink_put_be32(text->request, NFTA_SET_ELEM_LIST_SET_ID, text->set_id);
	netlink_nest(text->request, NFTA_SET_ELEM_LIST_ELEMENTS);
}

/* elements = { a, b, c } */
static int set_elements(struct nft_text *text, struct set *set)
{
	int result = nft_expect(text, "=");

	if (result == 0)
		result = nft_expect(text, "{");
	if (result < 0)
		return result;
	elements_begin(text, set);
	while (skip_ends(text), !nft_is(text, "}")) {
		if (set->elements++ >= ELEMENTS_MAX) {
			netlink_nest_end(text->request);
			elements_begin(text, set);
		}
		result = set->interval ? interval_parse(text, set) : element_parse(text, set);
		if (result < 0)
			return result;
		nft_accept(text, ",");
	}
	netlink_nest_end(text->request);
	return nft_expect(text, "}");
}

static int set_body(struct nft_text *text, struct set *set)
{
	int result;

	skip_ends(text);
	result = nft_expect(text, "type");
	if (result == 0)
		result = set_types(text, set);
	skip_ends(text);
	set->interval = result == 0 && nft_accept(text, "flags");
	if (set->interval)
		result = nft_expect(text, "interval");
	if (result == 0 && set->interval && (set->map || set->type_count != 1))
		result = nft_syntax(text, "a set of one type");
	if (result < 0)
		return result;
	if (set->verb == SET_DEFINE)
		set_define(text, set);
	skip_ends(text);
	if (nft_accept(text, "elements"))
		result = set_elements(text, set);
	skip_ends(text);
	return result;
}

/* --- chains --- */

static const struct {
	const char *name;
	uint32_t number;
} hooks[] = {
	{ "prerouting", NF_INET_PRE_ROUTING },   { "input", NF_INET_LOCAL_IN },
	{ "forward", NF_INET_FORWARD },          { "output", NF_INET_LOCAL_OUT },
	{ "postrouting", NF_INET_POST_ROUTING },
};

static int hook_number(struct nft_text *text, uint32_t *number)
{
	for (size_t i = 0; i < ARRAY_LENGTH(hooks); i++)
		if (nft_is(text, hooks[i].name)) {
			*number = hooks[i].number;
			nft_next(text);
			return 0;
		}
	return nft_syntax(text, "a hook");
}

/* type filter hook forward priority 0; policy accept; */
static int chain_hook(struct nft_text *text)
{
	char type[NFT_WORD_SIZE], priority[NFT_WORD_SIZE];
	uint32_t hook = 0;
	int result = take(text, type);

	if (result == 0)
		result = nft_expect(text, "hook");
	if (result == 0)
		result = hook_number(text, &hook);
	if (result == 0)
		result = nft_expect(text, "priority");
	if (result == 0)
		result = take(text, priority);
	skip_ends(text);
	if (result == 0)
		result = nft_expect(text, "policy");
	if (result < 0)
		return result;
	netlink_put_string(text->request, NFTA_CHAIN_TYPE, type);
	netlink_nest(text->request, NFTA_CHAIN_HOOK);
	netlink_put_be32(text->request, NFTA_HOOK_HOOKNUM, hook);
	netlink_put_be32(text->request, NFTA_HOOK_PRIORITY, (uint32_t)atoi(priority));
	netlink_nest_end(text->request);
	netlink_put_be32(text->request, NFTA_CHAIN_POLICY,
			 nft_is(text, "drop") ? NF_DROP : NF_ACCEPT);
	nft_next(text);
	return 0;
}

/* Messages of other phases are built like all others, and taken back. */
static void phase_keep(struct nft_text *text, enum nft_phase phase, size_t length)
{
	if (text->phase != phase)
		text->request->bytes.length = length;
}

static int chain_rules(struct nft_text *text)
{
	size_t length = text->request->bytes.length;
	int result = 0;

	while (skip_ends(text), result == 0 && !nft_is(text, "}")) {
		if (nft_is(text, ""))
			return nft_syntax(text, "}");
		result = nft_rule(text);
	}
	phase_keep(text, NFT_RULES, length);
	return result;
}

static int chain_body(struct nft_text *text)
{
	size_t length = text->request->bytes.length;
	int result = 0;

	nft_message(text, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_string(text->request, NFTA_CHAIN_TABLE, text->table);
	netlink_put_string(text->request, NFTA_CHAIN_NAME, text->chain);
	skip_ends(text);
	if (nft_accept(text, "type"))
		result = chain_hook(text);
	phase_keep(text, NFT_CHAINS, length);
	return result < 0 ? result : chain_rules(text);
}

/* --- tables --- */

static int set_definition(struct nft_text *text, enum set_verb verb)
{
	size_t length = text->request->bytes.length;
	struct set set = { .verb = verb, .map = nft_is(text, "map") };
	int result;

	if (!set.map && !nft_is(text, "set"))
		return nft_syntax(text, "set or map");
	nft_next(text);
	result = take(text, set.name);
	if (result == 0)
		result = nft_expect(text, "{");
	if (result == 0)
		result = set_body(text, &set);
	phase_keep(text, NFT_SETS, length);
	return result < 0 ? result : nft_expect(text, "}");
}

static int chain_definition(struct nft_text *text, int (*body)(struct nft_text *text))
{
	int result = nft_expect(text, "chain");

	if (result == 0)
		result = take(text, text->chain);
	if (result == 0)
		result = nft_expect(text, "{");
	if (result == 0)
		result = body(text);
	return result < 0 ? result : nft_expect(text, "}");
}

static int definition(struct nft_text *text)
{
	return nft_is(text, "chain") ? chain_definition(text, chain_body)
				     : set_definition(text, SET_DEFINE);
}

/* --- changes --- */

static void rules_remove(struct nft_text *text)
{
	nft_message(text, NFT_MSG_DELRULE, 0);
	netlink_put_string(text->request, NFTA_RULE_TABLE, text->table);
	netlink_put_string(text->request, NFTA_RULE_CHAIN, text->chain);
}

static int refill_body(struct nft_text *text)
{
	if (text->phase == NFT_RULES)
		rules_remove(text);
	return chain_rules(text);
}

/* The rules of all go before the first chain does: they may jump to each other. */
static int chain_delete(struct nft_text *text)
{
	int result = take(text, text->chain);

	if (result == 0 && text->phase == NFT_RULES)
		rules_remove(text);
	if (result < 0 || text->phase != NFT_REMOVALS)
		return result;
	nft_message(text, NFT_MSG_DELCHAIN, 0);
	netlink_put_string(text->request, NFTA_CHAIN_TABLE, text->table);
	netlink_put_string(text->request, NFTA_CHAIN_NAME, text->chain);
	return 0;
}

static int set_delete(struct nft_text *text)
{
	char name[NFT_WORD_SIZE];
	int result = take(text, name);

	if (result < 0 || text->phase != NFT_REMOVALS)
		return result;
	nft_message(text, NFT_MSG_DELSET, 0);
	netlink_put_string(text->request, NFTA_SET_TABLE, text->table);
	netlink_put_string(text->request, NFTA_SET_NAME, name);
	return 0;
}

static int set_flush(struct nft_text *text)
{
	char name[NFT_WORD_SIZE];
	int result = nft_expect(text, "set");

	if (result == 0)
		result = take(text, name);
	if (result < 0 || text->phase != NFT_SETS)
		return result;
	nft_message(text, NFT_MSG_DELSETELEM, 0);
	netlink_put_string(text->request, NFTA_SET_ELEM_LIST_TABLE, text->table);
	netlink_put_string(text->request, NFTA_SET_ELEM_LIST_SET, name);
	return 0;
}

static int change(struct nft_text *text)
{
	if (nft_accept(text, "add"))
		return set_definition(text, SET_ADD);
	if (nft_accept(text, "remove"))
		return set_definition(text, SET_REMOVE);
	if (nft_accept(text, "flush"))
		return set_flush(text);
	if (nft_accept(text, "refill"))
		return chain_definition(text, refill_body);
	if (!nft_accept(text, "delete"))
		return definition(text);
	if (nft_accept(text, "chain"))
		return chain_delete(text);
	return nft_accept(text, "set") || nft_accept(text, "map")
		       ? set_delete(text)
		       : nft_syntax(text, "set, map or chain");
}

static void table_message(struct nft_text *text, uint16_t type, uint16_t flags)
{
	nft_message(text, type, flags);
	netlink_put_string(text->request, NFTA_TABLE_NAME, text->table);
}

static int table_name(struct nft_text *text)
{
	static const struct {
		const char *name;
		uint8_t number;
	} families[] = { { "bridge", NFPROTO_BRIDGE },
			 { "inet", NFPROTO_INET },
			 { "ip", NFPROTO_IPV4 } };

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
		if (nft_accept(text, families[i].name)) {
			text->family = families[i].number;
			return take(text, text->table);
		}
	return nft_syntax(text, "a family");
}

/* Made (if it is not there), removed, made: replaced, whatever there was. */
static int table_body(struct nft_text *text, bool changed)
{
	int result = nft_expect(text, "{");

	if (text->phase == NFT_TABLES && !changed) {
		table_message(text, NFT_MSG_NEWTABLE, NLM_F_CREATE);
		table_message(text, NFT_MSG_DELTABLE, 0);
		table_message(text, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	}
	while (result == 0 && (skip_ends(text), !nft_is(text, "}")))
		result = changed ? change(text) : definition(text);
	return result < 0 ? result : nft_expect(text, "}");
}

static int command(struct nft_text *text)
{
	bool changed = nft_accept(text, "change"), removed = nft_accept(text, "delete");
	int result = nft_expect(text, "table");

	if (result == 0)
		result = table_name(text);
	if (result < 0 || !removed)
		return result < 0 ? result : table_body(text, changed);
	if (text->phase == NFT_TABLES) {
		table_message(text, NFT_MSG_NEWTABLE, NLM_F_CREATE);
		table_message(text, NFT_MSG_DELTABLE, 0);
	}
	return 0;
}

static int phase_compile(struct nft_text *text, const char *source)
{
	int result = 0;

	text->at = source;
	text->line = 1;
	text->set_id = 0;
	nft_next(text);
	while (result == 0 && (skip_ends(text), !nft_is(text, "")))
		result = command(text);
	return result;
}

static void batch_message(struct netlink_request *request, uint16_t type)
{
	struct nfgenmsg header = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(request, type, 0, &header, sizeof(header));
}

int nft_compile(const char *source, struct netlink_request *request, struct error *error)
{
	struct nft_text text = { .request = request, .error = error };
	int result = 0;

	batch_message(request, NFNL_MSG_BATCH_BEGIN);
	for (text.phase = 0; result == 0 && text.phase < NFT_PHASES; text.phase++)
		result = phase_compile(&text, source);
	batch_message(request, NFNL_MSG_BATCH_END);
	return result;
}
