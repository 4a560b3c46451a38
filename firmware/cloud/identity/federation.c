/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collections of federation have in common, and the two that hang on nothing: mappings
 * and service providers. */
#include "firmware/cloud/identity/federation.h"

#include <string.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/identity/refusal.h"

#define ID_MOST 64
#define RELAY_STATE_PREFIX "ss:mem:"

int federation_begin(struct request *request, const struct kind *kind, const char *parameter,
		     struct federation_record *record, struct error *error)
{
	yyjson_val *there;
	int result;

	record->kind = kind;
	record->id = request_param(request, parameter);
	record->txn = store_txn_new(request->arena);
	record->doc = request_document(request);
	record->value = kind_body(request, kind, record->doc);
	if (strlen(record->id) > ID_MOST)
		return refuse_length(error, record->id, "id", ID_MOST);
	json_set_string(record->doc, record->value, "id", record->id);
	result = request_get(request, &there, NULL, error, "%s%s", kind->prefix, record->id);
	if (result != -ENOENT)
		return result < 0 ? result : -EEXIST;
	kind_compare(request, kind, record->txn, record->id, 0);
	return 0;
}

int federation_create(struct request *request, struct federation_record *record,
		      struct error *error)
{
	kind_put(request, record->kind, record->txn, record->value);
	return kind_commit(request, record->kind, record->txn, 201, record->doc, record->value,
			   error);
}

/* --- mappings */

static const struct page_rules mapping_page = { .id_member = "id" };

const struct kind kind_mapping = { .singular = "mapping",
				   .plural = "mappings",
				   .path = "OS-FEDERATION/mappings",
				   .prefix = "/identity/mapping/",
				   .what = "mapping",
				   .page = &mapping_page };

int mapping_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_mapping, error);
}

int mapping_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_mapping, "mapping_id", error);
}

/* Keystone reports all that jsonschema found, a line for each; here it is the first. */
static int mapping_check(struct request *request, struct error *error)
{
	yyjson_val *mapping = yyjson_obj_get(request->body, "mapping");
	struct error found = { 0 };

	if (!mapping)
		mapping = json_parse(request->arena, "{}", 2);
	if (schema_check_as(&schema_mapping, mapping, 0, SCHEMA_PLAIN, &found) == 0)
		return 0;
	return error_fault(error, -EINVAL, 400, NULL, "%s\n", found.message);
}

int mapping_create(struct request *request, struct error *error)
{
	struct federation_record record;
	int result = mapping_check(request, error);

	if (result == 0)
		result = federation_begin(request, &kind_mapping, "mapping_id", &record, error);
	if (result == -EEXIST)
		return refuse_conflict(error, "mapping", "Duplicate entry");
	return result == 0 ? federation_create(request, &record, error) : result;
}

int mapping_update(struct request *request, struct error *error)
{
	int result = mapping_check(request, error);

	return result == 0 ? kind_update(request, &kind_mapping, "mapping_id", error) : result;
}

int mapping_delete(struct request *request, struct error *error)
{
	return kind_delete(request, &kind_mapping, "mapping_id", store_txn_new(request->arena),
			   error);
}

/* --- service providers */

static const struct page_rules provider_page = {
	.filters = (const struct page_filter[]){ { "id", "id", PAGE_EXACT },
						 { "enabled", "enabled", PAGE_BOOLEAN },
						 { 0 } },
	.id_member = "id",
};

static const char *const provider_nullable[] = { "description", NULL };

const struct kind kind_service_provider = { .singular = "service_provider",
					    .plural = "service_providers",
					    .path = "OS-FEDERATION/service_providers",
					    .prefix = "/identity/service_provider/",
					    .what = "Service Provider",
					    .page = &provider_page,
					    .nullable = provider_nullable };

int service_provider_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_service_provider, error);
}

int service_provider_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_service_provider, "sp_id", error);
}

int service_provider_create(struct request *request, struct error *error)
{
	struct federation_record record;
	int result = federation_begin(request, &kind_service_provider, "sp_id", &record, error);

	if (result == -EEXIST)
		return refuse_conflict(error, "service_provider",
				       "Duplicate entry found with ID %s", record.id);
	if (result < 0)
		return result;
	json_default(record.doc, record.value, "enabled", yyjson_mut_false(record.doc));
	json_default(record.doc, record.value, "relay_state_prefix",
		     yyjson_mut_str(record.doc, RELAY_STATE_PREFIX));
	return federation_create(request, &record, error);
}

int service_provider_update(struct request *request, struct error *error)
{
	return kind_update(request, &kind_service_provider, "sp_id", error);
}

int service_provider_delete(struct request *request, struct error *error)
{
	return kind_delete(request, &kind_service_provider, "sp_id", store_txn_new(request->arena),
			   error);
}

static void offer(yyjson_mut_doc *doc, yyjson_mut_val *list, yyjson_val *provider)
{
	static const char *const members[] = { "auth_url", "id", "sp_url" };
	yyjson_mut_val *shown = yyjson_mut_arr_add_obj(doc, list);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set_string(doc, shown, members[i], json_string(provider, members[i]));
}

int federation_offer(const struct reader *reader, yyjson_mut_doc *doc, yyjson_mut_val **offered,
		     struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct records found = { 0 };
	int result = records_range(reader, &found, error, "%s", kind_service_provider.prefix);

	for (size_t i = 0; i < found.count; i++)
		if (json_bool(found.items[i].value, "enabled", false))
			offer(doc, list, found.items[i].value);
	*offered = yyjson_mut_arr_size(list) ? list : NULL;
	return result;
}
