/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box's uplink and the password of 'admin'. */
#include <stdio.h>
#include <string.h>

#include "firmware/console/console.h"

enum { FIELD_MODE, FIELD_ADDRESS, FIELD_GATEWAY, FIELD_DNS };

static void uplink_done(int status, yyjson_val *body, const char *text, void *context)
{
	struct console *console = context;
	yyjson_val *uplink = yyjson_obj_get(body, "uplink");
	const char *dns = yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(uplink, "dns")));

	(void)text;
	if (status != 200 || console->page != &page_network)
		return;
	form_begin(&console->form);
	form_field(&console->form, "Mode (dhcp, static)",
		   yyjson_get_str(yyjson_obj_get(uplink, "mode")), false);
	form_field(&console->form, "Address/prefix",
		   yyjson_get_str(yyjson_obj_get(uplink, "address")), false);
	form_field(&console->form, "Gateway", yyjson_get_str(yyjson_obj_get(uplink, "gateway")),
		   false);
	form_field(&console->form, "Name server", dns, false);
	console_redraw(console);
}

static void network_open(struct console *console)
{
	form_begin(&console->form);
	api_send(&console->api, "GET", "/node/v1/uplink", NULL, uplink_done, console);
}

static void network_draw(struct console *console)
{
	screen_put(&console->screen, 2, 2, STYLE_PLAIN,
		   "How this box reaches the network. Guests keep running when it changes.");
	form_draw(console, 5);
}

/* Text of a form in a JSON string: quotes and backslashes are left out, no setting has them. */
static const char *plain(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '"' && *from != '\\')
			*to++ = *from;
	*to = '\0';
	return text;
}

static void send_uplink(struct console *console)
{
	struct field_input *fields = console->form.fields;
	char body[800];

	if (strcmp(fields[FIELD_MODE].text, "static")) {
		snprintf(body, sizeof(body), "{\"uplink\":{\"mode\":\"%s\"}}",
			 plain(fields[FIELD_MODE].text));
	} else {
		const char *gateway = plain(fields[FIELD_GATEWAY].text);
		const char *dns = plain(fields[FIELD_DNS].text);

		snprintf(
			body, sizeof(body),
			"{\"uplink\":{\"mode\":\"static\",\"address\":\"%s\"%s%s%s,\"dns\":[%s%s%s]}}",
			plain(fields[FIELD_ADDRESS].text), *gateway ? ",\"gateway\":\"" : "",
			gateway, *gateway ? "\"" : "", *dns ? "\"" : "", dns, *dns ? "\"" : "");
	}
	console_request(console, "PUT", "/node/v1/uplink", body, "The new settings are in force.");
}

static void network_key(struct console *console, int key)
{
	if (key == KEY_ESCAPE) {
		console_show(console, &page_main);
	} else if (console->form.count && form_key(console, key)) {
		send_uplink(console);
		console_show(console, &page_main);
	}
}

const struct page page_network = { "Network settings",
				   "Enter: next, on the last: apply   Esc: back", network_open,
				   network_draw, network_key };

static void password_open(struct console *console)
{
	form_begin(&console->form);
	form_field(&console->form, "New password", "", true);
	form_field(&console->form, "Once more", "", true);
}

static void password_draw(struct console *console)
{
	screen_put(&console->screen, 2, 2, STYLE_PLAIN,
		   "A new password for the user 'admin'. Whoever is logged in as admin is not any "
		   "more.");
	form_draw(console, 5);
}

/* As a JSON string: passwords may hold anything that can be typed. */
static void quote(char *to, const char *from)
{
	*to++ = '"';
	for (; *from; from++) {
		if (*from == '"' || *from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to++ = '"';
	*to = '\0';
}

static void send_password(struct console *console)
{
	struct form *form = &console->form;
	char body[400] = "{\"password\":";

	if (!form->fields[0].text[0] || strcmp(form->fields[0].text, form->fields[1].text)) {
		console_notice(console, "The two differ, or are empty; nothing was changed.");
		return;
	}
	quote(body + strlen(body), form->fields[0].text);
	strcat(body, "}");
	console_request(console, "POST", "/node/v1/admin-password", body,
			"The new password is in force.");
	explicit_bzero(body, sizeof(body));
}

static void password_key(struct console *console, int key)
{
	if (key == KEY_ESCAPE) {
		form_begin(&console->form);
		console_show(console, &page_main);
	} else if (form_key(console, key)) {
		send_password(console);
		form_begin(&console->form);
		console_show(console, &page_main);
	}
}

const struct page page_password = { "Password", "Enter: next, on the last: set   Esc: back",
				    password_open, password_draw, password_key };
