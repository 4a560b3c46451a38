/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/user_options.h"

#include "firmware/cloud/identity/schemas.h"

static const struct schema flag = { .types = SCHEMA_BOOLEAN | SCHEMA_NULL };
static const struct schema rule = {
	.types = SCHEMA_ARRAY, .items = &schema_string, .min_items = 1, .unique_items = true
};
static const struct schema rules = { .types = SCHEMA_ARRAY | SCHEMA_NULL,
				     .items = &rule,
				     .unique_items = true };

const struct schema schema_user_options = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "ignore_change_password_upon_first_use", &flag, false, 0, 0 },
			{ "ignore_password_expiry", &flag, false, 0, 0 },
			{ "ignore_lockout_failure_attempts", &flag, false, 0, 0 },
			{ "lock_password", &flag, false, 0, 0 },
			{ "ignore_user_inactivity", &flag, false, 0, 0 },
			{ "multi_factor_auth_enabled", &flag, false, 0, 0 },
			{ "multi_factor_auth_rules", &rules, false, 0, 0 },
			{ 0 } },
};

bool user_option(yyjson_val *user, const char *option)
{
	return json_bool(yyjson_obj_get(user, "options"), option, false);
}

void user_options_merge(struct request *request, yyjson_mut_doc *doc, yyjson_val *before,
			yyjson_mut_val *after)
{
	yyjson_val *wanted = yyjson_obj_get(yyjson_obj_get(request->body, "user"), "options");
	yyjson_val *there = yyjson_obj_get(before, "options"), *key, *value;
	yyjson_mut_val *merged = there ? yyjson_val_mut_copy(doc, there) : yyjson_mut_obj(doc);
	size_t index, most;

	yyjson_obj_foreach (wanted, index, most, key, value) {
		yyjson_mut_obj_remove_key(merged, yyjson_get_str(key));
		if (!yyjson_is_null(value))
			json_set(doc, merged, yyjson_get_str(key), yyjson_val_mut_copy(doc, value));
	}
	json_set(doc, after, "options", merged);
}
