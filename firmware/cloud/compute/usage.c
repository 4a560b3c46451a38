/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/usage.h"

#include <string.h>
#include <sys/time.h>
#include <time.h>

#define MICROSECONDS 1000000ll
#define SWEEP_MOST 8 /* more than one: a smaller bound is reached in time */

/* --- moments */

int64_t moment_now(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return now.tv_sec * MICROSECONDS + now.tv_usec;
}

static int fraction_read(const char *text, int64_t *microseconds)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 6 || text[digits])
		return -EINVAL;
	*microseconds = 0;
	for (size_t i = 0; i < 6; i++)
		*microseconds = *microseconds * 10 + (i < digits ? text[i] - '0' : 0);
	return 0;
}

int moment_read(const char *text, int64_t *moment)
{
	struct tm tm = { 0 };
	int64_t fraction = 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	bool blank = !rest;

	if (blank)
		rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	if (!rest || (*rest && *rest != '.') || (blank && !*rest) ||
	    (*rest && fraction_read(rest + 1, &fraction) < 0))
		return -EINVAL;
	*moment = timegm(&tm) * MICROSECONDS + fraction;
	return 0;
}

const char *moment_write(struct arena *arena, int64_t moment)
{
	time_t seconds = moment / MICROSECONDS;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
	return arena_printf(arena, "%s.%06lld", text, (long long)(moment % MICROSECONDS));
}

/* --- records */

static const char *ended_write(struct arena *arena, yyjson_val *record, const char *now)
{
	static const char *const members[] = { "id", "name", "tenant_id",
					       "OS-SRV-USG:launched_at" };
	static const char *const amounts[] = { "name", "vcpus", "ram", "disk", "ephemeral" };
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *ended = yyjson_mut_obj(doc), *kept;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set(doc, ended, members[i],
			 json_share(doc, yyjson_obj_get(record, members[i])));
	json_set_string(doc, ended, "OS-SRV-USG:terminated_at", now);
	kept = yyjson_mut_obj_add_obj(doc, ended, "_flavor");
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		json_set(doc, kept, amounts[i],
			 json_share(doc, yyjson_obj_get(flavor, amounts[i])));
	return json_write(arena, ended);
}

struct sweep {
	struct store_view *view;
	struct arena *arena;
	struct store_txn *txn;
	int64_t beyond; /* how many are to go */
};

/* With what was noted about the server. */
static int sweep_one(const struct store_record *record, void *context)
{
	struct sweep *sweep = context;

	if (sweep->beyond-- <= 0)
		return 0;
	store_txn_delete(sweep->txn, record->key);
	return action_forget(sweep->view, sweep->arena, sweep->txn, strrchr(record->key, '/') + 1);
}

int usage_end(struct store_view *view, struct arena *arena, struct store_txn *txn,
	      yyjson_val *record)
{
	const char *project = json_string(record, "tenant_id"), *prefix, *now = time_now(arena);
	struct sweep sweep = { .view = view, .arena = arena, .txn = txn };
	int64_t result = 0;

	if (!project || !json_string(record, "OS-SRV-USG:launched_at"))
		return action_forget(view, arena, txn, json_string(record, "id"));
	prefix = arena_printf(arena, KEY_ENDED "%s/", project);
	store_txn_put(txn, arena_printf(arena, "%s%s/%s", prefix, now, json_string(record, "id")),
		      ended_write(arena, record, now));
	if (json_string(record, "_action"))
		result = action_end(view, arena, txn, json_string(record, "id"),
				    json_string(record, "_action"), NULL);
	if (result < 0)
		return (int)result;
	result = store_count(view, prefix);
	sweep.beyond = result + 1 - ENDED_MAX;
	if (sweep.beyond > 0)
		result =
			store_range(view, arena, prefix, NULL, SWEEP_MOST, sweep_one, &sweep, NULL);
	return result < 0 ? (int)result : 0;
}

int usage_find(struct request *request, const char *server_id, yyjson_val **record,
	       struct error *error)
{
	struct record_list list = { .request = request };
	int result = record_list_index(request, &list, KEY_ENDED, "id", NULL, server_id, error);

	*record = list.count ? list.items[0] : NULL;
	return result;
}
