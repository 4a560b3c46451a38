/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of guests, and one of them. */
#include <stdio.h>
#include <string.h>

#include "firmware/console/console.h"

#define ROWS_SHOWN 17

static void guests_open(struct console *console)
{
	console_fetch(console);
}

static void guests_draw(struct console *console)
{
	struct screen *screen = &console->screen;
	unsigned top = console->selected >= ROWS_SHOWN ? console->selected - ROWS_SHOWN + 1 : 0;

	screen_put(screen, 2, 2, STYLE_BOLD, "%-36s %-12s %s", "Name", "Status", "Address");
	if (!console->guest_count)
		screen_put(screen, 4, 2, STYLE_PLAIN, "There are no guests yet.");
	for (unsigned i = top; i < console->guest_count && i < top + ROWS_SHOWN; i++) {
		const struct console_guest *guest = &console->guests[i];

		screen_put(screen, 3 + (int)(i - top), 1,
			   i == console->selected ? STYLE_REVERSE : STYLE_PLAIN,
			   " %-36.36s %-12.12s %-24.24s ", guest->name, guest->status,
			   guest->address);
	}
}

static void guests_key(struct console *console, int key)
{
	if (key == KEY_UP && console->selected)
		console->selected--;
	else if (key == KEY_DOWN && console->selected + 1 < console->guest_count)
		console->selected++;
	else if (key == KEY_ENTER && console->guest_count) {
		snprintf(console->guest_id, sizeof(console->guest_id), "%s",
			 console->guests[console->selected].id);
		console_show(console, &page_guest);
	} else if (key == KEY_ESCAPE || key == 'q')
		console_show(console, &page_main);
	console_redraw(console);
}

const struct page page_guests = { "Guests", "Up/Down and Enter   q: back", guests_open, guests_draw,
				  guests_key };

static void guest_draw(struct console *console)
{
	const struct console_guest *guest = console_selected(console);
	struct screen *screen = &console->screen;

	if (!guest) {
		screen_put(screen, 4, 2, STYLE_PLAIN, "This guest is gone.");
		return;
	}
	screen_put(screen, 2, 2, STYLE_BOLD, "%s", guest->name);
	screen_put(screen, 4, 2, STYLE_PLAIN, "Id       %s", guest->id);
	screen_put(screen, 5, 2, STYLE_PLAIN, "Status   %s", guest->status);
	screen_put(screen, 6, 2, STYLE_PLAIN, "Address  %s", guest->address);
	if (guest->fault[0])
		screen_put(screen, 7, 2, STYLE_PLAIN, "Fault    %.66s", guest->fault);
	screen_put(screen, 10, 4, STYLE_PLAIN, "s  start");
	screen_put(screen, 11, 4, STYLE_PLAIN, "t  stop (the guest is asked to shut down)");
	screen_put(screen, 12, 4, STYLE_PLAIN, "r  reboot");
	screen_put(screen, 13, 4, STYLE_PLAIN,
		   "c  attach to its serial console (Ctrl-\\ detaches)");
}

static void guest_action(struct console *console, const char *body, const char *success)
{
	char path[100];

	snprintf(path, sizeof(path), "/compute/v2.1/servers/%s/action", console->guest_id);
	console_request(console, "POST", path, body, success);
}

static void guest_key(struct console *console, int key)
{
	switch (key) {
	case 's':
		guest_action(console, "{\"os-start\":null}", "The guest starts.");
		break;
	case 't':
		guest_action(console, "{\"os-stop\":null}", "The guest is asked to stop.");
		break;
	case 'r':
		guest_action(console, "{\"reboot\":{\"type\":\"SOFT\"}}", "The guest reboots.");
		break;
	case 'c':
		attach_guest(console, console->guest_id);
		break;
	case 'q':
	case KEY_ESCAPE:
		console_show(console, &page_guests);
		break;
	}
	console_redraw(console);
}

const struct page page_guest = { "Guest", "s t r c: act   q: back", NULL, guest_draw, guest_key };
