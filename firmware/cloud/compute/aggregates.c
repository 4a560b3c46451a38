/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/aggregates.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/host_state.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/schema_parts.h"

/* An aggregate to be changed; its copy is edited, then committed. */
struct editing {
	struct request *request;
	struct store_txn *txn;
	yyjson_mut_doc *doc;
	yyjson_val *record;
	yyjson_mut_val *edited; /* NULL: it goes */
	uint64_t revision;
};

static const char *zone_of(yyjson_val *aggregate)
{
	return json_string(yyjson_obj_get(aggregate, "metadata"), "availability_zone");
}

static bool has_host(yyjson_val *aggregate)
{
	return yyjson_arr_size(yyjson_obj_get(aggregate, "hosts")) > 0;
}

int aggregates_of_host(struct request *request, struct record_list *list, struct error *error)
{
	size_t kept = 0;
	int result;

	*list = (struct record_list){ .request = request };
	result = record_list_range(request, list, KEY_AGGREGATE, error);
	for (size_t i = 0; result == 0 && i < list->count; i++)
		if (has_host(list->items[i])) {
			list->revisions[kept] = list->revisions[i];
			list->items[kept++] = list->items[i];
		}
	list->count = result < 0 ? 0 : kept;
	return result;
}

static const char *key_of(struct arena *arena, int64_t id)
{
	return arena_printf(arena, KEY_AGGREGATE "%010lld", (long long)id);
}

/* --- the zone that follows */

/* The zone of the host once this aggregate is as edited. */
static int zone_next(struct editing *editing, const char **zone, struct error *error)
{
	yyjson_val *after =
		editing->edited ? json_frozen(editing->request->arena, editing->edited) : NULL;
	struct record_list list;
	int result = aggregates_of_host(editing->request, &list, error);

	*zone = after && has_host(after) ? zone_of(after) : NULL;
	for (size_t i = 0; !*zone && i < list.count; i++)
		if (json_integer(list.items[i], "id", 0) != json_integer(editing->record, "id", 0))
			*zone = zone_of(list.items[i]);
	if (!*zone)
		*zone = COMPUTE_ZONE;
	return result;
}

static int servers_move(struct editing *editing, const char *zone, struct error *error)
{
	struct request *request = editing->request;
	struct record_list list = { .request = request };
	int result = record_list_range(request, &list, KEY_SERVER, error);

	for (size_t i = 0; result == 0 && i < list.count; i++) {
		yyjson_mut_val *server = yyjson_val_mut_copy(editing->doc, list.items[i]);
		const char *key = arena_printf(request->arena, KEY_SERVER "%s",
					       json_string(list.items[i], "id"));

		if (!json_string(list.items[i], "OS-EXT-SRV-ATTR:host"))
			continue;
		json_set_string(editing->doc, server, "OS-EXT-AZ:availability_zone", zone);
		store_txn_compare(editing->txn, key, list.revisions[i]);
		store_txn_put(editing->txn, key, request_write(request, server));
	}
	return result;
}

static int zone_follow(struct editing *editing, struct error *error)
{
	struct host_state state;
	const char *zone = COMPUTE_ZONE;
	int result = host_state_read(editing->request, &state, error);

	if (result == 0)
		result = zone_next(editing, &zone, error);
	if (result < 0)
		return result;
	if (!strcmp(zone, state.zone)) {
		host_state_compare(editing->txn, &state);
		return 0;
	}
	state.zone = zone;
	host_state_put(editing->request, editing->txn, &state);
	return servers_move(editing, zone, error);
}

/* --- reading and writing */

static int id_read(struct request *request, int64_t *id, struct error *error)
{
	const char *text = request_param(request, "aggregate_id");
	char *end;

	*id = strtoll(text, &end, 10);
	if (end == text || *end || strlen(text) > 10)
		return error_set(error, -EINVAL, "Invalid input received: id must be an integer");
	return 0;
}

