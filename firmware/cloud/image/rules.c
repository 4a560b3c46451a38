/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where imports from the web may go: a setting of the box, in the words of Glance's
 * import_filtering_opts. Before anybody has set it through the API, the first-boot setting counts
 * (provision/image-import, the same JSON), and without one http and https at their own ports.
 */
#include "firmware/cloud/image/rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/fetch/message.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define PROVISION_MAX 4096
#define SILENCE_SECONDS 60
#define TOTAL_SECONDS (6 * 3600)
#define REDIRECTS 5
#define MIB 1048576

static const char *const scheme_names[] = { "http", "https", NULL };
static const struct schema scheme = { .types = SCHEMA_STRING, .one_of = scheme_names };
static const struct schema host = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 255, .pattern = "^[a-z0-9._:-]*$"
};
static const struct schema port = { .types = SCHEMA_INTEGER,
				    .has_minimum = true,
				    .has_maximum = true,
				    .minimum = 1,
				    .maximum = 65535 };
static const struct schema seconds = { .types = SCHEMA_INTEGER,
				       .has_minimum = true,
				       .has_maximum = true,
				       .minimum = 1,
				       .maximum = 604800 };
static const struct schema mebibytes = { .types = SCHEMA_INTEGER,
					 .has_minimum = true,
					 .has_maximum = true,
					 .minimum = 1,
					 .maximum = IMAGE_SIZE_MAX / MIB };
static const struct schema pem = { .types = SCHEMA_STRING,
				   .max_length = FETCH_AUTHORITIES_MAX,
				   .pattern = "BEGIN CERTIFICATE" };
static const struct schema schemes = { .types = SCHEMA_ARRAY, .items = &scheme, .max_items = 2 };
static const struct schema hosts = { .types = SCHEMA_ARRAY,
				     .items = &host,
				     .max_items = FETCH_WORDS_MAX };
static const struct schema ports = { .types = SCHEMA_ARRAY,
				     .items = &port,
				     .max_items = FETCH_WORDS_MAX };

static const struct schema_member members[] = {
	{ .name = "allowed_schemes", .schema = &schemes },
	{ .name = "disallowed_schemes", .schema = &schemes },
	{ .name = "allowed_hosts", .schema = &hosts },
	{ .name = "disallowed_hosts", .schema = &hosts },
	{ .name = "allowed_ports", .schema = &ports },
	{ .name = "disallowed_ports", .schema = &ports },
	{ .name = "authorities", .schema = &pem },
	{ .name = "size_max_mib", .schema = &mebibytes },
	{ .name = "silence_seconds", .schema = &seconds },
	{ .name = "total_seconds", .schema = &seconds },
	{ .name = NULL },
};
const struct schema import_rules_schema = { .types = SCHEMA_OBJECT, .members = members };

/* --- where it stands */

static const char *provision_read(const struct cloud *cloud, struct arena *arena)
{
	const char *directory = strcmp(cloud->directory, "/") ? cloud->directory : "";
	const char *path = arena_printf(arena, "%s/provision/image-import", directory);
	CLEANUP_FD int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char *text = arena_alloc(arena, PROVISION_MAX + 1);

	return fd >= 0 && text && read(fd, text, PROVISION_MAX) > 0 ? text : NULL;
}

/* What is not sound is as good as not there: the log says so, nothing is allowed by mistake. */
static yyjson_val *first_setting(const struct cloud *cloud, struct arena *arena)
{
	const char *text = provision_read(cloud, arena);
	yyjson_val *setting = text ? json_parse(arena, text, strlen(text)) : NULL;
	struct error error = { 0 };

	if (setting && !schema_check(&import_rules_schema, setting, 0, &error))
		return setting;
	if (text)
		log_error("image", "provisioned import rules are not sound", "reason=%s",
			  log_quote(setting ? error.message : "no JSON"));
	return json_parse(arena, "{}", 2);
}

int import_rules_load(struct request *request, yyjson_val **setting, struct error *error)
{
	int result = request_get(request, setting, NULL, error, IMPORT_RULES_KEY);

	if (result != -ENOENT)
		return result;
	*setting = first_setting(request->cloud, request->arena);
	return *setting ? 0 : error_set(error, -ENOMEM, "out of memory");
}

/* --- what it says */

static void words_get(struct arena *arena, struct message_list *list, yyjson_val *setting,
		      const char *member)
{
	yyjson_val *array = yyjson_obj_get(setting, member), *item;
	struct fetch_word *words =
		arena_alloc(arena, (yyjson_arr_size(array) + 1) * sizeof(*words));
	size_t i, count;

	yyjson_arr_foreach (array, i, count, item)
		if (words)
			snprintf(words[list->count++].text, sizeof(words->text), "%s",
				 yyjson_get_str(item));
	list->items = words;
}

static void ports_get(struct arena *arena, struct message_list *list, yyjson_val *setting,
		      const char *member)
{
	yyjson_val *array = yyjson_obj_get(setting, member), *item;
	struct fetch_port *numbers =
		arena_alloc(arena, (yyjson_arr_size(array) + 1) * sizeof(*numbers));
	size_t i, count;

	yyjson_arr_foreach (array, i, count, item)
		if (numbers)
			numbers[list->count++].number = (uint32_t)yyjson_get_uint(item);
	list->items = numbers;
}

static void rules_get(struct arena *arena, struct fetch_rules *rules, yyjson_val *setting)
{
	static const char standard[] =
		"{\"allowed_schemes\":[\"http\",\"https\"],\"allowed_ports\":[80,443]}";
	yyjson_val *defaults = json_parse(arena, standard, sizeof(standard) - 1);
	bool schemes_set = yyjson_obj_get(setting, "allowed_schemes");
	bool ports_set = yyjson_obj_get(setting, "allowed_ports");

	words_get(arena, &rules->schemes_allowed, schemes_set ? setting : defaults,
		  "allowed_schemes");
	words_get(arena, &rules->schemes_disallowed, setting, "disallowed_schemes");
	words_get(arena, &rules->hosts_allowed, setting, "allowed_hosts");
	words_get(arena, &rules->hosts_disallowed, setting, "disallowed_hosts");
	ports_get(arena, &rules->ports_allowed, ports_set ? setting : defaults, "allowed_ports");
	ports_get(arena, &rules->ports_disallowed, setting, "disallowed_ports");
}

int import_rules_get(struct request *request, struct fetch_begin *begin, struct error *error)
{
	yyjson_val *setting = NULL;
	int result = import_rules_load(request, &setting, error);
	int64_t most;

	if (result)
		return result;
	rules_get(request->arena, &begin->rules, setting);
	most = json_integer(setting, "size_max_mib", 0);
	begin->size_most = most ? (uint64_t)most * MIB : IMAGE_SIZE_MAX;
	begin->silence_ms =
		(uint32_t)json_integer(setting, "silence_seconds", SILENCE_SECONDS) * 1000;
	begin->total_ms = (uint32_t)json_integer(setting, "total_seconds", TOTAL_SECONDS) * 1000;
	begin->redirects_most = REDIRECTS;
	begin->authorities = json_string(setting, "authorities");
	return request->arena->failed ? error_set(error, -ENOMEM, "out of memory") : 0;
}
