/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource options of roles, projects and domains: {"immutable": true} forbids every change but
 * its own removal. */
#ifndef CUMULET_IDENTITY_OPTIONS_H
#define CUMULET_IDENTITY_OPTIONS_H

#include "firmware/cloud/identity/kind.h"

bool options_immutable(yyjson_val *record);
/* 0, or 403 in Keystone's words. */
int options_allow_update(struct request *request, const struct kind *kind, yyjson_val *record,
			 struct error *error);
int options_allow_delete(const struct kind *kind, yyjson_val *record, struct error *error);
/* The options as they were, with those of the body over them; null takes one away. */
void options_merge(yyjson_mut_doc *doc, yyjson_val *before, yyjson_mut_val *after);

#endif
