/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lets a browser to a server's console: drawn at random, good for CONSOLE_TOKEN_SECONDS (Nova's
 * default), in memory alone, so that a new cloud knows none of them. Any thread.
 *
 * There is room for CONSOLE_TOKENS_MAX. A project that asks for more than its share loses its own oldest
 * one; when others have taken all the room, it is refused: nobody pushes out another's.
 */
#ifndef CUMULET_COMPUTE_CONSOLE_TOKENS_H
#define CUMULET_COMPUTE_CONSOLE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/lib/uuid.h"

#define CONSOLE_TOKEN_SECONDS 600
#define CONSOLE_TOKENS_MAX 1024
#define CONSOLE_TOKENS_SHARE 64 /* of a project */

enum console_kind { CONSOLE_VNC, CONSOLE_SERIAL };

struct console_token {
	char token[UUID_SIZE];
	char server[UUID_SIZE];
	char project[UUID_SIZE]; /* who asked for it; "": nobody of a project */
	enum console_kind kind;
	uint64_t expires; /* ms of a clock that nobody sets; 0: free */
};

/* For a member of 'project' (NULL: of none). -ENOSPC. */
int console_token_issue(const char *project, const char *server, enum console_kind kind,
			uint64_t now, char token[UUID_SIZE]);
bool console_token_find(const char *token, uint64_t now, struct console_token *found);
uint64_t console_clock(void);

#endif
