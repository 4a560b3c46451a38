/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/console/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void screen_clear(struct screen *screen)
{
	for (int row = 0; row < SCREEN_ROWS; row++)
		for (int column = 0; column < SCREEN_COLUMNS; column++)
			screen->wanted[row][column] = (struct screen_cell){ ' ', STYLE_PLAIN };
	screen->cursor_row = -1;
}

static void put_text(struct screen *screen, int row, int column, enum screen_style style,
		     const char *text)
{
	if (row < 0 || row >= SCREEN_ROWS)
		return;
	for (; *text && column < SCREEN_COLUMNS; text++, column++) {
		bool printable = *text >= ' ' && *text <= '~';

		if (column >= 0)
			screen->wanted[row][column] =
				(struct screen_cell){ printable ? *text : '?', (uint8_t)style };
	}
}

void screen_put(struct screen *screen, int row, int column, enum screen_style style,
		const char *format, ...)
{
	char text[SCREEN_COLUMNS + 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put_text(screen, row, column, style, text);
}

void screen_bar(struct screen *screen, int row, const char *left, const char *right)
{
	screen_put(screen, row, 0, STYLE_REVERSE, "%*s", SCREEN_COLUMNS, "");
	put_text(screen, row, 1, STYLE_REVERSE, left);
	put_text(screen, row, SCREEN_COLUMNS - 1 - (int)strlen(right), STYLE_REVERSE, right);
}

void screen_forget(struct screen *screen)
{
	screen->known = false;
}

static bool same(const struct screen_cell *one, const struct screen_cell *other)
{
	return one->character == other->character && one->style == other->style;
}

static void send_style(struct buffer *out, uint8_t style)
{
	static const char *const sequences[] = { "\033[0m", "\033[0;1m", "\033[0;7m" };

	buffer_printf(out, "%s", sequences[style]);
}

/* The last cell of the screen is never written: a VT100 would scroll. */
static int end_of_row(int row)
{
	return row == SCREEN_ROWS - 1 ? SCREEN_COLUMNS - 1 : SCREEN_COLUMNS;
}

/* Cells from 'column' to the last one that differs, with one move in front. */
static void flush_row(struct screen *screen, int row, struct buffer *out, uint8_t *style)
{
	int first = 0, last = end_of_row(row) - 1;

	while (first <= last && same(&screen->wanted[row][first], &screen->shown[row][first]))
		first++;
	while (last >= first && same(&screen->wanted[row][last], &screen->shown[row][last]))
		last--;
	if (first > last)
		return;
	buffer_printf(out, "\033[%d;%dH", row + 1, first + 1);
	for (int column = first; column <= last; column++) {
		const struct screen_cell *cell = &screen->wanted[row][column];

		if (cell->style != *style) {
			*style = cell->style;
			send_style(out, *style);
		}
		buffer_append(out, &cell->character, 1);
		screen->shown[row][column] = *cell;
	}
}

static void start_over(struct screen *screen, struct buffer *out)
{
	buffer_printf(out, "\033[0m\033[2J");
	for (int row = 0; row < SCREEN_ROWS; row++)
		for (int column = 0; column < SCREEN_COLUMNS; column++)
			screen->shown[row][column] = (struct screen_cell){ ' ', STYLE_PLAIN };
	screen->known = true;
}

void screen_flush(struct screen *screen, struct buffer *out)
{
	uint8_t style = STYLE_PLAIN;
	size_t before = out->length;

	if (!screen->known)
		start_over(screen, out);
	for (int row = 0; row < SCREEN_ROWS; row++)
		flush_row(screen, row, out, &style);
	if (out->length == before && screen->cursor_row < 0)
		return;
	if (style != STYLE_PLAIN)
		send_style(out, STYLE_PLAIN);
	if (screen->cursor_row >= 0)
		buffer_printf(out, "\033[%d;%dH", screen->cursor_row + 1,
			      screen->cursor_column + 1);
	else
		buffer_printf(out, "\033[%d;%dH", SCREEN_ROWS, SCREEN_COLUMNS);
}
