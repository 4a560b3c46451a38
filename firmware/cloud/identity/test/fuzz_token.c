/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens from outside: any text as it is, and any plain text behind a tag that holds. */
#include "firmware/cloud/identity/token.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sealed_content(const uint8_t *data, size_t size)
{
	struct token_claims claims;
	unsigned char plain[PLAIN_MAX];

	size = size < PLAIN_MAX ? size : PLAIN_MAX;
	memcpy(plain, data, size);
	if (claims_decode(plain, size, &claims) &&
	    (strlen(claims.user_id) >= TOKEN_ID_SIZE || claims.scope >= SCOPE_COUNT))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct token_key key = { .number = 1 };
	struct token_claims claims;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (token_unseal(&key, 1, text, &claims, NULL) == 0 && claims.scope >= SCOPE_COUNT)
		abort();
	free(text);
	sealed_content(data, size);
	return 0;
}
