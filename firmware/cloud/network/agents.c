/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/agents.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "firmware/cloud/link.h"
#include "firmware/cloud/network/metadata.h"
#include "firmware/cloud/network/router.h"

#define AGENT_HOST "cumulet" /* as compute calls the one host that there is */

enum agent_kind { AGENT_L2, AGENT_DHCP, AGENT_L3, AGENT_METADATA, AGENTS };

/* Binaries that clients look for; ids that never change. */
static const struct agent {
	const char *id, *type, *binary, *topic, *zone;
} agents[AGENTS] = {
	[AGENT_L2] = { "5c0de000-0000-4000-8000-0000000000a1", "Linux bridge agent",
		       "neutron-linuxbridge-agent", "N/A", NULL },
	[AGENT_DHCP] = { "5c0de000-0000-4000-8000-0000000000a2", "DHCP agent", "neutron-dhcp-agent",
			 "dhcp_agent", "nova" },
	[AGENT_L3] = { "5c0de000-0000-4000-8000-0000000000a3", "L3 agent", "neutron-l3-agent",
		       "l3_agent", "nova" },
	[AGENT_METADATA] = { "5c0de000-0000-4000-8000-0000000000a4", "Metadata agent",
			     "neutron-metadata-agent", "N/A", NULL },
};

static _Atomic time_t started;

void agents_started(void)
{
	started = time(NULL);
}

/* --- what an admin said of them --- */

/* NULL: nothing yet. */
static yyjson_val *said_of(struct store_view *view, struct arena *arena, enum agent_kind kind)
{
	struct store_record record;

	return store_get(view, arena, arena_printf(arena, AGENT_PREFIX "%s", agents[kind].id),
			 &record, NULL)
		       ? NULL
		       : json_parse(arena, record.value, record.size);
}

static bool is_up(struct store_view *view, struct arena *arena, enum agent_kind kind)
{
	return json_bool(said_of(view, arena, kind), "admin_state_up", true);
}

bool agent_serves_network(struct store_view *view, struct arena *arena, yyjson_val *network)
{
	return !json_bool(network, "_no_dhcp_agent", false) && is_up(view, arena, AGENT_DHCP);
}

bool agent_carries_router(struct store_view *view, struct arena *arena, yyjson_val *router)
{
	return !json_bool(router, "_no_l3_agent", false) && is_up(view, arena, AGENT_L3);
}

/* --- what they do --- */

struct work {
	int64_t networks, subnets, ports, routers, gateways, interfaces, floatings;
};

static void count_subnets(struct work *work, const struct network_ports *subnets)
{
	for (size_t i = 0; i < subnets->count; i++)
		work->subnets += json_string(subnets->items[i], "_dhcp_address") != NULL;
}

static void count_ports(struct work *work, const struct network_ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		const char *owner = json_string(ports->items[i], "device_owner");

		work->ports += !owner || strncmp(owner, "network:", 8) != 0;
		work->networks += owner && !strcmp(owner, "network:dhcp");
		work->gateways += owner && !strcmp(owner, "network:router_gateway");
		work->interfaces += owner && !strcmp(owner, "network:router_interface");
	}
}

static void count_work(struct store_view *view, struct arena *arena, struct work *work)
{
	struct network_ports list;

	memset(work, 0, sizeof(*work));
	if (!resource_range(view, arena, &resource_subnet, NULL, NULL, &list, NULL))
		count_subnets(work, &list);
	if (!resource_range(view, arena, &resource_port, NULL, NULL, &list, NULL))
		count_ports(work, &list);
	work->routers = store_count(view, resource_router.prefix);
	work->floatings = store_count(view, resource_floatingip.prefix);
}

static bool is_alive(struct request *request, enum agent_kind kind, const struct work *work)
{
	struct link *netd = request->cloud->links[ROLE_NETD];

	if (!netd || !link_is_up(netd))
		return false;
	/* Each network with DHCP has a svc of its own, which talks to us. */
	return kind == AGENT_L2 || kind == AGENT_L3 ||
	       (int64_t)metadata_link_count() >= work->networks;
}

