/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server answers with: the head, and where it redirects to. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/fetch/reply.h"
#include "firmware/fetch/url.h"
#include "firmware/lib/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	CLEANUP_FREE char *data = malloc(size + 1);
	struct url base, url;
	struct reply_head head;
	size_t length;

	memcpy(data, bytes, size);
	length = reply_head_length(data, size);
	assert(length <= size);
	if (length == 0 || reply_head_parse(&head, data, length) < 0)
		return 0;
	assert(head.status >= 100 && head.status <= 999);
	assert(!head.chunked || !head.has_length);
	url_parse("http://example.com:8080/a/b?c", &base);
	if (head.location && url_join(&base, head.location, &url) == 0)
		assert(url.host[0] && url.target[0] == '/' && url.port <= 65535);
	return 0;
}
