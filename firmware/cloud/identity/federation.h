/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OS-FEDERATION: what Keystone keeps about who else vouches for users, and about clouds that take
 * its own. The records alone: there is no front end here that would check an assertion, so that a
 * login is refused as by a Keystone that none was configured for.
 *
 *	/identity/identity_provider/<id>          enabled, description, domain_id, remote_ids,
 *	                                          authorization_ttl
 *	/identity/remote_id/<SHA-256 of it>       idp_id: no two providers have the same one
 *	/identity/federation_protocol/<idp>/<id>  idp_id, mapping_id, remote_id_attribute
 *	/identity/mapping/<id>                    rules
 *	/identity/service_provider/<id>           enabled, description, auth_url, sp_url,
 *	                                          relay_state_prefix
 */
#ifndef CUMULET_IDENTITY_FEDERATION_H
#define CUMULET_IDENTITY_FEDERATION_H

#include "firmware/cloud/identity/kind.h"

extern const struct kind kind_identity_provider, kind_federation_protocol, kind_mapping,
	kind_service_provider;

/* The rules of a mapping, {"rules": [...]}. */
extern const struct schema schema_mapping;

/* A record that the path names, in the making. */
struct federation_record {
	const struct kind *kind;
	const char *id;
	struct store_txn *txn;
	yyjson_mut_doc *doc;
	yyjson_mut_val *value; /* the body's object, with the id */
};

/* -EEXIST without a message when there is one with this id; else the transaction compares that there
 * is none. -EINVAL when the id is too long. */
int federation_begin(struct request *request, const struct kind *kind, const char *parameter,
		     struct federation_record *record, struct error *error);
/* Puts and commits it, 201. */
int federation_create(struct request *request, struct federation_record *record,
		      struct error *error);

/* "service_providers" of a token: those that are enabled; NULL: none. */
int federation_offer(const struct reader *reader, yyjson_mut_doc *doc, yyjson_mut_val **offered,
		     struct error *error);

int identity_provider_list(struct request *request, struct error *error);
int identity_provider_show(struct request *request, struct error *error);
int identity_provider_create(struct request *request, struct error *error);
int identity_provider_update(struct request *request, struct error *error);
int identity_provider_delete(struct request *request, struct error *error);
int federation_protocol_list(struct request *request, struct error *error);
int federation_protocol_show(struct request *request, struct error *error);
int federation_protocol_create(struct request *request, struct error *error);
int federation_protocol_update(struct request *request, struct error *error);
int federation_protocol_delete(struct request *request, struct error *error);
int mapping_list(struct request *request, struct error *error);
int mapping_show(struct request *request, struct error *error);
int mapping_create(struct request *request, struct error *error);
int mapping_update(struct request *request, struct error *error);
int mapping_delete(struct request *request, struct error *error);
int service_provider_list(struct request *request, struct error *error);
int service_provider_show(struct request *request, struct error *error);
int service_provider_create(struct request *request, struct error *error);
int service_provider_update(struct request *request, struct error *error);
int service_provider_delete(struct request *request, struct error *error);
int federation_login(struct request *request, struct error *error);
int federation_web_login(struct request *request, struct error *error);
int federation_provider_web_login(struct request *request, struct error *error);
int federation_metadata(struct request *request, struct error *error);
int federation_assertion(struct request *request, struct error *error);

#endif