static int edit_begin(struct request *request, struct editing *editing, struct error *error)
{
	int64_t id = 0;
	int result = id_read(request, &id, error);

	if (result < 0)
		return result;
	*editing = (struct editing){ .request = request,
				     .txn = store_txn_new(request->arena),
				     .doc = request_document(request) };
	result = request_get(request, &editing->record, &editing->revision, error, "%s",
			     key_of(request->arena, id));
	if (result == -ENOENT)
		return error_set(error, -ENOENT, "Aggregate %lld could not be found.",
				 (long long)id);
	if (result == 0)
		editing->edited = yyjson_val_mut_copy(editing->doc, editing->record);
	return result;
}

static int edit_commit(struct editing *editing, struct error *error)
{
	struct request *request = editing->request;
	const char *key = key_of(request->arena, json_integer(editing->record, "id", 0));
	int result = zone_follow(editing, error);

	if (result < 0)
		return result;
	store_txn_compare(editing->txn, key, editing->revision);
	if (editing->edited) {
		json_set_string(editing->doc, editing->edited, "updated_at",
				time_now(request->arena));
		store_txn_put(editing->txn, key, request_write(request, editing->edited));
	} else {
		store_txn_delete(editing->txn, key);
	}
	return request_commit(request, editing->txn, error);
}

static yyjson_mut_val *aggregate_view(struct request *request, yyjson_mut_doc *doc,
				      yyjson_val *record, bool whole)
{
	yyjson_mut_val *view = yyjson_val_mut_copy(doc, record);

	if (request->microversion < 41)
		yyjson_mut_obj_remove_key(view, "uuid");
	if (!whole) {
		yyjson_mut_obj_remove_key(view, "hosts");
		yyjson_mut_obj_remove_key(view, "metadata");
	}
	json_set_string(doc, view, "availability_zone", zone_of(record));
	return view;
}

static int aggregate_reply(struct request *request, yyjson_val *record, bool whole)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "aggregate", aggregate_view(request, doc, record, whole));
	return reply_json(request, 200, doc, root);
}

static int edit_reply(struct editing *editing, struct error *error)
{
	int result = edit_commit(editing, error);

	return result < 0 ? result
			  : aggregate_reply(editing->request,
					    json_frozen(editing->request->arena, editing->edited),
					    true);
}

/* --- what zones allow */

/* The host can be in one zone alone. 'what' begins the refusal, 'status' is its code. */
static int zone_free(struct editing *editing, const char *zone, const char *what, int code,
		     struct error *error)
{
	int64_t id = json_integer(editing->record, "id", 0);
	struct record_list list;
	const char *other;
	int result = aggregates_of_host(editing->request, &list, error);

	for (size_t i = 0; result == 0 && i < list.count; i++) {
		other = zone_of(list.items[i]);
		if (other && strcmp(other, zone) && json_integer(list.items[i], "id", 0) != id)
			return error_set(error, code,
					 "%s aggregate %lld. Reason: One or more hosts already in "
					 "availability zone(s) ['%s'].",
					 what, (long long)id, other);
	}
	return result;
}

static int zone_vacant(struct editing *editing, const char *what, struct error *error)
{
	struct record_list list = { .request = editing->request };
	int result = record_list_range(editing->request, &list, KEY_SERVER, error);

	for (size_t i = 0; result == 0 && i < list.count; i++)
		if (json_string(list.items[i], "OS-EXT-SRV-ATTR:host"))
			return error_set(error, -EINVAL,
					 "%s aggregate %lld. Reason: One or more hosts contain "
					 "instances in this zone.",
					 what, (long long)json_integer(editing->record, "id", 0));
	return result;
}

/* Another zone for the hosts of an aggregate. */
static int zone_change(struct editing *editing, yyjson_val *value, const char *what,
		       struct error *error)
{
	const char *zone = yyjson_get_str(value), *before = zone_of(editing->record);
	int result = 0;

	if (!zone || !*zone)
		return error_set(error, -EINVAL,
				 "%s aggregate %lld. Reason: Aggregate %s does not support empty "
				 "named availability zone.",
				 what, (long long)json_integer(editing->record, "id", 0),
				 json_string(editing->record, "name"));
	if (!has_host(editing->record))
		return 0;
	result = zone_free(editing, zone, what, -EINVAL, error);
	if (result == 0 && !(before && !strcmp(before, zone)))
		result = zone_vacant(editing, what, error);
	return result;
}

