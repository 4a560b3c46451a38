/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/options.h"

bool options_immutable(yyjson_val *record)
{
	return json_bool(yyjson_obj_get(record, "options"), "immutable", false);
}

static int refuse_immutable(const struct kind *kind, const char *verb, yyjson_val *record,
			    struct error *error)
{
	return error_fault(error, -EACCES, 403, NULL,
			   "Unable to %s immutable %s resource: `%s. Set resource option "
			   "\"immutable\" to false first.",
			   verb, kind->singular, json_string(record, "id"));
}

/* The body lifts the option, and does nothing else. */
static bool lifts(yyjson_val *body)
{
	yyjson_val *immutable = yyjson_obj_get(yyjson_obj_get(body, "options"), "immutable");

	return yyjson_obj_size(body) == 1 &&
	       (yyjson_is_false(immutable) || yyjson_is_null(immutable));
}

int options_allow_update(struct request *request, const struct kind *kind, yyjson_val *record,
			 struct error *error)
{
	if (!options_immutable(record) || lifts(yyjson_obj_get(request->body, kind->singular)))
		return 0;
	return refuse_immutable(kind, "update", record, error);
}

int options_allow_delete(const struct kind *kind, yyjson_val *record, struct error *error)
{
	return options_immutable(record) ? refuse_immutable(kind, "delete", record, error) : 0;
}

void options_merge(yyjson_mut_doc *doc, yyjson_val *before, yyjson_mut_val *after)
{
	yyjson_val *old = yyjson_obj_get(before, "options");
	yyjson_mut_val *merged = old ? yyjson_val_mut_copy(doc, old) : yyjson_mut_obj(doc), *key;
	yyjson_mut_obj_iter iterator =
		yyjson_mut_obj_iter_with(yyjson_mut_obj_get(after, "options"));

	while ((key = yyjson_mut_obj_iter_next(&iterator))) {
		yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);

		if (yyjson_mut_is_null(value))
			yyjson_mut_obj_remove_key(merged, yyjson_mut_get_str(key));
		else
			json_set(doc, merged, yyjson_mut_get_str(key),
				 yyjson_mut_val_mut_copy(doc, value));
	}
	json_set(doc, after, "options", merged);
}
