/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a request between its head and its reply. exchange_prepare() runs on the loop
 * and only looks at tables; exchange_run() runs on a worker:
 *
 *	token -> policy -> JSON body -> action -> schema -> handler (again while -EAGAIN) -> reply
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/access.h"
#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/fault.h"
#include "firmware/cloud/http/microversion.h"
#include "firmware/cloud/http/policy.h"
#include "firmware/cloud/http/router.h"
#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/json.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define TRIES_MAX 64 /* of a handler that loses races */
#define TARGET_LOGGED 256
#define NESTING_MAX 64 /* of a JSON body */

/* --- on the loop: which service, version and route */

static int prepare_target(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct error *error = &exchange->refusal;
	const char *host = head_field(&exchange->head, "Host");
	int result;

	request->method = exchange->head.method;
	request->raw_target = exchange->head.target;
	request->content_length = exchange->head.content_length;
	request->local_operator = exchange->local;
	request->base_url =
		arena_printf(request->arena, "%s://%s", exchange->local ? "http" : "https",
			     host && *host ? host : "localhost");
	result = uri_split(request->arena, request->raw_target, &request->path, &request->query);
	if (result == -ENOMEM || !request->base_url)
		return error_fault(error, -ENOMEM, 503, NULL, "out of memory");
	if (result < 0)
		return error_fault(error, -EINVAL, 400, NULL, "The request target is malformed.");
	return 0;
}

static int prepare_service(struct exchange *exchange, const struct service *const *list)
{
	struct request *request = &exchange->request;
	const char *rest;

	request->service = router_service(list, request->path, &rest);
	if (!request->service)
		return error_set(&exchange->refusal, -ENOENT, "There is no such service here.");
	request->path = router_path(request->arena, request->service, rest);
	if (!request->path)
		return error_fault(&exchange->refusal, -ENOMEM, 503, NULL, "out of memory");
	return microversion_negotiate(request, &exchange->refusal);
}

static int prepare_route(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct error *error = &exchange->refusal;
	struct router_match match;

	if (router_match(request->arena, request->service, request->method, request->path,
			 request->microversion, &match) < 0)
		return error_fault(error, -ENOMEM, 503, NULL, "out of memory");
	exchange->allow = match.allow;
	if (match.allow)
		return error_fault(error, -EINVAL, 405, NULL, "%s", "");
	if (!match.route)
		return error_set(error, -ENOENT, "%s", "");
	request->route = match.route;
	request->params = match.params;
	return 0;
}

static int prepare_body(struct exchange *exchange)
{
	const struct route *route = exchange->request.route;
	uint64_t standard;

	exchange->stream = route->flags & ROUTE_STREAM;
	exchange->job.slow = route->flags & ROUTE_SLOW;
	standard = exchange->stream ? UINT64_MAX - 1 : EXCHANGE_BODY_MAX;
	exchange->body_max = route->body_max ? route->body_max : standard;
	if (exchange->head.content_length != UINT64_MAX &&
	    exchange->head.content_length > exchange->body_max)
		return error_set(&exchange->refusal, -EMSGSIZE, "The request body is too large.");
	return 0;
}

void exchange_prepare(struct exchange *exchange, const struct service *const *list)
{
	if (prepare_target(exchange) == 0 && prepare_service(exchange, list) == 0 &&
	    prepare_route(exchange) == 0)
		prepare_body(exchange);
}

/* --- on a worker */

static int authenticate(struct request *request)
{
	const char *token = request_header(request, "X-Auth-Token");
	struct error error = { 0 };
	bool open = request->route->flags & ROUTE_PUBLIC;
	int result;

	if (request->local_operator)
		return identity_operator(request->cloud, request->arena, &request->caller, &error);
	if (!token || !*token)
		return open ? 0 : -EPERM;
	result = identity_caller(request->cloud, request->arena, token, &request->caller, &error);
	if (result == 0 && !access_allows(request))
		result = error_set(&error, -EPERM, "the access rules have no such request");
	if (result == 0)
		return 0;
	log_info("http", "token refused", "id=%s reason=%s", request->id, log_quote(error.message));
	request->caller = NULL;
	return open ? 0 : -EPERM;
}

static bool is_json(const char *content_type)
{
	size_t length = content_type ? strcspn(content_type, "; ") : 0;

	if (!length)
		return true;
	if (length == 16 && strncasecmp(content_type, "application/json", length) == 0)
		return true;
	return length > 5 && strncasecmp(content_type + length - 5, "+json", 5) == 0;
}

/* The others look into the body, not at its label. */
static bool checks_media_type(const struct service *service)
{
	static const char *const strict[] = { "compute", "identity", "placement" };

	for (size_t i = 0; i < ARRAY_LENGTH(strict); i++)
		if (strcmp(service->type, strict[i]) == 0)
			return true;
	return false;
}

