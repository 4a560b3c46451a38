/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A target's query against the filters, orders and pages of a list: one filter of each kind. */
#include <assert.h>
#include <string.h>

#include "firmware/cloud/http/page_filter.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/json.h"
#include "firmware/lib/cleanup.h"

#define RECORDS 3
#define TARGET_MAX 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char records_text[] =
	"[{\"id\":\"1\",\"s\":\"abc\",\"n\":5,\"b\":true,\"t\":\"2026-01-02T03:04:05Z\",\"l\":[\"x\"]},"
	"{\"id\":\"2\",\"s\":\"\",\"n\":-1.5,\"b\":false,\"t\":\"2026-01-02T03:04:05.1+01:00\",\"l\":[]},"
	"{\"id\":\"3\",\"s\":null,\"n\":18446744073709551615,\"t\":\"x\",\"l\":{}}]";

static const struct page_filter filters[] = {
	{ "e", "s", PAGE_EXACT }, { "b", "b", PAGE_BOOLEAN }, { "n", "n", PAGE_INTEGER },
	{ "r", "s", PAGE_REGEX }, { "t", "t", PAGE_SINCE },   { "i", "t", PAGE_IN },
	{ "j", "n", PAGE_IN },    { "l", "l", PAGE_LIST },    { NULL, NULL, PAGE_EXACT },
};
static const char *const sort_keys[] = { "s", "n", "b", "t", "id", NULL };

static const struct service services_of[] = {
	{ .name = "nova", .type = "compute" },
	{ .name = "glance", .type = "image" },
	{ .name = "neutron", .type = "network" },
};

static void list(struct request *request, bool sort_list)
{
	const struct page_rules rules = { .filters = filters,
					  .sort_keys = sort_keys,
					  .default_sort = "t",
					  .sort_list = sort_list,
					  .most = 2,
					  .id_member = "id" };
	struct error error = { 0 };
	struct page page = { 0 };
	yyjson_val *all = json_parse(request->arena, records_text, strlen(records_text));
	yyjson_val *records[RECORDS];
	ssize_t kept;

	for (size_t i = 0; i < RECORDS; i++)
		records[i] = yyjson_arr_get(all, i);
	if (page_parse(request, &rules, &page, &error) < 0) {
		assert(error.message[0]);
		return;
	}
	kept = page_select(request, &page, records, RECORDS, &error);
	assert(kept <= RECORDS && (kept >= 0 || error.message[0]));
	if (kept > 0)
		assert(page_next_url(request, "9"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char target[TARGET_MAX] = "/v2/x?";
	struct request request = { .arena = &arena,
				   .raw_target = target,
				   .base_url = "https://box" };

	if (size > sizeof(target) - 7)
		return 0;
	memcpy(target + 6, data, size);
	if (uri_split(&arena, target, &request.path, &request.query) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(services_of) / sizeof(services_of[0]); i++) {
		request.service = &services_of[i];
		list(&request, false);
		list(&request, true);
	}
	return 0;
}
