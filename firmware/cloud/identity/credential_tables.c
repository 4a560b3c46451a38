/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and bodies of credentials and of tokens for what was signed with them. */
#include "firmware/cloud/identity/credential.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/schemas.h"

#define CREDENTIAL_MEMBERS(needed)                                                                 \
	{ "blob", &schema_string, needed, 0, 0 }, { "type", &schema_string, needed, 0, 0 },        \
		{ "user_id", &schema_string, needed, 0, 0 },                                       \
	{                                                                                          \
		"project_id", &schema_string, false, 0, 0                                          \
	}

static const struct schema credential_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ CREDENTIAL_MEMBERS(true), { 0 } },
	.additional = true,
};
static const struct schema credential_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ CREDENTIAL_MEMBERS(false), { 0 } },
	.additional = true,
};
static SCHEMA_WRAPPED(schema_credential_create, "credential", credential_new);
static SCHEMA_WRAPPED(schema_credential_update, "credential", credential_changed);

#define OS_EC2 "/users/{user_id}/credentials/OS-EC2"

static const struct route routes[] = {
	ROUTE("GET", "/credentials", credential_list, "identity:list_credentials", NULL, 0),
	ROUTE("POST", "/credentials", credential_create, "identity:create_credential",
	      &schema_credential_create, 0),
	ROUTE("GET", "/credentials/{credential_id}", credential_show, "identity:get_credential",
	      NULL, 0),
	ROUTE("PATCH", "/credentials/{credential_id}", credential_update,
	      "identity:update_credential", &schema_credential_update, 0),
	ROUTE("DELETE", "/credentials/{credential_id}", credential_delete,
	      "identity:delete_credential", NULL, 0),
	ROUTE("GET", OS_EC2, ec2_credential_list, "identity:ec2_list_credentials", NULL, 0),
	ROUTE("POST", OS_EC2, ec2_credential_create, "identity:ec2_create_credential",
	      &schema_object, 0),
	/* who may is asked by the handlers: they look for the pair first */
	ROUTE("GET", OS_EC2 "/{access}", ec2_credential_show, NULL, NULL, 0),
	ROUTE("DELETE", OS_EC2 "/{access}", ec2_credential_delete, NULL, NULL, 0),
	ROUTE("POST", "/ec2tokens", ec2_token_create, "identity:ec2tokens_validate", &schema_object,
	      0),
	ROUTE("POST", "/s3tokens", s3_token_create, "identity:s3tokens_validate", &schema_object,
	      0),
	{ 0 },
};

const struct service_part identity_credential_part = { routes, NULL };
