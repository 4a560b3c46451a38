/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/scheduler.h"

#include "firmware/cloud/compute/server_groups.h"
#include "firmware/lib/log.h"

/* One host is as close as can be: affinity and both soft policies are always satisfied. */
static bool anti_affinity(const struct schedule *schedule)
{
	int64_t most = schedule->group ? group_host_limit(schedule->group) : -1;

	return most < 0 ||
	       group_on_host(schedule->members, schedule->server_id) + schedule->count <= most;
}

static const struct {
	const char *name;
	bool (*passes)(const struct schedule *schedule);
} filters[] = {
	{ "ServerGroupAntiAffinityFilter", anti_affinity },
};

const char *schedule_refused(const struct schedule *schedule)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (!filters[i].passes(schedule)) {
			log_info("compute", "no valid host", "filter=%s id=%s", filters[i].name,
				 schedule->request->id);
			return filters[i].name;
		}
	return NULL;
}

int schedule_server(struct request *request, yyjson_val *server, const char **filter,
		    struct error *error)
{
	struct record_list members = { .request = request };
	struct schedule schedule = { .request = request,
				     .server_id = json_string(server, "id"),
				     .members = &members,
				     .count = 1 };
	int result =
		group_read(request, json_string(server, "_group"), &schedule.group, NULL, error);

	if (result == 0 && schedule.group)
		result = group_members(request, json_string(server, "_group"), &members, error);
	if (result == 0)
		*filter = schedule_refused(&schedule);
	return result;
}
