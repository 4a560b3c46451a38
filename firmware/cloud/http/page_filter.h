/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_HTTP_PAGE_FILTER_H
#define CUMULET_HTTP_PAGE_FILTER_H

#include "firmware/cloud/http/page.h"

/* True when the record satisfies every filter that the query names. */
bool page_filters_pass(const struct request *request, const struct page_filter *filters,
		       yyjson_val *record);

#endif
