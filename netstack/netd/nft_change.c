/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/nft_change.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

struct span {
	const char *at;
	size_t size;
};

/* A set, map or chain; all of it points into the text. */
struct definition {
	struct span table, kind, name, body;
};

struct list {
	struct definition *items;
	size_t count, capacity;
};

static int span_compare(const struct span *one, const struct span *other)
{
	size_t size = one->size < other->size ? one->size : other->size;
	int order = memcmp(one->at, other->at, size);

	return order != 0 ? order : (one->size > other->size) - (one->size < other->size);
}

static bool span_is(const struct span *span, const char *word)
{
	return span->size == strlen(word) && memcmp(span->at, word, span->size) == 0;
}

static struct span trimmed(struct span span)
{
	while (span.size > 0 && strchr(" \t\n;", span.at[0]) != NULL)
		span = (struct span){ span.at + 1, span.size - 1 };
	while (span.size > 0 && strchr(" \t\n;", span.at[span.size - 1]) != NULL)
		span.size--;
	return span;
}

/* --- reading --- */

/* Up to the next brace. */
static struct span heading(const char **at)
{
	struct span span = { *at, strcspn(*at, "{}") };

	*at += span.size;
	return trimmed(span);
}

static struct span word(struct span *span)
{
	struct span first = { span->at, 0 };

	while (first.size < span->size && strchr(" \t\n", first.at[first.size]) == NULL)
		first.size++;
	*span = trimmed((struct span){ span->at + first.size, span->size - first.size });
	return first;
}

/* What stands between the brace here and the one that closes it; false: none does. */
static bool braces(const char **at, struct span *body)
{
	unsigned depth = 0;
	const char *start = *at;

	if (*start != '{')
		return false;
	for (; **at != '\0'; (*at)++) {
		depth += **at == '{';
		depth -= **at == '}';
		if (depth == 0)
			break;
	}
	if (**at == '\0')
		return false;
	*body = (struct span){ start + 1, (size_t)(*at - start) - 1 };
	(*at)++;
	return true;
}

