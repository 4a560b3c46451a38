/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box's uplink and the password of 'admin'. */
#include <stdio.h>
#include <string.h>

#include "firmware/console/console.h"

enum {
	FIELD_MODE,
	FIELD_ADDRESS,
	FIELD_GATEWAY,
	FIELD_DNS,
	FIELD_IPV6_MODE,
	FIELD_IPV6_ADDRESS,
	FIELD_IPV6_GATEWAY
};

static const char *member(yyjson_val *uplink, const char *name)
{
	return yyjson_get_str(yyjson_obj_get(uplink, name));
}

static void uplink_fields(struct form *form, yyjson_val *uplink)
{
	const char *ipv6 = member(uplink, "ipv6_mode");

	form_begin(form);
	form_field(form, "Mode (dhcp, static)", member(uplink, "mode"), false);
	form_field(form, "Address/prefix", member(uplink, "address"), false);
	form_field(form, "Gateway", member(uplink, "gateway"), false);
	form_field(form, "Name server",
		   yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(uplink, "dns"))), false);
	form_field(form, "IPv6 (slaac, static, off)", ipv6 ? ipv6 : "slaac", false);
	form_field(form, "IPv6 address/prefix", member(uplink, "ipv6_address"), false);
	form_field(form, "IPv6 gateway", member(uplink, "ipv6_gateway"), false);
}

static void uplink_done(int status, yyjson_val *body, const char *text, void *context)
{
	struct console *console = context;
	yyjson_val *uplink = yyjson_obj_get(body, "uplink");

	(void)text;
	if (status != 200 || console->page != &page_network)
		return;
	uplink_fields(&console->form, uplink);
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

/* Appends ,"name":"text" unless the field is empty. */
static void put_member(char *body, size_t size, const char *name, char *text)
{
	size_t length = strlen(body);

	if (*plain(text))
		snprintf(body + length, size - length, ",\"%s\":\"%s\"", name, text);
}

static void put_static(char *body, size_t size, struct field_input *fields)
{
	size_t length;

	put_member(body, size, "address", fields[FIELD_ADDRESS].text);
	put_member(body, size, "gateway", fields[FIELD_GATEWAY].text);
	length = strlen(body);
	if (*plain(fields[FIELD_DNS].text))
		snprintf(body + length, size - length, ",\"dns\":[\"%s\"]", fields[FIELD_DNS].text);
	else
		snprintf(body + length, size - length, ",\"dns\":[]");
}

static void send_uplink(struct console *console)
{
	struct field_input *fields = console->form.fields;
	char body[1200];

	snprintf(body, sizeof(body), "{\"uplink\":{\"mode\":\"%s\"",
		 plain(fields[FIELD_MODE].text));
	if (!strcmp(fields[FIELD_MODE].text, "static"))
		put_static(body, sizeof(body), fields);
	put_member(body, sizeof(body), "ipv6_mode", fields[FIELD_IPV6_MODE].text);
	if (!strcmp(fields[FIELD_IPV6_MODE].text, "static")) {
		put_member(body, sizeof(body), "ipv6_address", fields[FIELD_IPV6_ADDRESS].text);
		put_member(body, sizeof(body), "ipv6_gateway", fields[FIELD_IPV6_GATEWAY].text);
	}
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "}}");
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
