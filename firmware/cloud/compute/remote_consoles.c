/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of servers' consoles, in each of Nova's forms. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/console_tokens.h"
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/schema_parts.h"
#include "firmware/cloud/console/console.h"
#include "firmware/cloud/compute/state.h"

/* What there is; the rest of Nova's kinds is unavailable here. */
static const struct console_form {
	const char *protocol, *type, *action; /* action: of the older form */
	enum console_kind kind;
} forms[] = {
	{ "vnc", "novnc", "os-getVNCConsole", CONSOLE_VNC },
	{ "serial", "serial", "os-getSerialConsole", CONSOLE_SERIAL },
};

static const struct console_form *form_find(const char *protocol, const char *type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(forms[i].protocol, protocol) && !strcmp(forms[i].type, type))
			return &forms[i];
	return NULL;
}

/* A browser is shown a page that finds its way to the WebSocket as noVNC does; other clients of the
 * serial line connect to it themselves. */
static const char *console_url(struct request *request, const char *token, enum console_kind kind)
{
	const char *host = strstr(request->base_url, "://");

	if (kind == CONSOLE_VNC)
		return arena_printf(request->arena,
				    "%s" CONSOLE_PREFIX
				    "/vnc.html?path=console%%2Fws%%3Ftoken%%3D%s",
				    request->base_url, token);
	return arena_printf(request->arena, "wss%s" CONSOLE_PREFIX "/ws?token=%s", host ? host : "",
			    token);
}

static int token_issue(struct request *request, const char *id, enum console_kind kind,
		       char token[UUID_SIZE], struct error *error)
{
	if (console_token_issue(request->caller->project_id, id, kind, console_clock(), token) == 0)
		return 0;
	return error_fault(error, -EBUSY, 503, NULL,
			   "Too many consoles of this host have been asked for. Try again in %d "
			   "minutes.",
			   CONSOLE_TOKEN_SECONDS / 60);
}

static bool is_running(yyjson_val *record)
{
	static const enum vm_state states[] = { VM_ACTIVE, VM_PAUSED, VM_RESCUED, VM_RESIZED };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (json_is(record, "OS-EXT-STS:vm_state", vm_state_name(states[i])))
			return true;
	return false;
}

static int console_reply(struct request *request, const char *protocol, const char *type,
			 struct error *error)
{
	const struct console_form *form = form_find(protocol, type);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *console;
	bool older = request->route->action;
	char token[UUID_SIZE];
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	if (!form && !strcmp(protocol, "vnc"))
		return error_set(error, -EINVAL, "Invalid console type %s", type);
	if (!form)
		return error_set(error, -EINVAL, "Unavailable console type %s.", type);
	if (!is_running(server.record))
		return error_set(error, -EBUSY, "Instance %s is not ready", server.id);
	result = token_issue(request, server.id, form->kind, token, error);
	if (result < 0)
		return result;
	console = yyjson_mut_obj_add_obj(doc, root, older ? "console" : "remote_console");
	if (!older)
		json_set_string(doc, console, "protocol", protocol);
	json_set_string(doc, console, "type", type);
	json_set_string(doc, console, "url", console_url(request, token, form->kind));
	return reply_json(request, 200, doc, root);
}

static int remote_console_create(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "remote_console");

	return console_reply(request, json_string(body, "protocol"), json_string(body, "type"),
			     error);
}

/* The action's name says the protocol. */
static int server_get_console(struct request *request, struct error *error)
{
	const char *action = request->route->action, *protocol = "";
	yyjson_val *body = yyjson_obj_get(request->body, action);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(forms[i].action, action))
			protocol = forms[i].protocol;
	return console_reply(request, protocol, json_string(body, "type"), error);
}

static int console_token_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *console;
	struct console_token token;

	if (!console_token_find(request_param(request, "token"), console_clock(), &token))
		return error_set(error, -ENOENT, "Token not found");
	console = yyjson_mut_obj_add_obj(doc, root, "console");
	json_set_string(doc, console, "instance_uuid", token.server);
	json_set_string(doc, console, "host", COMPUTE_HOST);
	/* There is no port: the box hands the connection on as a descriptor. */
	json_set(doc, console, "port", yyjson_mut_null(doc));
	json_set_string(doc, console, "internal_access_path", NULL);
	return reply_json(request, 200, doc, root);
}

/* Of these kinds there never is one. */
static int console_token_old(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -EINVAL,
			 "The server could not comply with the request since it is "
			 "either malformed or otherwise incorrect.");
}

/* --- tables */

#define ONE_OF(name, ...)                                                                          \
	static const struct schema name = { .types = SCHEMA_STRING,                                \
					    .one_of = (const char *const[]){ __VA_ARGS__, NULL } }
#define TYPED(name, member, type_schema)                                                           \
	static const struct schema name##_body = {                                                 \
		.types = SCHEMA_OBJECT,                                                            \
		.members = (const struct schema_member[]){ { "type", &type_schema, true, 0, 0 },   \
							   { 0 } },                                \
	};                                                                                         \
	static const struct schema name = ENVELOPE(member, &name##_body)

ONE_OF(vnc_type, "novnc", "xvpvnc");
ONE_OF(spice_type, "spice-html5");
ONE_OF(rdp_type, "rdp-html5");
ONE_OF(serial_type, "serial");
TYPED(vnc, "os-getVNCConsole", vnc_type);
TYPED(spice, "os-getSPICEConsole", spice_type);
TYPED(rdp, "os-getRDPConsole", rdp_type);
TYPED(serial, "os-getSerialConsole", serial_type);

ONE_OF(protocol_26, "vnc", "spice", "rdp", "serial");
ONE_OF(protocol_28, "vnc", "spice", "rdp", "serial", "mks");
ONE_OF(type_26, "novnc", "xvpvnc", "rdp-html5", "spice-html5", "serial");
ONE_OF(type_28, "novnc", "xvpvnc", "rdp-html5", "spice-html5", "serial", "webmks");
static const struct schema remote_console = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "protocol", &protocol_26, true, 0, 7 },
						   { "protocol", &protocol_28, true, 8, 0 },
						   { "type", &type_26, true, 0, 7 },
						   { "type", &type_28, true, 8, 0 },
						   { 0 } },
};
static const struct schema remote_console_body = ENVELOPE("remote_console", &remote_console);

#define CONSOLE_ACTION(name, schema)                                                               \
	ROUTE("POST", "/servers/{server_id}/action", server_get_console, "os-remote-consoles",     \
	      .body = &schema, .action = name, .last = 5)

static const struct route routes[] = {
	CONSOLE_ACTION("os-getVNCConsole", vnc),
	CONSOLE_ACTION("os-getSPICEConsole", spice),
	CONSOLE_ACTION("os-getRDPConsole", rdp),
	CONSOLE_ACTION("os-getSerialConsole", serial),
	ROUTE("POST", "/servers/{server_id}/remote-consoles", remote_console_create,
	      "os-remote-consoles", .body = &remote_console_body, .first = 6),
	ROUTE("GET", "/os-console-auth-tokens/{token}", console_token_old, "os-console-auth-tokens",
	      .last = 30),
	ROUTE("GET", "/os-console-auth-tokens/{token}", console_token_show,
	      "os-console-auth-tokens", .first = 31),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-remote-consoles"), WRITE },
	{ POLICY("os-console-auth-tokens"), ADMIN },
	{ 0 },
};

const struct service_part compute_console_part = { routes, policies };
