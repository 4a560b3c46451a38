/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The role: attaches to init, gives up what it does not need, and serves. */
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/linux.h"
#include "netstack/netd/netd.h"

/*
 * NET_ADMIN   links, addresses, routes, rules: what netd is for
 * SYS_ADMIN   network namespaces of routers: unshare, setns, and the mount that keeps them
 * NET_RAW, NET_BIND_SERVICE      handed to the uplink's DHCP client: packet socket, port 68
 * SETUID, SETGID, SYS_CHROOT, SETPCAP  handed to svc, which gives them up before it reads
 */
#define CAPABILITIES                                                                               \
	(UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_SYS_ADMIN |                             \
	 UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE |                        \
	 UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_SYS_CHROOT |   \
	 UINT64_C(1) << CAP_SETPCAP)

static void on_link(enum role peer, enum link_plane plane, int fd, void *context)
{
	struct netd *netd = context;

	if (plane == LINK_MESSAGES && peer == ROLE_CLOUD)
		netd_cloud_attach(netd, fd);
	else if (plane == LINK_MESSAGES && peer == ROLE_VMM)
		netd_vmm_attach(netd, fd);
	else
		close(fd);
}

/* What is on the machine stays: guests go on while netd is away. */
static void on_stop(void *context)
{
	loop_stop(((struct netd *)context)->loop, 0);
}

static const struct role_handler handler = { .on_link = on_link, .on_stop = on_stop };

/* While still root: the places that netd will write to are its own. */
static void places_prepare(void)
{
	struct stat status;

	if (geteuid() != 0)
		return;
	mkdir(PATH_RUN, 0755);
	if (mkdir(LINUX_SPACES, 0700) < 0 && errno != EEXIST)
		log_error("netd", "directory not made", "path=%s errno=%d", LINUX_SPACES, errno);
	chown(LINUX_SPACES, UID_NETD, UID_NETD);
	mkdir(PATH_RUN "/empty", 0555); /* the root directory of svc processes */
	/* Elsewhere everybody may open it; a kernel's own device file system says root alone. */
	if (stat("/dev/net/tun", &status) == 0 && (status.st_mode & 0006) != 0006)
		chown("/dev/net/tun", UID_NETD, UID_NETD);
}

/* While still root: init's settings are for root alone. 'settings' stays as it is without one. */
static void provision_read(struct uplink_settings *settings)
{
	struct uplink_settings provisioned;
	char line[512] = "";
	FILE *file = fopen(UPLINK_PROVISION, "re");

	if (file == NULL)
		return;
	if (fgets(line, sizeof(line), file) != NULL &&
	    uplink_settings_parse(line, &provisioned) == 0)
		*settings = provisioned;
	else
		log_error("uplink", "provisioned setting not sound", "text=%s", log_quote(line));
	fclose(file);
}

static int netd_start(struct netd *netd, struct loop *loop, struct error *error)
{
	struct uplink_settings settings = { .dhcp = true };
	struct backend *backend;
	int result;

	places_prepare();
	provision_read(&settings);
	result = role_confine(NULL, UID_NETD, UID_NETD, CAPABILITIES, error);
	if (result == 0)
		result = linux_backend_new(&backend, error);
	if (result == 0)
		result = backend->ops->prepare(backend, error);
	if (result < 0)
		return result;
	netd_init(netd, loop, backend);
	netd->uplink.desired = settings;
	result = uplink_start(&netd->uplink, error);
	netd_reconcile(netd);
	return result;
}

int netd_main(int argc, char **argv)
{
	static struct netd netd;
	struct error error = { 0 };
	struct loop *loop;
	int result = loop_new(&loop);

	(void)argc;
	(void)argv;
	signal(SIGCHLD, SIG_IGN); /* the kernel reaps; channels and pidfds tell who is gone */
	signal(SIGPIPE, SIG_IGN);
	if (result == 0)
		result = netd_start(&netd, loop, &error);
	if (result == 0)
		result = role_attach(loop, ROLE_NETD, &handler, &netd, &netd.control);
	if (result < 0) {
		log_error("netd", "not started", "reason=%s", log_quote(error.message));
		return 1;
	}
	role_ready(netd.control);
	result = loop_run(loop);
	netd_free(&netd);
	linux_backend_free(netd.backend);
	loop_free(loop);
	return result;
}
