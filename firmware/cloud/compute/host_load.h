/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has, what of it is taken, and the servers that are on it. */
#ifndef CUMULET_COMPUTE_HOST_LOAD_H
#define CUMULET_COMPUTE_HOST_LOAD_H

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/placement/placement.h"

struct host_load {
	struct placement_provider provider;
	struct record_list servers; /* those that have the host */
	int64_t running;
};

int host_load_read(struct request *request, struct host_load *load, struct error *error);

#endif