/* --- handlers */

static int aggregate_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	int result = record_list_range(request, &list, KEY_AGGREGATE, error);

	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "aggregates");
	for (size_t i = 0; i < list.count; i++)
		yyjson_mut_arr_append(array, aggregate_view(request, doc, list.items[i], true));
	return reply_json(request, 200, doc, root);
}

static int aggregate_show(struct request *request, struct error *error)
{
	struct editing editing;
	int result = edit_begin(request, &editing, error);

	return result < 0 ? result : aggregate_reply(request, editing.record, true);
}

static int name_free(struct request *request, const char *name, int64_t but, struct error *error)
{
	struct record_list list = { .request = request };
	int result = record_list_range(request, &list, KEY_AGGREGATE, error);

	for (size_t i = 0; result == 0 && i < list.count; i++)
		if (json_is(list.items[i], "name", name) &&
		    json_integer(list.items[i], "id", 0) != but)
			return error_set(error, -EEXIST, "Aggregate %s already exists.", name);
	return result;
}

/* The next number; whoever takes one excludes the others. */
static int number_take(struct request *request, struct store_txn *txn, int64_t *number,
		       struct error *error)
{
	yyjson_val *last = NULL;
	uint64_t revision = 0;
	int result = request_get(request, &last, &revision, error, KEY_AGGREGATE_LAST);

	if (result == -ENOENT) {
		last = NULL;
		revision = 0;
	} else if (result < 0) {
		return result;
	}
	*number = json_integer(last, "id", 0) + 1;
	store_txn_compare(txn, KEY_AGGREGATE_LAST, revision);
	store_txn_put(txn, KEY_AGGREGATE_LAST,
		      arena_printf(request->arena, "{\"id\":%lld}", (long long)*number));
	return 0;
}

static yyjson_mut_val *aggregate_new(struct request *request, yyjson_mut_doc *doc, int64_t number)
{
	yyjson_val *body = yyjson_obj_get(request->body, "aggregate");
	yyjson_mut_val *record = yyjson_mut_obj(doc), *metadata;
	const char *zone = json_string(body, "availability_zone");
	char uuid[UUID_SIZE];

	uuid_make(uuid);
	json_set_integer(doc, record, "id", number);
	json_set_string(doc, record, "uuid", uuid);
	json_set_string(doc, record, "name", json_string(body, "name"));
	yyjson_mut_obj_add_arr(doc, record, "hosts");
	metadata = yyjson_mut_obj_add_obj(doc, record, "metadata");
	if (zone)
		json_set_string(doc, metadata, "availability_zone", zone);
	json_set_string(doc, record, "created_at", time_now(request->arena));
	json_set_string(doc, record, "updated_at", NULL);
	json_set_bool(doc, record, "deleted", false);
	json_set_string(doc, record, "deleted_at", NULL);
	return record;
}

static int aggregate_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	const char *name = json_string(yyjson_obj_get(request->body, "aggregate"), "name");
	yyjson_mut_val *record;
	int64_t number = 0;
	int result = name_free(request, name, 0, error);

	if (result == 0)
		result = number_take(request, txn, &number, error);
	if (result < 0)
		return result;
	record = aggregate_new(request, doc, number);
	store_txn_put(txn, key_of(request->arena, number), request_write(request, record));
	result = request_commit(request, txn, error);
	return result < 0 ? result
			  : aggregate_reply(request, json_frozen(request->arena, record), false);
}

static int aggregate_update(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "aggregate");
	yyjson_val *zone = yyjson_obj_get(body, "availability_zone");
	const char *name = json_string(body, "name");
	struct editing editing;
	int result = 0;

	if (!name && !zone)
		result = error_set(error, -EINVAL,
				   "Invalid input for field/attribute aggregate. Value: {}. {} is "
				   "not valid under any of the given schemas");
	if (result == 0)
		result = edit_begin(request, &editing, error);
	if (result == 0 && name)
		result = name_free(request, name, json_integer(editing.record, "id", 0), error);
	if (result == 0 && zone)
		result = zone_change(&editing, zone, "Cannot update", error);
	if (result < 0)
		return result;
	if (name)
		json_set_string(editing.doc, editing.edited, "name", name);
	if (zone)
		json_set_string(editing.doc, yyjson_mut_obj_get(editing.edited, "metadata"),
				"availability_zone", yyjson_get_str(zone));
	return edit_reply(&editing, error);
}

