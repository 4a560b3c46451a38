/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All services of the box, in the order in which they start. */
#include "firmware/cloud/http/service.h"

const struct service *const services[] = {
	NULL,
};
