/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The person in front of the box: the user admin, on the project admin and on the system, without
 * a token. */
#include <stdio.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/internal.h"
#include "firmware/lib/uuid.h"

/* A record of the default domain by its name; -ENOENT when there is none. */
static int named_find(const struct reader *reader, const char *prefix, const char *name,
		      yyjson_val **record, struct error *error)
{
	struct records found = { 0 };
	int result =
		records_index(reader, &found, prefix, "name", IDENTITY_DOMAIN_DEFAULT, name, error);

	if (result == 0 && found.count == 0)
		return error_set(error, -ENOENT, "there is no %s%s", prefix, name);
	if (result == 0)
		*record = found.items[0].value;
	return result;
}

static int operator_claims(const struct reader *reader, struct token_claims *claims,
			   struct error *error)
{
	yyjson_val *user, *project;
	int result = named_find(reader, "/identity/user/", "admin", &user, error);

	if (result == 0)
		result = named_find(reader, "/identity/project/", "admin", &project, error);
	if (result < 0)
		return result;
	*claims = (struct token_claims){ .methods = METHOD_PASSWORD,
					 .scope = SCOPE_PROJECT,
					 .issued = instant_now(),
					 .expires = instant_now() + TOKEN_LIFE };
	random_bytes(claims->audit, sizeof(claims->audit));
	snprintf(claims->user_id, sizeof(claims->user_id), "%s", json_string(user, "id"));
	snprintf(claims->scope_id, sizeof(claims->scope_id), "%s", json_string(project, "id"));
	return 0;
}

int identity_operator(struct cloud *cloud, struct arena *arena, const struct caller **caller,
		      struct error *error)
{
	struct principal *principal = arena_alloc(arena, sizeof(*principal));
	struct reader reader = { .arena = arena };
	int result;

	if (!principal)
		return error_set(error, -ENOMEM, "no memory");
	result = store_view_open(cloud->identity->store, &reader.view, error);
	if (result < 0)
		return result;
	principal->fresh = true;
	result = operator_claims(&reader, &principal->claims, error);
	if (result == 0)
		result = principal_resolve(&reader, principal, error);
	store_view_close(reader.view);
	principal->caller.system = true;
	*caller = &principal->caller;
	return result;
}
