/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the rule set's compiler share; the language is in nft_text.h. */
#ifndef CUMULET_NETD_NFT_INTERNAL_H
#define CUMULET_NETD_NFT_INTERNAL_H

#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>

#include "netstack/netd/netlink.h"

#define NFT_KEY_SIZE 64 /* bytes of a (concatenated) key */
#define NFT_WORD_SIZE 64

/* Definitions have to precede their uses in a transaction, but not in the text: it is read once
 * for each of these. */
enum nft_phase { NFT_TABLES, NFT_CHAINS, NFT_SETS, NFT_RULES, NFT_REMOVALS, NFT_PHASES };

struct nft_text {
	const char *at;
	unsigned line;
	char word[NFT_WORD_SIZE]; /* the present one; "\n" at the end of a line, "" at the end */
	enum nft_phase phase;
	uint8_t family;
	const char *family_name;
	char table[NFT_WORD_SIZE], chain[NFT_WORD_SIZE];
	uint32_t set_id;
	struct netlink_request *request;
	struct error *error;
};

/* What a value is made of. */
enum nft_type {
	NFT_TYPE_IFNAME,
	NFT_TYPE_ETHER,
	NFT_TYPE_IPV4,
	NFT_TYPE_IPV6,
	NFT_TYPE_MARK,      /* 32 bits, host order */
	NFT_TYPE_INTEGER16, /* 16 bits, host order */
	NFT_TYPE_BYTE,
	NFT_TYPE_SHORT,    /* 16 bits, network order */
	NFT_TYPE_PROTOCOL, /* tcp, udp, ... or a number */
	NFT_TYPE_ETHERTYPE,
	NFT_TYPE_PACKET, /* to whom a frame is addressed: PACKET_* */
	NFT_TYPE_VERDICT,
	NFT_TYPE_COUNT
};

struct nft_value {
	uint8_t bytes[NFT_KEY_SIZE];
	unsigned size;   /* bytes */
	unsigned prefix; /* bits that count; size * 8 for a whole value */
};

/* nft_text.c */
void nft_next(struct nft_text *text);
bool nft_is(const struct nft_text *text, const char *word);
bool nft_accept(struct nft_text *text, const char *word); /* steps over it */
int nft_expect(struct nft_text *text, const char *word);
int nft_syntax(struct nft_text *text, const char *expected); /* sets the error */
void nft_message(struct nft_text *text, uint16_t type, uint16_t flags);

/* nft_value.c */
unsigned nft_type_size(enum nft_type type);
int nft_type_parse(const char *word, enum nft_type *type); /* of sets and maps */
uint32_t nft_type_number(enum nft_type type);              /* nft(8)'s own, for listings */
int nft_value_parse(enum nft_type type, const char *word, struct nft_value *value);

/* nft_rule.c: the present word begins a rule; reads up to the end of the line. */
int nft_rule(struct nft_text *text);
/* Puts a verdict into the attribute (NFTA_DATA_VERDICT inside); reads its words. */
int nft_verdict(struct nft_text *text, uint16_t attribute);

#endif