static int aggregate_delete(struct request *request, struct error *error)
{
	struct editing editing;
	int result = edit_begin(request, &editing, error);

	if (result < 0)
		return result;
	if (has_host(editing.record))
		return error_set(error, -EINVAL,
				 "Cannot remove host from aggregate %lld. Reason: Host aggregate "
				 "is not empty.",
				 (long long)json_integer(editing.record, "id", 0));
	editing.edited = NULL;
	result = edit_commit(&editing, error);
	return result < 0 ? result : reply_empty(request, 200);
}

static int host_add(struct request *request, struct error *error)
{
	const char *host = json_string(yyjson_obj_get(request->body, "add_host"), "host"), *zone;
	struct editing editing;
	int result = edit_begin(request, &editing, error);

	if (strcmp(host, COMPUTE_HOST))
		return error_set(error, -ENOENT, "Host '%s' is not mapped to any cell", host);
	if (result < 0)
		return result;
	zone = zone_of(editing.record);
	if (zone)
		result = zone_free(&editing, zone, "Cannot add host to", -EBUSY, error);
	if (result < 0)
		return result;
	if (has_host(editing.record))
		return error_set(error, -EBUSY, "Aggregate %lld already has host %s.",
				 (long long)json_integer(editing.record, "id", 0), host);
	yyjson_mut_arr_add_strcpy(editing.doc, yyjson_mut_obj_get(editing.edited, "hosts"), host);
	return edit_reply(&editing, error);
}

static void hosts_clear(yyjson_mut_doc *doc, yyjson_mut_val *aggregate)
{
	json_set(doc, aggregate, "hosts", yyjson_mut_arr(doc));
}

static int host_remove(struct request *request, struct error *error)
{
	const char *host = json_string(yyjson_obj_get(request->body, "remove_host"), "host");
	const char *id = request_param(request, "aggregate_id");
	struct editing editing;
	int result = edit_begin(request, &editing, error);

	if (result < 0 && result != -ENOENT)
		return result;
	if (result == -ENOENT || strcmp(host, COMPUTE_HOST) || !has_host(editing.record))
		return error_set(error, -ENOENT, "Cannot remove host %s in aggregate %s", host, id);
	hosts_clear(editing.doc, editing.edited);
	return edit_reply(&editing, error);
}

static int metadata_set(struct request *request, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(yyjson_obj_get(request->body, "set_metadata"),
					   "metadata"),
		   *key, *value;
	yyjson_val *zone = yyjson_obj_get(given, "availability_zone");
	struct editing editing;
	yyjson_mut_val *metadata;
	size_t i, count;
	int result = edit_begin(request, &editing, error);

	if (result == 0 && zone)
		result = zone_change(&editing, zone, "Cannot update metadata of", error);
	if (result < 0)
		return result;
	metadata = yyjson_mut_obj_get(editing.edited, "metadata");
	yyjson_obj_foreach (given, i, count, key, value) {
		if (yyjson_is_null(value))
			yyjson_mut_obj_remove_key(metadata, yyjson_get_str(key));
		else
			json_set(editing.doc, metadata, yyjson_get_str(key),
				 yyjson_val_mut_copy(editing.doc, value));
	}
	return edit_reply(&editing, error);
}

/* Images are on the host already: there is nothing to fetch beforehand. */
static int images_cache(struct request *request, struct error *error)
{
	yyjson_val *cache = yyjson_obj_get(request->body, "cache"), *one, *other;
	struct editing editing;
	size_t i, j, count, others;

	yyjson_arr_foreach (cache, i, count, one)
		yyjson_arr_foreach (cache, j, others, other)
			if (i < j &&
			    yyjson_equals(yyjson_obj_get(one, "id"), yyjson_obj_get(other, "id")))
				return error_set(error, -EINVAL, "Duplicate images in request");
	return edit_begin(request, &editing, error) < 0 ? error->code : reply_empty(request, 202);
}

