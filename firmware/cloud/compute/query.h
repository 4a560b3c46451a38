/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queries of lists that are not paged by markers. */
#ifndef CUMULET_COMPUTE_QUERY_H
#define CUMULET_COMPUTE_QUERY_H

#include "firmware/cloud/compute/internal.h"

/* From microversion 'since' on a parameter that is not among the names is refused (400). */
int query_known(const struct request *request, const char *const *names, unsigned since,
		struct error *error);

struct window {
	size_t first, end; /* of the records that were asked for */
};
/* Sorts the records by the rules, and says which of them 'offset' and 'limit' ask for. */
int window_select(struct request *request, const struct page_rules *rules, struct record_list *list,
		  struct window *window, struct error *error);

#endif