static yyjson_mut_val *configurations(yyjson_mut_doc *doc, enum agent_kind kind,
				      const struct work *work)
{
	yyjson_mut_val *out = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);

	if (kind == AGENT_DHCP) {
		json_set_string(doc, out, "dhcp_driver", "svc");
		json_set_integer(doc, out, "networks", work->networks);
		json_set_integer(doc, out, "subnets", work->subnets);
		json_set_integer(doc, out, "ports", work->ports);
	} else if (kind == AGENT_L3) {
		json_set_string(doc, out, "agent_mode", "legacy");
		json_set_integer(doc, out, "routers", work->routers);
		json_set_integer(doc, out, "ex_gw_ports", work->gateways);
		json_set_integer(doc, out, "interfaces", work->interfaces);
		json_set_integer(doc, out, "floating_ips", work->floatings);
	} else if (kind == AGENT_L2) {
		yyjson_mut_arr_add_str(doc, list, "qos");
		json_set(doc, out, "extensions", list);
		json_set_integer(doc, out, "devices", work->ports);
	} else {
		json_set_string(doc, out, "metadata_driver", "svc");
		json_set_integer(doc, out, "networks", work->networks);
	}
	return out;
}

/* --- the API --- */

static const char *moment(struct arena *arena, time_t time)
{
	char text[24];
	struct tm utc;

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime_r(&time, &utc));
	return arena_strdup(arena, text);
}

static yyjson_mut_val *view_agent(struct request *request, enum agent_kind kind,
				  const struct work *work)
{
	const struct agent *agent = &agents[kind];
	yyjson_val *said = said_of(request->view, request->arena, kind);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *out = yyjson_mut_obj(doc);
	const char *since = moment(request->arena, started);
	const char *description = json_string(said, "description");
	bool alive = is_alive(request, kind, work);

	json_set_string(doc, out, "id", agent->id);
	json_set_string(doc, out, "agent_type", agent->type);
	json_set_string(doc, out, "binary", agent->binary);
	json_set_string(doc, out, "topic", agent->topic);
	json_set_string(doc, out, "host", AGENT_HOST);
	json_set_string(doc, out, "availability_zone", agent->zone);
	json_set_bool(doc, out, "admin_state_up", json_bool(said, "admin_state_up", true));
	json_set_string(doc, out, "description", description && *description ? description : NULL);
	json_set_bool(doc, out, "alive", alive);
	json_set_string(doc, out, "created_at", since);
	json_set_string(doc, out, "started_at", since);
	json_set_string(doc, out, "heartbeat_timestamp",
			alive ? moment(request->arena, time(NULL)) : since);
	json_set(doc, out, "resources_synced", yyjson_mut_null(doc));
	json_set(doc, out, "configurations", configurations(doc, kind, work));
	return out;
}

static bool is_asked_for(struct request *request, enum agent_kind kind)
{
	static const char *const names[] = { "id", "agent_type", "binary", "host" };
	const char *values[] = { agents[kind].id, agents[kind].type, agents[kind].binary,
				 AGENT_HOST };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *wanted = request_query(request, names[i]);

		if (wanted && strcmp(wanted, values[i]) != 0)
			return false;
	}
	return true;
}

/* Others than admins see none. */
static int agents_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct store_view *view;
	struct work work;
	int result = request_view(request, &view, error);

	if (result)
		return result;
	count_work(view, request->arena, &work);
	for (enum agent_kind kind = 0; request->caller->is_admin && kind < AGENTS; kind++)
		if (is_asked_for(request, kind))
			yyjson_mut_arr_add_val(list, view_agent(request, kind, &work));
	json_set(doc, root, "agents", list);
	return reply_json(request, 200, doc, root);
}

