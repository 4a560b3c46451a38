/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of a VT100 keyboard out of the bytes of a line (ECMA-48 sequences, bounded). */
#ifndef CUMULET_CONSOLE_KEYS_H
#define CUMULET_CONSOLE_KEYS_H

enum key {
	KEY_NONE,
	/* printable ASCII is itself */
	KEY_ENTER = 0x100,
	KEY_ESCAPE,
	KEY_BACKSPACE,
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_REDRAW, /* Ctrl-L */
};

struct keys {
	enum { KEYS_PLAIN, KEYS_ESCAPE, KEYS_SEQUENCE } state;
	char sequence[8];
	unsigned length;
};

/* The key that this byte completes, or KEY_NONE. */
int keys_feed(struct keys *keys, unsigned char byte);
/* Called when nothing followed for a while: a lone ESC is the key of that name. */
int keys_timeout(struct keys *keys);

#endif
