/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/console/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/cloud/compute/console_tokens.h"
#include "firmware/cloud/http/websocket.h"
#include "firmware/cloud/link.h"
#include "firmware/lib/cleanup.h"
#include "hypervisor/message.h"

#define PAGES "/usr/share/cumulet/console"
#define OPEN_TIMEOUT 5000 /* ms, for vmm's answer */

/* --- pages */

static int pages = -1; /* descriptor of their folder */

void console_before_confinement(void)
{
	pages = open(PAGES, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static const struct {
	const char *suffix, *content_type;
} media_types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
};

static const char *media_type(const char *name)
{
	const char *suffix = strrchr(name, '.');

	for (size_t i = 0; suffix && i < ARRAY_LENGTH(media_types); i++)
		if (!strcmp(media_types[i].suffix, suffix))
			return media_types[i].content_type;
	return NULL;
}

/* Letters, digits and a few signs; no name begins with a dot, so none leads upwards. */
static bool name_is_plain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return *name && *name != '.' && name[strspn(name, letters)] == '\0';
}

/* The route's parameters are the parts of the path. */
static const char *page_path(struct request *request)
{
	const char *path = "";

	for (const struct name_value *part = request->params; part->name; part++) {
		if (!path || !name_is_plain(part->value))
			return NULL;
		path = arena_printf(request->arena, "%s%s%s", path, *path ? "/" : "", part->value);
	}
	return path;
}

/* Scripts and connections of this box alone. */
static void page_headers(struct request *request)
{
	const char *host = strstr(request->base_url, "://");

	reply_header(request, "Content-Security-Policy",
		     "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
		     "img-src 'self' data:; connect-src 'self' wss%s; base-uri 'none'; "
		     "form-action 'none'; frame-ancestors 'none'",
		     host ? host : "");
	reply_header(request, "X-Content-Type-Options", "nosniff");
	reply_header(request, "Referrer-Policy", "no-referrer");
	reply_header(request, "Cache-Control", "no-cache");
}

static int page_show(struct request *request, struct error *error)
{
	const char *path = page_path(request), *type = path ? media_type(path) : NULL;
	struct stat status;
	int fd = type && pages >= 0 ? openat(pages, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		if (fd >= 0)
			close(fd);
		return error_set(error, -ENOENT, "There is no such page.");
	}
	page_headers(request);
	return reply_file(request, 200, type, fd, 0, (uint64_t)status.st_size);
}

/* --- the WebSocket */

/* A descriptor of the guest's screen or line. */
static int line_open(struct request *request, const struct console_token *token,
		     struct error *error)
{
	uint16_t type = token->kind == CONSOLE_VNC ? VMM_VNC_OPEN : VMM_SERIAL_OPEN;
	struct guest_id id = { 0 };
	struct message reply;
	int fd = -1, result;

	snprintf(id.id, sizeof(id.id), "%s", token->server);
	result = link_call(request->cloud->links[ROLE_VMM], request->arena, type, guest_id_fields,
			   &id, -1, OPEN_TIMEOUT, &reply, &fd, error);
	if (result < 0 || fd < 0)
		return error_fault(error, -EBUSY, 409, NULL, "The console can't be reached now.");
	return fd;
}

static int console_connect(struct request *request, struct error *error)
{
	const char *given = request_query(request, "token");
	struct console_token token;
	int fd, result = websocket_check(request, error);

	if (result < 0)
		return result;
	if (!given || !console_token_find(given, console_clock(), &token))
		return websocket_refuse(request, 403);
	fd = line_open(request, &token, error);
	return fd < 0 ? fd : websocket_accept(request, fd, error);
}

/* --- tables */

#define PAGE(where)                                                                                \
	{                                                                                          \
		.method = "GET", .path = where, .handle = page_show, .flags = ROUTE_PUBLIC         \
	}

static const struct route routes[] = {
	{ .method = "GET", .path = "/ws", .handle = console_connect, .flags = ROUTE_PUBLIC },
	PAGE("/{a}"),
	PAGE("/{a}/{b}"),
	PAGE("/{a}/{b}/{c}"),
	PAGE("/{a}/{b}/{c}/{d}"),
	PAGE("/{a}/{b}/{c}/{d}/{e}"),
	PAGE("/{a}/{b}/{c}/{d}/{e}/{f}"),
	{ 0 },
};

const struct service console_service = {
	.name = "console",
	.type = "console",
	.prefix = CONSOLE_PREFIX,
	.routes = routes,
	.fault = fault_node,
};
