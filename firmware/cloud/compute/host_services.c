/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nova's services: the box plays all of them. Only the compute service can be changed. One that is
 * deleted registers anew at once, as a nova-compute that starts again does: what was said of it is
 * forgotten, and the aggregates no longer have its host.
 */
#include <strings.h>
#include <string.h>

#include "firmware/cloud/compute/aggregates.h"
#include "firmware/cloud/compute/host_state.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/query.h"
#include "firmware/cloud/compute/schema_parts.h"
#include "firmware/cloud/placement/placement.h"

static yyjson_mut_val *service_view(struct request *request, yyjson_mut_doc *doc,
				    const struct host_state *state, size_t index)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);
	bool compute = index == SERVICE_COMPUTE, disabled = compute && state->disabled;

	json_set_string(doc, view, "binary", host_services[index].binary);
	json_set_string(doc, view, "host", COMPUTE_HOST);
	host_service_id(request, doc, view, index);
	json_set_string(doc, view, "zone", host_service_zone(state, index));
	json_set_string(doc, view, "status", disabled ? "disabled" : "enabled");
	json_set_string(doc, view, "state", host_service_up(request, state, index) ? "up" : "down");
	json_set_string(doc, view, "updated_at", time_now(request->arena));
	json_set_string(doc, view, "disabled_reason", disabled ? state->reason : NULL);
	if (request->microversion >= 11)
		json_set_bool(doc, view, "forced_down", compute && state->forced_down);
	return view;
}

static bool wanted(struct request *request, const char *query, const char *value)
{
	const char *text = request_query(request, query);

	return !text || !*text || !strcmp(text, value);
}

static int service_list(struct request *request, struct error *error)
{
	static const char *const queries[] = { "host", "binary", NULL };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	struct host_state state;
	int result = query_known(request, queries, 75, error);

	if (result == 0)
		result = host_state_read(request, &state, error);
	if (result < 0)
		return result;
	list = yyjson_mut_obj_add_arr(doc, root, "services");
	for (size_t i = 0; i < SERVICES; i++)
		if (wanted(request, "binary", host_services[i].binary) &&
		    wanted(request, "host", COMPUTE_HOST))
			yyjson_mut_arr_append(list, service_view(request, doc, &state, i));
	return reply_json(request, 200, doc, root);
}

static int state_commit(struct request *request, const struct host_state *state,
			struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	int result = placement_disable(request, txn, state->disabled, error);

	host_state_put(request, txn, state);
	return result < 0 ? result : request_commit(request, txn, error);
}

/* --- until 2.52: PUT /os-services/<what is to be done>, the body says to which */

static int act_enable(yyjson_val *body, struct host_state *state, struct error *error)
{
	(void)body;
	(void)error;
	state->disabled = false;
	state->reason = NULL;
	return 0;
}

static int act_disable(yyjson_val *body, struct host_state *state, struct error *error)
{
	(void)body;
	(void)error;
	state->disabled = true;
	state->reason = NULL;
	return 0;
}

static int act_disable_reason(yyjson_val *body, struct host_state *state, struct error *error)
{
	state->disabled = true;
	state->reason = json_string(body, "disabled_reason");
	return state->reason ? 0 : error_set(error, -EINVAL, "Missing disabled reason field");
}

static bool forced_of(yyjson_val *body)
{
	yyjson_val *value = yyjson_obj_get(body, "forced_down");
	bool forced = yyjson_is_true(value);

	if (yyjson_is_str(value))
		boolean_parse(yyjson_get_str(value), &forced);
	return forced;
}

static int act_force_down(yyjson_val *body, struct host_state *state, struct error *error)
{
	state->forced_down = forced_of(body);
	return yyjson_obj_get(body, "forced_down")
		       ? 0
		       : error_set(error, -EINVAL, "Missing forced_down field");
}

static const struct service_act {
	const char *name;
	int (*act)(yyjson_val *body, struct host_state *state, struct error *error);
	const char *status; /* in the reply */
	unsigned first;
} acts[] = {
	{ "enable", act_enable, "enabled", 0 },
	{ "disable", act_disable, "disabled", 0 },
	{ "disable-log-reason", act_disable_reason, "disabled", 0 },
	{ "force-down", act_force_down, NULL, 11 },
};

static const struct service_act *act_find(const struct request *request)
{
	const char *name = request_param(request, "service_id");

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (!strcmp(acts[i].name, name) && request->microversion >= acts[i].first)
			return &acts[i];
	return NULL;
}

static int only_compute(const char *binary, struct error *error)
{
	if (!strcmp(binary, host_services[SERVICE_COMPUTE].binary))
		return 0;
	return error_set(error, -EINVAL,
			 "Updating a %s service is not supported. Only nova-compute services can "
			 "be updated.",
			 binary);
}

static int act_reply(struct request *request, const struct service_act *act,
		     const struct host_state *state)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;

	view = yyjson_mut_obj_add_obj(doc, root, "service");
	json_set_string(doc, view, "host", json_string(request->body, "host"));
	json_set_string(doc, view, "binary", json_string(request->body, "binary"));
	if (act->status)
		json_set_string(doc, view, "status", act->status);
	else
		json_set_bool(doc, view, "forced_down", state->forced_down);
	if (act->status && state->disabled && state->reason)
		json_set_string(doc, view, "disabled_reason", state->reason);
	return reply_json(request, 200, doc, root);
}

