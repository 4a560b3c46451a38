/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/placement/internal.h"

static const char *allocation_key(struct arena *arena, const char *consumer_id)
{
	return arena_printf(arena, ALLOCATION_PREFIX "%s", consumer_id);
}

/* The provider's record is put by whoever claims: claims at the same time exclude each other. */
static void provider_put(struct request *request, struct store_txn *txn,
			 const struct placement_provider *provider, bool disabled)
{
	const char *key = arena_printf(request->arena, PROVIDER_PREFIX "%s", provider->uuid);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);

	json_set_string(doc, record, "uuid", provider->uuid);
	json_set_string(doc, record, "name", provider->name);
	json_set_integer(doc, record, "generation", provider->generation + 1);
	json_set_bool(doc, record, "disabled", disabled);
	store_txn_compare(txn, key, provider->revision);
	store_txn_put(txn, key, request_write(request, record));
}

int placement_claims_begin(struct request *request, struct store_txn *txn,
			   struct placement_claims *claims, struct error *error)
{
	struct placement_provider *provider = &claims->provider;
	int result = provider_of_box(request, provider, error);

	if (result < 0)
		return result;
	claims->txn = txn;
	claims->arena = request->arena;
	provider_put(request, txn, provider, provider->disabled);
	return 0;
}

int placement_disable(struct request *request, struct store_txn *txn, bool disabled,
		      struct error *error)
{
	struct placement_provider provider;
	int result = provider_of_box(request, &provider, error);

	if (result == 0 && provider.disabled != disabled)
		provider_put(request, txn, &provider, disabled);
	return result;
}

/* What a consumer takes of a resource, with what it costs beyond. */
static int64_t cost_of(const struct placement_provider *provider, int resource, const char *kind,
		       int64_t amount)
{
	return resource == RESOURCE_MEMORY_MB ? amount + overhead_of(provider, kind, amount)
					      : amount;
}

static bool fits(const struct placement_provider *provider, const struct placement_ask *ask,
		 yyjson_val *before)
{
	yyjson_val *resources = yyjson_obj_get(before, "resources");

	for (int i = 0; i < RESOURCE_COUNT; i++) {
		int64_t own = cost_of(provider, i, json_string(before, "kind"),
				      json_integer(resources, placement_resource_names[i], 0));
		int64_t free =
			inventory_capacity(&provider->inventory[i]) - provider->used[i] + own;
		int64_t cost = cost_of(provider, i, ask->kind, ask->amount[i]);

		if (ask->amount[i] < 0 || (cost > own && cost > free))
			return false;
	}
	return true;
}

int64_t placement_room(const struct placement_claims *claims, const struct placement_ask *ask)
{
	const struct placement_provider *provider = &claims->provider;
	int64_t room = INT64_MAX, free, cost;

	for (int i = 0; i < RESOURCE_COUNT; i++) {
		if (ask->amount[i] <= 0)
			continue;
		free = inventory_capacity(&provider->inventory[i]) - provider->used[i];
		cost = cost_of(provider, i, ask->kind, ask->amount[i]);
		if (free / cost < room)
			room = free < 0 ? 0 : free / cost;
	}
	return room;
}

static const char *allocation_write(struct request *request, const struct placement_ask *ask,
				    yyjson_val *before)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc), *resources = yyjson_mut_obj(doc);

	for (int i = 0; i < RESOURCE_COUNT; i++)
		if (ask->amount[i])
			json_set_integer(doc, resources, placement_resource_names[i],
					 ask->amount[i]);
	json_set_string(doc, record, "consumer", ask->consumer_id);
	json_set(doc, record, "resources", resources);
	if (ask->kind)
		json_set_string(doc, record, "kind", ask->kind);
	json_set_string(doc, record, "project_id", ask->project_id);
	json_set_string(doc, record, "user_id", ask->user_id);
	json_set_integer(doc, record, "generation", json_integer(before, "generation", 0) + 1);
	return request_write(request, record);
}

/* What the consumer had before is replaced. */
static void account(struct placement_provider *provider, const struct placement_ask *ask,
		    yyjson_val *before)
{
	yyjson_val *resources = yyjson_obj_get(before, "resources");
	int64_t memory = json_integer(resources, "MEMORY_MB", 0);

	for (int i = 0; i < RESOURCE_COUNT; i++)
		provider->used[i] +=
			ask->amount[i] - json_integer(resources, placement_resource_names[i], 0);
	overhead_add(provider, overhead_of(provider, ask->kind, ask->amount[RESOURCE_MEMORY_MB]) -
				       overhead_of(provider, json_string(before, "kind"), memory));
}

int placement_claim(struct request *request, struct placement_claims *claims,
		    const struct placement_ask *ask, struct error *error)
{
	yyjson_val *before = NULL;
	int result = request_get(request, &before, NULL, error, ALLOCATION_PREFIX "%s",
				 ask->consumer_id);

	if (result < 0 && result != -ENOENT)
		return result;
	if (!fits(&claims->provider, ask, before))
		return -ENOSPC;
	account(&claims->provider, ask, before);
	store_txn_put(claims->txn, allocation_key(claims->arena, ask->consumer_id),
		      allocation_write(request, ask, before));
	return 0;
}

void placement_release(struct arena *arena, struct store_txn *txn, const char *consumer_id)
{
	store_txn_delete(txn, allocation_key(arena, consumer_id));
}

int placement_take_over(struct store_view *view, struct arena *arena, struct store_txn *txn,
			const char *consumer_id, const char *from_id)
{
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *record;
	struct store_record stored;
	int result = store_get(view, arena, allocation_key(arena, from_id), &stored, NULL);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	record = yyjson_val_mut_copy(doc, json_parse(arena, stored.value, stored.size));
	json_set_string(doc, record, "consumer", consumer_id);
	store_txn_put(txn, allocation_key(arena, consumer_id), json_write(arena, record));
	store_txn_delete(txn, allocation_key(arena, from_id));
	return 0;
}
