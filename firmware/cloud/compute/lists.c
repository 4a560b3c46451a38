/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not served. */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"

int handle_too_new(struct request *request, struct error *error)
{
	return error_set(error, -ENOENT, "API version 2.%u is not supported on this method.",
			 request->microversion);
}
