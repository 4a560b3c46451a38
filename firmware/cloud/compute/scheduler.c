/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/scheduler.h"

#include <string.h>

#include "firmware/cloud/compute/aggregates.h"
#include "firmware/cloud/compute/extra_specs.h"
#include "firmware/cloud/compute/server_groups.h"
#include "firmware/lib/log.h"

/* Each answers 1: passes, 0: refuses, or -errno. */

/* Nova asks placement for hosts without the trait COMPUTE_STATUS_DISABLED. */
static int enabled(const struct schedule *schedule, struct error *error)
{
	(void)error;
	return !schedule->host->disabled;
}

/* Nova asks placement for hosts with the trait COMPUTE_SECURITY_TPM_1_2 or _2_0: without swtpm there is
 * neither, and a guest that asks for one must not be without. */
static int no_tpm(const struct schedule *schedule, struct error *error)
{
	(void)error;
	return !json_string(yyjson_obj_get(schedule->flavor, "extra_specs"), "hw:tpm_version") &&
	       !json_string(schedule->image, "hw_tpm_version");
}

/* One that does not run at this moment will run soon; one that was said to be down will not. */
static int up(const struct schedule *schedule, struct error *error)
{
	(void)error;
	return !schedule->host->forced_down;
}

/* One host is as close as can be: affinity and both soft policies are always satisfied. */
static int anti_affinity(const struct schedule *schedule, struct error *error)
{
	int64_t most = schedule->group ? group_host_limit(schedule->group) : -1;

	(void)error;
	return most < 0 ||
	       group_on_host(schedule->members, schedule->server_id) + schedule->count <= most;
}

/* Is one of the servers that a hint names (a text, or a list of them) on the host? */
static int any_on_host(const struct schedule *schedule, yyjson_val *named, struct error *error)
{
	size_t count = yyjson_is_arr(named) ? yyjson_arr_size(named) : 1;
	yyjson_val *server;
	int result;

	for (size_t i = 0; i < count; i++) {
		const char *id =
			yyjson_get_str(yyjson_is_arr(named) ? yyjson_arr_get(named, i) : named);

		if (!id || !uuid_valid(id))
			continue;
		result = request_get(schedule->request, &server, NULL, error, KEY_SERVER "%s", id);
		if (result < 0 && result != -ENOENT)
			return result;
		if (result == 0 && json_bool(server, "_placed", false))
			return 1;
	}
	return 0;
}

static int same_host(const struct schedule *schedule, struct error *error)
{
	yyjson_val *named = yyjson_obj_get(schedule->hints, "same_host");

	return named ? any_on_host(schedule, named, error) : 1;
}

static int different_host(const struct schedule *schedule, struct error *error)
{
	yyjson_val *named = yyjson_obj_get(schedule->hints, "different_host");
	int result = named ? any_on_host(schedule, named, error) : 0;

	return result < 0 ? result : !result;
}

/* A value of the key in one of the host's aggregates has to match. */
static bool aggregates_match(const struct record_list *list, const char *key, const char *wanted)
{
	const char *value;

	for (size_t i = 0; i < list->count; i++) {
		value = json_string(yyjson_obj_get(list->items[i], "metadata"), key);
		if (value && extra_spec_match(value, wanted))
			return true;
	}
	return false;
}

/* Nova takes names without a scope for aggregates' too; here those are left alone. */
static int aggregate_specs(const struct schedule *schedule, struct error *error)
{
	static const char scope[] = "aggregate_instance_extra_specs:";
	yyjson_val *specs = yyjson_obj_get(schedule->flavor, "extra_specs"), *key, *value;
	struct record_list list;
	size_t i, count;
	int result = aggregates_of_host(schedule->request, &list, error);

	if (result < 0)
		return result;
	yyjson_obj_foreach (specs, i, count, key, value)
		if (!strncmp(yyjson_get_str(key), scope, sizeof(scope) - 1) &&
		    !aggregates_match(&list, yyjson_get_str(key) + sizeof(scope) - 1,
				      yyjson_get_str(value) ? yyjson_get_str(value) : ""))
			return 0;
	return 1;
}

static const struct {
	const char *name;
	int (*passes)(const struct schedule *schedule, struct error *error);
	const char *fault;
} filters[] = {
	{ "compute_status_filter", enabled, NO_HOST_ROOM },
	{ "tpm_filter", no_tpm, NO_HOST_ROOM },
	{ "ComputeFilter", up, NO_HOST_FILTER },
	{ "ServerGroupAntiAffinityFilter", anti_affinity, NO_HOST_FILTER },
	{ "SameHostFilter", same_host, NO_HOST_FILTER },
	{ "DifferentHostFilter", different_host, NO_HOST_FILTER },
	{ "AggregateInstanceExtraSpecsFilter", aggregate_specs, NO_HOST_FILTER },
};

int schedule_run(const struct schedule *schedule, const char **refused, struct error *error)
{
	int result;

	*refused = NULL;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		result = filters[i].passes(schedule, error);
		if (result < 0)
			return result;
		if (result > 0)
			continue;
		log_info("compute", "no valid host", "filter=%s request=%s", filters[i].name,
			 schedule->request->id);
		*refused = filters[i].fault;
		return 0;
	}
	return 0;
}

int schedule_server(struct request *request, yyjson_val *server, const char **refused,
		    struct error *error)
{
	struct record_list members = { .request = request };
	struct host_state host;
	struct schedule schedule = { .request = request,
				     .host = &host,
				     .flavor = yyjson_obj_get(server, "_flavor"),
				     .image = yyjson_obj_get(yyjson_obj_get(server, "_image"),
							     "properties"),
				     .server_id = json_string(server, "id"),
				     .members = &members,
				     .count = 1 };
	int result = host_state_read(request, &host, error);

	if (result == 0)
		result = group_read(request, json_string(server, "_group"), &schedule.group, NULL,
				    error);
	if (result == 0 && schedule.group)
		result = group_members(request, json_string(server, "_group"), &members, error);
	return result < 0 ? result : schedule_run(&schedule, refused, error);
}
