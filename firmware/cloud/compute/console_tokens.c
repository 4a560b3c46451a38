/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/console_tokens.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/lib/cleanup.h"

static struct {
	pthread_mutex_t lock;
	struct console_token tokens[CONSOLE_TOKENS_MAX];
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

uint64_t console_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The first place that is free, or, of a project that has its share, that of its own oldest. */
static struct console_token *place_find(const char *project, uint64_t now)
{
	struct console_token *empty = NULL, *oldest = NULL;
	unsigned held = 0;

	for (size_t i = 0; i < CONSOLE_TOKENS_MAX; i++) {
		struct console_token *place = &table.tokens[i];

		if (place->expires <= now) {
			empty = empty ? empty : place;
		} else if (!strcmp(place->project, project)) {
			held++;
			if (!oldest || place->expires < oldest->expires)
				oldest = place;
		}
	}
	return held >= CONSOLE_TOKENS_SHARE ? oldest : empty;
}

int console_token_issue(const char *project, const char *server, enum console_kind kind,
			uint64_t now, char token[UUID_SIZE])
{
	struct console_token *place;

	project = project ? project : "";
	uuid_make(token);
	pthread_mutex_lock(&table.lock);
	place = place_find(project, now);
	if (place) {
		memcpy(place->token, token, UUID_SIZE);
		snprintf(place->server, sizeof(place->server), "%s", server);
		snprintf(place->project, sizeof(place->project), "%s", project);
		place->kind = kind;
		place->expires = now + CONSOLE_TOKEN_SECONDS * 1000;
	}
	pthread_mutex_unlock(&table.lock);
	return place ? 0 : -ENOSPC;
}

/* How long it takes does not tell how much of it was right. */
static bool same(const char *a, const char *b)
{
	unsigned char difference = 0;

	for (size_t i = 0; i < UUID_SIZE; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return difference == 0;
}

bool console_token_find(const char *token, uint64_t now, struct console_token *found)
{
	bool is_there = false;

	if (strlen(token) != UUID_SIZE - 1)
		return false;
	pthread_mutex_lock(&table.lock);
	for (size_t i = 0; i < CONSOLE_TOKENS_MAX; i++)
		if (table.tokens[i].expires > now && same(table.tokens[i].token, token)) {
			*found = table.tokens[i];
			is_there = true;
		}
	pthread_mutex_unlock(&table.lock);
	return is_there;
}
