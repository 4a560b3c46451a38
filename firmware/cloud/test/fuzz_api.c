/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole API over one store: each input is a few requests of an admin, with ids that earlier replies
 * had, and bodies after the schema of the route or after what was seen of such objects. Nothing may crash,
 * every reply has a status, no fault is the box's own, and every body that says it is JSON is.
 *
 * What was made stays for the next inputs, so an input alone need not fail again: when one does, the
 * requests that came last are printed.
 */
#include "firmware/cloud/compute/test/cloud_box.h"

#include <sanitizer/common_interface_defs.h>

#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/link.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/test/fuzz_fill.h"

#define REQUESTS_MAX 4 /* of one input */
#define SEEN_MAX 256   /* ids that are remembered */
#define KINDS_MAX 96   /* of which one object each is remembered */
#define DEPTH_MAX 6
#define TRAIL_MAX 16
#define INPUTS_MAX 2000 /* of one box: its store is bounded */
#define REFUSED_MAX 8
#define LOGIN_SECONDS 1800 /* half of what a token lives */
#define RAW_MAX 48
#define STRANGE 0xf0 /* from this byte on a value is none that the schema asks for */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	char kind[32], id[80];
};

struct example {
	char kind[32];
	char *text; /* JSON, owned */
};

static struct {
	struct box *box;
	struct loop *loop;
	char *admin;  /* the token, owned */
	time_t since; /* when it was made */
	struct {
		void *data;
		size_t size;
	} store; /* its file after the first boot */
	size_t inputs;
	unsigned refused; /* in a row: the admin is none any more */
	const struct route *routes[2048];
	const struct service *owners[2048];
	size_t route_count;
	struct seen seen[SEEN_MAX];
	size_t seen_count;
	struct example examples[KINDS_MAX];
	size_t example_count;
	char *trail[TRAIL_MAX];
	size_t trail_at;
} api;

/* ---- what was seen ---- */

/* "servers" and "server" are one kind; so are "security_groups" and "security-groups". */
static void kind_copy(char kind[static 32], const char *from, size_t length)
{
	length = length < 31 ? length : 31;
	memcpy(kind, from, length);
	kind[length] = '\0';
	for (char *at = kind; *at; at++)
		if (*at == '-')
			*at = '_';
	if (length > 3 && !strcmp(kind + length - 3, "ies"))
		strcpy(kind + length - 3, "y");
	else if (length > 1 && kind[length - 1] == 's')
		kind[length - 1] = '\0';
}

static void id_remember(const char *kind, const char *id)
{
	struct seen *seen = &api.seen[api.seen_count++ % SEEN_MAX];

	snprintf(seen->kind, sizeof(seen->kind), "%s", kind);
	snprintf(seen->id, sizeof(seen->id), "%s", id);
}

static void example_remember(const char *kind, yyjson_val *object)
{
	size_t i = 0;

	while (i < api.example_count && strcmp(api.examples[i].kind, kind))
		i++;
	if (i == KINDS_MAX)
		return;
	if (i == api.example_count)
		api.example_count++;
	strcpy(api.examples[i].kind, kind);
	free(api.examples[i].text);
	api.examples[i].text = yyjson_val_write(object, 0, NULL);
}

static void object_remember(const char *kind, yyjson_val *object)
{
	const char *id = yyjson_get_str(yyjson_obj_get(object, "id"));

	if (!id)
		id = yyjson_get_str(yyjson_obj_get(object, "uuid"));
	if (!id)
		id = yyjson_get_str(yyjson_obj_get(object, "name"));
	if (id)
		id_remember(kind, id);
	if (yyjson_is_obj(object))
		example_remember(kind, object);
}

static void reply_remember(yyjson_val *root)
{
	size_t i, count;
	yyjson_val *key, *value;

	if (!yyjson_is_obj(root))
		return;
	yyjson_obj_foreach (root, i, count, key, value) {
		char kind[32];

		kind_copy(kind, yyjson_get_str(key), yyjson_get_len(key));
		object_remember(kind, yyjson_is_arr(value) ? yyjson_arr_get_last(value) : value);
	}
}

/* ---- values ---- */

static const char *id_choose(struct fuzz_input *input, const char *kind)
{
	static const char *const others[] = { "default", "admin", "private", "public",
					      "detail",  "42",    "x",       IMAGE };
	size_t choice = fuzz_byte(input);
	size_t most = api.seen_count < SEEN_MAX ? api.seen_count : SEEN_MAX;

	if (choice < 16)
		return others[choice % ARRAY_LENGTH(others)];
	for (size_t i = 0; choice < 0xc0 && i < most; i++) {
		const struct seen *seen = &api.seen[(i + choice) % most];

		if (!strcmp(seen->kind, kind))
			return seen->id;
	}
	return most ? api.seen[choice % most].id : others[0];
}

