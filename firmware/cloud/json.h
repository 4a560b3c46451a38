/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short forms over yyjson for documents of records and requests. Readers give NULL or the
 * fallback when the member is absent, null or of another type; nothing here fails.
 */
#ifndef CUMULET_CLOUD_JSON_H
#define CUMULET_CLOUD_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "firmware/lib/arena.h"

/* Documents whose memory is the arena's: never freed one by one. NULL when it is not JSON, or out
 * of memory. */
yyjson_val *json_parse(struct arena *arena, const char *text, size_t size);
yyjson_mut_doc *json_document(struct arena *arena);
const char *json_write(struct arena *arena, const yyjson_mut_val *value);
const char *json_write_sized(struct arena *arena, const yyjson_mut_val *value, size_t *size);

/* Not inline: seeing through it, compilers would ask for a test of every member of a record. */
const char *json_string(yyjson_val *object, const char *member);

static inline bool json_bool(yyjson_val *object, const char *member, bool fallback)
{
	yyjson_val *value = yyjson_obj_get(object, member);

	return yyjson_is_bool(value) ? yyjson_get_bool(value) : fallback;
}

static inline int64_t json_integer(yyjson_val *object, const char *member, int64_t fallback)
{
	yyjson_val *value = yyjson_obj_get(object, member);

	return yyjson_is_int(value) ? yyjson_get_sint(value) : fallback;
}

static inline bool json_is(yyjson_val *object, const char *member, const char *text)
{
	return yyjson_equals_str(yyjson_obj_get(object, member), text);
}

/* A copy in 'doc' that shares its text with 'value', which must live as long; NULL gives NULL. */
static inline yyjson_mut_val *json_share(yyjson_mut_doc *doc, yyjson_val *value)
{
	if (yyjson_is_str(value))
		return yyjson_mut_strn(doc, yyjson_get_str(value), yyjson_get_len(value));
	return yyjson_val_mut_copy(doc, value);
}

/* Sets a member, replacing one that is there; strings are copied, NULL becomes null. */
static inline void json_set(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
			    yyjson_mut_val *value)
{
	yyjson_mut_obj_put(object, yyjson_mut_strcpy(doc, member), value);
}

static inline void json_set_string(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
				   const char *text)
{
	json_set(doc, object, member, text ? yyjson_mut_strcpy(doc, text) : yyjson_mut_null(doc));
}

/* Adds a member to an object that does not have it; name and text are shared and must live as long,
 * NULL becomes null. */
static inline void json_add_shared(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
				   const char *text)
{
	yyjson_mut_obj_add_val(doc, object, member,
			       text ? yyjson_mut_str(doc, text) : yyjson_mut_null(doc));
}

static inline void json_set_integer(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
				    int64_t value)
{
	json_set(doc, object, member, yyjson_mut_sint(doc, value));
}

static inline void json_set_bool(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
				 bool value)
{
	json_set(doc, object, member, yyjson_mut_bool(doc, value));
}

#endif
