/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What compute gives to the other services. Records: /compute/server/<id>, /compute/flavor/<id>,
 * /compute/keypair/<user id>/<name>, ... as its README lists.
 */
#ifndef CUMULET_COMPUTE_H
#define CUMULET_COMPUTE_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/request.h"
#include "firmware/cloud/http/service.h"

/* /compute/v2.1; /compute/v2 is the same without microversions; the list of both at /compute. */
extern const struct service compute_service, compute_v2_service, compute_versions_service;

/*
 * Answers a guest's request to the metadata service, for the server that owns the port. Paths as
 * Nova serves them: "/", "/openstack", "/openstack/latest/meta_data.json", "network_data.json",
 * "user_data", "vendor_data.json", and the EC2 tree "/latest/meta-data/...". Status, content type
 * and body (in the arena) are set; 404 for what is not there. Runs in the loop's thread.
 */
int compute_metadata(struct cloud *cloud, struct store_view *view, struct arena *arena,
		     yyjson_val *port, const char *path, int *status, const char **content_type,
		     const void **body, size_t *size, struct error *error);

/* Numbers for the console and /node/v1. */
struct compute_counts {
	unsigned servers, running, error;
};
int compute_count(struct cloud *cloud, struct compute_counts *counts);

#endif
