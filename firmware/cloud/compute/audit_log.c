/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of Nova's task that audits usage month by month. Nothing runs it here, as in a Nova that
 * was not told to ([DEFAULT]instance_usage_audit), so no host has ever done it.
 */
#include <stdio.h>
#include <time.h>

#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/usage.h"

static const char *month_write(struct arena *arena, int year, int month)
{
	return arena_printf(arena, "%04d-%02d-01 00:00:00", year, month);
}

/* The month before the one in which the moment lies; at its very start the one before that. */
static yyjson_mut_val *log_view(struct request *request, yyjson_mut_doc *doc, int64_t before)
{
	time_t seconds = (before - 1) / 1000000;
	yyjson_mut_val *view = yyjson_mut_obj(doc);
	int year, month;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	year = tm.tm_year + 1900 - (tm.tm_mon == 0);
	month = tm.tm_mon == 0 ? 12 : tm.tm_mon;
	json_set_string(doc, view, "period_beginning", month_write(request->arena, year, month));
	json_set_string(doc, view, "period_ending",
			month_write(request->arena, tm.tm_year + 1900, tm.tm_mon + 1));
	json_set_integer(doc, view, "num_hosts", 1);
	json_set_integer(doc, view, "num_hosts_done", 0);
	json_set_integer(doc, view, "num_hosts_running", 0);
	json_set_integer(doc, view, "num_hosts_not_run", 1);
	yyjson_mut_arr_add_str(doc, yyjson_mut_obj_add_arr(doc, view, "hosts_not_run"),
			       COMPUTE_HOST);
	json_set_integer(doc, view, "total_instances", 0);
	json_set_integer(doc, view, "total_errors", 0);
	json_set_string(doc, view, "overall_status", "0 of 1 hosts done. 0 errors.");
	yyjson_mut_obj_add_obj(doc, view, "log");
	return view;
}

static int log_reply(struct request *request, const char *name, int64_t before)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, name, log_view(request, doc, before));
	return reply_json(request, 200, doc, root);
}

static int log_list(struct request *request, struct error *error)
{
	(void)error;
	return log_reply(request, "instance_usage_audit_logs", moment_now());
}

static int log_show(struct request *request, struct error *error)
{
	const char *text = request_param(request, "before");
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	int64_t before;

	if (rest && !*rest)
		before = timegm(&tm) * 1000000ll;
	else if (!rest || moment_read(text, &before) < 0)
		return error_set(error, -EINVAL, "Invalid timestamp for date %s", text);
	return log_reply(request, "instance_usage_audit_log", before);
}

#define LOGS "/os-instance_usage_audit_log"
static const struct route routes[] = {
	ROUTE("GET", LOGS, log_list, "os-instance-usage-audit-log:list"),
	ROUTE("GET", LOGS "/{before}", log_show, "os-instance-usage-audit-log:show"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-instance-usage-audit-log:list"), ADMIN },
	{ POLICY("os-instance-usage-audit-log:show"), ADMIN },
	{ 0 },
};

const struct service_part compute_audit_log_part = { routes, policies };