static const char *raw_text(struct fuzz_input *input)
{
	char text[RAW_MAX];

	fuzz_raw(input, text, sizeof(text));
	return utf8_valid(text, strlen(text)) ? arena_strdup(&api.box->arena, text) : "\u00e9";
}

static yyjson_mut_val *strange_value(struct fuzz_input *input, yyjson_mut_doc *doc)
{
	switch (fuzz_byte(input) % 10) {
	case 0:
		return yyjson_mut_null(doc);
	case 1:
		return yyjson_mut_true(doc);
	case 2:
		return yyjson_mut_sint(doc, -1);
	case 3:
		return yyjson_mut_sint(doc, INT64_MAX);
	case 4:
		return yyjson_mut_real(doc, 1e300);
	case 5:
		return yyjson_mut_arr(doc);
	case 6:
		return yyjson_mut_obj(doc);
	case 7:
		return yyjson_mut_uint(doc, UINT64_MAX);
	case 8:
		return yyjson_mut_strn(doc, "a\0b", 3);
	default:
		return yyjson_mut_str(doc, raw_text(input));
	}
}

static const char *text_of_format(struct fuzz_input *input, enum schema_format format,
				  const char *kind)
{
	static const char *const texts[] = {
		[FORMAT_URI] = "http://127.0.0.1/x",
		[FORMAT_IPV4] = "10.1.0.7",
		[FORMAT_IPV6] = "fd00::7",
		[FORMAT_IP] = "10.1.0.8",
		[FORMAT_CIDR] = "10.9.0.0/24",
		[FORMAT_MAC] = "fa:16:3e:01:02:03",
		[FORMAT_BASE64] = "eA==",
		[FORMAT_DATE_TIME] = "2026-01-02T03:04:05Z",
		[FORMAT_HOSTNAME] = "host",
		[FORMAT_INTEGER_STRING] = "7",
		[FORMAT_BOOLEAN_STRING] = "true",
	};

	if (format == FORMAT_UUID || fuzz_byte(input) & 1)
		return id_choose(input, kind);
	if (format < ARRAY_LENGTH(texts) && texts[format])
		return texts[format];
	return raw_text(input);
}

static yyjson_mut_val *value_make(struct fuzz_input *input, yyjson_mut_doc *doc,
				  const struct schema *schema, const char *name, unsigned depth);

static yyjson_mut_val *object_make(struct fuzz_input *input, yyjson_mut_doc *doc,
				   const struct schema *schema, unsigned depth)
{
	yyjson_mut_val *object = yyjson_mut_obj(doc);

	for (const struct schema_member *member = schema->members; member && member->name; member++)
		if (fuzz_byte(input) < (member->required ? STRANGE : 0x60))
			yyjson_mut_obj_add_val(
				doc, object, member->name,
				value_make(input, doc, member->schema, member->name, depth + 1));
	if ((schema->additional || schema->others) && fuzz_byte(input) & 1) {
		const char *name = raw_text(input);

		yyjson_mut_obj_add_val(
			doc, object, name,
			schema->others ? value_make(input, doc, schema->others, name, depth + 1)
				       : strange_value(input, doc));
	}
	return object;
}

static yyjson_mut_val *array_make(struct fuzz_input *input, yyjson_mut_doc *doc,
				  const struct schema *schema, const char *name, unsigned depth)
{
	yyjson_mut_val *array = yyjson_mut_arr(doc);
	char kind[32];

	kind_copy(kind, name, strlen(name));
	for (size_t left = fuzz_byte(input) % 4; left > 0; left--)
		yyjson_mut_arr_append(array, schema->items ? value_make(input, doc, schema->items,
									kind, depth + 1)
							   : strange_value(input, doc));
	return array;
}

static yyjson_mut_val *string_make(struct fuzz_input *input, yyjson_mut_doc *doc,
				   const struct schema *schema, const char *name)
{
	char kind[32];
	size_t count = 0, length = strlen(name);

	while (schema->one_of && schema->one_of[count])
		count++;
	if (count)
		return yyjson_mut_str(doc, schema->one_of[fuzz_byte(input) % count]);
	if (length > 3 && !strcmp(name + length - 3, "_id"))
		length -= 3;
	kind_copy(kind, name, length);
	return yyjson_mut_str(doc, text_of_format(input, schema->format, kind));
}

