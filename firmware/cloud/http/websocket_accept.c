/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The opening handshake (RFC 6455, section 4.2). */
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/base64.h>
#include <mbedtls/md.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/websocket.h"

#define KEY_BYTES 16
#define SHA1_SIZE 20
#define ACCEPT_SIZE 32
#define VERSION "13"
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define SUBPROTOCOL "binary" /* what noVNC and websockify speak */

/* Is the word one of a list's, separated by commas? Any case. */
static bool list_has(const char *list, const char *word)
{
	while (list && *list) {
		size_t length;

		list += strspn(list, ", \t");
		length = strcspn(list, ", \t");
		if (length == strlen(word) && strncasecmp(list, word, length) == 0)
			return true;
		list += length;
	}
	return false;
}

static bool key_is_good(const char *key)
{
	unsigned char bytes[KEY_BYTES + 1];
	size_t length;

	return key &&
	       mbedtls_base64_decode(bytes, sizeof(bytes), &length, (const unsigned char *)key,
				     strlen(key)) == 0 &&
	       length == KEY_BYTES;
}

/* Browsers say whose page it is that connects: another host's may not use what this one's user
 * can reach. */
static bool origin_is_ours(const struct request *request)
{
	const char *origin = request_header(request, "Origin"),
		   *host = request_header(request, "Host"), *rest;

	if (!origin)
		return true;
	rest = strstr(origin, "://");
	return rest && host && strcasecmp(rest + 3, host) == 0;
}

int websocket_check(struct request *request, struct error *error)
{
	const char *version = request_header(request, "Sec-WebSocket-Version");

	if (!list_has(request_header(request, "Upgrade"), "websocket") ||
	    !list_has(request_header(request, "Connection"), "upgrade"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "No WebSocket upgrade was asked for.");
	if (!version || strcmp(version, VERSION) != 0) {
		reply_header(request, "Sec-WebSocket-Version", "%s", VERSION);
		return error_fault(error, -EINVAL, 426, NULL,
				   "This version of WebSocket is not spoken here.");
	}
	if (!key_is_good(request_header(request, "Sec-WebSocket-Key")))
		return error_fault(error, -EINVAL, 400, NULL, "The WebSocket key is malformed.");
	if (!origin_is_ours(request))
		return error_fault(error, -EACCES, 403, NULL,
				   "Origin header does not match this host.");
	return 0;
}

/* Sec-WebSocket-Accept, into a buffer of ACCEPT_SIZE. */
static int accept_of(struct arena *arena, const char *key, char *text)
{
	const char *joined = arena_printf(arena, "%s%s", key, GUID);
	unsigned char hash[SHA1_SIZE];
	size_t length;

	if (!joined ||
	    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), (const unsigned char *)joined,
		       strlen(joined), hash) ||
	    mbedtls_base64_encode((unsigned char *)text, ACCEPT_SIZE, &length, hash, sizeof(hash)))
		return -ENOMEM;
	return 0;
}

static int handshake_answer(struct request *request, struct error *error)
{
	char accept[ACCEPT_SIZE];

	if (accept_of(request->arena, request_header(request, "Sec-WebSocket-Key"), accept) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	reply_empty(request, 101);
	reply_header(request, "Upgrade", "websocket");
	reply_header(request, "Connection", "Upgrade");
	reply_header(request, "Sec-WebSocket-Accept", "%s", accept);
	if (list_has(request_header(request, "Sec-WebSocket-Protocol"), SUBPROTOCOL))
		reply_header(request, "Sec-WebSocket-Protocol", "%s", SUBPROTOCOL);
	return 0;
}

int websocket_refuse(struct request *request, int status)
{
	request->exchange->close_after = true;
	return reply_empty(request, status);
}

int websocket_accept(struct request *request, int fd, struct error *error)
{
	int result = websocket_check(request, error);

	if (result == 0)
		result = handshake_answer(request, error);
	if (result < 0) {
		close(fd);
		return result;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	request->reply->fd = fd;
	request->reply->tunnel = true;
	return 0;
}
