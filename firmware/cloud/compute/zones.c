/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Availability zones: the one that the host is in, and Nova's own of the other services. */
#include <string.h>

#include "firmware/cloud/compute/host_state.h"
#include "firmware/cloud/compute/parts.h"

static void zone_add(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *name, bool available,
		     yyjson_mut_val *hosts)
{
	yyjson_mut_val *zone = yyjson_mut_arr_add_obj(doc, list);

	json_set_string(doc, zone, "zoneName", name);
	json_set_bool(doc, yyjson_mut_obj_add_obj(doc, zone, "zoneState"), "available", available);
	yyjson_mut_obj_add_val(doc, zone, "hosts", hosts);
}

/* A zone whose services are all disabled is not available, and its hosts are not told. */
static yyjson_mut_val *zone_hosts(struct request *request, yyjson_mut_doc *doc, const char *zone,
				  const struct host_state *state)
{
	yyjson_mut_val *hosts = yyjson_mut_obj(doc), *host, *service;

	host = yyjson_mut_obj_add_obj(doc, hosts, COMPUTE_HOST);
	for (size_t i = 0; i < SERVICES; i++) {
		if (strcmp(host_service_zone(state, i), zone))
			continue;
		service = yyjson_mut_obj_add_obj(doc, host, host_services[i].binary);
		json_set_bool(doc, service, "available", host_service_up(request, state, i));
		json_set_bool(doc, service, "active", true);
		json_set_string(doc, service, "updated_at", time_now(request->arena));
	}
	return hosts;
}

static int zone_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct host_state state;
	int result = host_state_read(request, &state, error);

	if (result < 0)
		return result;
	zone_add(doc, yyjson_mut_obj_add_arr(doc, root, "availabilityZoneInfo"), state.zone,
		 !state.disabled, yyjson_mut_null(doc));
	return reply_json(request, 200, doc, root);
}

static int zone_detail(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	struct host_state state;
	int result = host_state_read(request, &state, error);

	if (result < 0)
		return result;
	list = yyjson_mut_obj_add_arr(doc, root, "availabilityZoneInfo");
	zone_add(doc, list, "internal", true, zone_hosts(request, doc, "internal", &state));
	zone_add(doc, list, state.zone, !state.disabled,
		 state.disabled ? yyjson_mut_null(doc)
				: zone_hosts(request, doc, state.zone, &state));
	return reply_json(request, 200, doc, root);
}

static const struct route routes[] = {
	ROUTE("GET", "/os-availability-zone", zone_list, "os-availability-zone:list"),
	ROUTE("GET", "/os-availability-zone/detail", zone_detail, "os-availability-zone:detail"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-availability-zone:list"), "any" },
	{ POLICY("os-availability-zone:detail"), ADMIN },
	{ 0 },
};

const struct service_part compute_zone_part = { routes, policies };
