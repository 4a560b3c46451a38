/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All services of the box, in the order in which they start. */
#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/console/console.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/network/start.h"
#include "firmware/cloud/node/node.h"
#include "firmware/cloud/placement/placement.h"

/* clang-format off: one a line */
const struct service *const services[] = {
	&identity_service,   &identity_versions_service, &image_service,   &node_service,
	&index_service,      &placement_service,         &network_service, &compute_service,
	&compute_v2_service, &compute_versions_service,  &console_service, NULL,
};
