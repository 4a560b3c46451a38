/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service of each type, with routes that show what reached their handlers, and an identity whose
 * tokens are names of roles: "admin", "member", "reader"; "system" is an admin of the system,
 * "unscoped" a member without a project. Include in one file of a test program.
 */
#ifndef CUMULET_HTTP_TEST_FAKE_SERVICES_H
#define CUMULET_HTTP_TEST_FAKE_SERVICES_H

#include <stdatomic.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/direct.h"
#include "firmware/cloud/http/test/unit.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/json.h"

static const char *const admin_roles[] = { "admin", "member", "reader", NULL };
static const char *const member_roles[] = { "member", "reader", NULL };
static const char *const reader_roles[] = { "reader", NULL };

static const struct {
	const char *token;
	struct caller caller;
} holders[] = {
	{ "admin",
	  { .user_id = "u1", .project_id = "p1", .roles = admin_roles, .is_admin = true } },
	{ "member", { .user_id = "u2", .project_id = "p2", .roles = member_roles } },
	{ "reader", { .user_id = "u3", .project_id = "p2", .roles = reader_roles } },
	{ "unscoped", { .user_id = "u4", .roles = member_roles } },
	{ "system", { .user_id = "u5", .roles = admin_roles, .is_admin = true, .system = true } },
};

int identity_caller(struct cloud *cloud, struct arena *arena, const char *token,
		    const struct caller **caller, struct error *error)
{
	(void)cloud;
	(void)arena;
	for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++)
		if (strcmp(holders[i].token, token) == 0) {
			*caller = &holders[i].caller;
			return 0;
		}
	return error_set(error, -EPERM, "unknown");
}

int identity_operator(struct cloud *cloud, struct arena *arena, const struct caller **caller,
		      struct error *error)
{
	return identity_caller(cloud, arena, "system", caller, error);
}

/* Shows the request: method, path, parameters, version and body. */
static int show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	(void)error;
	json_set_string(doc, root, "method", request->method);
	json_set_string(doc, root, "path", request->path);
	json_set_string(doc, root, "route", request->route->path);
	json_set_integer(doc, root, "version", request->microversion);
	for (const struct name_value *param = request->params; param->name; param++)
		json_set_string(doc, root, param->name, param->value);
	if (request->route->action)
		json_set_string(doc, root, "action", request->route->action);
	if (request->body)
		json_set(doc, root, "body", yyjson_val_mut_copy(doc, request->body));
	return reply_json(request, 200, doc, root);
}

static const struct error *next_fault; /* what /fault answers */

static int fail_as_told(struct request *request, struct error *error)
{
	(void)request;
	*error = *next_fault;
	return error->code;
}

static atomic_uint races; /* how many tries of /race are still to be lost */

static int lose_races(struct request *request, struct error *error)
{
	if (races > 0) {
		races--;
		return error_set(error, -EAGAIN, "lost");
	}
	return reply_empty(request, 204);
}

static int set_nothing(struct request *request, struct error *error)
{
	(void)request;
	(void)error;
	return 0;
}

static const struct schema any_object = { .types = SCHEMA_OBJECT, .additional = true };
static const struct schema fake_name = { .types = SCHEMA_STRING, .min_length = 1 };
static const struct schema_member fake_members[] = {
	{ .name = "name", .schema = &fake_name, .required = true },
	{ .name = NULL },
};
static const struct schema named = { .types = SCHEMA_OBJECT, .members = fake_members };

static const struct route fake_routes[] = {
	{ .method = "GET", .path = "", .handle = show, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/things", .handle = show },
	{ .method = "POST", .path = "/things", .handle = show, .body = &named },
	{ .method = "GET", .path = "/things/{id}", .handle = show },
	{ .method = "GET", .path = "/things/detail", .handle = show },
	{ .method = "PUT",
	  .path = "/things/{id}/tags/{tag}",
	  .handle = show,
	  .flags = ROUTE_NO_BODY },
	{ .method = "POST", .path = "/things/{id}/action", .handle = show, .action = "start" },
	{ .method = "POST",
	  .path = "/things/{id}/action",
	  .handle = show,
	  .action = "stop",
	  .policy = "fake:stop",
	  .body = &any_object },
	{ .method = "POST",
	  .path = "/things/{id}/action",
	  .handle = show,
	  .action = "late",
	  .first = 9 },
	{ .method = "GET", .path = "/old", .handle = show, .last = 4 },
	{ .method = "GET", .path = "/old", .handle = show, .first = 5 },
	{ .method = "HEAD", .path = "/headed", .handle = show },
	{ .method = "GET", .path = "/headed", .handle = show },
	{ .method = "GET", .path = "/admin", .handle = show, .policy = "fake:admin" },
	{ .method = "GET", .path = "/member", .handle = show, .policy = "fake:member" },
	{ .method = "GET", .path = "/nobody", .handle = show, .policy = "fake:forgotten" },
	{ .method = "GET", .path = "/operator", .handle = show, .flags = ROUTE_OPERATOR },
	{ .method = "GET", .path = "/fault", .handle = fail_as_told, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/race", .handle = lose_races, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/nothing", .handle = set_nothing, .flags = ROUTE_PUBLIC },
	{ .method = NULL },
};

static const struct route part_routes[] = {
	{ .method = "PUT", .path = "/admin", .handle = show, .policy = "fake:part" },
	{ .method = "GET", .path = "/part", .handle = show, .policy = "fake:part" },
	{ 0 },
};
static const struct policy_rule part_policies[] = { { "fake:part", "admin" }, { 0 } };
static const struct service_part *const fake_parts[] = {
	&(const struct service_part){ part_routes, part_policies }, NULL
};

static const struct policy_rule fake_policies[] = {
	{ "fake:admin", "admin" },
	{ "fake:member", "project_member" },
	{ "fake:stop", "service project_admin" },
	{ NULL, NULL },
};

#define FAKE(kind, fault_name, where, ...)                                                         \
	static const struct service fake_##kind##_service = { .name = #kind,                       \
							      .type = #kind,                       \
							      .prefix = where,                     \
							      .routes = fake_routes,               \
							      .policies = fake_policies,           \
							      .parts = fake_parts,                 \
							      .fault = fault_name,                 \
							      __VA_ARGS__ }

FAKE(compute, fault_compute, "/compute/v2.1", .version_name = "compute", .version_major = 2,
     .version_first = 1, .version_last = 9);
FAKE(placement, fault_placement, "/placement", .version_name = "placement", .version_major = 1,
     .version_first = 0, .version_last = 39);
FAKE(identity, fault_identity, "/identity");
FAKE(image, fault_image, "/image");
FAKE(network, fault_network, "/network");

static const struct route root_routes[] = {
	{ .method = "GET", .path = "", .handle = show, .flags = ROUTE_PUBLIC },
	{ .method = NULL },
};
static const struct service fake_root_service = {
	.name = "root",
	.type = "root",
	.prefix = "/compute",
	.routes = root_routes,
	.fault = fault_compute,
};

const struct service *const services[] = {
	&fake_root_service,
	&fake_compute_service,
	&fake_placement_service,
	&fake_identity_service,
	&fake_image_service,
	&fake_network_service,
	NULL,
};

#endif
