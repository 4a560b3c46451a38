/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control plane's process: opens the store, starts the services, serves the API.
 *
 *	cloud                                   as a role of init
 *	cloud --standalone DIR [--port N]       for developers and tests: no init, no links, no
 *	                                        confinement; the store and all else is below DIR
 */
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/console/console.h"
#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/http/server.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/link.h"
#include "firmware/cloud/node/node.h"
#include "firmware/cloud/sandbox.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define API_PORT 8443
#define INDEXES_MAX 128

struct arguments {
	const char *standalone; /* NULL: a role of init */
	unsigned port;
};

static struct {
	struct cloud cloud;
	struct store_index indexes[INDEXES_MAX + 1];
	struct certificate_names names;
	struct arena memory; /* of the names */
	char store_path[512], tls_path[512];
	struct loop_signal stop_signals[2];
} app;

static int usage(void)
{
	fprintf(stderr, "usage: cloud [--standalone DIRECTORY [--port NUMBER]]\n");
	return EX_USAGE;
}

static bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	*arguments = (struct arguments){ .port = API_PORT };
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--standalone") == 0)
			arguments->standalone = argv[i + 1];
		else if (strcmp(argv[i], "--port") == 0)
			arguments->port = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else
			return false;
	}
	return true;
}

/* --- what init says */

static void on_link(enum role peer, enum link_plane plane, int fd, void *context)
{
	(void)context;
	switch (plane) {
	case LINK_MESSAGES:
		if (app.cloud.links[peer])
			link_attach(app.cloud.links[peer], fd);
		else
			close(fd);
		return;
	case LINK_HTTP:
		server_attach_local(app.cloud.server, fd);
		return;
	case LINK_LISTEN:
		server_listen_fd(app.cloud.server, fd);
		return;
	}
	close(fd);
}

static void on_stop(void *context)
{
	(void)context;
	loop_stop(app.cloud.loop, 0);
}

static void on_control(struct message *message, void *context)
{
	(void)context;
	node_control(&app.cloud, message);
}

static const struct role_handler role_handler = { on_link, on_stop, on_control };

static void on_stop_signal(struct loop_signal *handle, int signal)
{
	log_info("main", "stopping", "signal=%d", signal);
	loop_stop(handle->loop, 0);
}

/* --- starting */

static void name_add(const char *name)
{
	name = arena_strdup(&app.memory, name);
	if (name)
		certificate_name_add(&app.names, name);
}

static void address_add(const struct ifaddrs *entry)
{
	char text[NI_MAXHOST];
	socklen_t size;

	if (!entry->ifa_addr)
		return;
	size = entry->ifa_addr->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
	       : entry->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							: 0;
	if (size &&
	    getnameinfo(entry->ifa_addr, size, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0 &&
	    !strchr(text, '%'))
		name_add(text);
}

/* Now, since netlink is out of reach later; netd tells what comes afterwards. */
static void find_names(void)
{
	char host[256] = "";
	struct ifaddrs *list;

	if (gethostname(host, sizeof(host) - 1) == 0)
		name_add(host);
	if (getifaddrs(&list) < 0)
		return;
	for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
		address_add(entry);
	freeifaddrs(list);
}

static int make_directories(const char *top, struct error *error)
{
	static const char *const names[] = { "", "store", "images", "tls", "provision" };
	char path[512];

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", top, names[i]);
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_errno(error, "mkdir %s", path);
	}
	return 0;
}

static int make_links(struct error *error)
{
	static const enum role peers[] = { ROLE_VMM, ROLE_NETD, ROLE_CONSOLE, ROLE_FETCH };

	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
		app.cloud.links[peers[i]] = link_new(app.cloud.loop, peers[i]);
		if (!app.cloud.links[peers[i]])
			return error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}

/* From here on: no root, no file outside of the chroot, few system calls. */
static int confine(struct error *error)
{
	int result = role_confine(PATH_CLOUD, UID_CLOUD, UID_CLOUD, 0, error);

	return result < 0 ? result : sandbox_enter(error);
}

static int collect_indexes(struct error *error)
{
	size_t count = 0;

	for (const struct service *const *service = services; *service; service++)
		for (const struct store_index *index = (*service)->indexes; index && index->prefix;
		     index++) {
			if (count == INDEXES_MAX)
				return error_set(error, -E2BIG, "too many indexes");
			app.indexes[count++] = *index;
		}
	return 0;
}

