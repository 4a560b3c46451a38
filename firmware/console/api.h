/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The menu's way to the control plane: the REST API that everybody uses, over the link that init
 * hands out (plain HTTP/1.1 on a socket pair; requests on it act as the operator). Requests are
 * sent one after the other; answers come to a callback in the loop.
 */
#ifndef CUMULET_CONSOLE_API_H
#define CUMULET_CONSOLE_API_H

#include <stdbool.h>
#include <yyjson.h>

#include "firmware/lib/buffer.h"
#include "firmware/lib/loop.h"

#define API_PENDING_MAX 16
#define API_REPLY_MAX (4 * 1024 * 1024)

/* status 0: the link went away before the answer came. body NULL: none, or not JSON. */
typedef void api_done(int status, yyjson_val *body, const char *text, void *context);

struct api_request {
	char *head;
	api_done *done;
	void *context;
};

struct api {
	struct loop *loop;
	struct loop_fd handle;
	int fd; /* -1: no link */
	struct buffer in, out;
	struct api_request pending[API_PENDING_MAX]; /* the first one is under way */
	unsigned count;
	bool sent;
};

void api_init(struct api *api, struct loop *loop);
void api_link(struct api *api, int fd); /* takes the descriptor; -1: the link is gone */
static inline bool api_is_up(const struct api *api)
{
	return api->fd >= 0;
}
/* body NULL: none. -ENOTCONN, -EBUSY, -ENOMEM: the callback is not called. */
int api_send(struct api *api, const char *method, const char *path, const char *body,
	     api_done *done, void *context);

/* One reply in 'data': its length when it is whole, 0 when more has to come, -EBADMSG. The body's place
 * and status are set. Content-Length alone is understood: it is what the server sends here. */
ssize_t api_parse(const char *data, size_t size, int *status, const char **body, size_t *body_size);

#endif
