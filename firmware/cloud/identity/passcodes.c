/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/passcodes.h"

#include <mbedtls/sha256.h>
#include <stdio.h>
#include <string.h>

static void digest_of(const char *credential_id, const char *code, unsigned char digest[static 32])
{
	char text[128];
	int length = snprintf(text, sizeof(text), "%.80s/%.16s", credential_id, code);

	mbedtls_sha256((const unsigned char *)text, (size_t)length, digest, 0);
}

/* Where it is, or where it may go; NULL when there is no room. */
static struct passcode *slot_find(struct passcodes *passcodes, const unsigned char *digest,
				  uint64_t now)
{
	struct passcode *room = NULL;

	for (size_t i = 0; i < PASSCODES_MAX; i++) {
		struct passcode *slot = &passcodes->used[i];

		if (slot->ends <= now)
			room = slot;
		else if (!memcmp(slot->digest, digest, sizeof(slot->digest)))
			return slot;
	}
	return room;
}

bool passcodes_use(struct passcodes *passcodes, const char *credential_id, const char *code,
		   uint64_t now)
{
	unsigned char digest[32];
	struct passcode *slot;
	bool first;

	digest_of(credential_id, code, digest);
	pthread_mutex_lock(&passcodes->lock);
	slot = slot_find(passcodes, digest, now);
	first = slot && slot->ends <= now;
	if (first) {
		memcpy(slot->digest, digest, sizeof(digest));
		slot->ends = now + PASSCODE_LIFE;
	}
	pthread_mutex_unlock(&passcodes->lock);
	return first;
}