static int refuse_missing(const char *id, struct error *error)
{
	return error_fault(error, -ENOENT, 404, "AgentNotFound", "Agent %s could not be found.",
			   id);
}

static int find(struct request *request, const char *id, enum agent_kind *kind, struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	for (*kind = 0; !result && request->caller->is_admin && *kind < AGENTS; ++*kind)
		if (!strcmp(agents[*kind].id, id))
			return 0;
	return result ? result : refuse_missing(id, error);
}

static int reply_agent(struct request *request, enum agent_kind kind)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct work work;

	count_work(request->view, request->arena, &work);
	json_set(doc, root, "agent", view_agent(request, kind, &work));
	return reply_json(request, 200, doc, root);
}

static int agent_show(struct request *request, struct error *error)
{
	enum agent_kind kind;
	int result = find(request, request_param(request, "id"), &kind, error);

	return result ? result : reply_agent(request, kind);
}

static const struct attribute attributes[] = {
	{ "admin_state_up", ATTRIBUTE_BOOLEAN, ATTRIBUTE_PUT, NULL, 0, 0, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, ATTRIBUTE_PUT, NULL, 0, 255, NULL, NULL },
	{ 0 }
};

/* What is not named stays as it was. */
static void put_said(struct change *change, enum agent_kind kind, yyjson_mut_val *said)
{
	yyjson_val *had = said_of(change->view, change->request->arena, kind);
	const char *description = json_string(had, "description");

	if (!yyjson_mut_obj_get(said, "admin_state_up"))
		json_set_bool(change->doc, said, "admin_state_up",
			      json_bool(had, "admin_state_up", true));
	if (!yyjson_mut_obj_get(said, "description") && description)
		json_set_string(change->doc, said, "description", description);
	store_txn_put(change->txn,
		      arena_printf(change->request->arena, AGENT_PREFIX "%s", agents[kind].id),
		      json_write(change->request->arena, said));
}

static int agent_update(struct request *request, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(request->body, "agent");
	enum agent_kind kind;
	struct change change;
	yyjson_mut_val *said;
	int result = find(request, request_param(request, "id"), &kind, error);

	if (!result && !yyjson_is_obj(given))
		return attribute_refuse(error, "Unable to find 'agent' in request body");
	if (!result)
		result = change_begin(&change, request, error);
	if (result)
		return result;
	said = yyjson_mut_obj(change.doc);
	result = attributes_take(request, "agent", attributes, given, false, change.doc, said,
				 error);
	if (result)
		return result;
	put_said(&change, kind, said);
	result = request_commit(request, change.txn, error);
	if (result)
		return result;
	store_view_close(request->view);
	request->view = NULL;
	return agent_show(request, error);
}

/* One whose process is there reports at once, and is there again as it was at first. */
static int agent_delete(struct request *request, struct error *error)
{
	enum agent_kind kind;
	struct change change;
	int result = find(request, request_param(request, "id"), &kind, error);

	if (!result)
		result = change_begin(&change, request, error);
	if (result)
		return result;
	store_txn_delete(change.txn,
			 arena_printf(request->arena, AGENT_PREFIX "%s", agents[kind].id));
	result = request_commit(request, change.txn, error);
	return result ? result : reply_empty(request, 204);
}

/* --- what an agent has --- */

/* Networks of the DHCP agent, routers of that for routing. */
static const struct having {
	enum agent_kind kind;
	const struct resource *resource;
	const char *member, *flag; /* of the body, of the record */
	bool (*has)(struct store_view *view, struct arena *arena, yyjson_val *record);
	const char *wrong_type, *wrong; /* of an agent that is another one */
	const char *absent_type, *absent, *by;
} networks_had = { AGENT_DHCP,
		   &resource_network,
		   "network_id",
		   "_no_dhcp_agent",
		   agent_serves_network,
		   "InvalidDHCPAgent",
		   "is not a valid DHCP Agent or has been disabled.",
		   "NetworkNotHostedByDhcpAgent",
		   "The network",
		   "is not hosted by the DHCP agent" },
  routers_had = { AGENT_L3,
		  &resource_router,
		  "router_id",
		  "_no_l3_agent",
		  agent_carries_router,
		  "InvalidL3Agent",
		  "is not a L3 Agent or has been disabled.",
		  "RouterNotHostedByL3Agent",
		  "The router",
		  "is not hosted by L3 agent" };

