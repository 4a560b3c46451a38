/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cloud and fetch say to each other.
 *
 *	cloud -> fetch                            fetch -> cloud
 *	FETCH_BEGIN  + descriptor, a pipe's end   FETCH_END  its reply, when all is over
 *
 * The bytes come through the pipe; its end of file says nothing about how it went, FETCH_END does.
 * Whoever closes the reading end is not interested any more: the transfer ends.
 */
#ifndef CUMULET_FETCH_MESSAGE_H
#define CUMULET_FETCH_MESSAGE_H

#include "firmware/lib/message.h"

#define FETCH_URL_MAX 2048                  /* bytes, without the NUL */
#define FETCH_WORDS_MAX 64                  /* of one list of the rules */
#define FETCH_AUTHORITIES_MAX (64UL * 1024) /* bytes of PEM */
#define FETCH_RESOLVERS_MAX 8

enum fetch_type {
	FETCH_BEGIN = 1,
	FETCH_END = 64,
};

struct fetch_word {
	char text[256];
};

struct fetch_port {
	uint32_t number;
};

/*
 * Where a transfer may go, its redirections as well. A list of what is allowed makes that of what
 * is disallowed void; an empty one allows all. A host that is allowed by name may have any address,
 * the box's own included; others may not be this machine, nor what only its own link reaches.
 */
struct fetch_rules {
	struct message_list schemes_allowed, schemes_disallowed; /* struct fetch_word, lower case */
	struct message_list hosts_allowed, hosts_disallowed;     /* struct fetch_word, lower case */
	struct message_list ports_allowed, ports_disallowed;     /* struct fetch_port */
};

struct fetch_begin {
	const char *url;
	struct fetch_rules rules;
	uint64_t size_most;            /* bytes */
	uint32_t silence_ms, total_ms; /* how long nothing may come; how long all may take */
	uint32_t redirects_most;
	struct message_list resolvers; /* struct fetch_word: addresses, asked in this order */
	const char *authorities;       /* PEM, beside those of the image; NULL: none */
};

struct fetch_end {
	uint32_t code;    /* errno, positive; 0: all bytes are in the pipe. EFBIG: size_most */
	char reason[512]; /* for the person who asked */
};

extern const struct field fetch_begin_fields[], fetch_end_fields[];

#endif
