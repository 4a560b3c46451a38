/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "hypervisor/diagnostics.h"

static uint64_t number(yyjson_val *object, const char *name)
{
	return yyjson_get_uint(yyjson_obj_get(object, name));
}

static void take_thread(yyjson_val *item, struct diagnostics_answer *answer)
{
	yyjson_val *id = yyjson_obj_get(item, "thread-id");

	if (!yyjson_is_int(id) || answer->thread_count == DIAGNOSTICS_CPUS_MAX)
		return;
	answer->threads[answer->thread_count++] =
		(struct diagnostics_thread){ .cpu = (uint32_t)number(item, "cpu-index"),
					     .id = yyjson_get_sint(id) };
}

static void take_block(yyjson_val *item, struct diagnostics_answer *answer)
{
	const char *name = yyjson_get_str(yyjson_obj_get(item, "node-name"));
	yyjson_val *stats = yyjson_obj_get(item, "stats");
	struct diagnostics_block *block = &answer->blocks[answer->block_count];

	if (name == NULL || !yyjson_is_obj(stats) || answer->block_count == DIAGNOSTICS_DISKS_MAX)
		return;
	answer->block_count++;
	snprintf(block->name, sizeof(block->name), "%s", name);
	block->counters = (struct vmm_disk_counters){
		.read_requests = number(stats, "rd_operations"),
		.read_bytes = number(stats, "rd_bytes"),
		.write_requests = number(stats, "wr_operations"),
		.write_bytes = number(stats, "wr_bytes"),
		.errors = number(stats, "failed_rd_operations") +
			  number(stats, "failed_wr_operations") +
			  number(stats, "failed_flush_operations"),
	};
}

int diagnostics_parse(const char *line, size_t size, struct diagnostics_answer *answer)
{
	yyjson_doc *document = yyjson_read(line, size, 0);
	yyjson_val *result = yyjson_obj_get(yyjson_doc_get_root(document), "return"), *item;
	size_t i, count;

	*answer = (struct diagnostics_answer){ 0 };
	yyjson_arr_foreach (result, i, count, item) {
		take_thread(item, answer);
		take_block(item, answer);
	}
	answer->balloon = number(result, "actual");
	yyjson_doc_free(document);
	return result != NULL ? 0 : -EBADMSG;
}
