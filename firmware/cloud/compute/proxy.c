/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/proxy.h"

int proxy_ask(struct request *request, const char *method, const char *target,
	      const struct name_value *headers, const char *body, struct direct_reply *reply,
	      struct error *error)
{
	const struct direct_request asked = { .method = method,
					      .target = target,
					      .headers = headers,
					      .token = request_header(request, "X-Auth-Token"),
					      .body = body,
					      .body_size = body ? SIZE_MAX : 0 };
	int result = direct_run(request->cloud, NULL, request->arena, &asked, reply);

	return result < 0 ? error_set(error, result, "out of memory") : 0;
}
