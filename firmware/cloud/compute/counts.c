/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/compute/internal.h"

struct counting {
	struct arena arena;
	struct compute_counts *counts;
};

static int count_one(const struct store_record *record, void *context)
{
	struct counting *counting = context;
	yyjson_val *server = json_parse(&counting->arena, record->value, record->size);

	counting->counts->servers++;
	counting->counts->running += json_is(server, "OS-EXT-STS:vm_state", "active");
	counting->counts->error += json_is(server, "OS-EXT-STS:vm_state", "error");
	return 0;
}

int compute_count(struct cloud *cloud, struct compute_counts *counts)
{
	struct counting counting = { .arena = ARENA_INIT, .counts = counts };
	struct store_view *view;
	int64_t result = store_view_open(cloud->store, &view, NULL);

	memset(counts, 0, sizeof(*counts));
	if (result < 0)
		return (int)result;
	result =
		store_range(view, &counting.arena, KEY_SERVER, NULL, 0, count_one, &counting, NULL);
	store_view_close(view);
	arena_free(&counting.arena);
	return result < 0 ? (int)result : 0;
}