int aggregates_forget_host(struct request *request, struct store_txn *txn, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct record_list list;
	int result = aggregates_of_host(request, &list, error);

	for (size_t i = 0; result == 0 && i < list.count; i++) {
		yyjson_mut_val *edited = yyjson_val_mut_copy(doc, list.items[i]);
		const char *key = key_of(request->arena, json_integer(list.items[i], "id", 0));

		hosts_clear(doc, edited);
		store_txn_compare(txn, key, list.revisions[i]);
		store_txn_put(txn, key, request_write(request, edited));
	}
	return result;
}

/* --- tables */

static const struct schema zone_name = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.min_length = 1,
	.max_length = 255,
	.pattern = "^[^:]*$",
};
static const struct schema create_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, true, 0, 0 },
						   { "availability_zone", &zone_name, false, 0, 0 },
						   { 0 } },
};
static const struct schema update_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, false, 0, 0 },
						   { "availability_zone", &zone_name, false, 0, 0 },
						   { 0 } },
};
static const struct schema schema_create = ENVELOPE("aggregate", &create_body);
static const struct schema schema_update = ENVELOPE("aggregate", &update_body);
static const struct schema host_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "host", &part_host, true, 0, 0 }, { 0 } },
};
static const struct schema schema_add = ENVELOPE("add_host", &host_body);
static const struct schema schema_remove = ENVELOPE("remove_host", &host_body);
static const struct schema metadata_value = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.max_length = 255,
};
static const struct schema metadata = {
	.types = SCHEMA_OBJECT,
	.others = &metadata_value,
	.member_pattern = "^[a-zA-Z0-9_:. -]{1,255}$",
};
static const struct schema metadata_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "metadata", &metadata, true, 0, 0 }, { 0 } },
};
static const struct schema schema_metadata_set = ENVELOPE("set_metadata", &metadata_body);
static const struct schema image = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &part_uuid, true, 0, 0 }, { 0 } },
};
static const struct schema images = {
	.types = SCHEMA_ARRAY,
	.min_items = 1,
	.items = &image,
};
static const struct schema schema_images = ENVELOPE("cache", &images);

#define AGGREGATE "/os-aggregates/{aggregate_id}"
#define AGGREGATE_ACTION(name, handler, rule, schema)                                              \
	ROUTE("POST", AGGREGATE "/action", handler, rule, .body = schema, .action = name)
static const struct route routes[] = {
	ROUTE("GET", "/os-aggregates", aggregate_list, "os-aggregates:index"),
	ROUTE("POST", "/os-aggregates", aggregate_create, "os-aggregates:create",
	      .body = &schema_create),
	ROUTE("GET", AGGREGATE, aggregate_show, "os-aggregates:show"),
	ROUTE("PUT", AGGREGATE, aggregate_update, "os-aggregates:update", .body = &schema_update),
	ROUTE("DELETE", AGGREGATE, aggregate_delete, "os-aggregates:delete"),
	AGGREGATE_ACTION("add_host", host_add, "os-aggregates:add_host", &schema_add),
	AGGREGATE_ACTION("remove_host", host_remove, "os-aggregates:remove_host", &schema_remove),
	AGGREGATE_ACTION("set_metadata", metadata_set, "os-aggregates:set_metadata",
			 &schema_metadata_set),
	{ .method = "POST",
	  .path = AGGREGATE "/images",
	  .handle = images_cache,
	  .policy = "compute:aggregates:images",
	  .body = &schema_images,
	  .first = 81 },
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-aggregates:index"), ADMIN },
	{ POLICY("os-aggregates:create"), ADMIN },
	{ POLICY("os-aggregates:show"), ADMIN },
	{ POLICY("os-aggregates:update"), ADMIN },
	{ POLICY("os-aggregates:delete"), ADMIN },
	{ POLICY("os-aggregates:add_host"), ADMIN },
	{ POLICY("os-aggregates:remove_host"), ADMIN },
	{ POLICY("os-aggregates:set_metadata"), ADMIN },
	{ "compute:aggregates:images", ADMIN },
	{ 0 },
};

const struct service_part compute_aggregate_part = { routes, policies };