static yyjson_mut_val *value_make(struct fuzz_input *input, yyjson_mut_doc *doc,
				  const struct schema *schema, const char *name, unsigned depth)
{
	unsigned choice = fuzz_byte(input), types = schema ? schema->types : 0;

	if (choice >= STRANGE || depth > DEPTH_MAX)
		return strange_value(input, doc);
	if (types & SCHEMA_OBJECT || (schema && schema->members))
		return object_make(input, doc, schema, depth);
	if (types & SCHEMA_ARRAY)
		return array_make(input, doc, schema, name, depth);
	if (types & (SCHEMA_INTEGER | SCHEMA_NUMBER) && choice & 1)
		return yyjson_mut_sint(doc, (int8_t)fuzz_byte(input));
	if (types & SCHEMA_BOOLEAN && choice & 2)
		return yyjson_mut_bool(doc, choice & 4);
	if (types & SCHEMA_NULL && choice & 8)
		return yyjson_mut_null(doc);
	if (types & SCHEMA_STRING)
		return string_make(input, doc, schema, name);
	return strange_value(input, doc);
}

/* ---- bodies ---- */

/* An object like the one that was seen last, with some members changed or left out. */
static yyjson_mut_val *example_change(struct fuzz_input *input, yyjson_mut_doc *doc,
				      const char *text)
{
	yyjson_val *from = json_parse(&api.box->arena, text, strlen(text));
	yyjson_mut_val *object = yyjson_mut_obj(doc);
	size_t i, count;
	yyjson_val *key, *value;

	yyjson_obj_foreach (from, i, count, key, value) {
		const struct schema any = { .types = SCHEMA_STRING };
		unsigned choice = fuzz_byte(input);

		if (choice < 0x60)
			continue;
		yyjson_mut_obj_add_val(doc, object, yyjson_get_str(key),
				       choice < 0xc0 ? yyjson_val_mut_copy(doc, value)
				       : choice < STRANGE
					       ? string_make(input, doc, &any, yyjson_get_str(key))
					       : strange_value(input, doc));
	}
	return object;
}

static yyjson_mut_val *body_like_seen(struct fuzz_input *input, yyjson_mut_doc *doc,
				      const char *kind)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	for (size_t i = 0; i < api.example_count; i++)
		if (!strcmp(api.examples[i].kind, kind))
			yyjson_mut_obj_add_val(doc, root,
					       arena_strdup(&api.box->arena, api.examples[i].kind),
					       example_change(input, doc, api.examples[i].text));
	return root;
}

static const char *body_make(struct fuzz_input *input, const struct route *route, const char *kind)
{
	yyjson_mut_doc *doc = json_document(&api.box->arena);
	yyjson_mut_val *root;
	unsigned choice = fuzz_byte(input);

	if (!strcmp(route->method, "GET") || choice == 0xff)
		return NULL;
	if (route->action) {
		root = yyjson_mut_obj(doc);
		yyjson_mut_obj_add_val(doc, root, route->action, strange_value(input, doc));
	}
	if (route->body && (route->body->members || !(choice & 3)))
		root = value_make(input, doc, route->body, kind, 0);
	else if (!route->action)
		root = body_like_seen(input, doc, kind);
	return json_write(&api.box->arena, root);
}

/* ---- requests ---- */

/* Parameters of the path become ids of the kind that the segment in front of them names. */
static const char *target_make(struct fuzz_input *input, const struct service *service,
			       const struct route *route, char kind[static 32])
{
	char target[1024];
	size_t at = (size_t)snprintf(target, sizeof(target), "%s", service->prefix);

	strcpy(kind, service->type);
	for (const char *path = route->path; *path && at < 700;) {
		size_t length = strcspn(path + 1, "/") + 1;

		if (path[1] == '{') {
			at += (size_t)snprintf(
				target + at, 200, "/%s",
				uri_encode(&api.box->arena, id_choose(input, kind), ""));
		} else {
			at += (size_t)snprintf(target + at, 200, "%.*s", (int)length, path);
			kind_copy(kind, path + 1, length - 1);
		}
		path += length;
	}
	if (fuzz_byte(input) < 0x20)
		snprintf(target + at, 200, "?%s",
			 uri_encode(&api.box->arena, raw_text(input), "=&"));
	return arena_strdup(&api.box->arena, target);
}

static void trail_add(const char *method, const char *target, const char *version, const char *body)
{
	char **line = &api.trail[api.trail_at++ % TRAIL_MAX];

	free(*line);
	if (asprintf(line, "%s %s [%s] %s", method, target, version, body ? body : "") < 0)
		*line = NULL;
}

static void trail_print(void)
{
	for (size_t i = 0; i < TRAIL_MAX; i++) {
		const char *line = api.trail[(api.trail_at + i) % TRAIL_MAX];

		if (line)
			fprintf(stderr, "request: %s\n", line);
	}
}