static int service_act(struct request *request, struct error *error)
{
	const struct service_act *act = act_find(request);
	const char *host = json_string(request->body, "host");
	struct host_state state;
	int result;

	if (!act)
		return error_set(error, -ENOENT, "Unknown action");
	result = host_state_read(request, &state, error);
	if (result == 0)
		result = act->act(request->body, &state, error);
	if (result == 0)
		result = only_compute(json_string(request->body, "binary"), error);
	if (result < 0)
		return result;
	if (strcmp(host, COMPUTE_HOST))
		return error_set(error, -ENOENT, "Host '%s' is not mapped to any cell", host);
	result = state_commit(request, &state, error);
	return result < 0 ? result : act_reply(request, act, &state);
}

/* --- from 2.53 on: PUT /os-services/<uuid>, the body says what */

static int service_find(struct request *request, size_t *index, struct error *error)
{
	const char *id = request_param(request, "service_id");

	if (request->microversion >= 53 && !uuid_like(id))
		return error_set(error, -EINVAL, "Invalid uuid %s", id);
	if (request->microversion < 53 && (!*id || strspn(id, "0123456789") != strlen(id)))
		return error_set(error, -EINVAL, "Invalid input received: id must be an integer");
	for (*index = 0; *index < SERVICES; ++*index)
		if (!strcmp(id,
			    request->microversion >= 53
				    ? host_services[*index].uuid
				    : arena_printf(request->arena, "%d", host_services[*index].id)))
			return 0;
	return error_set(error, -ENOENT,
			 !strcmp(request->method, "DELETE") ? "Service %s not found."
							    : "Service %s could not be found.",
			 id);
}

static int state_edit(yyjson_val *body, struct host_state *state, struct error *error)
{
	const char *reason = json_string(body, "disabled_reason");

	if (!yyjson_obj_get(body, "status") && !yyjson_obj_get(body, "forced_down"))
		return error_set(error, -EINVAL,
				 "No updates were requested. Fields 'status' or 'forced_down' "
				 "should be specified.");
	if (json_is(body, "status", "enabled") && reason)
		return error_set(error, -EINVAL,
				 "Specifying 'disabled_reason' with status 'enabled' is invalid.");
	if (yyjson_obj_get(body, "status")) {
		state->disabled = json_is(body, "status", "disabled");
		state->reason = state->disabled ? reason : NULL;
	}
	if (yyjson_obj_get(body, "forced_down"))
		state->forced_down = forced_of(body);
	return 0;
}

static int service_update(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct host_state state;
	size_t index;
	int result = service_find(request, &index, error);

	if (result == 0)
		result = only_compute(host_services[index].binary, error);
	if (result == 0)
		result = host_state_read(request, &state, error);
	if (result == 0)
		result = state_edit(request->body, &state, error);
	if (result == 0)
		result = state_commit(request, &state, error);
	if (result < 0)
		return result;
	json_set(doc, root, "service", service_view(request, doc, &state, SERVICE_COMPUTE));
	return reply_json(request, 200, doc, root);
}

/* --- deleting */

static int servers_none(struct request *request, struct error *error)
{
	struct record_list servers = { .request = request };
	int result = record_list_range(request, &servers, KEY_SERVER, error);

	for (size_t i = 0; result == 0 && i < servers.count; i++)
		if (json_string(servers.items[i], "OS-EXT-SRV-ATTR:host"))
			return error_set(error, -EBUSY,
					 "Unable to delete compute service that is hosting "
					 "instances. Migrate or delete the instances first.");
	return result;
}

static int service_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	struct host_state state;
	size_t index;
	int result = service_find(request, &index, error);

	if (result < 0 || index != SERVICE_COMPUTE)
		return result < 0 ? result : reply_empty(request, 204);
	result = servers_none(request, error);
	if (result == 0)
		result = host_state_read(request, &state, error);
	if (result == 0)
		result = aggregates_forget_host(request, txn, error);
	if (result == 0)
		result = placement_disable(request, txn, false, error);
	if (result < 0)
		return result;
	host_state_compare(txn, &state);
	store_txn_delete(txn, KEY_HOST);
	result = request_commit(request, txn, error);
	return result < 0 ? result : reply_empty(request, 204);
}

/* --- tables */

static const struct schema text = {
	.types = SCHEMA_STRING,
	.min_length = 1,
	.max_length = 255,
};
static const struct schema status = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "enabled", "disabled", NULL },
};
static const struct schema schema_act = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "host", &part_host, true, 0, 0 },
						   { "binary", &text, true, 0, 0 },
						   { "disabled_reason", &text, false, 0, 0 },
						   { "forced_down", &part_boolean, false, 11, 0 },
						   { 0 } },
};
static const struct schema schema_update = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "status", &status, false, 0, 0 },
						   { "disabled_reason", &text, false, 0, 0 },
						   { "forced_down", &part_boolean, false, 0, 0 },
						   { 0 } },
};

#define SERVICE "/os-services/{service_id}"
static const struct route routes[] = {
	ROUTE("GET", "/os-services", service_list, "os-services:list"),
	ROUTE("PUT", SERVICE, service_act, "os-services:update", .body = &schema_act, .last = 52),
	ROUTE("PUT", SERVICE, service_update, "os-services:update", .body = &schema_update,
	      .first = 53),
	ROUTE("DELETE", SERVICE, service_delete, "os-services:delete"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-services:list"), ADMIN },
	{ POLICY("os-services:update"), ADMIN },
	{ POLICY("os-services:delete"), ADMIN },
	{ 0 },
};

const struct service_part compute_service_part = { routes, policies };
