/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box's log, the newest lines at the bottom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/console/console.h"

#define LINES_SHOWN 19

static void logs_done(int status, yyjson_val *body, const char *text, void *context)
{
	struct console *console = context;
	yyjson_val *lines = yyjson_obj_get(body, "lines"), *line;
	struct buffer all = BUFFER_INIT;
	size_t index, count;

	(void)text;
	if (status != 200)
		return;
	yyjson_arr_foreach (lines, index, count, line) {
		buffer_printf(&all, "%s\n", yyjson_get_str(line) ? yyjson_get_str(line) : "");
	}
	buffer_append(&all, "", 1);
	free(console->log);
	console->log = strdup(buffer_head(&all));
	buffer_free(&all);
	console_redraw(console);
}

static void logs_open(struct console *console)
{
	console->log_top = 0;
	api_send(&console->api, "GET", "/node/v1/logs?limit=500", NULL, logs_done, console);
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; text && *text; text++)
		count += *text == '\n';
	return count;
}

static void logs_draw(struct console *console)
{
	unsigned lines = count_lines(console->log), row = 0;
	unsigned back = LINES_SHOWN + (unsigned)console->log_top;
	const char *line = console->log;

	for (unsigned skip = lines > back ? lines - back : 0; line && skip; skip--)
		line = strchr(line, '\n') + 1;
	for (; line && *line && row < LINES_SHOWN; row++) {
		int length = (int)strcspn(line, "\n");

		/* The date takes a quarter of the line: the time is enough here. */
		if (length > 25 && line[10] == 'T')
			screen_put(&console->screen, 2 + (int)row, 0, STYLE_PLAIN, "%.8s %.*s",
				   line + 11, length - 25, line + 25);
		else
			screen_put(&console->screen, 2 + (int)row, 0, STYLE_PLAIN, "%.*s", length,
				   line);
		line += length + 1;
	}
}

static void logs_key(struct console *console, int key)
{
	int lines = (int)count_lines(console->log);

	switch (key) {
	case KEY_UP:
		console->log_top++;
		break;
	case KEY_DOWN:
		console->log_top--;
		break;
	case KEY_PAGE_UP:
	case 'b':
		console->log_top += LINES_SHOWN;
		break;
	case KEY_PAGE_DOWN:
	case ' ':
		console->log_top -= LINES_SHOWN;
		break;
	case 'r':
		logs_open(console);
		break;
	case 'q':
	case KEY_ESCAPE:
		console_show(console, &page_main);
		break;
	}
	if (console->log_top > lines - LINES_SHOWN)
		console->log_top = lines - LINES_SHOWN;
	if (console->log_top < 0)
		console->log_top = 0;
	console_redraw(console);
}

const struct page page_logs = { "Logs", "Up/Down, b/space: page   r: newest   q: back", logs_open,
				logs_draw, logs_key };