static int open_store(struct error *error)
{
	const struct store_options options = {
		.path = app.store_path,
		.loop = app.cloud.loop,
		.indexes = app.indexes,
	};
	int result = collect_indexes(error);

	return result < 0 ? result : store_open(&app.cloud.store, &options, error);
}

static int open_server(struct error *error)
{
	const struct server_options options = {
		.cloud = &app.cloud,
		.services = services,
		.tls_directory = app.tls_path,
		.names = &app.names,
	};
	int result = pool_new(&app.cloud.pool, POOL_WORKERS, POOL_STREAMS);

	if (result < 0)
		return error_set(error, result, "no threads");
	return server_new(&app.cloud.server, &options, error);
}

static int start_services(struct error *error)
{
	int result;

	for (const struct service *const *service = services; *service; service++) {
		result = (*service)->start ? (*service)->start(&app.cloud, error) : 0;
		if (result < 0)
			return error_prefix(error, "starting %s", (*service)->name);
	}
	return 0;
}

static int enter_place(const struct arguments *arguments, struct error *error)
{
	if (arguments->standalone) {
		app.cloud.directory = arguments->standalone;
		return make_directories(app.cloud.directory, error);
	}
	app.cloud.directory = "/";
	return confine(error);
}

static void set_paths(void)
{
	const char *directory = strcmp(app.cloud.directory, "/") == 0 ? "" : app.cloud.directory;

	snprintf(app.store_path, sizeof(app.store_path), "%s/store", directory);
	snprintf(app.tls_path, sizeof(app.tls_path), "%s/tls", directory);
}

static int start(const struct arguments *arguments, struct error *error)
{
	int result;

	find_names();
	node_before_confinement();
	console_before_confinement();
	result = enter_place(arguments, error);
	if (result == 0)
		result = make_links(error);
	set_paths();
	if (result == 0)
		result = open_store(error);
	if (result == 0)
		result = open_server(error);
	if (result == 0)
		result = start_services(error);
	return result == 0 ? server_listen(app.cloud.server, arguments->port, error) : result;
}

static void stop_services(void)
{
	for (const struct service *const *service = services; *service; service++)
		if ((*service)->stop)
			(*service)->stop(&app.cloud);
}

static void stop(void)
{
	if (app.cloud.server)
		server_stop(app.cloud.server);
	pool_free(app.cloud.pool);
	stop_services();
	server_free(app.cloud.server);
	if (app.cloud.store)
		store_close(app.cloud.store);
	for (size_t i = 0; i < ROLE_COUNT; i++)
		link_free(app.cloud.links[i]);
	arena_free(&app.memory);
}

static int attach(const struct arguments *arguments)
{
	struct loop *loop = app.cloud.loop;

	signal(SIGPIPE, SIG_IGN);
	if (!arguments->standalone)
		return role_attach(loop, ROLE_CLOUD, &role_handler, NULL, &app.cloud.control);
	loop_signal_start(loop, &app.stop_signals[0], SIGTERM, on_stop_signal);
	return loop_signal_start(loop, &app.stop_signals[1], SIGINT, on_stop_signal);
}

static int serve(const struct arguments *arguments)
{
	struct error error = { 0 };
	int port, result = attach(arguments);

	if (result < 0) {
		log_error("main", "not attached", "error=%d", -result);
		return EX_OSERR;
	}
	port = start(arguments, &error);
	if (port < 0) {
		log_error("main", "not started", "reason=%s", log_quote(error.message));
		return EX_SOFTWARE;
	}
	log_info("main", "serving", "port=%d fingerprint=%s", port,
		 server_fingerprint(app.cloud.server));
	if (app.cloud.control)
		role_ready(app.cloud.control);
	return loop_run(app.cloud.loop);
}

int cloud_main(int argc, char **argv)
{
	struct arguments arguments;
	int result;

	if (!parse_arguments(argc, argv, &arguments))
		return usage();
	result = loop_new(&app.cloud.loop);
	if (result < 0) {
		log_error("main", "no loop", "error=%d", -result);
		return EX_OSERR;
	}
	result = serve(&arguments);
	stop();
	loop_free(app.cloud.loop);
	return result;
}