static int definition_add(struct list *list, const struct definition *definition)
{
	if (list->count == list->capacity) {
		size_t capacity = 2 * list->capacity + 64;
		void *items = realloc(list->items, capacity * sizeof(*list->items));

		if (items == NULL)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = *definition;
	return 0;
}

static int table_read(struct list *list, struct span table, const char **at)
{
	int result = 0;

	for (;;) {
		struct span head = heading(at);
		struct definition definition = { .table = table };

		if (**at == '}' && head.size == 0) {
			(*at)++;
			return 0;
		}
		definition.kind = word(&head);
		definition.name = head;
		if (!braces(at, &definition.body))
			return -ENOTSUP;
		result = definition_add(list, &definition);
		if (result < 0)
			return result;
	}
}

static int text_read(struct list *list, const char *at)
{
	int result = 0;

	while (result == 0) {
		struct span head = heading(&at), kind;

		if (head.size == 0 && *at == '\0')
			return 0;
		kind = word(&head);
		if (!span_is(&kind, "table") || *at != '{')
			return -ENOTSUP;
		at++;
		result = table_read(list, head, &at);
	}
	return result;
}

static int definition_compare(const void *one, const void *other)
{
	const struct definition *a = one, *b = other;
	int order = span_compare(&a->table, &b->table);

	if (order == 0)
		order = span_compare(&a->kind, &b->kind);
	return order != 0 ? order : span_compare(&a->name, &b->name);
}

/* Tables that are in one of them alone. */
static bool tables_differ(const struct list *one, const struct list *other)
{
	size_t i = 0, j = 0;

	while (i < one->count && j < other->count) {
		struct span table = one->items[i].table;

		if (span_compare(&table, &other->items[j].table) != 0)
			return true;
		while (i < one->count && span_compare(&table, &one->items[i].table) == 0)
			i++;
		while (j < other->count && span_compare(&table, &other->items[j].table) == 0)
			j++;
	}
	return i < one->count || j < other->count;
}

/* --- elements --- */

struct elements {
	struct span head; /* type and flags */
	struct span *items;
	size_t count;
};

static int element_compare(const void *one, const void *other)
{
	return span_compare(one, other);
}

/* Sorted, each once. */
static void elements_sort(struct elements *elements)
{
	size_t kept = 0;

	qsort(elements->items, elements->count, sizeof(*elements->items), element_compare);
	for (size_t i = 0; i < elements->count; i++)
		if (kept == 0 || span_compare(&elements->items[kept - 1], &elements->items[i]) != 0)
			elements->items[kept++] = elements->items[i];
	elements->count = kept;
}

static int elements_read(const struct span *body, struct elements *elements)
{
	const char *brace = memchr(body->at, '{', body->size), *end;
	size_t commas = 1;
	struct span rest;

	if (brace == NULL)
		return -ENOTSUP;
	elements->head = (struct span){ body->at, (size_t)(brace - body->at) };
	rest = (struct span){ brace + 1, body->size - elements->head.size - 1 };
	end = memchr(rest.at, '}', rest.size);
	if (end == NULL)
		return -ENOTSUP;
	rest.size = (size_t)(end - rest.at);
	for (size_t i = 0; i < rest.size; i++)
		commas += rest.at[i] == ',';
	elements->items = calloc(commas, sizeof(*elements->items));
	if (elements->items == NULL)
		return -ENOMEM;
	while (rest.size > 0) {
		const char *comma = memchr(rest.at, ',', rest.size);
		size_t size = comma != NULL ? (size_t)(comma - rest.at) : rest.size;
		struct span item = trimmed((struct span){ rest.at, size });

		if (item.size > 0)
			elements->items[elements->count++] = item;
		size += comma != NULL;
		rest = (struct span){ rest.at + size, rest.size - size };
	}
	elements_sort(elements);
	return 0;
}

static void elements_free(struct elements *elements)
{
	free(elements->items);
}

/* Of a map's element that is removed only the key is named. */
static struct span key_of(struct span element)
{
	for (size_t i = 0; i + 2 < element.size; i++)
		if (memcmp(element.at + i, " : ", 3) == 0)
			element.size = i;
	return element;
}

static int differing_put(struct buffer *change, const char *verb, const struct definition *set,
			 const struct elements *these, const struct elements *others, bool key)
{
	size_t count = 0, j = 0;
	int result = 0;

	for (size_t i = 0; result >= 0 && i < these->count; i++) {
		struct span item = these->items[i];

		while (j < others->count && span_compare(&others->items[j], &item) < 0)
			j++;
		if (j < others->count && span_compare(&others->items[j], &item) == 0)
			continue;
		if (count++ == 0)
			result = buffer_printf(change, "\t%s %.*s %.*s {%.*s{\n", verb,
					       (int)set->kind.size, set->kind.at,
					       (int)set->name.size, set->name.at,
					       (int)these->head.size, these->head.at);
		if (key)
			item = key_of(item);
		if (result >= 0)
			result = buffer_printf(change, "\t\t\t%.*s,\n", (int)item.size, item.at);
	}
	return result < 0 || count == 0 ? result : buffer_printf(change, "\t\t}\n\t}\n");
}

/* --- changes --- */

static int whole_put(struct buffer *change, const char *verb, const struct definition *item,
		     struct span body)
{
	return buffer_printf(change, "\t%s%.*s %.*s {%.*s}\n", verb, (int)item->kind.size,
			     item->kind.at, (int)item->name.size, item->name.at, (int)body.size,
			     body.at);
}

static int named_put(struct buffer *change, const char *verb, const struct definition *item)
{
	return buffer_printf(change, "\t%s %.*s %.*s\n", verb, (int)item->kind.size, item->kind.at,
			     (int)item->name.size, item->name.at);
}

/* Intervals border on each other: all of them anew. */
static int intervals_put(struct buffer *change, const struct definition *after)
{
	int result = named_put(change, "flush", after);

	return result < 0 ? result : whole_put(change, "add ", after, after->body);
}

static int set_change(struct buffer *change, const struct definition *before,
		      const struct definition *after)
{
	struct elements old = { .items = NULL }, new = { .items = NULL };
	int result = elements_read(&before->body, &old);

	if (result == 0)
		result = elements_read(&after->body, &new);
	if (result == 0 && span_compare(&old.head, &new.head) != 0)
		result = -ENOTSUP;
	if (result == 0 && memmem(new.head.at, new.head.size, "interval", 8) != NULL) {
		result = intervals_put(change, after);
	} else if (result == 0) {
		result = differing_put(change, "remove", after, &old, &new, true);
		if (result >= 0)
			result = differing_put(change, "add", after, &new, &old, false);
	}
	elements_free(&old);
	elements_free(&new);
	return result;
}

/* The line that names a chain's hook; empty for other chains. */
static struct span hook_of(struct span body)
{
	struct span inner = trimmed(body);
	const char *end = memchr(inner.at, '\n', inner.size);

	if (inner.size < 5 || memcmp(inner.at, "type ", 5) != 0)
		return (struct span){ body.at, 0 };
	return (struct span){ inner.at, end != NULL ? (size_t)(end - inner.at) : inner.size };
}

static int chain_change(struct buffer *change, const struct definition *before,
			const struct definition *after)
{
	struct span old = hook_of(before->body), new = hook_of(after->body), rules = after->body;

	if (span_compare(&old, &new) != 0)
		return -ENOTSUP;
	if (new.size > 0) {
		rules.at = new.at + new.size;
		rules.size = after->body.size - (size_t)(rules.at - after->body.at);
	}
	return whole_put(change, "refill ", after, rules);
}

static int definition_change(struct buffer *change, const struct definition *before,
			     const struct definition *after)
{
	if (after == NULL)
		return named_put(change, "delete", before);
	if (before == NULL)
		return whole_put(change, "", after, after->body);
	return span_is(&after->kind, "chain") ? chain_change(change, before, after)
					      : set_change(change, before, after);
}

/* One step of two sorted lists: those of a pair that bear the same name, or the lesser alone. */
static void pair_take(const struct list *before, size_t *i, const struct list *after, size_t *j,
		      const struct definition *pair[2])
{
	int order = *i == before->count ? 1
		    : *j == after->count
			    ? -1
			    : definition_compare(&before->items[*i], &after->items[*j]);

	pair[0] = order <= 0 ? &before->items[(*i)++] : NULL;
	pair[1] = order >= 0 ? &after->items[(*j)++] : NULL;
}

static int lists_change(struct buffer *change, const struct list *before, const struct list *after)
{
	struct span table = { "", 0 };
	int result = 0;

	for (size_t i = 0, j = 0; result >= 0 && (i < before->count || j < after->count);) {
		const struct definition *pair[2], *one;

		pair_take(before, &i, after, &j, pair);
		one = pair[0] != NULL ? pair[0] : pair[1];
		if (pair[0] != NULL && pair[1] != NULL &&
		    span_compare(&pair[0]->body, &pair[1]->body) == 0)
			continue;
		if (span_compare(&table, &one->table) != 0)
			result = buffer_printf(change, "%schange table %.*s {\n",
					       table.size > 0 ? "}\n" : "", (int)one->table.size,
					       one->table.at);
		table = one->table;
		if (result >= 0)
			result = definition_change(change, pair[0], pair[1]);
	}
	if (result >= 0 && table.size > 0)
		result = buffer_printf(change, "}\n");
	return result < 0 ? result : buffer_append(change, "", 1);
}

static int sorted_read(struct list *list, const char *text)
{
	int result = text_read(list, text);

	if (result == 0)
		qsort(list->items, list->count, sizeof(*list->items), definition_compare);
	return result;
}

int nft_change(const char *before, const char *after, struct buffer *change)
{
	struct list old = { .items = NULL }, new = { .items = NULL };
	int result = sorted_read(&old, before);

	if (result == 0)
		result = sorted_read(&new, after);
	if (result == 0 && tables_differ(&old, &new))
		result = -ENOTSUP;
	if (result == 0)
		result = lists_change(change, &old, &new);
	free(old.items);
	free(new.items);
	return result < 0 ? result : 0;
}
