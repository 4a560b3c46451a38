/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the rule set's language become the kernel's expressions. A match loads a field (or
 * several, behind each other) into registers and compares or looks it up; a statement acts.
 */
#include "netstack/netd/nft_internal.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

#define REGISTER NFT_REG32_00 /* where a match begins to load */
#define FIELD_WORDS 3
#define CONCAT_MAX 4

enum source { SOURCE_META, SOURCE_LINK, SOURCE_NETWORK, SOURCE_TRANSPORT };

/* A field: how it is written, where it lies ('at': offset in the header, or the meta key). */
static const struct rule_field {
	const char *words[FIELD_WORDS];
	enum source source;
	uint32_t at;
	enum nft_type type;
} fields[] = {
	{ { "iifname" }, SOURCE_META, NFT_META_IIFNAME, NFT_TYPE_IFNAME },
	{ { "oifname" }, SOURCE_META, NFT_META_OIFNAME, NFT_TYPE_IFNAME },
	{ { "meta", "l4proto" }, SOURCE_META, NFT_META_L4PROTO, NFT_TYPE_PROTOCOL },
	{ { "meta", "protocol" }, SOURCE_META, NFT_META_PROTOCOL, NFT_TYPE_ETHERTYPE },
	{ { "meta", "mark" }, SOURCE_META, NFT_META_MARK, NFT_TYPE_MARK },
	{ { "meta", "skuid" }, SOURCE_META, NFT_META_SKUID, NFT_TYPE_MARK },
	{ { "meta", "pkttype" }, SOURCE_META, NFT_META_PKTTYPE, NFT_TYPE_PACKET },
	{ { "ether", "daddr" }, SOURCE_LINK, 0, NFT_TYPE_ETHER },
	{ { "ether", "saddr" }, SOURCE_LINK, 6, NFT_TYPE_ETHER },
	{ { "ether", "type" }, SOURCE_LINK, 12, NFT_TYPE_ETHERTYPE },
	{ { "arp", "htype" }, SOURCE_NETWORK, 0, NFT_TYPE_SHORT },
	{ { "arp", "ptype" }, SOURCE_NETWORK, 2, NFT_TYPE_ETHERTYPE },
	{ { "arp", "hlen" }, SOURCE_NETWORK, 4, NFT_TYPE_BYTE },
	{ { "arp", "plen" }, SOURCE_NETWORK, 5, NFT_TYPE_BYTE },
	{ { "arp", "saddr", "ether" }, SOURCE_NETWORK, 8, NFT_TYPE_ETHER },
	{ { "arp", "saddr", "ip" }, SOURCE_NETWORK, 14, NFT_TYPE_IPV4 },
	{ { "ip", "saddr" }, SOURCE_NETWORK, 12, NFT_TYPE_IPV4 },
	{ { "ip", "daddr" }, SOURCE_NETWORK, 16, NFT_TYPE_IPV4 },
	{ { "ip6", "saddr" }, SOURCE_NETWORK, 8, NFT_TYPE_IPV6 },
	{ { "ip6", "daddr" }, SOURCE_NETWORK, 24, NFT_TYPE_IPV6 },
	{ { "th", "sport" }, SOURCE_TRANSPORT, 0, NFT_TYPE_SHORT },
	{ { "th", "dport" }, SOURCE_TRANSPORT, 2, NFT_TYPE_SHORT },
	{ { "icmp", "type" }, SOURCE_TRANSPORT, 0, NFT_TYPE_BYTE },
	{ { "icmp", "code" }, SOURCE_TRANSPORT, 1, NFT_TYPE_BYTE },
	{ { "icmpv6", "type" }, SOURCE_TRANSPORT, 0, NFT_TYPE_BYTE },
	{ { "icmpv6", "code" }, SOURCE_TRANSPORT, 1, NFT_TYPE_BYTE },
	{ { "icmpv6", "taddr" }, SOURCE_TRANSPORT, 8, NFT_TYPE_IPV6 },
};

/* --- expressions --- */

