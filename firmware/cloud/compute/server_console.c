/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console log: raw bytes of a guest, made fit for JSON. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/link.h"
#include "hypervisor/message.h"

#define CONSOLE_TIMEOUT 5000 /* ms */

/* Length of the UTF-8 sequence at 'at', 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *at, size_t left)
{
	size_t length = *at < 0x80   ? 1
			: *at < 0xc2 ? 0
			: *at < 0xe0 ? 2
			: *at < 0xf0 ? 3
			: *at < 0xf5 ? 4
				     : 0;

	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

/* As Nova: what is not UTF-8 becomes U+FFFD, control characters but tab and newline vanish. */
const char *console_text(struct arena *arena, const void *data, size_t size)
{
	const unsigned char *at = data;
	char *text = arena_alloc(arena, size * 3 + 1);
	size_t used = 0;

	for (size_t i = 0; text && i < size;) {
		size_t length = utf8_length(at + i, size - i);

		if (!length) {
			text[used++] = (char)0xef;
			text[used++] = (char)0xbf;
			text[used++] = (char)0xbd;
			i++;
			continue;
		}
		if (length > 1 || at[i] >= 0x20 || at[i] == '\t' || at[i] == '\n')
			for (size_t j = 0; j < length; j++)
				text[used++] = (char)at[i + j];
		i += length;
	}
	return text;
}

/* As Nova counts: what stands behind the last line's end is a line too, if an empty one. */
static const char *last_lines(const char *text, uint32_t lines)
{
	size_t at = strlen(text);

	while (at > 0) {
		if (text[at - 1] == '\n' && lines-- == 1)
			break;
		at--;
	}
	return text + at;
}

static int console_get(struct request *request, const char *id, uint32_t lines, const char **text,
		       struct error *error)
{
	struct vmm_console_log_get get = { .lines = lines };
	struct vmm_console_log log = { 0 };
	struct message reply;
	int result;

	snprintf(get.id, sizeof(get.id), "%s", id);
	result = link_call(request->cloud->links[ROLE_VMM], request->arena, VMM_CONSOLE_LOG_GET,
			   vmm_console_log_get_fields, &get, -1, CONSOLE_TIMEOUT, &reply, NULL,
			   error);
	if (result < 0)
		return error_fault(error, -EBUSY, 503, NULL,
				   "The console of instance %s can't be read "
				   "now.",
				   id);
	result = message_decode(request->arena, &reply, vmm_console_log_fields, &log, error);
	if (result < 0)
		return result;
	if (log.code)
		return error_set(error, -ENOENT, "Guest does not have a console available.");
	*text = console_text(request->arena, log.text.data, log.text.size);
	if (*text && lines)
		*text = last_lines(*text, lines);
	return *text ? 0 : -ENOMEM;
}

int handle_server_console_output(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "os-getConsoleOutput");
	int64_t lines = integer_of(yyjson_obj_get(body, "length"), -1);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct server server;
	const char *text = "";
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	if (json_is(server.record, "OS-EXT-STS:vm_state", "building"))
		return error_set(error, -EBUSY, "Instance %s is not ready", server.id);
	if (!json_bool(server.record, "_placed", false))
		return error_set(error, -EBUSY, "Instance %s is not ready", server.id);
	if (lines != 0)
		result = console_get(request, server.id, lines < 0 ? 0 : (uint32_t)lines, &text,
				     error);
	if (result < 0)
		return result;
	json_set_string(doc, root, "output", text);
	return reply_json(request, 200, doc, root);
}
