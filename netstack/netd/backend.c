/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/backend.h"

static uint64_t text_hash(const char *text)
{
	uint64_t hash = 14695981039346656037U; /* FNV-1a */

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 1099511628211U;
	return hash | 1; /* 0 stands for nothing */
}

int rules_if_changed(struct backend *backend, const char *space, const char *text, uint64_t *hash,
		     struct error *error)
{
	uint64_t wanted = text_hash(text);
	int result;

	if (*hash == wanted)
		return 0;
	result = backend->ops->rules_set(backend, space, text, error);
	*hash = result == 0 ? wanted : 0;
	return result;
}
