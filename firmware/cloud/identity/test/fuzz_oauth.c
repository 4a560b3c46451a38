/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorization headers of OAuth, and what follows from one. */
#include <stddef.h>
#include <stdint.h>

#include "firmware/cloud/identity/oauth_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct name_value query[] = { { "b", "2" }, { "a", " " }, { NULL, NULL } };
	static const struct oauth_signing signing = { .method = "POST",
						      .uri = "https://Host:443/v3",
						      .query = query,
						      .consumer_secret = "secret",
						      .token_secret = "" };
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *header = arena_strndup(&arena, (const char *)data, size);
	struct oauth_message message;
	struct error error = { 0 };

	if (!header || oauth_message_parse(&arena, header, &message) < 0)
		return 0;
	oauth_message_check(&message, query, 137131200, &error);
	oauth_message_holds(&arena, &message, &signing);
	return 0;
}
