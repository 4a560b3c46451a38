/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VT100 screen that is drawn whole in memory and sent as what differs from what is shown, so that
 * it does not flicker and a slow line keeps up. While earlier output has not left yet, flushing
 * waits: the newest state wins. Only sequences of a VT100 are sent (ECMA-48 CUP, SGR, ED).
 */
#ifndef CUMULET_CONSOLE_SCREEN_H
#define CUMULET_CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/lib/buffer.h"

#define SCREEN_ROWS 24
#define SCREEN_COLUMNS 80

enum screen_style { STYLE_PLAIN, STYLE_BOLD, STYLE_REVERSE };

struct screen_cell {
	char character;
	uint8_t style;
};

struct screen {
	struct screen_cell wanted[SCREEN_ROWS][SCREEN_COLUMNS];
	struct screen_cell shown[SCREEN_ROWS][SCREEN_COLUMNS];
	bool known;                    /* 'shown' is what the terminal shows */
	int cursor_row, cursor_column; /* -1: hidden at the bottom */
};

void screen_clear(struct screen *screen); /* what is wanted; nothing is sent */
/* Writes at a place, cut at the right edge; bytes that are not printable ASCII become '?'. */
void screen_put(struct screen *screen, int row, int column, enum screen_style style,
		const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A whole row in one style. */
void screen_bar(struct screen *screen, int row, const char *left, const char *right);
void screen_forget(struct screen *screen); /* the terminal shows something else now */
/* Appends what has to be sent. */
void screen_flush(struct screen *screen, struct buffer *out);

#endif
