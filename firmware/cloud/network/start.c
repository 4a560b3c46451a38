/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fresh box has: a way from a guest to the world outside. */
#include "firmware/cloud/network/default_rules.h"
#include "firmware/cloud/network/start.h"

#include <string.h>

#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/network/port.h"

#define MARKER "/network/meta/first-boot"

/* What has been made so far; kept in the marker, so that a cut in between is resumed. */
struct founding {
	struct change change;
	struct request request;
	struct cloud *cloud;
	const char *external, *internal, *subnet, *router;
};

static yyjson_val *literal(struct founding *founding, const char *text)
{
	return json_parse(founding->request.arena, text, strlen(text));
}

static int found(struct founding *founding, const struct resource *resource, const char *text,
		 yyjson_mut_val **object, struct error *error)
{
	struct change *change = &founding->change;
	int result;

	*object = yyjson_mut_obj(change->doc);
	object_begin(change, *object);
	result = attributes_take(&founding->request, resource->singular, resource->attributes,
				 literal(founding, text), true, change->doc, *object, error);
	if (!result)
		result = resource->create(change, *object, error);
	if (!result)
		change_put(change, resource, *object);
	return result;
}

static int begin(struct founding *founding, struct error *error)
{
	struct request *request = &founding->request;
	int result = store_view_open(founding->cloud->store, &request->view, error);

	founding->change = (struct change){ .request = request,
					    .view = request->view,
					    .txn = store_txn_new(request->arena),
					    .doc = json_document(request->arena) };
	return result;
}

static void put_marker(struct founding *founding)
{
	yyjson_mut_doc *doc = founding->change.doc;
	yyjson_mut_val *marker = yyjson_mut_obj(doc);

	json_set_string(doc, marker, "external", founding->external);
	json_set_string(doc, marker, "internal", founding->internal);
	json_set_string(doc, marker, "subnet", founding->subnet);
	json_set_string(doc, marker, "router", founding->router);
	store_txn_put(founding->change.txn, MARKER, json_write(founding->request.arena, marker));
}

static int found_external(struct founding *founding, struct error *error)
{
	yyjson_mut_val *object;
	int result = found(founding, &resource_network,
			   "{\"name\":\"public\",\"router:external\":true,\"is_default\":true,"
			   "\"description\":\"The uplink of this box\",\"mtu\":1500,"
			   "\"provider:network_type\":\"flat\","
			   "\"provider:physical_network\":\"uplink\"}",
			   &object, error);

	founding->external = json_member(object, "id");
	return result;
}

static int found_internal(struct founding *founding, struct error *error)
{
	yyjson_mut_val *object;
	int result =
		found(founding, &resource_network,
		      "{\"name\":\"private\",\"description\":\"Default network\"}", &object, error);

	founding->internal = json_member(object, "id");
	return result;
}

static int found_subnet(struct founding *founding, struct error *error)
{
	yyjson_mut_val *object;
	int result = found(founding, &resource_subnet,
			   arena_printf(founding->request.arena,
					"{\"name\":\"private\",\"network_id\":\"%s\","
					"\"ip_version\":4,\"cidr\":\"10.20.0.0/24\"}",
					founding->internal),
			   &object, error);

	founding->subnet = json_member(object, "id");
	return result;
}

static int found_router(struct founding *founding, struct error *error)
{
	struct arena *arena = founding->request.arena;
	struct port_plan plan = { .project_id = founding->request.caller->project_id,
				  .device_owner = "network:router_interface" };
	yyjson_mut_val *object, *port;
	int result = found(founding, &resource_router,
			   arena_printf(arena,
					"{\"name\":\"router\",\"external_gateway_info\":"
					"{\"network_id\":\"%s\"}}",
					founding->external),
			   &object, error);

	if (!result)
		result = resource_get(founding->change.view, arena, &resource_network,
				      founding->internal, &plan.network, error);
	if (result)
		return result;
	founding->router = plan.device_id = json_member(object, "id");
	plan.fixed_ips = literal(founding, arena_printf(arena,
							"[{\"subnet_id\":\"%s\","
							"\"ip_address\":\"10.20.0.1\"}]",
							founding->subnet));
	return port_make(&founding->change, &plan, &port, error);
}

/* One transaction for each step, since a step needs to see the records of the one before. */
static int found_step(struct founding *founding, const char **made,
		      int (*step)(struct founding *, struct error *), struct error *error)
{
	int result;

	if (*made)
		return 0;
	result = begin(founding, error);
	if (!result)
		result = step(founding, error);
	if (!result) {
		put_marker(founding);
		result = store_commit(founding->cloud->store, founding->change.txn, NULL, error);
	}
	store_view_close(founding->request.view);
	founding->request.view = NULL;
	return result;
}

static int read_marker(struct founding *founding, struct error *error)
{
	struct arena *arena = founding->request.arena;
	struct store_record record;
	struct store_view *view;
	yyjson_val *marker;
	int result = store_view_open(founding->cloud->store, &view, error);

	if (result)
		return result;
	result = store_get(view, arena, MARKER, &record, error);
	store_view_close(view);
	if (result)
		return result == -ENOENT ? 0 : result;
	marker = json_parse(arena, record.value, record.size);
	founding->external = json_string(marker, "external");
	founding->internal = json_string(marker, "internal");
	founding->subnet = json_string(marker, "subnet");
	founding->router = json_string(marker, "router");
	return 0;
}

static int first_boot(struct founding *founding, struct error *error)
{
	int result = identity_operator(founding->cloud, founding->request.arena,
				       &founding->request.caller, error);

	if (!result)
		result = found_step(founding, &founding->external, found_external, error);
	if (!result)
		result = found_step(founding, &founding->internal, found_internal, error);
	if (!result)
		result = found_step(founding, &founding->subnet, found_subnet, error);
	if (!result)
		result = found_step(founding, &founding->router, found_router, error);
	return result;
}

int network_first_boot(struct cloud *cloud, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct founding founding = { .request = { .cloud = cloud, .arena = &arena },
				     .cloud = cloud };
	int result = default_rules_found(cloud, &arena, error);

	if (!result)
		result = read_marker(&founding, error);
	if (!result && !founding.router)
		result = first_boot(&founding, error);
	return result ? error_prefix(error, "networks of the first boot") : 0;
}

int network_start(struct cloud *cloud, struct error *error)
{
	int result = network_first_boot(cloud, error);

	return result ? result : network_reconcile_start(cloud, error);
}
