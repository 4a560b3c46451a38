/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/console/keys.h"

#include <string.h>

static int plain_key(unsigned char byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		return KEY_ENTER;
	case 0x08:
	case 0x7f:
		return KEY_BACKSPACE;
	case 0x0c:
		return KEY_REDRAW;
	}
	return byte >= ' ' && byte <= '~' ? byte : KEY_NONE;
}

static int sequence_key(const struct keys *keys, unsigned char final)
{
	static const struct {
		char final;
		const char *parameters;
		int key;
	} table[] = {
		{ 'A', "", KEY_UP },   { 'B', "", KEY_DOWN },     { 'C', "", KEY_RIGHT },
		{ 'D', "", KEY_LEFT }, { '~', "5", KEY_PAGE_UP }, { '~', "6", KEY_PAGE_DOWN },
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].final == (char) final && !strcmp(table[i].parameters, keys->sequence))
			return table[i].key;
	return KEY_NONE;
}

static int in_sequence(struct keys *keys, unsigned char byte)
{
	if (byte >= 0x40 && byte <= 0x7e) {
		keys->state = KEYS_PLAIN;
		return sequence_key(keys, byte);
	}
	/* What is longer than any that we know is swallowed up to its end. */
	if (keys->length < sizeof(keys->sequence) - 1)
		keys->sequence[keys->length++] = (char)byte;
	keys->sequence[keys->length] = '\0';
	return KEY_NONE;
}

int keys_feed(struct keys *keys, unsigned char byte)
{
	switch (keys->state) {
	case KEYS_PLAIN:
		if (byte != 0x1b)
			return plain_key(byte);
		keys->state = KEYS_ESCAPE;
		return KEY_NONE;
	case KEYS_ESCAPE:
		keys->length = 0;
		keys->sequence[0] = '\0';
		keys->state = byte == '[' || byte == 'O' ? KEYS_SEQUENCE : KEYS_PLAIN;
		return keys->state == KEYS_SEQUENCE ? KEY_NONE : plain_key(byte);
	case KEYS_SEQUENCE:
		return in_sequence(keys, byte);
	}
	return KEY_NONE;
}

int keys_timeout(struct keys *keys)
{
	int key = keys->state == KEYS_ESCAPE ? KEY_ESCAPE : KEY_NONE;

	keys->state = KEYS_PLAIN;
	return key;
}
