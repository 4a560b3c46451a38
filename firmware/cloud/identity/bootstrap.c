/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "firmware/lib/uuid.h"

int bootstrap_begin(struct bootstrap *bootstrap, struct identity *identity, struct arena *arena,
		    struct error *error)
{
	*bootstrap = (struct bootstrap){ .reader = { .arena = arena }, .error = error };
	bootstrap->txn = store_txn_new(arena);
	bootstrap->doc = json_document(arena);
	if (!bootstrap->txn || !bootstrap->doc)
		return error_set(error, -ENOMEM, "no memory");
	return store_view_open(identity->store, &bootstrap->reader.view, error);
}

int bootstrap_end(struct bootstrap *bootstrap, struct identity *identity)
{
	store_view_close(bootstrap->reader.view);
	if (bootstrap->reader.arena->failed)
		return error_set(bootstrap->error, -ENOMEM, "no memory");
	if (bootstrap->result == 0)
		bootstrap->result =
			store_commit(identity->store, bootstrap->txn, NULL, bootstrap->error);
	identity_changed(identity);
	return bootstrap->result;
}

const char *bootstrap_id(struct bootstrap *bootstrap)
{
	char id[UUID_HEX_SIZE];

	uuid_make_hex(id);
	return arena_strdup(bootstrap->reader.arena, id);
}

void bootstrap_put(struct bootstrap *bootstrap, yyjson_mut_val *record, const char *key_format, ...)
{
	struct arena *arena = bootstrap->reader.arena;
	va_list arguments;
	const char *key;

	va_start(arguments, key_format);
	key = arena_vprintf(arena, key_format, arguments);
	va_end(arguments);
	store_txn_put(bootstrap->txn, key, json_write(arena, record));
}

const char *bootstrap_find(struct bootstrap *bootstrap, const char *prefix, const char *scope,
			   const char *name)
{
	struct records found = { 0 };

	if (bootstrap->result == 0)
		bootstrap->result = records_index(&bootstrap->reader, &found, prefix, "name", scope,
						  name, bootstrap->error);
	return found.count ? json_string(found.items[0].value, "id") : NULL;
}

static yyjson_mut_val *record_new(struct bootstrap *bootstrap, const char *id, const char *name,
				  const char *description)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);

	json_set_string(bootstrap->doc, record, "id", id);
	json_set_string(bootstrap->doc, record, "name", name);
	json_set_string(bootstrap->doc, record, "description", description);
	return record;
}

/* Reads a record to change it; false when there is none. */
static bool record_copy(struct bootstrap *bootstrap, const char *prefix, const char *id,
			yyjson_mut_val **copy)
{
	yyjson_val *record;
	int result =
		record_get(&bootstrap->reader, &record, NULL, bootstrap->error, "%s%s", prefix, id);

	if (result < 0 && result != -ENOENT && bootstrap->result == 0)
		bootstrap->result = result;
	if (result == 0)
		*copy = yyjson_val_mut_copy(bootstrap->doc, record);
	return result == 0;
}

static void ensure_domain(struct bootstrap *bootstrap)
{
	yyjson_mut_val *record;

	if (!record_copy(bootstrap, "/identity/domain/", IDENTITY_DOMAIN_DEFAULT, &record))
		record = record_new(bootstrap, IDENTITY_DOMAIN_DEFAULT, "Default",
				    "The default domain");
	json_set_bool(bootstrap->doc, record, "enabled", true);
	bootstrap_put(bootstrap, record, "/identity/domain/%s", IDENTITY_DOMAIN_DEFAULT);
}

const char *ensure_role(struct bootstrap *bootstrap, const char *name)
{
	const char *id = bootstrap_find(bootstrap, "/identity/role/", NULL, name);

	if (id)
		return id;
	id = bootstrap_id(bootstrap);
	bootstrap_put(bootstrap, record_new(bootstrap, id, name, NULL), "/identity/role/%s", id);
	return id;
}

