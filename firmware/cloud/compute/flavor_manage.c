/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making, changing and removing flavors, and the set that is there at first boot. */
#include "firmware/cloud/compute/internal.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/identity/reader.h"

static yyjson_mut_val *flavor_make(yyjson_mut_doc *doc, const char *id, const char *name,
				   int64_t ram, int64_t disk, int64_t vcpus)
{
	yyjson_mut_val *flavor = yyjson_mut_obj(doc);

	json_set_string(doc, flavor, "id", id);
	json_set_string(doc, flavor, "name", name);
	json_set_integer(doc, flavor, "ram", ram);
	json_set_integer(doc, flavor, "disk", disk);
	json_set_integer(doc, flavor, "vcpus", vcpus);
	json_set_integer(doc, flavor, "swap", 0);
	json_set_integer(doc, flavor, "OS-FLV-EXT-DATA:ephemeral", 0);
	json_set_bool(doc, flavor, "OS-FLV-DISABLED:disabled", false);
	json_set_bool(doc, flavor, "os-flavor-access:is_public", true);
	json_set(doc, flavor, "rxtx_factor", yyjson_mut_real(doc, 1.0));
	json_set_string(doc, flavor, "description", NULL);
	json_set(doc, flavor, "extra_specs", yyjson_mut_obj(doc));
	json_set(doc, flavor, "_access", yyjson_mut_arr(doc));
	return flavor;
}

/* Names as the OpenStack handbook gives them, and the small ones that DevStack adds. */
static const struct {
	const char *id, *name;
	int ram, disk, vcpus;
} first_flavors[] = {
	{ "1", "m1.tiny", 512, 1, 1 },       { "2", "m1.small", 2048, 20, 1 },
	{ "3", "m1.medium", 4096, 40, 2 },   { "4", "m1.large", 8192, 80, 4 },
	{ "5", "m1.xlarge", 16384, 160, 8 }, { "42", "m1.nano", 128, 1, 1 },
	{ "84", "m1.micro", 192, 1, 1 },
};

static bool flavors_exist(struct cloud *cloud)
{
	struct store_view *view;
	int64_t count;

	if (store_view_open(cloud->store, &view, NULL) < 0)
		return true;
	count = store_count(view, KEY_FLAVOR);
	if (count == 0)
		count = store_count(view, "/compute/first-boot");
	store_view_close(view);
	return count != 0;
}

int flavors_first_boot(struct cloud *cloud, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn;
	yyjson_mut_doc *doc;
	yyjson_mut_val *flavor;

	if (flavors_exist(cloud))
		return 0;
	txn = store_txn_new(&arena);
	doc = json_document(&arena);
	for (size_t i = 0; i < sizeof(first_flavors) / sizeof(first_flavors[0]); i++) {
		flavor = flavor_make(doc, first_flavors[i].id, first_flavors[i].name,
				     first_flavors[i].ram, first_flavors[i].disk,
				     first_flavors[i].vcpus);
		json_set_string(doc, flavor, "_created", time_now(&arena));
		store_txn_put(txn, arena_printf(&arena, KEY_FLAVOR "%s", first_flavors[i].id),
			      json_write(&arena, flavor));
	}
	/* Marks that the set was made, so that an operator who removes all of it has none. */
	store_txn_put(txn, "/compute/first-boot", "{\"flavors\":true}");
	return store_commit(cloud->store, txn, NULL, error);
}

/* Replies with a flavor that is about to be stored (revision 0: must be new), having stored it. */
static int flavor_store(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *flavor,
			uint64_t revision, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *stored = json_frozen(request->arena, flavor);
	const char *key = arena_printf(request->arena, KEY_FLAVOR "%s", json_string(stored, "id"));
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	int result;

	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, request_write(request, flavor));
	result = request_commit(request, txn, error);
	if (result == -EEXIST)
		return error_set(error, -EEXIST, "Flavor with name %s already exists.",
				 json_string(stored, "name"));
	if (result < 0)
		return result;
	yyjson_mut_obj_add_val(doc, root, "flavor", flavor_view(request, doc, stored));
	return reply_json(request, 200, doc, root);
}

/* Members that the request may leave out. */
static void flavor_options(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *flavor,
			   yyjson_val *body)
{
	yyjson_val *factor = yyjson_obj_get(body, "rxtx_factor");
	yyjson_val *public = yyjson_obj_get(body, "os-flavor-access:is_public");
	bool is_public = yyjson_is_bool(public) ? yyjson_get_bool(public) : true;

	if (yyjson_is_str(public))
		boolean_parse(yyjson_get_str(public), &is_public);
	json_set_integer(doc, flavor, "swap", integer_of(yyjson_obj_get(body, "swap"), 0));
	json_set_integer(doc, flavor, "OS-FLV-EXT-DATA:ephemeral",
			 integer_of(yyjson_obj_get(body, "OS-FLV-EXT-DATA:ephemeral"), 0));
	json_set_bool(doc, flavor, "os-flavor-access:is_public", is_public);
	if (factor)
		json_set(doc, flavor, "rxtx_factor",
			 yyjson_mut_real(doc, yyjson_is_str(factor)
						      ? strtod(yyjson_get_str(factor), NULL)
						      : yyjson_get_num(factor)));
	if (request->microversion >= 55)
		json_set_string(doc, flavor, "description", json_string(body, "description"));
}

static const char *flavor_id_of(struct request *request, yyjson_val *body)
{
	yyjson_val *id = yyjson_obj_get(body, "id");
	char *made;

	if (yyjson_is_str(id))
		return yyjson_get_str(id);
	if (yyjson_is_int(id))
		return arena_printf(request->arena, "%lld", (long long)yyjson_get_sint(id));
	made = arena_alloc(request->arena, UUID_SIZE);
	if (made)
		uuid_make(made);
	return made;
}

int handle_flavor_create(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "flavor"), *other;
	yyjson_mut_doc *doc = request_document(request);
	const char *id = flavor_id_of(request, body);
	yyjson_mut_val *flavor;
	int result = request_get(request, &other, NULL, error, KEY_FLAVOR "%s", id);

	if (result == 0)
		return error_set(error, -EEXIST, "Flavor with ID %s already exists.", id);
	if (result != -ENOENT)
		return result;
	flavor = flavor_make(doc, id, json_string(body, "name"),
			     integer_of(yyjson_obj_get(body, "ram"), 0),
			     integer_of(yyjson_obj_get(body, "disk"), 0),
			     integer_of(yyjson_obj_get(body, "vcpus"), 0));
	flavor_options(request, doc, flavor, body);
	json_set_string(doc, flavor, "_created", time_now(request->arena));
	return flavor_store(request, doc, flavor, 0, error);
}

int handle_flavor_update(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "flavor"), *flavor;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *edited;
	uint64_t revision;
	int result = flavor_find(request, request_param(request, "flavor_id"), &flavor, &revision,
				 error);

	if (result < 0)
		return result;
	edited = yyjson_val_mut_copy(doc, flavor);
	json_set_string(doc, edited, "description", json_string(body, "description"));
	return flavor_store(request, doc, edited, revision, error);
}

int handle_flavor_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *id = request_param(request, "flavor_id");
	yyjson_val *flavor;
	const char *key;
	uint64_t revision;
	int result = flavor_find(request, id, &flavor, &revision, error);

	if (result < 0)
		return result;
	key = arena_printf(request->arena, KEY_FLAVOR "%s", id);
	store_txn_compare(txn, key, revision);
	store_txn_delete(txn, key);
	result = request_commit(request, txn, error);
	return result < 0 ? result : reply_empty(request, 202);
}
