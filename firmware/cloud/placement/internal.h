/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What placement's own files share. */
#ifndef CUMULET_PLACEMENT_INTERNAL_H
#define CUMULET_PLACEMENT_INTERNAL_H

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/placement/placement.h"
#include "hypervisor/message.h"

#define PROVIDER_PREFIX "/placement/provider/"
#define ALLOCATION_PREFIX "/placement/allocation/"
#define OVERHEAD_PREFIX "/placement/overhead/"

int placement_start(struct cloud *cloud, struct error *error);

/* What may be promised of a resource in all. */
int64_t inventory_capacity(const struct placement_inventory *inventory);
/* What the machine has. */
void inventory_read(const struct cloud *cloud,
		    struct placement_inventory inventory[RESOURCE_COUNT]);
/* Reads what was learned into the provider. */
int overheads_read(struct store_view *view, struct arena *arena,
		   struct placement_provider *provider, struct error *error);
/* MiB that a consumer with so many MiB costs beyond them. */
int64_t overhead_of(const struct placement_provider *provider, const char *kind, int64_t memory);
/* So much more (or less) is reserved. */
void overhead_add(struct placement_provider *provider, int64_t mib);
/* The resource of that name, or -1. */
int resource_by_name(const char *name);

/* The provider that the path names: 404 when it is another one. */
int provider_of_path(struct request *request, struct placement_provider *provider,
		     struct error *error);
int provider_of_box(struct request *request, struct placement_provider *provider,
		    struct error *error);
/* Headers that Placement adds from 1.15 on, then the reply. */
int reply_fresh(struct request *request, int status, yyjson_mut_doc *doc, yyjson_mut_val *root);
/* The traits of the box, NULL-terminated. */
const char *const *traits_of_box(const struct placement_provider *provider);
bool resource_class_is_known(const char *name);
/* ?required=A,!B: whether the box satisfies it; 400 for a trait that nobody knows. */
int traits_check(const struct request *request, const struct placement_provider *provider,
		 bool *satisfied, struct error *error);
/* "VCPU:1,MEMORY_MB:512" into amounts; 400 for what is no such list. A class that the box has none
 * of makes amounts that never fit. */
int resources_parse(const char *text, int64_t amount[static RESOURCE_COUNT], struct error *error);

#define HANDLER(name) int name(struct request *request, struct error *error)
HANDLER(placement_version_show);
HANDLER(provider_list);
HANDLER(provider_show);
HANDLER(inventory_list);
HANDLER(inventory_show);
HANDLER(provider_usage_list);
HANDLER(provider_allocation_list);
HANDLER(provider_trait_list);
HANDLER(placement_usage_list);
HANDLER(allocation_show);
HANDLER(candidate_list);
HANDLER(resource_class_list);
HANDLER(resource_class_show);
HANDLER(trait_list);
HANDLER(trait_show);
HANDLER(placement_not_implemented);
#undef HANDLER

#endif