static int check_admin(struct request *request, const char *rule, struct error *error)
{
	return request->caller->is_admin ? 0
					 : error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
						       "rule:%s is disallowed by policy", rule);
}

static bool network_has_dhcp(struct store_view *view, struct arena *arena, yyjson_val *network)
{
	struct network_ports subnets;

	if (resource_range(view, arena, &resource_subnet, "network", json_string(network, "id"),
			   &subnets, NULL))
		return false;
	for (size_t i = 0; i < subnets.count; i++)
		if (json_string(subnets.items[i], "_dhcp_address"))
			return true;
	return false;
}

/* A network that was given to the agent is its, whether there is something to serve or not. */
static bool is_had(const struct having *having, struct request *request, yyjson_val *record)
{
	if (having->kind == AGENT_DHCP && !yyjson_obj_get(record, having->flag) &&
	    !network_has_dhcp(request->view, request->arena, record))
		return false;
	return having->has(request->view, request->arena, record);
}

/* GET /agents/{id}/dhcp-networks, l3-routers */
static int list_had(const struct having *having, struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc), *out;
	struct network_ports records;
	enum agent_kind kind;
	int result = find(request, request_param(request, "id"), &kind, error);

	if (!result)
		result = resource_range(request->view, request->arena, having->resource, NULL, NULL,
					&records, error);
	for (size_t i = 0; !result && kind == having->kind && i < records.count; i++) {
		if (!is_had(having, request, records.items[i]))
			continue;
		out = resource_render(having->resource, request, doc, records.items[i], error);
		if (!out)
			return error ? error->code : -ENOMEM;
		yyjson_mut_arr_add_val(list, out);
	}
	if (result)
		return result;
	json_set(doc, root, having->resource->plural, list);
	return reply_json(request, 200, doc, root);
}

/* GET /networks/{id}/dhcp-agents, /routers/{id}/l3-agents */
static int list_agents_of(const struct having *having, const char *rule, struct request *request,
			  struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct store_view *view;
	yyjson_val *record;
	struct work work;
	int result = check_admin(request, rule, error);

	if (!result)
		result = request_view(request, &view, error);
	if (!result)
		result = resource_get(view, request->arena, having->resource,
				      request_param(request, "id"), &record, error);
	if (result)
		return result;
	count_work(view, request->arena, &work);
	if (is_had(having, request, record))
		yyjson_mut_arr_add_val(list, view_agent(request, having->kind, &work));
	json_set(doc, root, "agents", list);
	return reply_json(request, 200, doc, root);
}

static int begin_move(const struct having *having, struct request *request, struct change *change,
		      const char *id, yyjson_val **record, struct error *error)
{
	const char *agent_id = request_param(request, "id");
	enum agent_kind kind;
	int result = find(request, agent_id, &kind, error);

	if (!result && (kind != having->kind || !is_up(request->view, request->arena, kind)))
		return error_fault(error, -EBUSY, 409, having->wrong_type, "Agent %s %s", agent_id,
				   having->wrong);
	if (!result)
		result = change_begin(change, request, error);
	return result ? result : change_get(change, having->resource, id ? id : "", record, error);
}

static int put_moved(const struct having *having, struct change *change, yyjson_val *record,
		     bool away, struct error *error)
{
	yyjson_mut_val *object = yyjson_val_mut_copy(change->doc, record);

	json_set_bool(change->doc, object, having->flag, away);
	change_put(change, having->resource, object);
	return request_commit(change->request, change->txn, error);
}