const char *ensure_project(struct bootstrap *bootstrap, const char *name, const char *description)
{
	const char *id =
		bootstrap_find(bootstrap, "/identity/project/", IDENTITY_DOMAIN_DEFAULT, name);
	yyjson_mut_val *record;

	if (!id || !record_copy(bootstrap, "/identity/project/", id, &record)) {
		id = bootstrap_id(bootstrap);
		record = record_new(bootstrap, id, name, description);
		json_set_string(bootstrap->doc, record, "domain_id", IDENTITY_DOMAIN_DEFAULT);
		json_set_string(bootstrap->doc, record, "parent_id", IDENTITY_DOMAIN_DEFAULT);
	}
	json_set_bool(bootstrap->doc, record, "enabled", true);
	bootstrap_put(bootstrap, record, "/identity/project/%s", id);
	return id;
}

static void ensure_implication(struct bootstrap *bootstrap, const char *prior, const char *implied)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);

	json_set_string(bootstrap->doc, record, "prior_role_id", prior);
	json_set_string(bootstrap->doc, record, "implied_role_id", implied);
	bootstrap_put(bootstrap, record, "/identity/implication/%s/%s", prior, implied);
}

static void ensure_assignment(struct bootstrap *bootstrap, const char *scope, const char *scope_id,
			      const char *user_id, const char *role_id)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);

	json_set_string(bootstrap->doc, record, "scope", scope);
	json_set_string(bootstrap->doc, record, "scope_id", scope_id);
	json_set_string(bootstrap->doc, record, "actor", "user");
	json_set_string(bootstrap->doc, record, "actor_id", user_id);
	json_set_string(bootstrap->doc, record, "role_id", role_id);
	bootstrap_put(bootstrap, record, "/identity/assignment/%s-%s/user-%s/%s", scope, scope_id,
		      user_id, role_id);
}

static const char *ensure_admin_user(struct bootstrap *bootstrap, const char *project_id)
{
	const char *id =
		bootstrap_find(bootstrap, "/identity/user/", IDENTITY_DOMAIN_DEFAULT, "admin");
	yyjson_mut_val *record;
	int64_t epoch;

	if (!id || !record_copy(bootstrap, "/identity/user/", id, &record)) {
		id = bootstrap_id(bootstrap);
		record = record_new(bootstrap, id, "admin", NULL);
		json_set_string(bootstrap->doc, record, "domain_id", IDENTITY_DOMAIN_DEFAULT);
		json_set_string(bootstrap->doc, record, "default_project_id", project_id);
	}
	epoch = yyjson_mut_get_sint(yyjson_mut_obj_get(record, "token_epoch"));
	json_set_integer(bootstrap->doc, record, "token_epoch", epoch + 1);
	json_set_bool(bootstrap->doc, record, "enabled", true);
	bootstrap_put(bootstrap, record, "/identity/user/%s", id);
	return id;
}

static void ensure_password(struct bootstrap *bootstrap, const char *user_id, const char *hash)
{
	yyjson_mut_val *record = yyjson_mut_obj(bootstrap->doc);
	yyjson_mut_val *hashes = yyjson_mut_arr(bootstrap->doc);

	yyjson_mut_arr_add_strcpy(bootstrap->doc, hashes, hash);
	json_set(bootstrap->doc, record, "hashes", hashes);
	bootstrap_put(bootstrap, record, "/identity/password/%s", user_id);
}

void bootstrap_administrator(struct bootstrap *bootstrap, const char *hash)
{
	const char *admin, *member, *reader, *project, *user;

	ensure_domain(bootstrap);
	admin = ensure_role(bootstrap, "admin");
	member = ensure_role(bootstrap, "member");
	reader = ensure_role(bootstrap, "reader");
	ensure_implication(bootstrap, admin, member);
	ensure_implication(bootstrap, member, reader);
	project =
		ensure_project(bootstrap, "admin", "Bootstrap project for initializing the cloud.");
	user = ensure_admin_user(bootstrap, project);
	ensure_assignment(bootstrap, "project", project, user, admin);
	ensure_assignment(bootstrap, "domain", IDENTITY_DOMAIN_DEFAULT, user, admin);
	ensure_assignment(bootstrap, "system", "all", user, admin);
	ensure_password(bootstrap, user, hash);
}
