/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of lists; the kinds are in page.h. */
#ifndef CUMULET_HTTP_PAGE_FILTER_H
#define CUMULET_HTTP_PAGE_FILTER_H

#include "firmware/cloud/http/page.h"

/* Keeps, in place and order, those that satisfy the query; returns how many, or -EINVAL. */
ssize_t page_filter(struct request *request, const struct page_filter *filters,
		    yyjson_val **records, size_t count, struct error *error);

#endif
