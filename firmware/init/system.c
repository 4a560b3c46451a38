/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/system.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

/* Huge pages make the kernel hold back tens of MiB, which a small box has better uses for. */
#define MIN_FREE_KIB "4096"

static const struct {
	const char *path;
	unsigned owner;
	mode_t mode;
} directories[] = {
	{ PATH_RUN, 0, 0755 },
	{ PATH_CLOUD, UID_CLOUD, 0700 },
	{ PATH_CLOUD "/store", UID_CLOUD, 0700 },
	{ PATH_CLOUD "/images", UID_CLOUD, 0700 },
	{ PATH_CLOUD "/tls", UID_CLOUD, 0700 },
	{ PATH_CLOUD "/provision", UID_CLOUD, 0700 },
	/* Guests' processes have uids of their own and must pass through. */
	{ PATH_GUESTS, 0, 0711 },
};

void system_directories(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++) {
		const char *path = directories[i].path;

		mkdir(path, directories[i].mode);
		if (chmod(path, directories[i].mode) < 0 ||
		    chown(path, directories[i].owner, directories[i].owner) < 0)
			log_error("system", "directory not made", "path=%s reason=%s", path,
				  log_quote(strerror(errno)));
	}
}

void system_hostname_set(const char *name)
{
	if (sethostname(name, strlen(name)) < 0)
		log_warning("system", "hostname not set", "name=%s reason=%s", log_quote(name),
			    log_quote(strerror(errno)));
}

void system_loopback_up(void)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		log_warning("system", "loopback not up", "reason=%s", log_quote(strerror(errno)));
}

/* ---- terminal ---- */

static char terminal[160];

void system_terminal_set(const char *path)
{
	snprintf(terminal, sizeof(terminal), "%s", path);
}

const char *system_terminal(void)
{
	char names[128] = "", *last;
	CLEANUP_FD int fd = -1;

	if (terminal[0] != '\0')
		return terminal;
	fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, names, sizeof(names) - 1) > 0)
		names[strcspn(names, "\n")] = '\0';
	last = strrchr(names, ' ');
	last = last != NULL ? last + 1 : names;
	snprintf(terminal, sizeof(terminal), "/dev/%s", *last != '\0' ? last : "console");
	return terminal;
}

/* ---- the end ---- */

static void all_end(void)
{
	/* PID 1 alone: from any other process this would reach the whole machine. */
	if (getpid() != 1)
		return;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

void system_end(enum power_action action, bool hosted)
{
	all_end();
	sync();
	system_unmount();
	if (hosted)
		_exit(action == POWER_REBOOT ? EXIT_REBOOT : 0);
	reboot(action == POWER_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
	/* A board that can't switch itself off stands still. */
	reboot(RB_HALT_SYSTEM);
	for (;;)
		pause();
}

void system_memory_set(void)
{
	CLEANUP_FD int fd = open("/proc/sys/vm/min_free_kbytes", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, MIN_FREE_KIB, strlen(MIN_FREE_KIB)) < 0)
		log_warning("system", "the kernel keeps its own reserve of memory", "reason=%s",
			    log_quote(strerror(errno)));
}
