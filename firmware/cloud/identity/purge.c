/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/purge.h"

#include "firmware/cloud/identity/oauth.h"

struct purge {
	struct request *request;
	struct store_txn *txn;
	struct reader reader;
	struct error *error;
	int result; /* of the first step that failed */
};

static struct purge purge_begin(struct request *request, struct store_txn *txn, struct error *error)
{
	struct purge purge = { .request = request, .txn = txn, .error = error };

	purge.result = reader_of_request(request, &purge.reader, error);
	return purge;
}

static void purge_key(struct purge *purge, const char *prefix, const char *id)
{
	store_txn_delete(purge->txn, arena_printf(purge->request->arena, "%s%s", prefix, id));
}

static void purge_range(struct purge *purge, const char *prefix, const char *middle)
{
	struct records found = { 0 };

	if (purge->result == 0)
		purge->result = records_range(&purge->reader, &found, purge->error, "%s%s/", prefix,
					      middle);
	records_delete(purge->txn, &found);
}

static void purge_index(struct purge *purge, const char *prefix, const char *index,
			const char *value)
{
	struct records found = { 0 };

	if (purge->result == 0)
		purge->result = records_index(&purge->reader, &found, prefix, index, NULL, value,
					      purge->error);
	records_delete(purge->txn, &found);
}

static void purge_trusts(struct purge *purge, const char *index, const char *id)
{
	struct records found = { 0 };

	if (purge->result == 0)
		purge->result = records_index(&purge->reader, &found, "/identity/trust/", index,
					      NULL, id, purge->error);
	for (size_t i = 0; purge->result == 0 && i < found.count; i++)
		purge->result = purge_trust(purge->request, purge->txn,
					    json_string(found.items[i].value, "id"), purge->error);
}

int purge_trust(struct request *request, struct store_txn *txn, const char *id, struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/trust/", id);
	purge_trusts(&purge, "redelegated", id);
	return purge.result;
}

int purge_user(struct request *request, struct store_txn *txn, const char *id, struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/user/", id);
	purge_key(&purge, "/identity/password/", id);
	purge_key(&purge, "/identity/activity/", id);
	purge_range(&purge, "/identity/membership/", id);
	purge_index(&purge, "/identity/assignment/", "actor", id);
	purge_index(&purge, "/identity/application_credential/", "user", id);
	purge_index(&purge, "/identity/credential/", "user", id);
	purge_index(&purge, "/identity/access_rule/", "user", id);
	purge_index(&purge, OAUTH_REQUEST, "user", id);
	purge_index(&purge, OAUTH_ACCESS, "user", id);
	purge_trusts(&purge, "trustor", id);
	purge_trusts(&purge, "trustee", id);
	return purge.result;
}

int purge_group(struct request *request, struct store_txn *txn, const char *id, struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/group/", id);
	purge_index(&purge, "/identity/membership/", "group", id);
	purge_index(&purge, "/identity/assignment/", "actor", id);
	return purge.result;
}

int purge_project(struct request *request, struct store_txn *txn, const char *id,
		  struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/project/", id);
	purge_range(&purge, "/identity/assignment/project-", id);
	purge_range(&purge, "/identity/assignment/inherited/project-", id);
	purge_trusts(&purge, "project", id);
	purge_index(&purge, "/identity/application_credential/", "project", id);
	purge_index(&purge, "/identity/limit/", "project", id);
	purge_range(&purge, "/identity/project_endpoint/", id);
	purge_range(&purge, "/identity/project_endpoint_group/", id);
	purge_index(&purge, "/identity/credential/", "project", id);
	purge_index(&purge, OAUTH_REQUEST, "project", id);
	purge_index(&purge, OAUTH_ACCESS, "project", id);
	return purge.result;
}

int purge_consumer(struct request *request, struct store_txn *txn, const char *id,
		   struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_index(&purge, OAUTH_REQUEST, "consumer", id);
	purge_index(&purge, OAUTH_ACCESS, "consumer", id);
	return purge.result;
}

int purge_identity_provider(struct request *request, struct store_txn *txn, const char *id,
			    struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/identity_provider/", id);
	purge_range(&purge, "/identity/federation_protocol/", id);
	purge_index(&purge, "/identity/remote_id/", "idp", id);
	return purge.result;
}

int purge_delegates(struct request *request, struct store_txn *txn, const char *user_id,
		    const char *project_id, struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);
	struct records found = { 0 };

	if (purge.result == 0)
		purge.result =
			records_index(&purge.reader, &found, "/identity/application_credential/",
				      "user", NULL, user_id, error);
	for (size_t i = 0; i < found.count; i++)
		if (json_is(found.items[i].value, "project_id", project_id))
			store_txn_delete(txn, found.items[i].key);
	return purge.result;
}

int purge_role(struct request *request, struct store_txn *txn, const char *id, struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/role/", id);
	purge_range(&purge, "/identity/implication/", id);
	purge_index(&purge, "/identity/implication/", "implied", id);
	purge_index(&purge, "/identity/assignment/", "role", id);
	return purge.result;
}

static void purge_members(struct purge *purge, const char *prefix, const char *domain_id,
			  int (*purge_one)(struct request *, struct store_txn *, const char *,
					   struct error *))
{
	struct records found = { 0 };

	if (purge->result == 0)
		purge->result = records_index(&purge->reader, &found, prefix, "domain", NULL,
					      domain_id, purge->error);
	for (size_t i = 0; purge->result == 0 && i < found.count; i++)
		purge->result = purge_one(purge->request, purge->txn,
					  json_string(found.items[i].value, "id"), purge->error);
}

int purge_domain(struct request *request, struct store_txn *txn, const char *id,
		 struct error *error)
{
	struct purge purge = purge_begin(request, txn, error);

	purge_key(&purge, "/identity/domain/", id);
	purge_range(&purge, "/identity/assignment/domain-", id);
	purge_range(&purge, "/identity/assignment/project-", id);
	purge_range(&purge, "/identity/assignment/inherited/domain-", id);
	purge_range(&purge, "/identity/assignment/inherited/project-", id);
	purge_index(&purge, "/identity/limit/", "domain", id);
	purge_key(&purge, "/identity/domain_config/", id);
	purge_members(&purge, "/identity/user/", id, purge_user);
	purge_members(&purge, "/identity/group/", id, purge_group);
	purge_members(&purge, "/identity/project/", id, purge_project);
	purge_members(&purge, "/identity/role/", id, purge_role);
	purge_members(&purge, "/identity/identity_provider/", id, purge_identity_provider);
	return purge.result;
}