/* POST /agents/{id}/dhcp-networks, l3-routers */
static int add_to(const struct having *having, struct request *request, struct error *error)
{
	const char *id = json_string(request->body, having->member);
	struct change change;
	yyjson_val *record;
	int result = begin_move(having, request, &change, id, &record, error);

	if (!result && having->kind == AGENT_DHCP && is_had(having, request, record))
		return error_fault(error, -EBUSY, 409, "NetworkHostedByDHCPAgent",
				   "The network %s has been already hosted by the DHCP Agent %s.",
				   id, request_param(request, "id"));
	if (!result)
		result = put_moved(having, &change, record, false, error);
	return result ? result
		      : reply_json(request, 201, request_document(request),
				   yyjson_mut_null(request_document(request)));
}

/* DELETE /agents/{id}/dhcp-networks/{...}, l3-routers/{...} */
static int take_from(const struct having *having, struct request *request, struct error *error)
{
	const char *id = request_param(request, having->member);
	struct change change;
	yyjson_val *record;
	int result = begin_move(having, request, &change, id, &record, error);

	if (!result && !is_had(having, request, record))
		return error_fault(error, -EBUSY, 409, having->absent_type, "%s %s %s %s.",
				   having->absent, id, having->by, request_param(request, "id"));
	if (!result)
		result = put_moved(having, &change, record, true, error);
	return result ? result : reply_empty(request, 204);
}

#define HAVING_HANDLERS(name, having, rule)                                                        \
	static int name##_list(struct request *request, struct error *error)                       \
	{                                                                                          \
		return list_had(&(having), request, error);                                        \
	}                                                                                          \
	static int name##_add(struct request *request, struct error *error)                        \
	{                                                                                          \
		return add_to(&(having), request, error);                                          \
	}                                                                                          \
	static int name##_take(struct request *request, struct error *error)                       \
	{                                                                                          \
		return take_from(&(having), request, error);                                       \
	}                                                                                          \
	static int name##_agents(struct request *request, struct error *error)                     \
	{                                                                                          \
		return list_agents_of(&(having), rule, request, error);                            \
	}

HAVING_HANDLERS(network, networks_had, "get_dhcp-agents")
HAVING_HANDLERS(router, routers_had, "get_l3-agents")

static const struct route routes[] = {
	{ .method = "GET", .path = "/v2.0/agents", .handle = agents_list },
	{ .method = "GET", .path = "/v2.0/agents/{id}", .handle = agent_show },
	{ .method = "PUT",
	  .path = "/v2.0/agents/{id}",
	  .handle = agent_update,
	  .body = &resource_body },
	{ .method = "DELETE", .path = "/v2.0/agents/{id}", .handle = agent_delete },
	{ .method = "GET", .path = "/v2.0/agents/{id}/dhcp-networks", .handle = network_list },
	{ .method = "POST",
	  .path = "/v2.0/agents/{id}/dhcp-networks",
	  .handle = network_add,
	  .body = &resource_body },
	{ .method = "DELETE",
	  .path = "/v2.0/agents/{id}/dhcp-networks/{network_id}",
	  .handle = network_take },
	{ .method = "GET", .path = "/v2.0/networks/{id}/dhcp-agents", .handle = network_agents },
	{ .method = "GET", .path = "/v2.0/agents/{id}/l3-routers", .handle = router_list },
	{ .method = "POST",
	  .path = "/v2.0/agents/{id}/l3-routers",
	  .handle = router_add,
	  .body = &resource_body },
	{ .method = "DELETE",
	  .path = "/v2.0/agents/{id}/l3-routers/{router_id}",
	  .handle = router_take },
	{ .method = "GET", .path = "/v2.0/routers/{id}/l3-agents", .handle = router_agents },
	{ 0 },
};

const struct service_part agent_part = { routes, NULL };
