/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/host_state.h"

#include "firmware/cloud/link.h"

const struct host_service host_services[SERVICES] = {
	[SERVICE_SCHEDULER] = { "nova-scheduler", "scheduler", 1,
				"5c0de000-0000-4000-8000-000000000001" },
	[SERVICE_CONDUCTOR] = { "nova-conductor", "conductor", 2,
				"5c0de000-0000-4000-8000-000000000002" },
	[SERVICE_COMPUTE] = { "nova-compute", "compute", 3,
			      "5c0de000-0000-4000-8000-000000000003" },
};

int host_state_read(struct request *request, struct host_state *state, struct error *error)
{
	yyjson_val *record = NULL;
	int result = request_get(request, &record, &state->revision, error, KEY_HOST);

	if (result == -ENOENT) {
		record = NULL;
		state->revision = 0;
	}
	state->disabled = json_bool(record, "disabled", false);
	state->forced_down = json_bool(record, "forced_down", false);
	state->reason = json_string(record, "disabled_reason");
	state->zone = json_string(record, "zone");
	if (!state->zone)
		state->zone = COMPUTE_ZONE;
	return result == -ENOENT ? 0 : result;
}

void host_state_compare(struct store_txn *txn, const struct host_state *state)
{
	store_txn_compare(txn, KEY_HOST, state->revision);
}

void host_state_put(struct request *request, struct store_txn *txn, const struct host_state *state)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);

	json_set_bool(doc, record, "disabled", state->disabled);
	json_set_string(doc, record, "disabled_reason", state->reason);
	json_set_bool(doc, record, "forced_down", state->forced_down);
	json_set_string(doc, record, "zone", state->zone);
	host_state_compare(txn, state);
	store_txn_put(txn, KEY_HOST, request_write(request, record));
}

bool host_up(const struct request *request, const struct host_state *state)
{
	return !state->forced_down && link_is_up(request->cloud->links[ROLE_VMM]);
}

const char *host_service_zone(const struct host_state *state, size_t service)
{
	return service == SERVICE_COMPUTE ? state->zone : "internal";
}

bool host_service_up(const struct request *request, const struct host_state *state, size_t service)
{
	return service != SERVICE_COMPUTE || host_up(request, state);
}

void host_service_id(const struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
		     size_t service)
{
	if (request->microversion >= 53)
		json_set_string(doc, view, "id", host_services[service].uuid);
	else
		json_set_integer(doc, view, "id", host_services[service].id);
}
