/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions as Keystone's administrators write them for passwords, in the part of Python's
 * syntax that these have: literals, '.', classes, \d \w \s and their opposites, ^ and $, groups,
 * alternatives, * + ? {m,n}, and what POSIX lacks: lookahead, (?=...) and (?!...).
 *
 * A match takes a bounded number of steps and a bounded stack, whatever the pattern and the text.
 */
#ifndef CUMULET_IDENTITY_PATTERN_H
#define CUMULET_IDENTITY_PATTERN_H

#include <stdbool.h>

#include "firmware/lib/arena.h"

struct pattern;

/* NULL for what is no such expression, or out of memory. */
const struct pattern *pattern_parse(struct arena *arena, const char *text);
/* Whether the text begins with a match, as re.match() does. False also when it takes too long. */
bool pattern_matches(const struct pattern *pattern, const char *text);

#endif