static void reply_check(const struct box *box)
{
	const char *type = box->reply.content_type;

	if (box->reply.fd >= 0)
		close(box->reply.fd);
	if (box->reply.status < 200 || box->reply.status > 599 || box->reply.status == 500)
		__builtin_trap();
	if (type && !strncmp(type, "application/json", 16) && box->reply.body && !box->body)
		__builtin_trap();
}

static void request_send(struct fuzz_input *input)
{
	size_t number = fuzz_number(input, 2) % api.route_count;
	const struct route *route = api.routes[number];
	const struct service *service = api.owners[number];
	struct box *box = api.box;
	char kind[32], version[32];
	const struct name_value headers[] = { { "OpenStack-API-Version", version },
					      { "Content-Type", "application/json" },
					      { NULL, NULL } };
	const char *target = target_make(input, service, route, kind);
	unsigned minor = service->version_first +
			 fuzz_byte(input) % (service->version_last - service->version_first + 1);
	const char *body = body_make(input, route, kind);

	snprintf(version, sizeof(version), "%s %u.%u",
		 service->version_name ? service->version_name : "none", service->version_major,
		 minor);
	trail_add(route->method, target, version, body);
	box_send(box, api.admin, route->method, target, headers, body);
	reply_check(box);
	api.refused = box->reply.status == 401 ? api.refused + 1 : 0;
	if (box->reply.status < 300)
		reply_remember(box->body);
}

/* ---- the box ---- */

/* Passwords take their time, a box that is switched off answers no more, and the admin stays one. */
static bool route_is_left_out(const struct route *route)
{
	return route->flags & (ROUTE_SLOW | ROUTE_OPERATOR | ROUTE_STREAM);
}

static void routes_add(const struct service *service, const struct route *routes)
{
	for (; routes && routes->method; routes++) {
		if (route_is_left_out(routes) || api.route_count == ARRAY_LENGTH(api.routes))
			continue;
		api.owners[api.route_count] = service;
		api.routes[api.route_count++] = routes;
	}
}

static void routes_collect(void)
{
	for (size_t i = 0; all[i]; i++) {
		routes_add(all[i], all[i]->routes);
		for (const struct service_part *const *part = all[i]->parts; part && *part; part++)
			routes_add(all[i], (*part)->routes);
	}
}

/* Nobody is at their other ends. */
static void links_make(void)
{
	static const enum role peers[] = { ROLE_VMM, ROLE_NETD, ROLE_CONSOLE, ROLE_FETCH };

	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++)
		api.box->cloud.links[peers[i]] = link_new(api.loop, peers[i]);
}

static void links_free(void)
{
	for (size_t i = 0; i < ROLE_COUNT; i++)
		link_free(api.box->cloud.links[i]);
}

static void login(void)
{
	const char *token = box_login(api.box, "admin", BOX_PASSWORD, box_scope(api.box, "admin"));

	if (!token)
		abort();
	free(api.admin);
	api.admin = strdup(token);
	api.since = time(NULL);
}

static void box_end(void)
{
	void *state = api.box;

	links_free();
	box_teardown(&state);
	free(api.admin);
	free(api.store.data);
}

static const char *store_path(void)
{
	return box_format(api.box, "%s/data.mdb", api.box->path);
}

/* The store as it was after the first boot, which takes a password's time. */
static void store_keep(void)
{
	FILE *file;

	box_stop(api.box);
	file = fopen(store_path(), "r");
	if (!file || fseek(file, 0, SEEK_END) < 0)
		abort();
	api.store.size = (size_t)ftell(file);
	api.store.data = malloc(api.store.size);
	rewind(file);
	if (fread(api.store.data, 1, api.store.size, file) != api.store.size)
		abort();
	fclose(file);
	box_start(api.box);
	links_make();
}

static void box_renew(void)
{
	FILE *file;

	links_free();
	box_stop(api.box);
	file = fopen(store_path(), "w");
	if (!file || fwrite(api.store.data, 1, api.store.size, file) != api.store.size ||
	    fclose(file) != 0)
		abort();
	box_start(api.box);
	links_make();
	if (time(NULL) > api.since + LOGIN_SECONDS)
		login();
	api.inputs = api.refused = 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	void *state;

	(void)argc;
	(void)argv;
	log_open("fuzz");
	log_level_set("*", "error");
	if (loop_new(&api.loop) < 0)
		abort();
	routes_collect();
	setup(&state);
	api.box = state;
	login();
	store_keep();
	atexit(box_end);
	__sanitizer_set_death_callback(trail_print);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, data + size };

	for (size_t i = 0; i < REQUESTS_MAX && input.at < input.end; i++)
		request_send(&input);
	if (++api.inputs == INPUTS_MAX || api.refused >= REFUSED_MAX)
		box_renew();
	arena_reset(&api.box->arena);
	return 0;
}
