/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box as a resource provider: what it has, and what of it is taken. */
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "firmware/cloud/placement/internal.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

#define MIB (1024 * 1024ULL)
#define GIB (1024 * MIB)
#define VCPU_RATIO 16.0 /* guests mostly idle: Nova's own default for long */
#define NAME_MAX_SIZE 65

const char *const placement_resource_names[RESOURCE_COUNT] = { "VCPU", "MEMORY_MB", "DISK_GB" };

int resource_by_name(const char *name)
{
	for (int i = 0; i < RESOURCE_COUNT; i++)
		if (!strcmp(placement_resource_names[i], name))
			return i;
	return -1;
}

int64_t inventory_capacity(const struct placement_inventory *inventory)
{
	return (int64_t)((double)(inventory->total - inventory->reserved) * inventory->ratio);
}

static int64_t memory_total(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? 0 : (int64_t)((uint64_t)info.totalram * info.mem_unit / MIB);
}

static int64_t disk_total(const char *directory)
{
	struct statvfs status;

	if (statvfs(directory, &status) < 0)
		return 0;
	return (int64_t)((uint64_t)status.f_blocks * status.f_frsize / GIB);
}

void inventory_read(const struct cloud *cloud, struct placement_inventory inventory[RESOURCE_COUNT])
{
	int64_t memory = memory_total(), reserved = HOST_RESERVED_MIB;

	inventory[RESOURCE_VCPU] =
		(struct placement_inventory){ sysconf(_SC_NPROCESSORS_ONLN), 0, VCPU_RATIO };
	inventory[RESOURCE_MEMORY_MB] =
		(struct placement_inventory){ memory, memory < reserved ? memory : reserved, 1.0 };
	inventory[RESOURCE_DISK_GB] =
		(struct placement_inventory){ disk_total(cloud->directory), 0, 1.0 };
}

struct reading {
	struct arena *arena;
	struct placement_provider *provider;
};

static int read_record(const struct store_record *record, void *context)
{
	struct reading *reading = context;
	yyjson_val *value = json_parse(reading->arena, record->value, record->size);

	reading->provider->uuid = json_string(value, "uuid");
	reading->provider->name = json_string(value, "name");
	reading->provider->generation = json_integer(value, "generation", 0);
	reading->provider->disabled = json_bool(value, "disabled", false);
	reading->provider->revision = record->revision;
	return reading->provider->uuid ? 0 : -EIO;
}

static int add_allocation(const struct store_record *record, void *context)
{
	struct reading *reading = context;
	yyjson_val *value = json_parse(reading->arena, record->value, record->size);
	struct placement_provider *provider = reading->provider;
	yyjson_val *resources = yyjson_obj_get(value, "resources");

	for (int i = 0; i < RESOURCE_COUNT; i++)
		provider->used[i] += json_integer(resources, placement_resource_names[i], 0);
	overhead_add(provider, overhead_of(provider, json_string(value, "kind"),
					   json_integer(resources, "MEMORY_MB", 0)));
	provider->consumers++;
	return 0;
}

int placement_provider_read(struct cloud *cloud, struct store_view *view, struct arena *arena,
			    struct placement_provider *provider, struct error *error)
{
	struct reading reading = { arena, provider };
	int64_t result;

	memset(provider, 0, sizeof(*provider));
	inventory_read(cloud, provider->inventory);
	result = store_range(view, arena, PROVIDER_PREFIX, NULL, 1, read_record, &reading, error);
	if (result == 0)
		return error_set(error, -EIO, "the box has no resource provider");
	if (result > 0)
		result = overheads_read(view, arena, provider, error);
	if (result == 0)
		result = store_range(view, arena, ALLOCATION_PREFIX, NULL, 0, add_allocation,
				     &reading, error);
	return result < 0 ? (int)result : 0;
}

int provider_of_box(struct request *request, struct placement_provider *provider,
		    struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (result < 0)
		return result;
	return placement_provider_read(request->cloud, view, request->arena, provider, error);
}

int provider_of_path(struct request *request, struct placement_provider *provider,
		     struct error *error)
{
	const char *uuid = request_param(request, "uuid");
	int result = provider_of_box(request, provider, error);

	if (result < 0 || !strcmp(uuid, provider->uuid))
		return result;
	return error_set(error, -ENOENT, "No resource provider with uuid %.64s found", uuid);
}

/* --- first boot */

static int provider_make(struct cloud *cloud, struct arena *arena, struct error *error)
{
	struct store_txn *txn = store_txn_new(arena);
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	char uuid[UUID_SIZE], name[NAME_MAX_SIZE] = "";

	uuid_make(uuid);
	if (gethostname(name, sizeof(name) - 1) < 0 || !name[0])
		strcpy(name, "cumulet");
	json_set_string(doc, record, "uuid", uuid);
	json_set_string(doc, record, "name", name);
	json_set_integer(doc, record, "generation", 0);
	store_txn_put(txn, arena_printf(arena, PROVIDER_PREFIX "%s", uuid),
		      json_write(arena, record));
	log_info("placement", "first boot", "provider=%s name=%s", uuid, log_quote(name));
	return store_commit(cloud->store, txn, NULL, error);
}

int placement_start(struct cloud *cloud, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_view *view;
	int64_t count;
	int result = store_view_open(cloud->store, &view, error);

	if (result < 0)
		return result;
	count = store_count(view, PROVIDER_PREFIX);
	store_view_close(view);
	if (count < 0)
		return error_set(error, (int)count, "resource providers can't be counted");
	return count ? 0 : provider_make(cloud, &arena, error);
}
