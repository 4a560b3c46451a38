/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/access.h"

#include <string.h>

#define PATH_MAX_MATCHED 2048 /* a longer path matches nothing */

/* Which places of the path the pattern can have come to so far; one step for each token, so that
 * no pattern takes more than its length times the path's. */
struct walk {
	const char *path;
	size_t length;
	bool at[PATH_MAX_MATCHED + 1];
};

static void step_literal(struct walk *walk, char literal)
{
	for (size_t i = walk->length; i > 0; i--)
		walk->at[i] = walk->at[i - 1] && walk->path[i - 1] == literal;
	walk->at[0] = false;
}

/* One character or more, none of them a slash. */
static void step_segment(struct walk *walk)
{
	bool inside = false;

	for (size_t i = 0; i <= walk->length; i++) {
		bool was = walk->at[i];

		walk->at[i] = inside;
		inside = (inside || was) && walk->path[i] != '/';
	}
}

static void step_anything(struct walk *walk)
{
	for (size_t i = 1; i <= walk->length; i++)
		walk->at[i] = walk->at[i] || walk->at[i - 1];
}

bool access_path_matches(const char *pattern, const char *path)
{
	struct walk walk = { .path = path, .length = strlen(path) };

	if (walk.length > PATH_MAX_MATCHED)
		return false;
	walk.at[0] = true;
	while (*pattern) {
		const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;

		if (end || (pattern[0] == '*' && pattern[1] != '*'))
			step_segment(&walk);
		else if (*pattern == '*')
			step_anything(&walk);
		else
			step_literal(&walk, *pattern);
		pattern = end ? end + 1 : pattern + (pattern[0] == '*' && pattern[1] == '*') + 1;
	}
	return walk.at[walk.length];
}

/* The path as the client sent it, or as the service sees it when it has a host of its own. */
static bool rule_matches(const struct access_rule *rule, const struct request *request,
			 const char *path)
{
	const char *own = path[0] ? strchr(path + 1, '/') : NULL;

	return !strcmp(rule->service, request->service->type) &&
	       !strcmp(rule->method, request->method) &&
	       (access_path_matches(rule->path, path) ||
		(own && access_path_matches(rule->path, own)));
}

/* Whoever has a token may have it looked at. */
static bool asks_for_token(const struct request *request)
{
	return !strcmp(request->service->type, "identity") && !strcmp(request->method, "GET") &&
	       !strcmp(request->path, "/auth/tokens");
}

bool access_allows(const struct request *request)
{
	const struct access_rule *rule = request->caller ? request->caller->access_rules : NULL;
	const char *path;

	if (!rule || asks_for_token(request))
		return true;
	path = arena_printf(request->arena, "%s%s", request->service->prefix, request->path);
	for (; path && rule->service; rule++)
		if (rule_matches(rule, request, path))
			return true;
	return false;
}