static void expression(struct netlink_request *request, const char *name)
{
	netlink_nest(request, NFTA_LIST_ELEM);
	netlink_put_string(request, NFTA_EXPR_NAME, name);
	netlink_nest(request, NFTA_EXPR_DATA);
}

static void expression_end(struct netlink_request *request)
{
	netlink_nest_end(request);
	netlink_nest_end(request);
}

static void data_put(struct netlink_request *request, uint16_t type, const void *data,
		     unsigned size)
{
	netlink_nest(request, type);
	netlink_put(request, NFTA_DATA_VALUE, data, size);
	netlink_nest_end(request);
}

static void load_payload(struct netlink_request *request, const struct rule_field *field,
			 uint32_t to)
{
	static const uint32_t bases[] = {
		[SOURCE_LINK] = NFT_PAYLOAD_LL_HEADER,
		[SOURCE_NETWORK] = NFT_PAYLOAD_NETWORK_HEADER,
		[SOURCE_TRANSPORT] = NFT_PAYLOAD_TRANSPORT_HEADER,
	};

	expression(request, "payload");
	netlink_put_be32(request, NFTA_PAYLOAD_DREG, to);
	netlink_put_be32(request, NFTA_PAYLOAD_BASE, bases[field->source]);
	netlink_put_be32(request, NFTA_PAYLOAD_OFFSET, field->at);
	netlink_put_be32(request, NFTA_PAYLOAD_LEN, nft_type_size(field->type));
	expression_end(request);
}

static void load(struct netlink_request *request, const struct rule_field *field, uint32_t to)
{
	if (field->source != SOURCE_META) {
		load_payload(request, field, to);
		return;
	}
	expression(request, "meta");
	netlink_put_be32(request, NFTA_META_DREG, to);
	netlink_put_be32(request, NFTA_META_KEY, field->at);
	expression_end(request);
}

static void compare(struct netlink_request *request, enum nft_cmp_ops operation, const void *data,
		    unsigned size)
{
	expression(request, "cmp");
	netlink_put_be32(request, NFTA_CMP_SREG, REGISTER);
	netlink_put_be32(request, NFTA_CMP_OP, operation);
	data_put(request, NFTA_CMP_DATA, data, size);
	expression_end(request);
}

/* register = (register & mask) ^ flip */
static void bitwise(struct netlink_request *request, const void *mask, const void *flip,
		    unsigned size)
{
	expression(request, "bitwise");
	netlink_put_be32(request, NFTA_BITWISE_SREG, REGISTER);
	netlink_put_be32(request, NFTA_BITWISE_DREG, REGISTER);
	netlink_put_be32(request, NFTA_BITWISE_LEN, size);
	data_put(request, NFTA_BITWISE_MASK, mask, size);
	data_put(request, NFTA_BITWISE_XOR, flip, size);
	expression_end(request);
}

enum lookup { LOOKUP_MEMBER, LOOKUP_NO_MEMBER, LOOKUP_VERDICT, LOOKUP_VALUE };

