/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forms: lines to type into, one below the other. */
#include <stdio.h>
#include <string.h>

#include "firmware/console/console.h"

void form_begin(struct form *form)
{
	/* What was typed may have been a password. */
	explicit_bzero(form, sizeof(*form));
}

void form_field(struct form *form, const char *label, const char *text, bool secret)
{
	struct field_input *field;

	if (form->count == FORM_FIELDS_MAX)
		return;
	field = &form->fields[form->count++];
	field->label = label;
	field->secret = secret;
	snprintf(field->text, sizeof(field->text), "%s", text ? text : "");
}

void form_draw(struct console *console, int row)
{
	struct form *form = &console->form;
	struct screen *screen = &console->screen;

	for (unsigned i = 0; i < form->count; i++, row += 2) {
		const struct field_input *field = &form->fields[i];
		char shown[sizeof(field->text)];
		size_t length = strlen(field->text);

		memcpy(shown, field->text, length + 1);
		if (field->secret)
			memset(shown, '*', length);
		screen_put(screen, row, 4, STYLE_PLAIN, "%s", field->label);
		screen_put(screen, row, 28, i == form->current ? STYLE_REVERSE : STYLE_BOLD,
			   "%-44.44s", length > 43 ? shown + length - 43 : shown);
		if (i == form->current) {
			screen->cursor_row = row;
			screen->cursor_column = 28 + (int)(length > 43 ? 43 : length);
		}
	}
}

static void type(struct field_input *field, int key)
{
	size_t length = strlen(field->text);

	if (key == KEY_BACKSPACE && length)
		field->text[length - 1] = '\0';
	else if (key >= ' ' && key <= '~' && length < sizeof(field->text) - 1) {
		field->text[length] = (char)key;
		field->text[length + 1] = '\0';
	}
}

bool form_key(struct console *console, int key)
{
	struct form *form = &console->form;

	if (key == KEY_UP && form->current)
		form->current--;
	else if (key == KEY_DOWN && form->current + 1 < form->count)
		form->current++;
	else if (key == KEY_ENTER && ++form->current == form->count) {
		form->current--;
		return true;
	} else
		type(&form->fields[form->current], key);
	console_redraw(console);
	return false;
}
