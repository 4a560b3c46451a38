/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that must be there before anything works. Each 'ensure' finds a record by its name or
 * puts it into the transaction, so that the same code makes first boot, adds the services that a
 * newer firmware brings, and repairs the administrator when the console resets the password.
 */
#ifndef CUMULET_IDENTITY_BOOTSTRAP_H
#define CUMULET_IDENTITY_BOOTSTRAP_H

#include "firmware/cloud/identity/internal.h"

struct bootstrap {
	struct reader reader;
	struct store_txn *txn;
	yyjson_mut_doc *doc;
	struct error *error;
	int result; /* of the first step that failed: the steps behind it do nothing */
};

int bootstrap_begin(struct bootstrap *bootstrap, struct identity *identity, struct arena *arena,
		    struct error *error);
/* Closes the view, and commits when no step failed. */
int bootstrap_end(struct bootstrap *bootstrap, struct identity *identity);

/* The administrator with everything that makes it one, and with this password. */
void bootstrap_administrator(struct bootstrap *bootstrap, const char *hash);
void bootstrap_catalog(struct bootstrap *bootstrap);

/* Each returns the record's id, in the arena. */
const char *ensure_role(struct bootstrap *bootstrap, const char *name);
const char *ensure_project(struct bootstrap *bootstrap, const char *name, const char *description);
/* The id of the record below 'prefix' with this name; NULL when there is none. */
const char *bootstrap_find(struct bootstrap *bootstrap, const char *prefix, const char *scope,
			   const char *name);
void bootstrap_put(struct bootstrap *bootstrap, yyjson_mut_val *record, const char *key_format, ...)
	__attribute__((format(printf, 3, 4)));
const char *bootstrap_id(struct bootstrap *bootstrap);

#endif
