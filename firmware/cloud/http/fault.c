/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/fault.h"

#include <string.h>

#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/status.h"
#include "firmware/cloud/json.h"
#include "firmware/lib/log.h"

/* What WebOb says for a status when the service says nothing: Glance, Placement and the 404 and
 * 405 of Nova's and Neutron's routers. */
static const struct {
	int status;
	const char *text;
} explanations[] = {
	{ 400, "The server could not comply with the request since it is either malformed or "
	       "otherwise incorrect." },
	{ 401, "This server could not verify that you are authorized to access the document you "
	       "requested.  Either you supplied the wrong credentials (e.g., bad password), or "
	       "your browser does not understand how to supply the credentials required." },
	{ 403, "Access was denied to this resource." },
	{ 404, "The resource could not be found." },
	{ 405, "The method is not allowed for this resource." },
	{ 406, "The server could not comply with the request since it is either malformed or "
	       "otherwise incorrect." },
	{ 408, "The server has waited too long for the request to be sent by the client." },
	{ 409, "There was a conflict when trying to complete your request." },
	{ 411, "Content-Length header required." },
	{ 412, "Request precondition failed." },
	{ 413, "The body of your request was too large for this server." },
	{ 415, "The request media type is not supported by this server." },
	{ 416, "The Range requested is not available." },
	{ 500,
	  "The server has either erred or is incapable of performing the requested operation." },
	{ 501, "The request method is not implemented for this server." },
	{ 503, "The server is currently unavailable. Please try again at a later time." },
	{ 504, "The gateway has timed out." },
	{ 507, "There was not enough space to save the resource" },
};

static const char *explanation_of(int status)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].status == status)
			return explanations[i].text;
	return status_phrase(status);
}

static const char *message_of(int status, const struct error *error)
{
	return error->message[0] ? error->message : explanation_of(status);
}

/* {"<name>": {"code": 404, "message": "..."}} and its relatives: an object in an object. */
static yyjson_mut_val *begin_fault(yyjson_mut_doc *doc, const char *name, yyjson_mut_val **root)
{
	yyjson_mut_val *fault = yyjson_mut_obj(doc);

	*root = yyjson_mut_obj(doc);
	yyjson_mut_obj_add_val(doc, *root, name, fault);
	return fault;
}

int fault_identity(struct request *request, int status, const struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root, *fault = begin_fault(doc, "error", &root);
	const char *message = message_of(status, error);

	if (status == 500)
		message = "An unexpected error prevented the server from fulfilling your request.";
	yyjson_mut_obj_add_int(doc, fault, "code", status);
	yyjson_mut_obj_add_str(doc, fault, "message", message);
	yyjson_mut_obj_add_str(doc, fault, "title", status_phrase(status));
	if (status == 401)
		reply_header(request, "WWW-Authenticate", "Keystone uri=\"%s/identity\"",
			     request->base_url);
	return reply_json(request, status, doc, root);
}

static const char *compute_name(int status)
{
	static const struct {
		int status;
		const char *name;
	} names[] = {
		{ 400, "badRequest" },         { 401, "unauthorized" },
		{ 403, "forbidden" },          { 404, "itemNotFound" },
		{ 405, "badMethod" },          { 409, "conflictingRequest" },
		{ 413, "overLimit" },          { 415, "badMediaType" },
		{ 429, "overLimit" },          { 501, "notImplemented" },
		{ 503, "serviceUnavailable" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			return names[i].name;
	return "computeFault";
}

int fault_compute(struct request *request, int status, const struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root, *fault;

	fault = begin_fault(doc, error->type ? error->type : compute_name(status), &root);
	yyjson_mut_obj_add_int(doc, fault, "code", status);
	yyjson_mut_obj_add_str(doc, fault, "message", message_of(status, error));
	return reply_json(request, status, doc, root);
}

static const char *network_type(int status)
{
	static const struct {
		int status;
		const char *type;
	} types[] = {
		{ 400, "HTTPBadRequest" },         { 401, "HTTPUnauthorized" },
		{ 403, "PolicyNotAuthorized" },    { 404, "HTTPNotFound" },
		{ 405, "HTTPMethodNotAllowed" },   { 409, "Conflict" },
		{ 412, "HTTPPreconditionFailed" }, { 501, "NotImplementedError" },
		{ 503, "ServiceUnavailable" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].status == status)
			return types[i].type;
	return "HTTPInternalServerError";
}

int fault_network(struct request *request, int status, const struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root, *fault;
	const char *message = message_of(status, error);

	if (status == 500)
		message = "Request Failed: internal server error while processing your request.";
	fault = begin_fault(doc, status == 501 ? "NotImplementedError" : "NeutronError", &root);
	yyjson_mut_obj_add_str(doc, fault, "type",
			       error->type ? error->type : network_type(status));
	yyjson_mut_obj_add_str(doc, fault, "message", message);
	yyjson_mut_obj_add_str(doc, fault, "detail", "");
	return reply_json(request, status, doc, root);
}

/* WebOb puts the service's text behind its own explanation, with the tags stripped. */
static const char *placement_detail(struct request *request, int status, const struct error *error)
{
	return arena_printf(request->arena, "%s\n\n %s  ", explanation_of(status), error->message);
}

int fault_placement(struct request *request, int status, const struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *fault = yyjson_mut_obj(doc);

	yyjson_mut_arr_append(yyjson_mut_obj_add_arr(doc, root, "errors"), fault);
	yyjson_mut_obj_add_int(doc, fault, "status", status);
	yyjson_mut_obj_add_str(doc, fault, "title", status_phrase(status));
	yyjson_mut_obj_add_str(doc, fault, "detail", placement_detail(request, status, error));
	if (status == 406) {
		const struct service *service = request->service;

		yyjson_mut_obj_add_strcpy(doc, fault, "max_version",
					  arena_printf(request->arena, "%u.%u",
						       service->version_major,
						       service->version_last));
		yyjson_mut_obj_add_strcpy(doc, fault, "min_version",
					  arena_printf(request->arena, "%u.%u",
						       service->version_major,
						       service->version_first));
	} else if (request->microversion >= 23) {
		yyjson_mut_obj_add_str(doc, fault, "code",
				       error->type ? error->type : "placement.undefined_code");
	}
	yyjson_mut_obj_add_str(doc, fault, "request_id", request->id);
	return reply_json(request, status, doc, root);
}

static const char *escape_html(struct arena *arena, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} table[] = { { '&', "&amp;" },
		      { '<', "&lt;" },
		      { '>', "&gt;" },
		      { '"', "&quot;" },
		      { '\'', "&#x27;" } };
	char *escaped = arena_alloc(arena, 6 * strlen(text) + 1), *out = escaped;

	for (; escaped && *text; text++) {
		const char *entity = NULL;

		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (table[i].c == *text)
				entity = table[i].entity;
		if (entity)
			out = stpcpy(out, entity);
		else
			*out++ = *text;
	}
	return escaped ? escaped : "";
}

static int image_json(struct request *request, int status, const char *message)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	yyjson_mut_obj_add_str(doc, root, "message",
			       arena_printf(request->arena, "%s<br /><br />\n\n\n", message));
	yyjson_mut_obj_add_str(
		doc, root, "code",
		arena_printf(request->arena, "%d %s", status, status_phrase(status)));
	yyjson_mut_obj_add_str(doc, root, "title", status_phrase(status));
	return reply_json(request, status, doc, root);
}

