/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's password inside a guest, set by its agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/agent.h"
#include "hypervisor/guest.h"

/* Each keeps one of cloud's workers waiting, for as long as a guest likes. */
#define TALKS_MAX 2

struct password_call {
	struct agent_talk talk;
	struct vmm *vmm;
	uint32_t serial; /* of the message that is to be answered */
};

static void reply_send(struct vmm *vmm, uint32_t serial, int result, const char *reason)
{
	struct vmm_reply reply = { .code = (uint32_t)-result };

	snprintf(reply.reason, sizeof(reply.reason), "%.500s", reason);
	channel_send_struct(&vmm->cloud, VMM_REPLY, serial, vmm_reply_fields, &reply, -1);
}

static void on_end(struct agent_talk *talk, int result, const char *reason)
{
	struct password_call *call = container_of(talk, struct password_call, talk);

	log_info("agent", "password asked for", "code=%d", -result);
	call->vmm->agent_talks--;
	reply_send(call->vmm, call->serial, result, reason);
	free(call);
}

/* RFC 4648, in 'out' of at least 4 * (size / 3 + 1) + 1 bytes. */
static void base64_encode(const char *data, size_t size, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = (const unsigned char *)data;

	for (; size > 0; at += 3) {
		size_t part = size < 3 ? size : 3;
		uint32_t bits = (uint32_t)at[0] << 16;

		bits |= part > 1 ? (uint32_t)at[1] << 8 : 0;
		bits |= part > 2 ? at[2] : 0;
		for (size_t i = 0; i < 4; i++)
			*out++ = i <= part ? digits[bits >> (18 - 6 * i) & 63] : '=';
		size -= part;
	}
	*out = '\0';
}

/* The command as a line; NULL: out of memory, or names that are no UTF-8. The caller wipes it. */
static char *command_line(const struct vmm_password *wish)
{
	char encoded[4 * (sizeof(wish->password) / 3 + 1) + 1];
	yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = yyjson_mut_obj(document), *arguments;
	char *line;

	base64_encode(wish->password, strlen(wish->password), encoded);
	yyjson_mut_doc_set_root(document, root);
	yyjson_mut_obj_add_str(document, root, "execute", "guest-set-user-password");
	arguments = yyjson_mut_obj_add_obj(document, root, "arguments");
	yyjson_mut_obj_add_str(document, arguments, "username", wish->user);
	yyjson_mut_obj_add_str(document, arguments, "password", encoded);
	yyjson_mut_obj_add_bool(document, arguments, "crypted", false);
	line = yyjson_mut_write(document, YYJSON_WRITE_NEWLINE_AT_END, NULL);
	yyjson_mut_doc_free(document);
	explicit_bzero(encoded, sizeof(encoded));
	return line;
}

static int call_begin(struct vmm *vmm, const struct vmm_password *wish, uint32_t serial)
{
	struct guest_instance *guest = guest_find(vmm, wish->id);
	struct password_call *call;
	char path[VMM_PATH_SIZE], *line;
	int result;

	if (guest == NULL || guest->phase != PHASE_RUNNING)
		return -ESRCH;
	if (!guest->desired.hardware.agent)
		return -ENOTSUP;
	if (vmm->agent_talks == TALKS_MAX)
		return -EBUSY;
	call = calloc(1, sizeof(*call));
	line = command_line(wish);
	if (call == NULL || line == NULL) {
		free(call);
		free(line);
		return -ENOMEM;
	}
	*call = (struct password_call){ .vmm = vmm, .serial = serial };
	guest_path(guest, "agent.sock", path);
	result = agent_begin(&call->talk, vmm->loop, path, line, on_end);
	explicit_bzero(line, strlen(line));
	free(line);
	if (result < 0)
		free(call);
	else
		vmm->agent_talks++;
	return result;
}

void agent_password_serve(struct vmm *vmm, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_password wish = { 0 };
	int result = message_decode(&arena, message, vmm_password_fields, &wish, NULL);

	if (result == 0)
		result = call_begin(vmm, &wish, message->serial);
	if (result < 0)
		reply_send(vmm, message->serial, result, strerror(-result));
	explicit_bzero(&wish, sizeof(wish));
}
