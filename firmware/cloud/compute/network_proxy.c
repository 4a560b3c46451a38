/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/network_proxy.h"

#include "firmware/cloud/compute/proxy.h"
#include "firmware/cloud/http/uri.h"

int network_ask(struct request *request, const char *method, const char *target, const char *body,
		struct network_answer *answer, struct error *error)
{
	struct direct_reply reply;
	const char *message;
	int result =
		proxy_ask(request, method, arena_printf(request->arena, "/network/v2.0%s", target),
			  NULL, body, &reply, error);

	if (result < 0)
		return result;
	answer->status = reply.status;
	answer->body = reply.body ? json_parse(request->arena, reply.body, reply.body_size) : NULL;
	message = json_string(yyjson_obj_get(answer->body, "NeutronError"), "message");
	answer->message = message ? message : "";
	return 0;
}

int network_get(struct request *request, const char *target, const char *member, yyjson_val **value,
		struct error *error)
{
	struct network_answer answer;
	int result = network_ask(request, "GET", target, NULL, &answer, error);

	*value = NULL;
	if (result < 0 || answer.status == 404)
		return result;
	*value = yyjson_obj_get(answer.body, member);
	return answer.status == 200 && *value
		       ? 0
		       : error_set(error, -EIO, "the network service answered %d: %s",
				   answer.status, answer.message);
}

const char *proxy_encode(struct request *request, const char *text)
{
	return uri_encode(request->arena, text, "");
}
