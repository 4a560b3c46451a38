/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The role: fetches files from elsewhere for cloud, which itself connects to nobody. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/fetch/fetch.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"
#define EMPTY_ROOT PATH_RUN "/fetch" /* nothing in it, root's own */

static void on_link(enum role peer, enum link_plane plane, int fd, void *context)
{
	if (peer == ROLE_CLOUD && plane == LINK_MESSAGES)
		fetch_cloud_attach(context, fd);
	else
		close(fd);
}

static void on_stop(void *context)
{
	loop_stop(((struct fetch *)context)->loop, 0);
}

static const struct role_handler role_handler = { .on_link = on_link, .on_stop = on_stop };

/* What strangers' servers send is parsed here: no capability, no file, no program. */
static int confine(struct error *error)
{
	int result;

	mkdir(PATH_RUN, 0755);
	if (mkdir(EMPTY_ROOT, 0555) < 0 && errno != EEXIST)
		return error_errno(error, "mkdir %s", EMPTY_ROOT);
	result = role_confine(EMPTY_ROOT, UID_FETCH, UID_FETCH, 0, error);
	return result < 0 ? result : fetch_sandbox(error);
}

static int start(struct fetch *fetch, struct loop *loop, struct channel **control)
{
	struct error error = { 0 };
	int result;

	fetch_init(fetch, loop);
	fetch->authorities_fd = open(AUTHORITIES, O_RDONLY | O_CLOEXEC);
	if (fetch->authorities_fd < 0)
		log_warning("fetch", "no server can be trusted", "path=%s reason=%s", AUTHORITIES,
			    log_quote(strerror(errno)));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* the kernel reaps; pipes tell who is gone */
	result = role_attach(loop, ROLE_FETCH, &role_handler, fetch, control);
	if (result == 0)
		result = confine(&error);
	if (result < 0)
		log_error("fetch", "not started", "reason=%s", log_quote(error.message));
	return result;
}

int fetch_main(int argc, char **argv)
{
	static struct fetch fetch;
	struct channel *control;
	struct loop *loop;
	int result = loop_new(&loop);

	(void)argc;
	(void)argv;
	if (result == 0)
		result = start(&fetch, loop, &control);
	if (result < 0)
		return 1;
	role_ready(control);
	result = loop_run(loop);
	fetch_free(&fetch);
	loop_free(loop);
	return result;
}
