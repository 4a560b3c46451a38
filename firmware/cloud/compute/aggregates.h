/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aggregates of hosts: names for what a host is good for, and its availability zone. A record,
 * /compute/aggregate/<number, ten digits>, holds the members that the API shows; the number that
 * was given last stands in /compute/aggregate-last. The zone that follows from the aggregates is
 * kept in the host's record and in the servers', all in the transaction that changes it.
 */
#ifndef CUMULET_COMPUTE_AGGREGATES_H
#define CUMULET_COMPUTE_AGGREGATES_H

#include "firmware/cloud/compute/internal.h"

#define KEY_AGGREGATE "/compute/aggregate/"
#define KEY_AGGREGATE_LAST "/compute/aggregate-last"

/* Those that have the host. */
int aggregates_of_host(struct request *request, struct record_list *list, struct error *error);
/* The host leaves all of them; its zone is not touched. */
int aggregates_forget_host(struct request *request, struct store_txn *txn, struct error *error);

#endif
