/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of projects: a domain is its root, and acts as a project, too. */
#ifndef CUMULET_IDENTITY_HIERARCHY_H
#define CUMULET_IDENTITY_HIERARCHY_H

#include "firmware/cloud/identity/reader.h"

#define HIERARCHY_DEPTH 5 /* projects below each other; the domain counts as one */

/* What lies above a project, from its parent to its domain; nothing for a domain. */
int hierarchy_above(const struct reader *reader, const char *project_id, struct records *above,
		    struct error *error);
/* What lies below a project or a domain, parents before children. */
int hierarchy_below(const struct reader *reader, const char *project_id, struct records *below,
		    struct error *error);

#endif
