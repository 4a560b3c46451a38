/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: unified limits, which identity keeps, against what a project's images are. A resource
 * without a registered limit has no bound. Sizes are in MiB, as in Glance.
 */
#include <string.h>

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define REGISTERED "/identity/registered_limit/"
#define LIMITS "/identity/limit/"
#define MIB 1048576
#define NO_LIMIT (-1)

static int64_t stored_bytes(yyjson_val *image)
{
	return json_string(image, "checksum") ? json_integer(image, "size", 0) : 0;
}

static int64_t staged_bytes(yyjson_val *image)
{
	return yyjson_obj_get(image, IMAGE_STAGED) ? json_integer(image, "size", 0) : 0;
}

static int64_t one(yyjson_val *image)
{
	(void)image;
	return 1;
}

static int64_t one_if_uploading(yyjson_val *image)
{
	return json_is(image, "status", "saving") || json_is(image, "status", "uploading") ||
	       json_is(image, "status", "importing");
}

static const struct resource {
	const char *name;
	int64_t (*count)(yyjson_val *image);
	int64_t unit;
} resources[] = {
	[QUOTA_SIZE_TOTAL] = { "image_size_total", stored_bytes, MIB },
	[QUOTA_STAGE_TOTAL] = { "image_stage_total", staged_bytes, MIB },
	[QUOTA_COUNT_TOTAL] = { "image_count_total", one, 1 },
	[QUOTA_COUNT_UPLOADING] = { "image_count_uploading", one_if_uploading, 1 },
};

static int usage_of(struct request *request, const struct resource *resource, const char *owner,
		    int64_t *usage, struct error *error)
{
	struct record_list list = { 0 };
	int result = record_list_range(request, &list, IMAGE_RECORDS, error);

	*usage = 0;
	for (size_t i = 0; result >= 0 && i < list.count; i++)
		if (json_is(list.items[i], "owner", owner))
			*usage += resource->count(list.items[i]);
	*usage /= resource->unit;
	return result < 0 ? result : 0;
}

static int64_t limit_in(const struct record_list *list, const char *resource, const char *project,
			const char *member, int64_t fallback)
{
	for (size_t i = 0; i < list->count; i++)
		if (json_is(list->items[i], "resource_name", resource) &&
		    (!project || json_is(list->items[i], "project_id", project)))
			return json_integer(list->items[i], member, fallback);
	return fallback;
}

/* The project's own, else the registered default. */
static int limit_of(struct request *request, const char *resource, const char *owner,
		    int64_t *limit, struct error *error)
{
	struct record_list registered = { 0 }, own = { 0 };
	int result = record_list_range(request, &registered, REGISTERED, error);

	*limit = limit_in(&registered, resource, NULL, "default_limit", NO_LIMIT);
	if (result < 0 || *limit == NO_LIMIT)
		return result < 0 ? result : 0;
	result = record_list_range(request, &own, LIMITS, error);
	*limit = limit_in(&own, resource, owner, "resource_limit", *limit);
	return result < 0 ? result : 0;
}

int quota_check(struct request *request, enum quota quota, int64_t more, int64_t delta,
		struct error *error)
{
	const struct resource *resource = &resources[quota];
	const char *owner = request->caller->project_id;
	int64_t limit, usage;
	int result;

	if (!owner)
		return 0;
	result = limit_of(request, resource->name, owner, &limit, error);
	if (result || limit == NO_LIMIT)
		return result;
	result = usage_of(request, resource, owner, &usage, error);
	if (result || usage + more + delta <= limit)
		return result;
	return error_fault(error, -EDQUOT, 413, NULL,
			   "The request returned a 413 Request Entity Too Large. This generally "
			   "means that rate limiting or a quota threshold was breached.\n\nThe "
			   "response body:\nProject %s is over a limit for [Resource %s is over "
			   "limit of %lld due to current usage %lld and delta %lld]",
			   owner, resource->name, (long long)limit, (long long)(usage + more),
			   (long long)delta);
}

int image_usage_info(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *all = yyjson_mut_obj(doc);
	const char *owner = request->caller->project_id ? request->caller->project_id : "";

	json_set(doc, root, "usage", all);
	for (size_t i = 0; i < ARRAY_LENGTH(resources); i++) {
		yyjson_mut_val *entry = yyjson_mut_obj(doc);
		int64_t limit, usage;
		int result = limit_of(request, resources[i].name, owner, &limit, error);

		if (!result)
			result = usage_of(request, &resources[i], owner, &usage, error);
		if (result)
			return result;
		json_set_integer(doc, entry, "usage", usage);
		json_set_integer(doc, entry, "limit", limit);
		json_set(doc, all, resources[i].name, entry);
	}
	return reply_json(request, 200, doc, root);
}
