/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_IDENTITY_PROJECT_TREE_H
#define CUMULET_IDENTITY_PROJECT_TREE_H

#include "firmware/cloud/identity/kind.h"

/* Adds "parents" and "subtree" to a project that is shown, as far as the query asks for them. */
int project_tree_add(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown,
		     struct error *error);

#endif
