/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of server lists, read from the query once and then asked for each record. */
#ifndef CUMULET_COMPUTE_SERVER_FILTER_H
#define CUMULET_COMPUTE_SERVER_FILTER_H

#include "firmware/cloud/compute/internal.h"

struct server_filter {
	struct request *request;
	bool nothing; /* no record can match */
	bool all_tenants, by_status;
	bool by_since, by_before, by_locked, locked;
	time_t since, before;
};

/* -EINVAL, -EACCES in Nova's words. */
int server_filter_read(struct request *request, struct server_filter *filter, struct error *error);
bool server_filter_takes(struct server_filter *filter, yyjson_val *record);
/* Keeps the records with an address that matches 'ip' or 'ip6', in place. */
int server_filter_addresses(struct request *request, yyjson_val **records, size_t *count,
			    struct error *error);

#endif
