/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that users give compute: public keys, times, extra specs of flavors, properties of images. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/extra_specs.h"
#include "firmware/cloud/compute/hardware.h"
#include "firmware/cloud/json.h"
#include "firmware/lib/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void key_check(const char *text)
{
	char fingerprint[48] = "";

	if (key_fingerprint(text, fingerprint) == 0 && strlen(fingerprint) != 47)
		abort();
}

/* A name, a line's end, a value. */
static void spec_check(struct arena *arena, char *text)
{
	char *value = strchr(text, '\n');
	struct error error = { 0 };

	if (!value)
		return;
	*value++ = '\0';
	if (extra_spec_check(text, value, &error) < 0 && !error.message[0])
		abort();
	extra_spec_match(text, value);
	extra_spec_match(arena_strdup(arena, "5"), value);
}

/* The same as both: a flavor's members and an image's. */
static void hardware_check(struct arena *arena, const char *text)
{
	yyjson_val *object = json_parse(arena, text, strlen(text));
	struct hardware hardware;
	struct error error = { 0 };

	if (!yyjson_is_obj(object))
		return;
	if (hardware_read(object, object, &hardware, &error) < 0) {
		if (!error.message[0])
			abort();
	} else if (!memchr(hardware.machine, '\0', sizeof(hardware.machine)) ||
		   !memchr(hardware.guest.watchdog, '\0', sizeof(hardware.guest.watchdog))) {
		abort();
	}
	hardware_kept(json_document(arena), object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char *text = arena_strndup(&arena, (const char *)data, size);
	time_t seconds;

	time_parse(text, &seconds);
	key_check(text);
	hardware_check(&arena, text);
	spec_check(&arena, text);
	return 0;
}
