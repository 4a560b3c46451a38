/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/tags.h"

#include <string.h>

#define TAG_MOST 255

/* --- filters --- */

static bool has_word(yyjson_val *record, const char *word, size_t length)
{
	yyjson_val *list = yyjson_obj_get(record, "tags"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (yyjson_get_len(item) == length && !memcmp(yyjson_get_str(item), word, length))
			return true;
	}
	return false;
}

/* How many of the words, joined by commas, the record has; *all is how many there are. */
static size_t count_words(yyjson_val *record, const char *words, size_t *all)
{
	size_t found = 0;

	for (*all = 0;; words++) {
		size_t length = strcspn(words, ",");

		found += has_word(record, words, length);
		++*all;
		words += length;
		if (!*words)
			return found;
	}
}

static bool filter_fits(yyjson_val *record, const char *name, const char *words)
{
	size_t all, found = count_words(record, words, &all);

	if (!strcmp(name, "tags"))
		return found == all;
	if (!strcmp(name, "tags-any"))
		return found > 0;
	return !strcmp(name, "not-tags") ? found < all : found == 0;
}

bool tags_match(struct request *request, yyjson_val *record)
{
	static const char *const names[] = { "tags", "tags-any", "not-tags", "not-tags-any", NULL };
	const struct name_value *query = request->query;

	for (; query && query->name; query++)
		for (const char *const *name = names; *name; name++)
			if (!strcmp(query->name, *name) &&
			    !filter_fits(record, *name, query->value))
				return false;
	return true;
}

/* --- reading --- */

static int missing(const struct resource *resource, const char *id, struct error *error)
{
	return error_fault(error, -ENOENT, 404, "TagResourceNotFound",
			   "Resource %s %s could not be found.", resource->plural, id);
}

static int find(const struct resource *resource, struct request *request, struct change *change,
		yyjson_val **record, struct error *error)
{
	const char *id = request_param(request, "id");
	int result = change_begin(change, request, error);

	if (!result)
		result = change_find(change, resource, id, record, error);
	return result == -ENOENT ? missing(resource, id, error) : result;
}

static int find_writable(const struct resource *resource, struct request *request,
			 struct change *change, yyjson_val **record, struct error *error)
{
	int result = find(resource, request, change, record, error);

	if (result || policy_owns(request, json_string(*record, "project_id")))
		return result;
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "(rule:update_%s_tags) is disallowed by policy", resource->plural);
}

static int reply_tags(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *tags)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "tags", tags);
	return reply_json(request, 200, doc, root);
}

int tags_list(const struct resource *resource, struct request *request, struct error *error)
{
	struct change change;
	yyjson_val *record;
	int result = find(resource, request, &change, &record, error);

	return result ? result
		      : reply_tags(request, change.doc,
				   yyjson_val_mut_copy(change.doc, yyjson_obj_get(record, "tags")));
}

static int tag_missing(const char *tag, struct error *error)
{
	return error_fault(error, -ENOENT, 404, "TagNotFound", "Tag %s could not be found.", tag);
}

int tag_show(const struct resource *resource, struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	struct change change;
	yyjson_val *record;
	int result = find(resource, request, &change, &record, error);

	if (!result && !has_word(record, tag, strlen(tag)))
		result = tag_missing(tag, error);
	return result ? result : reply_empty(request, 204);
}

/* --- writing --- */

static int put_tags(const struct resource *resource, struct change *change, yyjson_val *record,
		    yyjson_mut_val *tags, struct error *error)
{
	yyjson_mut_val *object = yyjson_val_mut_copy(change->doc, record);

	json_set(change->doc, object, "tags", tags);
	change_put(change, resource, object);
	return request_commit(change->request, change->txn, error);
}

static int check_tag(const char *tag, struct error *error)
{
	if (!tag)
		return input_refuse(error, "'' is not a valid string");
	return strlen(tag) > TAG_MOST
		       ? input_refuse(error, "'%.300s' exceeds maximum length of 255", tag)
		       : 0;
}

static int check_tags(yyjson_val *list, struct error *error)
{
	yyjson_val *item;
	size_t index, count;

	if (!yyjson_is_arr(list))
		return input_refuse(error, "Invalid tags body");
	yyjson_arr_foreach (list, index, count, item) {
		int result = check_tag(yyjson_get_str(item), error);

		if (result)
			return result;
		for (size_t i = 0; i < index; i++)
			if (yyjson_equals(yyjson_arr_get(list, i), item))
				return input_refuse(error, "Duplicate items in the list: '%s'",
						    yyjson_get_str(item));
	}
	return 0;
}

int tags_replace(const struct resource *resource, struct request *request, struct error *error)
{
	yyjson_val *list = yyjson_obj_get(request->body, "tags"), *record;
	struct change change;
	int result = check_tags(list, error);

	if (!result)
		result = find_writable(resource, request, &change, &record, error);
	if (!result)
		result = put_tags(resource, &change, record, yyjson_val_mut_copy(change.doc, list),
				  error);
	return result ? result
		      : reply_tags(request, change.doc, yyjson_val_mut_copy(change.doc, list));
}

int tags_clear(const struct resource *resource, struct request *request, struct error *error)
{
	struct change change;
	yyjson_val *record;
	int result = find_writable(resource, request, &change, &record, error);

	if (!result)
		result = put_tags(resource, &change, record, yyjson_mut_arr(change.doc), error);
	return result ? result : reply_empty(request, 204);
}

int tag_add(const struct resource *resource, struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	struct change change;
	yyjson_mut_val *tags;
	yyjson_val *record;
	int result = check_tag(tag, error);

	if (!result)
		result = find_writable(resource, request, &change, &record, error);
	if (result)
		return result;
	tags = yyjson_val_mut_copy(change.doc, yyjson_obj_get(record, "tags"));
	if (!has_word(record, tag, strlen(tag))) {
		yyjson_mut_arr_add_strcpy(change.doc, tags, tag);
		result = put_tags(resource, &change, record, tags, error);
	}
	return result ? result : reply_empty(request, 201);
}

int tag_remove(const struct resource *resource, struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	struct change change;
	yyjson_mut_val *tags, *item;
	yyjson_mut_arr_iter iterator;
	yyjson_val *record;
	int result = find_writable(resource, request, &change, &record, error);

	if (!result && !has_word(record, tag, strlen(tag)))
		result = tag_missing(tag, error);
	if (result)
		return result;
	tags = yyjson_val_mut_copy(change.doc, yyjson_obj_get(record, "tags"));
	yyjson_mut_arr_iter_init(tags, &iterator);
	while ((item = yyjson_mut_arr_iter_next(&iterator)))
		if (yyjson_mut_equals_str(item, tag))
			yyjson_mut_arr_iter_remove(&iterator);
	result = put_tags(resource, &change, record, tags, error);
	return result ? result : reply_empty(request, 204);
}
