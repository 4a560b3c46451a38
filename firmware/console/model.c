/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the box, through its own API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/console/console.h"

static void copy(char *to, size_t size, yyjson_val *object, const char *member)
{
	const char *text = yyjson_get_str(yyjson_obj_get(object, member));

	snprintf(to, size, "%s", text ? text : "");
}

#define COPY(array, object, member) copy(array, sizeof(array), object, member)

static uint64_t number(yyjson_val *object, const char *pointer)
{
	return yyjson_get_uint(yyjson_ptr_get(object, pointer));
}

static void take_uplink(struct console_box *box, yyjson_val *uplink)
{
	yyjson_val *list = yyjson_obj_get(uplink, "addresses"), *item;
	size_t index, count;

	COPY(box->link, uplink, "link");
	COPY(box->gateway, uplink, "gateway");
	box->carrier = yyjson_get_bool(yyjson_obj_get(uplink, "carrier"));
	box->address_count = 0;
	yyjson_arr_foreach (list, index, count, item) {
		const char *text = yyjson_get_str(item);

		if (text && box->address_count < 4)
			snprintf(box->addresses[box->address_count++], sizeof(box->addresses[0]),
				 "%.*s", (int)strcspn(text, "/"), text);
	}
}

static void box_done(int status, yyjson_val *body, const char *text, void *context)
{
	struct console *console = context;
	struct console_box *box = &console->box;
	yyjson_val *node = yyjson_obj_get(body, "node");

	(void)text;
	if (status != 200 || !node)
		return;
	box->known = true;
	COPY(box->hostname, node, "hostname");
	COPY(box->version, node, "version");
	COPY(box->accelerator, node, "accelerator");
	COPY(box->fingerprint, node, "ca_fingerprint");
	COPY(box->first_password, node, "first_password");
	box->memory = number(node, "/memory/total");
	box->memory_free = number(node, "/memory/available");
	box->disk = number(node, "/disk/total");
	box->disk_free = number(node, "/disk/available");
	box->guests_per_gib = yyjson_get_num(yyjson_ptr_get(node, "/guests/per_gib"));
	box->uptime = (int64_t)number(node, "/uptime");
	take_uplink(box, yyjson_obj_get(node, "uplink"));
	console_redraw(console);
}

/* The first address of the first network. */
static void take_address(struct console_guest *guest, yyjson_val *addresses)
{
	yyjson_obj_iter iterator = yyjson_obj_iter_with(addresses);
	yyjson_val *network = yyjson_obj_iter_get_val(yyjson_obj_iter_next(&iterator));

	COPY(guest->address, yyjson_arr_get_first(network), "addr");
}

static void take_guest(struct console_guest *guest, yyjson_val *server)
{
	COPY(guest->id, server, "id");
	COPY(guest->name, server, "name");
	COPY(guest->status, server, "status");
	COPY(guest->fault, yyjson_obj_get(server, "fault"), "message");
	take_address(guest, yyjson_obj_get(server, "addresses"));
}

static void guests_done(int status, yyjson_val *body, const char *text, void *context)
{
	struct console *console = context;
	yyjson_val *list = yyjson_obj_get(body, "servers"), *item;
	size_t index, count;

	(void)text;
	console->fetching = false;
	if (status == 200) {
		console->guest_count = 0;
		yyjson_arr_foreach (list, index, count, item) {
			if (console->guest_count < CONSOLE_GUESTS_MAX)
				take_guest(&console->guests[console->guest_count++], item);
		}
		if (console->selected >= console->guest_count)
			console->selected = console->guest_count ? console->guest_count - 1 : 0;
	}
	console_redraw(console);
	if (console->again)
		console_fetch(console);
}

void console_fetch(struct console *console)
{
	/* A change during a fetch is fetched after it, once, however many there were. */
	console->again = console->fetching;
	if (console->fetching || !api_is_up(&console->api))
		return;
	api_send(&console->api, "GET", "/node/v1", NULL, box_done, console);
	console->fetching =
		!api_send(&console->api, "GET", "/compute/v2.1/servers/detail?all_tenants=1", NULL,
			  guests_done, console);
}

const struct console_guest *console_selected(const struct console *console)
{
	for (unsigned i = 0; i < console->guest_count; i++)
		if (!strcmp(console->guests[i].id, console->guest_id))
			return &console->guests[i];
	return NULL;
}

struct outcome {
	struct console *console;
	const char *success;
};

/* The first "message" anywhere in a fault, whatever service it is of. */
static const char *fault_message(yyjson_val *body)
{
	yyjson_val *key, *value;
	size_t index, count;

	if (yyjson_is_str(yyjson_obj_get(body, "message")))
		return yyjson_get_str(yyjson_obj_get(body, "message"));
	yyjson_obj_foreach (body, index, count, key, value) {
		const char *text = yyjson_is_obj(value) ? fault_message(value) : NULL;

		if (text)
			return text;
	}
	return NULL;
}

static void request_done(int status, yyjson_val *body, const char *text, void *context)
{
	struct outcome *outcome = context;
	const char *message = fault_message(body);

	if (status >= 200 && status < 300)
		console_notice(outcome->console, "%s", outcome->success);
	else
		console_notice(outcome->console, "Refused: %.140s", message ? message : text);
	free(outcome);
}

void console_request(struct console *console, const char *method, const char *path,
		     const char *body, const char *success)
{
	struct outcome *outcome = malloc(sizeof(*outcome));

	if (!outcome)
		return;
	*outcome = (struct outcome){ console, success };
	if (api_send(&console->api, method, path, body, request_done, outcome) < 0) {
		console_notice(console, "The control plane is not there; try again in a moment.");
		free(outcome);
	}
}
