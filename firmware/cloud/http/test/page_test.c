/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/http/test/unit.h"
#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/json.h"

static const char records_text[] =
	"[{\"id\":\"a\",\"name\":\"web1\",\"size\":3,\"on\":true,\"at\":\"2026-01-01T00:00:00Z\","
	"\"tags\":[\"x\"]},"
	"{\"id\":\"b\",\"name\":\"db\",\"size\":1,\"on\":false,\"at\":\"2026-01-03T00:00:00Z\","
	"\"tags\":[\"x\",\"y\"]},"
	"{\"id\":\"c\",\"name\":\"web2\",\"size\":2,\"on\":true,\"at\":\"2026-01-02T00:00:00Z\"},"
	"{\"id\":\"d\",\"name\":\"Web\",\"size\":2,\"on\":false,\"at\":\"2026-01-04T00:00:00Z\","
	"\"owner\":\"me\"}]";

static const struct page_filter filters[] = {
	{ "name", "name", PAGE_REGEX },   { "exact", "name", PAGE_EXACT },
	{ "owner", "owner", PAGE_EXACT }, { "on", "on", PAGE_BOOLEAN },
	{ "size", "size", PAGE_INTEGER }, { "since", "at", PAGE_SINCE },
	{ "in", "name", PAGE_IN },        { "big", "size", PAGE_IN },
	{ "tag", "tags", PAGE_LIST },     { NULL, NULL, PAGE_EXACT },
};
static const char *const sort_keys[] = { "name", "size", "id", NULL };
static const struct page_rules rules = {
	.filters = filters,
	.sort_keys = sort_keys,
	.default_sort = "at",
	.sort_list = true,
	.most = 3,
	.id_member = "id",
};

static struct arena arena;
static char picked[64];      /* the ids of the page */
static char message[1024];   /* of the error, "" if none */
static const char *next_url; /* NULL: there is no further page */

static int tear_down(void **state)
{
	(void)state;
	arena_reset(&arena);
	return 0;
}

/* Lists the records as the query asks; the ids go to 'picked'. */
static const char *list(const char *type, const char *query)
{
	const struct service service = { .type = type };
	struct request request = { .arena = &arena, .service = &service, .base_url = "https://h" };
	yyjson_val *array = json_parse(&arena, records_text, strlen(records_text)), *item;
	yyjson_val *items[4];
	struct error error = { 0 };
	struct page page;
	ssize_t count;
	size_t i, most;

	request.raw_target = arena_printf(&arena, "/things?%s", query);
	assert_int_equal(uri_split(&arena, request.raw_target, &request.path, &request.query), 0);
	yyjson_arr_foreach (array, i, most, item)
		items[i] = item;
	picked[0] = message[0] = '\0';
	next_url = NULL;
	count = page_parse(&request, &rules, &page, &error);
	if (count == 0)
		count = page_select(&request, &page, items, 4, &error);
	strcpy(message, error.message);
	for (ssize_t n = 0; n < count; n++)
		strcat(picked, json_string(items[n], "id"));
	if (count > 0 && page.more)
		next_url = page_next_url(&request, json_string(items[count - 1], "id"));
	return count < 0 ? "error" : picked;
}

static void test_pages(void **state)
{
	(void)state;
	assert_string_equal(list("compute", ""), "acb"); /* never more than 'most' */
	assert_string_equal(list("compute", "limit=2"), "ac");
	assert_string_equal(next_url, "https://h/things?limit=2&marker=c");
	assert_string_equal(list("compute", "limit=2&marker=c"), "bd");
	assert_null(next_url);
	assert_string_equal(list("compute", "limit=2&marker=d"), "");
	assert_string_equal(list("compute", "limit=0"), "");
	assert_string_equal(list("network", "limit=2&marker=d&page_reverse=True"), "cb");
	assert_non_null(next_url);
	assert_string_equal(list("network", "limit=2&marker=c&page_reverse=true"), "a");
	assert_string_equal(list("compute", "marker=z"), "error");
	assert_string_equal(message, "marker [z] not found");
	assert_string_equal(list("compute", "limit=1&name=web%5B12%5D"), "a");
	assert_string_equal(next_url, "https://h/things?limit=1&name=web%5B12%5D&marker=a");
}

static void test_limits(void **state)
{
	(void)state;
	assert_string_equal(list("compute", "limit=-1"), "error");
	assert_string_equal(message, "Invalid input for query parameters limit. Value: -1. '-1' "
				     "does not match '^[0-9]*$'");
	assert_string_equal(list("image", "limit=-1"), "error");
	assert_string_equal(message, "limit param must be positive");
	assert_string_equal(list("image", "limit=x"), "error");
	assert_string_equal(message, "limit param must be an integer");
	assert_string_equal(list("network", "limit=1.5"), "error");
	assert_string_equal(list("compute", "limit=999999999999999999"), "acb");
}

static void test_sorting(void **state)
{
	(void)state;
	assert_string_equal(list("compute", "sort_key=size&sort_dir=asc"), "bcd");
	assert_string_equal(list("compute", "sort_key=size&sort_dir=desc"), "adc");
	assert_string_equal(
		list("compute", "sort_key=size&sort_dir=asc&sort_key=name&sort_dir=asc"), "bdc");
	assert_string_equal(list("image", "sort=size:desc,name:asc"), "adc");
	assert_string_equal(list("image", "sort_dir=desc"), "dbc");
	assert_string_equal(list("compute", "sort_key=secret"), "error");
	assert_string_equal(list("compute", "sort_key=size&sort_dir=up"), "error");
	assert_string_equal(list("network", "sort_key=secret"), "error");
	assert_string_equal(message, "['secret'] is invalid attribute for sort_keys");
}

static void test_filters(void **state)
{
	static const struct {
		const char *query, *ids;
	} samples[] = {
		{ "name=web", "ac" },
		{ "name=%5Ew.b", "ac" },
		{ "name=(", "" },
		{ "exact=db&exact=Web", "bd" },
		{ "owner=me", "d" },
		{ "owner=", "acb" },
		{ "on=true", "ac" },
		{ "on=0", "bd" },
		{ "size=2", "cd" },
		{ "size=two", "" },
		{ "since=2026-01-03T00:00:00Z", "bd" },
		{ "since=2026-01-03T01:00:00%2B01:00", "bd" },
		{ "since=2026-01-04", "d" },
		{ "in=in:db,web1", "ab" },
		{ "in=neq:db", "acd" },
		{ "big=gte:2", "acd" },
		{ "big=lt:2", "b" },
		{ "tag=x", "ab" },
		{ "tag=x&tag=y", "b" },
		{ "unknown=1", "acb" },
		{ "name=web&on=true&size=2", "c" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (strcmp(list("compute", samples[i].query), samples[i].ids) != 0)
			fail_msg("%s: %s", samples[i].query, picked);
	assert_string_equal(list("compute", "since=yesterday"), "error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_pages, tear_down),
		cmocka_unit_test_teardown(test_limits, tear_down),
		cmocka_unit_test_teardown(test_sorting, tear_down),
		cmocka_unit_test_teardown(test_filters, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
