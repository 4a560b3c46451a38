/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/auto_topology.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/direct.h"
#include "firmware/cloud/network/subnetpools.h"

#define TOPOLOGY_PREFIX "/network/auto-topology/"
#define DEFAULT_KEY "/network/default-external"

/* --- the default external network --- */

/* *id NULL: there is none. */
static int default_find(struct store_view *view, struct arena *arena, const char **id,
			uint64_t *revision, struct error *error)
{
	struct store_record record = { 0 };
	int result = store_get(view, arena, DEFAULT_KEY, &record, error);

	*id = NULL;
	*revision = 0;
	if (result)
		return result == -ENOENT ? 0 : result;
	*revision = record.revision;
	*id = json_string(json_parse(arena, record.value, record.size), "id");
	return 0;
}

int default_external_settle(struct change *change, yyjson_mut_val *network, struct error *error)
{
	const char *id = json_member(network, "id"), *had;
	bool external = yyjson_mut_get_bool(yyjson_mut_obj_get(network, "router:external"));
	bool wanted = yyjson_mut_get_bool(yyjson_mut_obj_get(network, "is_default")) && external;
	uint64_t revision;
	int result = default_find(change->view, change->request->arena, &had, &revision, error);

	json_set_bool(change->doc, network, "is_default", wanted);
	if (result || (!wanted && (!had || strcmp(had, id) != 0)))
		return result;
	store_txn_compare(change->txn, DEFAULT_KEY, revision);
	if (wanted && had && strcmp(had, id) != 0)
		return error_fault(error, -EEXIST, 409, "DefaultExternalNetworkExists",
				   "A default external network already exists: %s.", had);
	if (wanted && !had)
		store_txn_put(change->txn, DEFAULT_KEY,
			      arena_printf(change->request->arena, "{\"id\":\"%s\"}", id));
	if (!wanted)
		store_txn_delete(change->txn, DEFAULT_KEY);
	return 0;
}

void default_external_gone(struct change *change, yyjson_val *network)
{
	if (json_bool(network, "is_default", false))
		store_txn_delete(change->txn, DEFAULT_KEY);
}

/* --- what there is --- */

struct topology {
	struct request *request;
	struct arena *arena;
	const char *project_id, *external;
	const char *network, *router;
	const char *subnets[2]; /* of IPv4 and of IPv6 */
	const char *pools[2];
	bool joined[2], done;
};

static const struct version {
	const char *name, *joined;
	int number;
} versions[] = { { "subnet4", "joined4", 4 }, { "subnet6", "joined6", 6 } };

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static const char *topology_key(const struct topology *topology)
{
	return arena_printf(topology->arena, TOPOLOGY_PREFIX "%s", topology->project_id);
}

static int topology_read(struct topology *topology, struct error *error)
{
	struct store_record record;
	struct store_view *view;
	yyjson_val *value;
	int result = store_view_open(topology->request->cloud->store, &view, error);

	if (result)
		return result;
	result = store_get(view, topology->arena, topology_key(topology), &record, error);
	store_view_close(view);
	if (result)
		return result == -ENOENT ? 0 : result;
	value = json_parse(topology->arena, record.value, record.size);
	topology->network = json_string(value, "network");
	topology->router = json_string(value, "router");
	topology->done = json_bool(value, "done", false);
	for (size_t i = 0; i < VERSIONS; i++) {
		topology->subnets[i] = json_string(value, versions[i].name);
		topology->joined[i] = json_bool(value, versions[i].joined, false);
	}
	return 0;
}

static int topology_write(struct topology *topology, struct error *error)
{
	yyjson_mut_doc *doc = json_document(topology->arena);
	struct store_txn *txn = store_txn_new(topology->arena);
	yyjson_mut_val *value = yyjson_mut_obj(doc);

	json_set_string(doc, value, "network", topology->network);
	json_set_string(doc, value, "router", topology->router);
	json_set_bool(doc, value, "done", topology->done);
	for (size_t i = 0; i < VERSIONS; i++) {
		json_set_string(doc, value, versions[i].name, topology->subnets[i]);
		json_set_bool(doc, value, versions[i].joined, topology->joined[i]);
	}
	store_txn_put(txn, topology_key(topology), json_write(topology->arena, value));
	return store_commit(topology->request->cloud->store, txn, NULL, error);
}

static int topology_forget(struct topology *topology, struct error *error)
{
	struct store_txn *txn = store_txn_new(topology->arena);

	store_txn_delete(txn, topology_key(topology));
	return store_commit(topology->request->cloud->store, txn, NULL, error);
}

/* --- steps, each a request of its own --- */

static int refuse(struct error *error, const char *reason)
{
	return error_fault(error, -EEXIST, 409, "AutoAllocationFailure", "Deployment error: %s.",
			   reason);
}

static int ask(struct topology *topology, const char *method, const char *path, const char *body,
	       struct direct_reply *reply, struct error *error)
{
	struct direct_request request = {
		.method = method,
		.target = arena_printf(topology->arena, "/network/v2.0/%s", path),
		.body = body,
		.body_size = body ? strlen(body) : 0,
		.operator= true };

