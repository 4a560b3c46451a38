/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main page and those that ask before they act. */
#include <stdio.h>
#include <string.h>

#include "firmware/console/console.h"

static const struct {
	const char *label;
	const struct page *page;
} menu[] = {
	{ "Guests: start, stop, serial console", &page_guests },
	{ "Network settings of the box", &page_network },
	{ "Set the password of 'admin'", &page_password },
	{ "Logs", &page_logs },
	{ "Reboot", &page_reboot },
	{ "Power off", &page_power_off },
	{ "Shell", &page_shell },
};

#define MENU_SIZE (sizeof(menu) / sizeof(menu[0]))

static unsigned mib(uint64_t bytes)
{
	return (unsigned)(bytes >> 20);
}

static void draw_addresses(struct console *console, int row)
{
	const struct console_box *box = &console->box;
	char text[4 * 64] = "";

	for (unsigned i = 0; i < box->address_count; i++) {
		bool v6 = strchr(box->addresses[i], ':') != NULL;

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%shttps://%s%s%s:8443",
			 i ? "  " : "", v6 ? "[" : "", box->addresses[i], v6 ? "]" : "");
	}
	screen_put(&console->screen, row, 2, STYLE_PLAIN, "API");
	screen_put(&console->screen, row, 16, STYLE_BOLD, "%s",
		   text[0]        ? text
		   : box->carrier ? "waiting for an address"
				  : "no cable?");
}

static void draw_guest_counts(struct console *console, int row)
{
	unsigned running = 0, failed = 0;

	for (unsigned i = 0; i < console->guest_count; i++) {
		running += !strcmp(console->guests[i].status, "ACTIVE");
		failed += !strcmp(console->guests[i].status, "ERROR");
	}
	screen_put(&console->screen, row, 2, STYLE_PLAIN, "Guests");
	screen_put(&console->screen, row, 16, STYLE_PLAIN, "%u, of them %u running, %u in error",
		   console->guest_count, running, failed);
	if (console->box.guests_per_gib > 0)
		screen_put(&console->screen, row, 58, STYLE_PLAIN, "%.1f fit into a GiB",
			   console->box.guests_per_gib);
}

static void draw_state(struct console *console)
{
	const struct console_box *box = &console->box;
	struct screen *screen = &console->screen;
	bool kvm = !strcmp(box->accelerator, "kvm");

	draw_addresses(console, 2);
	screen_put(screen, 3, 2, STYLE_PLAIN, "Authority");
	screen_put(screen, 3, 16, STYLE_PLAIN, "SHA-256 %.48s", box->fingerprint);
	screen_put(screen, 4, 24, STYLE_PLAIN, "%s",
		   strlen(box->fingerprint) > 48 ? box->fingerprint + 48 : "");
	screen_put(screen, 5, 2, STYLE_PLAIN, "Uplink        %s %s  gateway %s", box->link,
		   box->carrier ? "up" : "down", box->gateway[0] ? box->gateway : "none");
	screen_put(screen, 6, 2, STYLE_PLAIN, "Memory        %u MiB free of %u MiB",
		   mib(box->memory_free), mib(box->memory));
	screen_put(screen, 7, 2, STYLE_PLAIN, "Disk          %u MiB free of %u MiB",
		   mib(box->disk_free), mib(box->disk));
	screen_put(screen, 8, 2, STYLE_PLAIN, "Processor     %s",
		   kvm ? "hardware virtualisation (KVM)"
		       : "no hardware virtualisation: guests are emulated (TCG), slowly");
	draw_guest_counts(console, 9);
	if (box->first_password[0])
		screen_put(screen, 11, 2, STYLE_BOLD,
			   "First password of 'admin': %s  (shown until it is used)",
			   box->first_password);
}

static void main_draw(struct console *console)
{
	if (console->box.known)
		draw_state(console);
	else
		screen_put(&console->screen, 4, 2, STYLE_PLAIN, "The control plane is starting...");
	for (unsigned i = 0; i < MENU_SIZE; i++)
		screen_put(&console->screen, 13 + (int)i, 4,
			   i == console->choice ? STYLE_REVERSE : STYLE_PLAIN, " %u  %-40s ", i + 1,
			   menu[i].label);
}

static void main_key(struct console *console, int key)
{
	if (key == KEY_UP && console->choice)
		console->choice--;
	else if (key == KEY_DOWN && console->choice + 1 < MENU_SIZE)
		console->choice++;
	else if (key == KEY_ENTER)
		console_show(console, menu[console->choice].page);
	else if (key >= '1' && key < '1' + (int)MENU_SIZE) {
		console->choice = (unsigned)(key - '1');
		console_show(console, menu[console->choice].page);
	}
	console_redraw(console);
}

const struct page page_main = { "Menu", "Up/Down and Enter, or a number", NULL, main_draw,
				main_key };

/* --- questions */

static void ask(struct console *console, const char *question, const char *consequence)
{
	screen_put(&console->screen, 6, 4, STYLE_BOLD, "%s", question);
	screen_put(&console->screen, 8, 4, STYLE_PLAIN, "%s", consequence);
	screen_put(&console->screen, 10, 4, STYLE_PLAIN, "y: yes     any other key: no");
}

static void reboot_draw(struct console *console)
{
	ask(console, "Reboot the box?",
	    "Guests are shut down first; those that run now start again afterwards.");
}

static void power_off_draw(struct console *console)
{
	ask(console, "Power the box off?",
	    "Guests are shut down first. It takes somebody at the switch to turn it on again.");
}

static void shell_draw(struct console *console)
{
	ask(console, "Open a root shell on the box itself?",
	    "Nothing there keeps you from breaking things. Leave it with 'exit'.");
}

static void answer(struct console *console, int key, const char *action)
{
	if (key == 'y' || key == 'Y') {
		char body[64];

		snprintf(body, sizeof(body), "{\"power\":{\"action\":\"%s\"}}", action);
		console_request(console, "POST", "/node/v1/power", body, "Shutting down...");
	}
	console_show(console, &page_main);
}

static void reboot_key(struct console *console, int key)
{
	answer(console, key, "reboot");
}

static void power_off_key(struct console *console, int key)
{
	answer(console, key, "poweroff");
}

static void shell_key(struct console *console, int key)
{
	console_show(console, &page_main);
	if (key == 'y' || key == 'Y')
		shell_start(console);
}

#define QUESTION_HELP "y: yes   any other key: back"

const struct page page_reboot = { "Reboot", QUESTION_HELP, NULL, reboot_draw, reboot_key };
const struct page page_power_off = { "Power off", QUESTION_HELP, NULL, power_off_draw,
				     power_off_key };
const struct page page_shell = { "Shell", QUESTION_HELP, NULL, shell_draw, shell_key };
