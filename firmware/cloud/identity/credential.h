/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials: secrets that a user keeps here for other ways to log in. The blob, which is what is
 * secret, lies sealed in the record (member "sealed", see vault.h).
 *
 *	/identity/credential/<id>   of type ec2, the id is the SHA-256 of the access key
 */
#ifndef CUMULET_IDENTITY_CREDENTIAL_H
#define CUMULET_IDENTITY_CREDENTIAL_H

#include "firmware/cloud/identity/kind.h"

#define CREDENTIAL_ID_SIZE 65 /* with NUL */

extern const struct kind kind_credential;

/* The id of the EC2 credential with this access key. */
void credential_access_id(const char *access, char id[static CREDENTIAL_ID_SIZE]);
/* The secret text of a record; NULL when it can't be opened. */
const char *credential_blob(const struct identity *identity, struct arena *arena,
			    yyjson_val *record);
void credential_seal(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
		     const char *blob);
/* 403 for whoever holds a token by delegation. */
int refuse_delegated(struct request *request, struct error *error);

int credential_list(struct request *request, struct error *error);
int credential_create(struct request *request, struct error *error);
int credential_show(struct request *request, struct error *error);
int credential_update(struct request *request, struct error *error);
int credential_delete(struct request *request, struct error *error);
int ec2_credential_list(struct request *request, struct error *error);
int ec2_credential_create(struct request *request, struct error *error);
int ec2_credential_show(struct request *request, struct error *error);
int ec2_credential_delete(struct request *request, struct error *error);
int ec2_token_create(struct request *request, struct error *error);
int s3_token_create(struct request *request, struct error *error);

#endif