	memset(reply, 0, sizeof(*reply));
	if (direct_run(topology->request->cloud, NULL, topology->arena, &request, reply) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

/* A quota that is reached says so; what else goes wrong is the deployment's fault. */
static int failure(struct topology *topology, const struct direct_reply *reply, const char *reason,
		   struct error *error)
{
	yyjson_val *body =
		reply->body ? json_parse(topology->arena, reply->body, reply->body_size) : NULL;
	yyjson_val *fault = yyjson_obj_get(body, "NeutronError");

	return json_is(fault, "type", "OverQuota")
		       ? error_fault(error, -EDQUOT, 409, "OverQuota", "%s",
				     json_string(fault, "message"))
		       : refuse(error, reason);
}

/* Makes something and notes its id. */
static int make(struct topology *topology, const struct resource *resource, const char *body,
		const char **id, const char *reason, struct error *error)
{
	struct direct_reply reply;
	yyjson_val *made;
	int result =
		*id ? 0
		    : ask(topology, "POST", arena_printf(topology->arena, "%s", resource->plural),
			  body, &reply, error);

	if (*id || result)
		return result;
	if (reply.status != 201)
		return failure(topology, &reply, reason, error);
	made = yyjson_obj_get(json_parse(topology->arena, reply.body, reply.body_size),
			      resource->singular);
	*id = json_string(made, "id");
	return topology_write(topology, error);
}

#define PRIVATE_FAILED "Unable to provide tenant private network"
#define EXTERNAL_FAILED "Unable to provide external connectivity"

static int make_network(struct topology *topology, struct error *error)
{
	return make(topology, &resource_network,
		    arena_printf(topology->arena,
				 "{\"network\":{\"name\":\"auto_allocated_network\","
				 "\"admin_state_up\":false,\"project_id\":\"%s\"}}",
				 topology->project_id),
		    &topology->network, PRIVATE_FAILED, error);
}

static int make_subnet(struct topology *topology, size_t i, struct error *error)
{
	if (!topology->pools[i])
		return 0;
	return make(topology, &resource_subnet,
		    arena_printf(topology->arena,
				 "{\"subnet\":{\"name\":\"auto_allocated_subnet_v%d\","
				 "\"network_id\":\"%s\",\"project_id\":\"%s\",\"ip_version\":%d,"
				 "\"subnetpool_id\":\"%s\"}}",
				 versions[i].number, topology->network, topology->project_id,
				 versions[i].number, topology->pools[i]),
		    &topology->subnets[i], PRIVATE_FAILED, error);
}

static int make_router(struct topology *topology, struct error *error)
{
	return make(topology, &resource_router,
		    arena_printf(topology->arena,
				 "{\"router\":{\"name\":\"auto_allocated_router\","
				 "\"project_id\":\"%s\",\"external_gateway_info\":"
				 "{\"network_id\":\"%s\"}}}",
				 topology->project_id, topology->external),
		    &topology->router, EXTERNAL_FAILED, error);
}

static int join(struct topology *topology, size_t i, struct error *error)
{
	struct arena *arena = topology->arena;
	struct direct_reply reply;
	int result;

	if (!topology->subnets[i] || topology->joined[i])
		return 0;
	result = ask(topology, "PUT",
		     arena_printf(arena, "routers/%s/add_router_interface", topology->router),
		     arena_printf(arena, "{\"subnet_id\":\"%s\"}", topology->subnets[i]), &reply,
		     error);
	if (result)
		return result;
	if (reply.status != 200)
		return failure(topology, &reply, EXTERNAL_FAILED, error);
	topology->joined[i] = true;
	return topology_write(topology, error);
}

/* It is the project's to use when all of it is there. */
static int bring_up(struct topology *topology, struct error *error)
{
	struct direct_reply reply;
	int result = ask(topology, "PUT",
			 arena_printf(topology->arena, "networks/%s", topology->network),
			 "{\"network\":{\"admin_state_up\":true}}", &reply, error);

	if (!result && reply.status != 200)
		return failure(topology, &reply, PRIVATE_FAILED, error);
	topology->done = true;
	return result ? result : topology_write(topology, error);
}

static int build(struct topology *topology, struct error *error)
{
	int result = make_network(topology, error);

	for (size_t i = 0; !result && i < VERSIONS; i++)
		result = make_subnet(topology, i, error);
	if (!result)
		result = make_router(topology, error);
	for (size_t i = 0; !result && i < VERSIONS; i++)
		result = join(topology, i, error);
	return result ? result : bring_up(topology, error);
}

/* --- taking it down --- */

/* What is gone already is no failure. */
static int take(struct topology *topology, const char *method, const char *path, const char *body,
		struct error *error)
{
	struct direct_reply reply;
	yyjson_val *answer;
	int result = ask(topology, method, path, body, &reply, error);

	if (result || reply.status < 300 || reply.status == 404)
		return result;
	answer = reply.body ? json_parse(topology->arena, reply.body, reply.body_size) : NULL;
	return error_fault(error, -EBUSY, reply.status, NULL, "%s",
			   json_string(yyjson_obj_get(answer, "NeutronError"), "message") ?: "");
}

static int take_down(struct topology *topology, struct error *error)
{
	struct arena *arena = topology->arena;
	int result = 0;

	for (size_t i = 0; !result && topology->router && i < VERSIONS; i++)
		if (topology->joined[i])
			result = take(
				topology, "PUT",
				arena_printf(arena, "routers/%s/remove_router_interface",
					     topology->router),
				arena_printf(arena, "{\"subnet_id\":\"%s\"}", topology->subnets[i]),
				error);
	if (!result && topology->router)
		result = take(topology, "DELETE",
			      arena_printf(arena, "routers/%s", topology->router), NULL, error);
	if (!result && topology->network)
		result = take(topology, "DELETE",
			      arena_printf(arena, "networks/%s", topology->network), NULL, error);
	return result ? result : topology_forget(topology, error);
}

/* --- the API --- */

/* Another project's is admins' business. */
static int begin(struct request *request, struct topology *topology, struct error *error)
{
	const char *own = request->caller->project_id;
	const char *asked = request_param(request, "id");

	*topology = (struct topology){ .request = request, .arena = request->arena };
	topology->project_id = strcmp(asked, "None") ? asked : own;
	if (!topology->project_id)
		return attribute_refuse(error, "Running without keystone AuthN requires that "
					       "tenant_id is specified");
	return request->caller->is_admin || (own && !strcmp(own, topology->project_id))
		       ? 0
		       : error_fault(error, -EACCES, 403, "NotAuthorized", "Not authorized.");
}

static int check_requirements(struct topology *topology, struct error *error)
{
	uint64_t revision;
	struct change change;
	yyjson_val *pool;
	int result = change_begin(&change, topology->request, error);

	if (!result)
		result = default_find(change.view, topology->arena, &topology->external, &revision,
				      error);
	if (!result && !topology->external)
		return refuse(error, "No default router:external network");
	for (size_t i = 0; !result && i < VERSIONS; i++) {
		result = pool_standard(&change, versions[i].number, &pool, error);
		topology->pools[i] = !result && pool ? json_string(pool, "id") : NULL;
	}
	if (!result && !topology->pools[0] && !topology->pools[1])
		return refuse(error, "No default subnetpools defined");
	return result;
}

static int reply_topology(struct topology *topology, const char *id)
{
	yyjson_mut_doc *doc = request_document(topology->request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *out = yyjson_mut_obj(doc);

	json_set_string(doc, out, "id", id);
	json_set_string(doc, out, "tenant_id", topology->project_id);
	json_set_string(doc, out, "project_id", topology->project_id);
	json_set(doc, root, "auto_allocated_topology", out);
	return reply_json(topology->request, 200, doc, root);
}

/* Two that ask at the same time get the same one. */
static pthread_mutex_t building = PTHREAD_MUTEX_INITIALIZER;

static int complete(struct topology *topology, struct error *error)
{
	struct error ignored;
	int result = topology_read(topology, error);

	if (result || topology->done)
		return result;
	result = check_requirements(topology, error);
	if (!result)
		result = build(topology, error);
	if (result)
		take_down(topology, &ignored);
	return result;
}

static int topology_get(struct request *request, struct error *error)
{
	const char *fields = request_query(request, "fields");
	struct topology topology;
	int result = begin(request, &topology, error);

	if (!result && fields && strcmp(fields, "dry-run"))
		return error_fault(error, -EINVAL, 400, "BadRequest",
				   "Bad auto_allocate request: Unrecognized field.");
	if (result)
		return result;
	if (fields) {
		result = check_requirements(&topology, error);
		return result ? result : reply_topology(&topology, "dry-run=pass");
	}
	pthread_mutex_lock(&building);
	result = complete(&topology, error);
	pthread_mutex_unlock(&building);
	return result ? result : reply_topology(&topology, topology.network);
}

static int topology_delete(struct request *request, struct error *error)
{
	struct topology topology;
	int result = begin(request, &topology, error);

	if (result)
		return result;
	pthread_mutex_lock(&building);
	result = topology_read(&topology, error);
	if (!result)
		result = take_down(&topology, error);
	pthread_mutex_unlock(&building);
	return result ? result : reply_empty(request, 204);
}

static const struct route routes[] = {
	{ .method = "GET",
	  .path = "/v2.0/auto-allocated-topology/{id}",
	  .handle = topology_get,
	  .policy = "get_auto_allocated_topology" },
	{ .method = "DELETE",
	  .path = "/v2.0/auto-allocated-topology/{id}",
	  .handle = topology_delete,
	  .policy = "delete_auto_allocated_topology" },
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ "get_auto_allocated_topology", "project_reader" },
	{ "delete_auto_allocated_topology", "project_member" },
	{ 0 },
};

const struct service_part auto_topology_part = { routes, policies };