static void lookup_put(struct netlink_request *request, const char *set, enum lookup kind)
{
	expression(request, "lookup");
	netlink_put_string(request, NFTA_LOOKUP_SET, set);
	netlink_put_be32(request, NFTA_LOOKUP_SREG, REGISTER);
	if (kind == LOOKUP_VERDICT)
		netlink_put_be32(request, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
	if (kind == LOOKUP_VALUE)
		netlink_put_be32(request, NFTA_LOOKUP_DREG, REGISTER);
	if (kind == LOOKUP_NO_MEMBER)
		netlink_put_be32(request, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	expression_end(request);
}

static int lookup_parse(struct nft_text *text, enum lookup kind)
{
	if (text->word[0] != '@')
		return nft_syntax(text, "@ and a name");
	lookup_put(text->request, text->word + 1, kind);
	nft_next(text);
	return 0;
}

/* --- verdicts --- */

static const struct {
	const char *name;
	int code;
	bool chain;
} verdicts[] = {
	{ "accept", NF_ACCEPT, false }, { "drop", NF_DROP, false }, { "return", NFT_RETURN, false },
	{ "jump", NFT_JUMP, true },     { "goto", NFT_GOTO, true },
};

static bool nft_is_verdict(const struct nft_text *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++)
		if (nft_is(text, verdicts[i].name))
			return true;
	return false;
}

int nft_verdict(struct nft_text *text, uint16_t attribute)
{
	size_t i = 0;

	while (i < ARRAY_LENGTH(verdicts) && !nft_is(text, verdicts[i].name))
		i++;
	if (i == ARRAY_LENGTH(verdicts))
		return nft_syntax(text, "a verdict");
	nft_next(text);
	netlink_nest(text->request, attribute);
	netlink_nest(text->request, NFTA_DATA_VERDICT);
	netlink_put_be32(text->request, NFTA_VERDICT_CODE, (uint32_t)verdicts[i].code);
	if (verdicts[i].chain) {
		netlink_put_string(text->request, NFTA_VERDICT_CHAIN, text->word);
		nft_next(text);
	}
	netlink_nest_end(text->request);
	netlink_nest_end(text->request);
	return 0;
}

static int verdict_statement(struct nft_text *text)
{
	int result;

	expression(text->request, "immediate");
	netlink_put_be32(text->request, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	result = nft_verdict(text, NFTA_IMMEDIATE_DATA);
	expression_end(text->request);
	return result;
}

/* --- matches --- */

static bool words_accept(struct nft_text *text, const char *const words[FIELD_WORDS])
{
	struct nft_text before = *text;

	for (unsigned i = 0; i < FIELD_WORDS && words[i] != NULL; i++)
		if (!nft_accept(text, words[i])) {
			*text = before;
			return false;
		}
	return true;
}

static const struct rule_field *field_accept(struct nft_text *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		if (words_accept(text, fields[i].words))
			return &fields[i];
	return NULL;
}

/* Loads 'first' and what is joined to it by dots. */
static int fields_load(struct nft_text *text, const struct rule_field *first)
{
	const struct rule_field *field = first;
	uint32_t to = REGISTER;

	for (;;) {
		load(text->request, field, to);
		to += (nft_type_size(field->type) + 3) / 4;
		if (!nft_accept(text, "."))
			return 0;
		field = field_accept(text);
		if (field == NULL)
			return nft_syntax(text, "a field");
	}
}

static int range_match(struct nft_text *text, enum nft_type type, const char *dash)
{
	char low[NFT_WORD_SIZE];
	struct nft_value from, to;

	memcpy(low, text->word, sizeof(low));
	low[dash - text->word] = '\0';
	if (nft_value_parse(type, low, &from) < 0 || nft_value_parse(type, dash + 1, &to) < 0)
		return nft_syntax(text, "a range");
	compare(text->request, NFT_CMP_GTE, from.bytes, from.size);
	compare(text->request, NFT_CMP_LTE, to.bytes, to.size);
	nft_next(text);
	return 0;
}

/* An address with a prefix: only those bits. A name's prefix is whole bytes: fewer of them. */
static void value_match(struct nft_text *text, enum nft_type type, const struct nft_value *value,
			enum nft_cmp_ops operation)
{
	uint8_t mask[NFT_KEY_SIZE] = { 0 }, flip[NFT_KEY_SIZE] = { 0 };

	if (type == NFT_TYPE_IFNAME) {
		compare(text->request, operation, value->bytes, value->prefix / 8);
		return;
	}
	for (unsigned bit = 0; bit < value->prefix; bit++)
		mask[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	if (value->prefix < value->size * 8)
		bitwise(text->request, mask, flip, value->size);
	compare(text->request, operation, value->bytes, value->size);
}

static int literal_match(struct nft_text *text, enum nft_type type, enum nft_cmp_ops operation)
{
	const char *dash = strchr(text->word, '-');
	struct nft_value value;

	if (dash != NULL && (type == NFT_TYPE_SHORT || type == NFT_TYPE_BYTE))
		return range_match(text, type, dash);
	if (nft_value_parse(type, text->word, &value) < 0)
		return nft_syntax(text, "a value");
	value_match(text, type, &value, operation);
	nft_next(text);
	return 0;
}

static int mask_apply(struct nft_text *text, enum nft_type type)
{
	uint8_t flip[NFT_KEY_SIZE] = { 0 };
	struct nft_value mask;

	if (nft_value_parse(type, text->word, &mask) < 0)
		return nft_syntax(text, "a mask");
	bitwise(text->request, mask.bytes, flip, mask.size);
	nft_next(text);
	return 0;
}

static int match(struct nft_text *text)
{
	const struct rule_field *field = field_accept(text);
	bool negated;
	int result;

	if (field == NULL)
		return nft_syntax(text, "a match or a statement");
	result = fields_load(text, field);
	if (result == 0 && nft_accept(text, "&"))
		result = mask_apply(text, field->type);
	if (result < 0)
		return result;
	if (nft_accept(text, "vmap"))
		return lookup_parse(text, LOOKUP_VERDICT);
	/* The '=' of '!=' is a word of its own. */
	negated = nft_accept(text, "!") && nft_accept(text, "=");
	if (text->word[0] == '@')
		return lookup_parse(text, negated ? LOOKUP_NO_MEMBER : LOOKUP_MEMBER);
	return literal_match(text, field->type, negated ? NFT_CMP_NEQ : NFT_CMP_EQ);
}

/* --- connection tracking --- */

static const struct {
	const char *name;
	uint32_t bit;
} states[] = {
	{ "invalid", NF_CT_STATE_INVALID_BIT },
	{ "established", NF_CT_STATE_BIT(IP_CT_ESTABLISHED) },
	{ "related", NF_CT_STATE_BIT(IP_CT_RELATED) },
	{ "new", NF_CT_STATE_BIT(IP_CT_NEW) },
};

static uint32_t state_bit(const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++)
		if (strcmp(states[i].name, word) == 0)
			return states[i].bit;
	return 0;
}

static int state_match(struct nft_text *text)
{
	uint32_t mask = 0, zero = 0;

	do {
		uint32_t bit = state_bit(text->word);

		if (bit == 0)
			return nft_syntax(text, "a state");
		mask |= bit;
		nft_next(text);
	} while (nft_accept(text, ","));
	expression(text->request, "ct");
	netlink_put_be32(text->request, NFTA_CT_DREG, REGISTER);
	netlink_put_be32(text->request, NFTA_CT_KEY, NFT_CT_STATE);
	expression_end(text->request);
	bitwise(text->request, &mask, &zero, sizeof(mask));
	compare(text->request, NFT_CMP_NEQ, &zero, sizeof(zero));
	return 0;
}

/* Its destination was translated. */
static int status_match(struct nft_text *text)
{
	uint32_t mask = IPS_DST_NAT, zero = 0;

	expression(text->request, "ct");
	netlink_put_be32(text->request, NFTA_CT_DREG, REGISTER);
	netlink_put_be32(text->request, NFTA_CT_KEY, NFT_CT_STATUS);
	expression_end(text->request);
	bitwise(text->request, &mask, &zero, sizeof(mask));
	compare(text->request, NFT_CMP_NEQ, &zero, sizeof(zero));
	return 0;
}

/* --- statements --- */

static int immediate(struct nft_text *text, enum nft_type type)
{
	struct nft_value value;

	if (nft_value_parse(type, text->word, &value) < 0)
		return nft_syntax(text, "a value");
	nft_next(text);
	expression(text->request, "immediate");
	netlink_put_be32(text->request, NFTA_IMMEDIATE_DREG, REGISTER);
	data_put(text->request, NFTA_IMMEDIATE_DATA, value.bytes, value.size);
	expression_end(text->request);
	return 0;
}

/* | <n>: the bits of n are set: (register & ~n) ^ n */
static int bits_set(struct nft_text *text)
{
	struct nft_value value;
	uint8_t keep[4];

	if (nft_expect(text, "|") < 0)
		return -EINVAL;
	if (nft_value_parse(NFT_TYPE_MARK, text->word, &value) < 0)
		return nft_syntax(text, "a number");
	for (unsigned i = 0; i < sizeof(keep); i++)
		keep[i] = (uint8_t)~value.bytes[i];
	bitwise(text->request, keep, value.bytes, sizeof(keep));
	nft_next(text);
	return 0;
}

/* The value of 'set': a number, meta mark | number, or a field's entry in a map. */
static int set_source(struct nft_text *text, enum nft_type type)
{
	const struct rule_field *field = field_accept(text);

	if (field == NULL)
		return immediate(text, type);
	load(text->request, field, REGISTER);
	if (!nft_accept(text, "map"))
		return bits_set(text);
	return lookup_parse(text, LOOKUP_VALUE);
}

static int mark_set(struct nft_text *text)
{
	int result = set_source(text, NFT_TYPE_MARK);

	expression(text->request, "meta");
	netlink_put_be32(text->request, NFTA_META_KEY, NFT_META_MARK);
	netlink_put_be32(text->request, NFTA_META_SREG, REGISTER);
	expression_end(text->request);
	return result;
}

static int zone_set(struct nft_text *text)
{
	int result = set_source(text, NFT_TYPE_INTEGER16);

	expression(text->request, "ct");
	netlink_put_be32(text->request, NFTA_CT_KEY, NFT_CT_ZONE);
	netlink_put_be32(text->request, NFTA_CT_SREG, REGISTER);
	expression_end(text->request);
	return result;
}

/* The port of 'address:port' goes into the register behind the address's. */
static int port_load(struct nft_text *text, const char *word)
{
	struct nft_value value;

	if (nft_value_parse(NFT_TYPE_SHORT, word, &value) < 0)
		return nft_syntax(text, "a port");
	expression(text->request, "immediate");
	netlink_put_be32(text->request, NFTA_IMMEDIATE_DREG, REGISTER + 1);
	data_put(text->request, NFTA_IMMEDIATE_DATA, value.bytes, value.size);
	expression_end(text->request);
	return 0;
}

/* An address, address:port, or a field's entry in a map. */
static int translate(struct nft_text *text, enum nft_nat_types type)
{
	char *colon = strchr(text->word, ':');
	int result = 0;

	if (colon != NULL) {
		result = port_load(text, colon + 1);
		*colon = '\0';
	}
	if (result == 0)
		result = set_source(text, NFT_TYPE_IPV4);
	expression(text->request, "nat");
	netlink_put_be32(text->request, NFTA_NAT_TYPE, type);
	netlink_put_be32(text->request, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	netlink_put_be32(text->request, NFTA_NAT_REG_ADDR_MIN, REGISTER);
	if (colon != NULL)
		netlink_put_be32(text->request, NFTA_NAT_REG_PROTO_MIN, REGISTER + 1);
	expression_end(text->request);
	return result;
}

/* Writes what is in the register into the network header; 'checked': IPv4's checksum follows. */
static void store_payload(struct netlink_request *request, unsigned size, bool checked)
{
	expression(request, "payload");
	netlink_put_be32(request, NFTA_PAYLOAD_SREG, REGISTER);
	netlink_put_be32(request, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	netlink_put_be32(request, NFTA_PAYLOAD_OFFSET, 0);
	netlink_put_be32(request, NFTA_PAYLOAD_LEN, size);
	netlink_put_be32(request, NFTA_PAYLOAD_CSUM_TYPE,
			 checked ? NFT_PAYLOAD_CSUM_INET : NFT_PAYLOAD_CSUM_NONE);
	if (checked)
		netlink_put_be32(request, NFTA_PAYLOAD_CSUM_OFFSET, 10);
	expression_end(request);
}

/* The first two bytes of the header, of which 'keep' stays and 'mark' is set. */
static void dscp_write(struct nft_text *text, const uint8_t keep[2], const uint8_t mark[2],
		       bool checked)
{
	static const struct rule_field start = { .source = SOURCE_NETWORK, .type = NFT_TYPE_SHORT };

	load_payload(text->request, &start, REGISTER);
	bitwise(text->request, keep, mark, 2);
	store_payload(text->request, 2, checked);
}

static int dscp_parse(struct nft_text *text, unsigned *dscp)
{
	struct nft_value value;

	if (nft_value_parse(NFT_TYPE_BYTE, text->word, &value) < 0 || value.bytes[0] > 63)
		return nft_syntax(text, "a code point");
	*dscp = value.bytes[0];
	nft_next(text);
	return 0;
}

/* RFC 791, 2474: the upper six bits of the second byte. */
static int dscp4_set(struct nft_text *text)
{
	unsigned dscp = 0;
	int result = dscp_parse(text, &dscp);

	dscp_write(text, (const uint8_t[]){ 0xff, 0x03 },
		   (const uint8_t[]){ 0, (uint8_t)(dscp << 2) }, true);
	return result;
}

/* RFC 8200: the traffic class lies behind the version's four bits. */
static int dscp6_set(struct nft_text *text)
{
	unsigned dscp = 0;
	int result = dscp_parse(text, &dscp);

	dscp_write(text, (const uint8_t[]){ 0xf0, 0x3f },
		   (const uint8_t[]){ (uint8_t)(dscp >> 2), (uint8_t)(dscp << 6) }, false);
	return result;
}

static int bytes_parse(struct nft_text *text, const char *unit, uint64_t *bytes)
{
	char *end;

	*bytes = strtoull(text->word, &end, 10);
	if (text->word[0] == '\0' || *end != '\0')
		return nft_syntax(text, "a number");
	nft_next(text);
	return nft_expect(text, unit);
}

/* limit rate over <n> bytes/second burst <n> bytes */
static int limit_over(struct nft_text *text)
{
	uint64_t rate = 0, burst = 0;
	int result = bytes_parse(text, "bytes/second", &rate);

	if (result == 0)
		result = nft_expect(text, "burst");
	if (result == 0)
		result = bytes_parse(text, "bytes", &burst);
	expression(text->request, "limit");
	netlink_put_be64(text->request, NFTA_LIMIT_RATE, rate);
	netlink_put_be64(text->request, NFTA_LIMIT_UNIT, 1);
	netlink_put_be32(text->request, NFTA_LIMIT_BURST, (uint32_t)burst);
	netlink_put_be32(text->request, NFTA_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
	netlink_put_be32(text->request, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	expression_end(text->request);
	return result;
}

static int snat(struct nft_text *text)
{
	return translate(text, NFT_NAT_SNAT);
}

static int dnat(struct nft_text *text)
{
	return translate(text, NFT_NAT_DNAT);
}

static int masquerade(struct nft_text *text)
{
	expression(text->request, "masq");
	expression_end(text->request);
	return 0;
}

static const struct {
	const char *words[FIELD_WORDS];
	int (*parse)(struct nft_text *text);
} statements[] = {
	{ { "masquerade" }, masquerade },
	{ { "snat", "to" }, snat },
	{ { "dnat", "to" }, dnat },
	{ { "meta", "mark", "set" }, mark_set },
	{ { "ct", "zone", "set" }, zone_set },
	{ { "ct", "state" }, state_match },
	{ { "ct", "status", "dnat" }, status_match },
	{ { "ip", "dscp", "set" }, dscp4_set },
	{ { "ip6", "dscp", "set" }, dscp6_set },
	{ { "limit", "rate", "over" }, limit_over },
};

static int part(struct nft_text *text)
{
	if (nft_is_verdict(text))
		return verdict_statement(text);
	for (size_t i = 0; i < ARRAY_LENGTH(statements); i++)
		if (words_accept(text, statements[i].words))
			return statements[i].parse(text);
	return match(text);
}

int nft_rule(struct nft_text *text)
{
	int result = 0;

	nft_message(text, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_string(text->request, NFTA_RULE_TABLE, text->table);
	netlink_put_string(text->request, NFTA_RULE_CHAIN, text->chain);
	netlink_nest(text->request, NFTA_RULE_EXPRESSIONS);
	while (result == 0 && !nft_is(text, "\n") && !nft_is(text, ";") && !nft_is(text, "}"))
		result = part(text);
	netlink_nest_end(text->request);
	return result;
}