/* Glance leaves its faults to WebOb: HTML, unless the client takes JSON alone. */
int fault_image(struct request *request, int status, const struct error *error)
{
	const char *accept = request_header(request, "Accept"), *phrase = status_phrase(status);
	const char *message = message_of(status, error);

	if (accept && strstr(accept, "application/json") && !strstr(accept, "*/*") &&
	    !strstr(accept, "text/html"))
		return image_json(request, status, message);
	return reply_text(request, status, "text/html; charset=UTF-8",
			  arena_printf(request->arena,
				       "<html>\n <head>\n  <title>%d %s</title>\n </head>\n"
				       " <body>\n  <h1>%d %s</h1>\n  %s<br /><br />\n\n\n\n"
				       " </body>\n</html>",
				       status, phrase, status, phrase,
				       escape_html(request->arena, message)));
}

int fault_node(struct request *request, int status, const struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root, *fault = begin_fault(doc, "error", &root);

	yyjson_mut_obj_add_int(doc, fault, "code", status);
	yyjson_mut_obj_add_str(doc, fault, "title", status_phrase(status));
	yyjson_mut_obj_add_str(doc, fault, "message", message_of(status, error));
	yyjson_mut_obj_add_str(doc, fault, "request_id", request->id);
	return reply_json(request, status, doc, root);
}

void fault_render(struct request *request, const struct error *error)
{
	const struct service *service = request->service;
	fault_renderer *render = service && service->fault ? service->fault : fault_node;
	int status = status_of_error(error);
	struct error shown = *error;

	if (status == 500) {
		log_error("http", "request failed", "id=%s code=%d error=%s", request->id,
			  error->code, log_quote(error->message));
		shown.message[0] = '\0';
	}
	if (request->arena->failed || render(request, status, &shown) < 0)
		reply_text(request, status, "text/plain", status_phrase(status));
}

void fault_unauthorized(struct request *request)
{
	static const char text[] =
		"{\"error\": {\"code\": 401, \"title\": \"Unauthorized\", \"message\": "
		"\"The request you have made requires authentication.\"}}";

	reply_header(request, "WWW-Authenticate", "Keystone uri=\"%s/identity\"",
		     request->base_url);
	reply_text(request, 401, "application/json", text);
}

#define INCORRECT                                                                                  \
	" The server could not comply with the request since it is either malformed or "           \
	"otherwise incorrect. The client is assumed to be in error."

struct service_text {
	const char *type, *text;
};

static const char *text_for(const struct request *request, const struct service_text *texts)
{
	while (texts->type && strcmp(texts->type, request->service->type) != 0)
		texts++;
	return texts->text;
}

int fault_malformed(const struct request *request, struct error *error)
{
	static const struct service_text texts[] = {
		{ "compute", "Malformed request body" },
		{ "identity", "Expecting to find valid JSON in request body." INCORRECT },
		{ "image", "Malformed JSON in request body." },
		{ "network", "Body contains invalid data" },
		{ "placement", "Malformed JSON: the request body is not JSON" },
		{ NULL, "The body is not a JSON object." },
	};

	return error_fault(error, -EINVAL, 400, NULL, "%s", text_for(request, texts));
}

int fault_media_type(const struct request *request, const char *content_type, struct error *error)
{
	if (strcmp(request->service->type, "identity") == 0)
		return error_fault(
			error, -EINVAL, 400, NULL,
			"Expecting to find application/json in Content-Type header." INCORRECT);
	if (strcmp(request->service->type, "placement") == 0)
		return error_fault(error, -EINVAL, 415, NULL,
				   "The media type %s is not supported, use application/json",
				   content_type);
	return error_fault(error, -EINVAL, 415, NULL, "Unsupported Content-Type");
}
