/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "hypervisor/diagnostics.h"

static struct diagnostics_answer answer;

static int parse(const char *line)
{
	return diagnostics_parse(line, strlen(line), &answer);
}

static void threads_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"return\": [{\"cpu-index\": 0, \"thread-id\": 17}, "
			       "{\"cpu-index\": 1, \"thread-id\": -3}, {\"cpu-index\": 2}, 7], "
			       "\"id\": 3}"),
			 0);
	assert_int_equal(answer.thread_count, 2);
	assert_int_equal(answer.threads[0].id, 17);
	assert_int_equal(answer.threads[1].cpu, 1);
	assert_int_equal(answer.threads[1].id, -3);
	assert_int_equal(answer.block_count, 0);
}

static void counters_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"return\": [{\"node-name\": \"disk0\", \"stats\": "
			       "{\"rd_operations\": 1, \"rd_bytes\": 512, \"wr_operations\": 2, "
			       "\"wr_bytes\": 1024, \"failed_rd_operations\": 1, "
			       "\"failed_wr_operations\": 2, \"failed_flush_operations\": 3}}, "
			       "{\"stats\": {}}, {\"node-name\": \"x\"}]}"),
			 0);
	assert_int_equal(answer.block_count, 1);
	assert_string_equal(answer.blocks[0].name, "disk0");
	assert_int_equal(answer.blocks[0].counters.read_requests, 1);
	assert_int_equal(answer.blocks[0].counters.read_bytes, 512);
	assert_int_equal(answer.blocks[0].counters.write_requests, 2);
	assert_int_equal(answer.blocks[0].counters.write_bytes, 1024);
	assert_int_equal(answer.blocks[0].counters.errors, 6);
}

static void what_is_too_much_is_left_out(void **state)
{
	char line[40000] = "{\"return\":[";

	(void)state;
	for (unsigned i = 0; i < DIAGNOSTICS_CPUS_MAX + 8; i++)
		strcat(line, "{\"node-name\":\"d\",\"stats\":{},\"thread-id\":1},");
	strcpy(strrchr(line, ','), "]}");
	assert_int_equal(parse(line), 0);
	assert_int_equal(answer.thread_count, DIAGNOSTICS_CPUS_MAX);
	assert_int_equal(answer.block_count, DIAGNOSTICS_DISKS_MAX);
}

static void what_is_no_answer_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"return\": {\"actual\": 67108864}}"), 0);
	assert_int_equal(answer.balloon, 67108864);
	assert_int_equal(parse("{\"error\": {\"desc\": \"no balloon\"}}"), -EBADMSG);
	assert_int_equal(parse("[]"), -EBADMSG);
	assert_int_equal(parse("{"), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_read),
		cmocka_unit_test(counters_are_read),
		cmocka_unit_test(what_is_too_much_is_left_out),
		cmocka_unit_test(what_is_no_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
