/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/admission.h"

#include <pthread.h>

#include "firmware/cloud/compute/guest_kind.h"
#include "firmware/cloud/compute/internal.h"
#include "hypervisor/message.h"

/* Written by the loop when vmm reports, read by workers. */
static struct {
	pthread_mutex_t lock;
	struct vmm_host host;
	bool known;
} facts = { .lock = PTHREAD_MUTEX_INITIALIZER };

void admission_host_set(const struct vmm_host *host)
{
	pthread_mutex_lock(&facts.lock);
	facts.known = host;
	if (host)
		facts.host = *host;
	pthread_mutex_unlock(&facts.lock);
}

bool admission_host_get(struct vmm_host *host)
{
	bool known;

	pthread_mutex_lock(&facts.lock);
	known = facts.known;
	*host = facts.host;
	pthread_mutex_unlock(&facts.lock);
	return known;
}

static struct placement_ask ask_for(const struct placement_ask *who, yyjson_val *flavor,
				    const char *ephemeral, const char *kind)
{
	int64_t swap = json_integer(flavor, "swap", 0); /* MiB */
	struct placement_ask ask = *who;

	ask.amount[RESOURCE_VCPU] = json_integer(flavor, "vcpus", 0);
	ask.amount[RESOURCE_MEMORY_MB] = json_integer(flavor, "ram", 0);
	ask.amount[RESOURCE_DISK_GB] = json_integer(flavor, "disk", 0) +
				       json_integer(flavor, ephemeral, 0) + (swap + 1023) / 1024;
	ask.kind = kind;
	return ask;
}

static int claim(struct request *request, struct placement_claims *claims,
		 const struct placement_ask *who, yyjson_val *flavor, const char *ephemeral,
		 yyjson_val *properties, struct error *error)
{
	const char *kind = guest_kind(request->arena, flavor, properties);
	struct placement_ask ask = ask_for(who, flavor, ephemeral, kind);

	return placement_claim(request, claims, &ask, error);
}

int64_t admission_room(const struct placement_claims *claims, yyjson_val *flavor, yyjson_val *image)
{
	const char *kind = guest_kind(claims->arena, flavor, image);
	struct placement_ask ask =
		ask_for(&(struct placement_ask){ 0 }, flavor, "OS-FLV-EXT-DATA:ephemeral", kind);

	return placement_room(claims, &ask);
}

int admission_claim(struct request *request, struct placement_claims *claims, const char *server_id,
		    yyjson_val *flavor, yyjson_val *image, struct error *error)
{
	const struct placement_ask who = { .consumer_id = server_id,
					   .project_id = request->caller->project_id,
					   .user_id = request->caller->user_id };

	return claim(request, claims, &who, flavor, "OS-FLV-EXT-DATA:ephemeral", image, error);
}

int admission_hold(struct request *request, struct placement_claims *claims,
		   const char *consumer_id, yyjson_val *server, yyjson_val *flavor,
		   struct error *error)
{
	const struct placement_ask who = { .consumer_id = consumer_id,
					   .project_id = json_string(server, "tenant_id"),
					   .user_id = json_string(server, "user_id") };

	yyjson_val *image = yyjson_obj_get(server, "_image");

	return claim(request, claims, &who, flavor, "ephemeral",
		     yyjson_obj_get(image, "properties"), error);
}
