/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lets a browser to a server's console: drawn at random, good for CONSOLE_TOKEN_SECONDS (Nova's
 * default), in memory alone, so that a new cloud knows none of them. Of very many the oldest goes. Any thread.
 */
#ifndef CUMULET_COMPUTE_CONSOLE_TOKENS_H
#define CUMULET_COMPUTE_CONSOLE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/lib/uuid.h"

#define CONSOLE_TOKEN_SECONDS 600

enum console_kind { CONSOLE_VNC, CONSOLE_SERIAL };

struct console_token {
	char token[UUID_SIZE];
	char server[UUID_SIZE];
	enum console_kind kind;
	uint64_t expires; /* ms of a clock that nobody sets; 0: free */
};

void console_token_issue(const char *server, enum console_kind kind, uint64_t now,
			 char token[UUID_SIZE]);
bool console_token_find(const char *token, uint64_t now, struct console_token *found);
uint64_t console_clock(void);

#endif
