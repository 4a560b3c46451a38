/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/router.h"

#include <stdio.h>
#include <string.h>

#define PARAMS_MAX 8
#define ALLOW_MAX 96

static bool has_prefix(const char *path, const char *prefix, size_t length)
{
	return strncmp(path, prefix, length) == 0 && (path[length] == '/' || !path[length]);
}

const struct service *router_service(const struct service *const *list, const char *path,
				     const char **rest)
{
	const struct service *best = NULL;
	size_t best_length = 0;

	for (; *list; list++) {
		size_t length = strlen((*list)->prefix);

		if (!has_prefix(path, (*list)->prefix, length) || (best && length <= best_length))
			continue;
		best = *list;
		best_length = length;
	}
	*rest = path + best_length;
	return best;
}

const char *router_path(struct arena *arena, const struct service *service, const char *path)
{
	for (const struct path_alias *alias = service->aliases; alias && alias->from; alias++) {
		size_t length = strlen(alias->from);

		if (has_prefix(path, alias->from, length))
			return arena_printf(arena, "%s%s", alias->to, path + length);
	}
	return path;
}

static bool in_version(const struct route *route, unsigned microversion)
{
	return microversion >= route->first && (!route->last || microversion <= route->last);
}

struct capture {
	const char *name, *value;
	size_t name_length, value_length;
};

/* Compares one segment; a parameter captures it. */
static bool segment_matches(const char *pattern, size_t pattern_length, const char *segment,
			    size_t length, struct capture *captures, size_t *count)
{
	if (pattern_length < 2 || pattern[0] != '{')
		return pattern_length == length && memcmp(pattern, segment, length) == 0;
	if (length == 0 || *count == PARAMS_MAX)
		return false;
	captures[(*count)++] = (struct capture){ pattern + 1, segment, pattern_length - 2, length };
	return true;
}

/* -1: no match, else how many parameters were captured. */
static int path_matches(const char *pattern, const char *path, struct capture *captures)
{
	size_t count = 0;

	while (*pattern == '/' && *path == '/') {
		size_t pattern_length = strcspn(++pattern, "/"), length = strcspn(++path, "/");

		if (!segment_matches(pattern, pattern_length, path, length, captures, &count))
			return -1;
		pattern += pattern_length;
		path += length;
	}
	return *pattern || *path ? -1 : (int)count;
}

/* Of two patterns that match the same path: is 'a' literal at the first place where they differ? */
static bool more_literal(const char *a, const char *b)
{
	while (*a && *b) {
		size_t a_length = strcspn(a, "/"), b_length = strcspn(b, "/");

		if ((*a == '{') != (*b == '{'))
			return *b == '{';
		a += a_length + (a[a_length] == '/');
		b += b_length + (b[b_length] == '/');
	}
	return false;
}

/* "GET" routes answer HEAD too. */
static bool method_matches(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static bool is_better(const struct route *route, const struct route *best, const char *method)
{
	if (!best || more_literal(route->path, best->path))
		return true;
	return strcmp(route->path, best->path) == 0 && strcmp(best->method, method) != 0 &&
	       strcmp(route->method, method) == 0;
}

static void add_allowed(char *allow, const char *method)
{
	size_t length = strlen(allow);

	if (!strstr(allow, method) && length + strlen(method) + 3 < ALLOW_MAX)
		snprintf(allow + length, ALLOW_MAX - length, "%s%s", length ? ", " : "", method);
}

static const struct name_value *make_params(struct arena *arena, const struct capture *captures,
					    int count)
{
	struct name_value *params = arena_alloc(arena, (size_t)(count + 1) * sizeof(*params));

	for (int i = 0; params && i < count; i++) {
		params[i].name = arena_strndup(arena, captures[i].name, captures[i].name_length);
		params[i].value = arena_strndup(arena, captures[i].value, captures[i].value_length);
	}
	return arena->failed ? NULL : params;
}

struct search {
	const char *method, *path;
	unsigned microversion;
	const struct route *found;
	char allow[ALLOW_MAX];
};

static void search_table(struct search *search, const struct route *route)
{
	struct capture captures[PARAMS_MAX];

	for (; route->method; route++) {
		if (path_matches(route->path, search->path, captures) < 0 ||
		    !in_version(route, search->microversion))
			continue;
		add_allowed(search->allow, route->method);
		if (method_matches(route, search->method) &&
		    is_better(route, search->found, search->method))
			search->found = route;
	}
}

int router_match(struct arena *arena, const struct service *service, const char *method,
		 const char *path, unsigned microversion, struct router_match *match)
{
	struct search search = { .method = method, .path = path, .microversion = microversion };
	struct capture captures[PARAMS_MAX];

	search_table(&search, service->routes);
	for (const struct service_part *const *part = service->parts; part && *part; part++)
		search_table(&search, (*part)->routes);
	*match = (struct router_match){ .route = search.found };
	if (!match->route) {
		match->allow = *search.allow ? arena_strdup(arena, search.allow) : NULL;
		return arena->failed ? -ENOMEM : 0;
	}
	match->params =
		make_params(arena, captures, path_matches(match->route->path, path, captures));
	return match->params ? 0 : -ENOMEM;
}

static const struct route *find_action(const struct route *routes, const struct route *route,
				       const char *action, unsigned microversion)
{
	for (const struct route *other = routes; other && other->method; other++)
		if (other->action && strcmp(other->action, action) == 0 &&
		    strcmp(other->path, route->path) == 0 &&
		    strcmp(other->method, route->method) == 0 && in_version(other, microversion))
			return other;
	return NULL;
}

const struct route *router_action(const struct service *service, const struct route *route,
				  const char *action, unsigned microversion)
{
	const struct route *found = find_action(service->routes, route, action, microversion);

	for (const struct service_part *const *part = service->parts; !found && part && *part;
	     part++)
		found = find_action((*part)->routes, route, action, microversion);
	return found;
}
