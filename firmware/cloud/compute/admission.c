/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/admission.h"

#include <pthread.h>

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

int admission_claim(struct request *request, struct placement_claims *claims, const char *server_id,
		    yyjson_val *flavor, struct error *error)
{
	int64_t swap = json_integer(flavor, "swap", 0); /* MiB */
	const struct placement_ask ask = {
		.consumer_id = server_id,
		.project_id = request->caller->project_id,
		.user_id = request->caller->user_id,
		.amount = {
			[RESOURCE_VCPU] = json_integer(flavor, "vcpus", 0),
			[RESOURCE_MEMORY_MB] = json_integer(flavor, "ram", 0),
			[RESOURCE_DISK_GB] = json_integer(flavor, "disk", 0) +
					     json_integer(flavor, "OS-FLV-EXT-DATA:ephemeral", 0) +
					     (swap + 1023) / 1024,
		},
	};

	return placement_claim(request, claims, &ask, error);
}
