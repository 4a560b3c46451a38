/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Server groups: which servers should share a host, or not. A record is {id, name, policy, rules,
 * project_id, user_id, created_at}. The members are those servers whose record names the group
 * (_group, an index), so that one that goes leaves it by itself.
 */
#ifndef CUMULET_COMPUTE_SERVER_GROUPS_H
#define CUMULET_COMPUTE_SERVER_GROUPS_H

#include "firmware/cloud/compute/internal.h"

/* NULL (and 0) when there is no such group, as when it was deleted under its servers. */
int group_read(struct request *request, const char *id, yyjson_val **group, uint64_t *revision,
	       struct error *error);
int group_members(struct request *request, const char *id, struct record_list *members,
		  struct error *error);
/* Refuses (403) 'count' more servers of the caller than its quota allows in one group. */
int group_take(struct request *request, const struct record_list *members, int64_t count,
	       struct error *error);
/* How many members may be on one host; -1: any number. */
int64_t group_host_limit(yyjson_val *group);
/* How many are on it now, not counting the one with this id (NULL: all). */
int64_t group_on_host(const struct record_list *members, const char *but);

#endif
