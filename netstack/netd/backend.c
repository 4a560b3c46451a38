/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/backend.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/nft_change.h"

void rules_forget(struct rules *rules)
{
	free(rules->text);
	rules->text = NULL;
}

/* A change that the kernel does not take: somebody else was at the tables. */
static int change_apply(struct backend *backend, const char *space, const char *text,
			const char *change)
{
	struct error error = { 0 };
	int result =
		*change != '\0' ? backend->ops->rules_set(backend, space, text, change, &error) : 0;

	if (result < 0)
		log_warning("netd", "rules set as a whole", "space=%s reason=%s", space,
			    log_quote(error.message));
	return result;
}

static int change_try(struct backend *backend, const char *space, const struct rules *rules,
		      const char *text)
{
	struct buffer change = BUFFER_INIT;
	int result = rules->text != NULL ? nft_change(rules->text, text, &change) : -ENOTSUP;

	if (result == 0)
		result = change_apply(backend, space, text, buffer_head(&change));
	buffer_free(&change);
	return result;
}

int rules_apply(struct backend *backend, const char *space, struct rules *rules, const char *text,
		struct error *error)
{
	int result;

	if (rules->text != NULL && strcmp(rules->text, text) == 0)
		return 0;
	result = change_try(backend, space, rules, text);
	if (result < 0)
		result = backend->ops->rules_set(backend, space, text, NULL, error);
	rules_forget(rules);
	if (result == 0)
		rules->text = strdup(text); /* without memory: as a whole the next time */
	return result;
}