/* Whoever walks a body may do so recursively. */
static bool is_shallow(const char *text, size_t length)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '[' || text[i] == '{') && ++depth > NESTING_MAX)
			return false;
		else if (!quoted && (text[i] == ']' || text[i] == '}') && depth)
			depth--;
	}
	return true;
}

static int parse_body(struct request *request, struct error *error)
{
	struct buffer *body = &request->exchange->body;
	const char *content_type = request_header(request, "Content-Type");

	if (!request->route->body && !request->route->action)
		return 0;
	if (body->length == 0)
		return request->route->action ? fault_malformed(request, error) : 0;
	if (checks_media_type(request->service) && !is_json(content_type))
		return fault_media_type(request, content_type, error);
	if (!is_shallow(buffer_head(body), body->length))
		return fault_malformed(request, error);
	request->body = json_parse(request->arena, buffer_head(body), body->length);
	return request->body ? 0 : fault_malformed(request, error);
}

static int select_action(struct request *request, struct error *error)
{
	yyjson_val *body = request->body;
	const char *action;

	if (!request->route->action)
		return 0;
	if (!yyjson_is_obj(body) || yyjson_obj_size(body) != 1)
		return fault_malformed(request, error);
	action = yyjson_get_str(unsafe_yyjson_get_first(body));
	request->route =
		router_action(request->service, request->route, action, request->microversion);
	return request->route ? 0
			      : error_set(error, -EINVAL, "There is no such action: %s", action);
}

static int check_schema(struct request *request, struct error *error)
{
	const struct schema *schema = request->route->body;

	if (!schema || (request->route->flags & ROUTE_STREAM))
		return 0;
	if (!request->body) {
		if (schema->types == SCHEMA_ANY || (schema->types & SCHEMA_NULL))
			return 0;
		return fault_malformed(request, error);
	}
	return schema_check_as(schema, request->body, request->microversion,
			       schema_style_of(request->service->type), error);
}

static void drop_view(struct request *request)
{
	store_view_close(request->view);
	request->view = NULL;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static int run_handler(struct request *request, struct error *error)
{
	int result = -EAGAIN;

	for (unsigned tries = 0; result == -EAGAIN && tries < TRIES_MAX; tries++) {
		*error = (struct error){ 0 };
		reply_reset(request->reply);
		if (tries > 2)
			pause_ms(tries < 20 ? 1 : 10);
		result = request->route->handle(request, error);
		drop_view(request);
		if (request->reply->streamed ||
		    (request->exchange->stream && request->exchange->body_wanted))
			break; /* what was read or sent can't be had again */
	}
	if (result < 0 && error->code == 0)
		error->code = result;
	return result;
}

static int check_and_run(struct request *request, struct error *error)
{
	int result = 0;

	if (!request->route->action)
		result = policy_check(request, error);
	if (result == 0)
		result = parse_body(request, error);
	if (result == 0)
		result = select_action(request, error);
	if (result == 0 && request->route->action)
		result = policy_check(request, error);
	if (result == 0)
		result = check_schema(request, error);
	return result == 0 ? run_handler(request, error) : result;
}

static double elapsed_ms(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - began->tv_nsec) / 1e6;
}

/* Queries are left out: they may hold signatures. */
static void log_access(const struct exchange *exchange)
{
	const struct request *request = &exchange->request;
	const char *target = request->raw_target ? request->raw_target : "-";
	char path[TARGET_LOGGED];

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(target, "?"), target);
	log_info("http", "request", "method=%s path=%s status=%d bytes=%llu ms=%.1f id=%s user=%s",
		 request->method ? request->method : "-", log_quote(path), exchange->reply.status,
		 (unsigned long long)exchange->reply.length, elapsed_ms(&exchange->began),
		 request->id, request->caller ? request->caller->user_id : "-");
}

void exchange_refuse(struct exchange *exchange)
{
	fault_render(&exchange->request, &exchange->refusal);
	log_access(exchange);
}

static void make_reply(struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct error error = { 0 };
	int result;

	if (authenticate(request) < 0) {
		fault_unauthorized(request);
		return;
	}
	result = check_and_run(request, &error);
	if (result == 0 && exchange->reply.status)
		return;
	if (result == 0)
		error_set(&error, -EIO, "the handler set no reply");
	if (!exchange->reply.streamed)
		fault_render(request, &error);
	else
		exchange->reply.status = 0; /* cut: see deliver.c */
}

void exchange_run(struct exchange *exchange)
{
	make_reply(exchange);
	drop_view(&exchange->request);
	if (!exchange->reply.streamed)
		log_access(exchange);
}
