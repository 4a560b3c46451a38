/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kind is one collection of the API (projects, users, ...): its names, where its records lie,
 * and what a record looks like from outside. What all kinds do alike is done here.
 */
#ifndef CUMULET_IDENTITY_KIND_H
#define CUMULET_IDENTITY_KIND_H

#include "firmware/cloud/identity/internal.h"

struct kind {
	const char *singular, *plural; /* "project", "projects": in bodies and paths */
	const char *prefix;            /* "/identity/project/" */
	bool in_domain;                /* its records lie in domains, and are indexed by them */
	const char *what;              /* in "Could not find <what>: <id>." */
	bool found_for;                /* "... <what> for <id>." instead */
	const char *path;              /* of the collection, where it is not 'plural' */
	const char *duplicate;         /* details of a conflict; NULL: those of a name */
	const struct page_rules *page;
	const char *const *hidden;   /* members that stay inside, NULL-terminated, or NULL */
	const char *const *nullable; /* members that are null when they are not there, or NULL */
	/* Adds what is worked out rather than stored; NULL: nothing. */
	void (*finish)(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown);
};

extern const struct kind kind_domain, kind_project, kind_user, kind_group, kind_role, kind_region,
	kind_trust, kind_catalog_service, kind_endpoint, kind_application_credential;

/* 404 in Keystone's words when there is none. */
int kind_find(struct request *request, const struct kind *kind, const char *id, yyjson_val **record,
	      uint64_t *revision, struct error *error);

/* Makes of a record what is shown: links, nothing hidden, finished. */
void kind_present(struct request *request, const struct kind *kind, yyjson_mut_doc *doc,
		  yyjson_mut_val *shown);
/* A project, or a domain, which is one, too; 'kind' says where it lies. */
int project_find(struct request *request, const char *id, const struct kind **kind,
		 yyjson_val **record, uint64_t *revision, struct error *error);
/* The id of the role that {"id"} or {"name"} means. */
int role_meant(const struct reader *reader, yyjson_val *wanted, const char **id,
	       struct error *error);
/* Deletes a domain that is switched off, with all that is in it, and replies. */
int domain_remove(struct request *request, const char *id, struct error *error);
int kind_reply(struct request *request, const struct kind *kind, int status, yyjson_mut_doc *doc,
	       yyjson_mut_val *record);
/* The records that the query leaves over. */
int kind_reply_list(struct request *request, const struct kind *kind, yyjson_val **items,
		    size_t count, struct error *error);
/* "links" of a list. */
void kind_links(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root);
/* A record that the path names, to be changed or deleted. */
struct kind_change {
	const struct kind *kind;
	const char *id;
	struct store_txn *txn; /* compares that the record is still as it was read */
	yyjson_mut_doc *doc;
	yyjson_val *before;
	yyjson_mut_val *after; /* with the members of the body over its own */
};

int kind_change_begin(struct request *request, const struct kind *kind, const char *parameter,
		      struct kind_change *change, struct error *error);
/* Puts 'after', and replies with it. */
int kind_change_commit(struct request *request, struct kind_change *change, struct error *error);
/* Deletes the record with what else the transaction does; 204. */
int kind_change_delete(struct request *request, struct kind_change *change, struct error *error);

/* Handlers that do nothing else; 'txn' may bring what else goes. */
int kind_show(struct request *request, const struct kind *kind, const char *parameter,
	      struct error *error);
int kind_list(struct request *request, const struct kind *kind, struct error *error);
int kind_create(struct request *request, const struct kind *kind, struct error *error);
int kind_update(struct request *request, const struct kind *kind, const char *parameter,
		struct error *error);
int kind_delete(struct request *request, const struct kind *kind, const char *parameter,
		struct store_txn *txn, struct error *error);

/* The body's object, to be made into a record; without "id" and "links". */
yyjson_mut_val *kind_body(struct request *request, const struct kind *kind, yyjson_mut_doc *doc);
/* A record with the members of the body over its own. */
yyjson_mut_val *kind_merge(struct request *request, const struct kind *kind, yyjson_mut_doc *doc,
			   yyjson_val *record);
void kind_put(struct request *request, const struct kind *kind, struct store_txn *txn,
	      yyjson_mut_val *record);
/* The record must still be as it was read. */
void kind_compare(struct request *request, const struct kind *kind, struct store_txn *txn,
		  const char *id, uint64_t revision);
/* Commits; a name that is taken is Keystone's conflict. Then replies with the record. */
int kind_commit(struct request *request, const struct kind *kind, struct store_txn *txn, int status,
		yyjson_mut_doc *doc, yyjson_mut_val *record, struct error *error);
/* Deletes the record if it is still as it was read, with what else the transaction does; 204. */
int kind_remove(struct request *request, const struct kind *kind, struct store_txn *txn,
		const char *id, uint64_t revision, struct error *error);
/* Voids the tokens that hang on a record that is switched off. */
void kind_epoch(yyjson_mut_doc *doc, yyjson_val *before, yyjson_mut_val *after);
/* A flag of a query: there without a value it is true. */
bool query_flag(const struct request *request, const char *name);
/* A new random id as the record's "id". */
void kind_identify(yyjson_mut_doc *doc, yyjson_mut_val *record);

void json_default(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
		  yyjson_mut_val *value);
const char *json_mut_string(yyjson_mut_val *object, const char *member);

/* The domain of a new record: as the body says, else the token's, else the default one; it must
 * exist, and 'txn' compares that it still does. */
int domain_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		  yyjson_mut_val *record, struct error *error);
/* A record stays in the domain where it was made. */
int domain_keep(yyjson_val *before, yyjson_mut_val *after, struct error *error);
void records_delete(struct store_txn *txn, const struct records *records);

#endif
