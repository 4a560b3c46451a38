/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What placement gives to compute: the box as one resource provider, and claims on it that are
 * part of the caller's own transaction, so that a server and what it takes come and go together.
 *
 *	/placement/provider/<uuid>      {uuid, name, generation, disabled}: one, made at first boot
 *	/placement/allocation/<consumer> {consumer, resources {VCPU, MEMORY_MB, DISK_GB}, kind,
 *	                                  project_id, user_id, generation}
 *	/placement/overhead/<kind>       {kind, highest_mib}: what a guest of that hardware was seen to
 *	                                  cost beyond its memory
 *
 * The inventory is not stored: it is what the machine has at this moment. What of its memory is
 * reserved is HOST_RESERVED_MIB for ourselves, and what all consumers cost beyond what they have.
 */
#ifndef CUMULET_PLACEMENT_H
#define CUMULET_PLACEMENT_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/request.h"

struct service;
extern const struct service placement_service;

enum placement_resource { RESOURCE_VCPU, RESOURCE_MEMORY_MB, RESOURCE_DISK_GB, RESOURCE_COUNT };

extern const char *const placement_resource_names[RESOURCE_COUNT];

struct placement_inventory {
	int64_t total, reserved;
	double ratio; /* of allocation: what may be promised is (total - reserved) * ratio */
};

struct placement_overhead {
	const char *kind;
	int64_t highest; /* MiB */
};

struct placement_provider {
	const char *uuid, *name; /* in the arena */
	bool disabled;           /* takes nothing new: the trait COMPUTE_STATUS_DISABLED */
	int64_t generation;
	uint64_t revision; /* of its record */
	struct placement_inventory inventory[RESOURCE_COUNT];
	int64_t used[RESOURCE_COUNT];
	int64_t overhead; /* MiB that consumers cost beyond that; within what is reserved */
	int64_t consumers;
	const struct placement_overhead *overheads; /* what was learned of each kind */
	size_t overhead_count;
};

/* The box, with what is used by now. */
int placement_provider_read(struct cloud *cloud, struct store_view *view, struct arena *arena,
			    struct placement_provider *provider, struct error *error);

struct placement_claims {
	struct placement_provider provider;
	struct store_txn *txn;
	struct arena *arena;
};

struct placement_ask {
	const char *consumer_id; /* the server's id */
	const char *project_id, *user_id;
	int64_t amount[RESOURCE_COUNT]; /* 0: none of it */
	const char *kind; /* of its hardware, "kvm..." or "tcg..."; NULL: it costs nothing more */
};

/*
 * Claims within one transaction: begin once, then claim for each consumer. The transaction
 * compares that nobody else claimed in between; a lost race is the commit's -EAGAIN. A claim for
 * a consumer that has one already replaces it. -ENOSPC without a message: it does not fit, and
 * the transaction is as it was.
 */
int placement_claims_begin(struct request *request, struct store_txn *txn,
			   struct placement_claims *claims, struct error *error);
int placement_claim(struct request *request, struct placement_claims *claims,
		    const struct placement_ask *ask, struct error *error);
/* Says, in the transaction, whether the box takes anything new. */
int placement_disable(struct request *request, struct store_txn *txn, bool disabled,
		      struct error *error);
bool placement_class_known(const char *name); /* a standard resource class */
/* How many more asks like this one fit. */
int64_t placement_room(const struct placement_claims *claims, const struct placement_ask *ask);
/* A consumer has what another had, which has nothing then: totals do not change. */
int placement_take_over(struct store_view *view, struct arena *arena, struct store_txn *txn,
			const char *consumer_id, const char *from_id);
/* A guest of this kind was seen to cost so much; raises what is reserved for each of them. 1: it is more
 * than was known, and to be committed; 0: nothing new. */
int placement_overhead_learn(struct store_view *view, struct arena *arena, struct store_txn *txn,
			     const char *kind, uint64_t bytes);
/* Gives back what the consumer has, if it has anything. */
void placement_release(struct arena *arena, struct store_txn *txn, const char *consumer_id);

#endif
