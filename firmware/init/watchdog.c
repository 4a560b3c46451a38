/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hardware watchdog: when init hangs, the board resets itself. It stays armed through the
 * shutdown, so that one that gets stuck ends as well. */
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firmware/init/system.h"
#include "firmware/lib/log.h"

#define WATCHDOG_TIMEOUT_S 60
#define WATCHDOG_FEED_MS 15000

static int watchdog_fd = -1;
static struct loop_timer feed_timer;

static void feed(struct loop_timer *timer)
{
	if (ioctl(watchdog_fd, WDIOC_KEEPALIVE, 0) < 0)
		log_warning("watchdog", "not fed", "reason=%s", log_quote(strerror(errno)));
	loop_timer_start(timer->loop, timer, WATCHDOG_FEED_MS, feed);
}

void watchdog_start(struct loop *loop)
{
	int timeout = WATCHDOG_TIMEOUT_S;

	watchdog_fd = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	if (watchdog_fd < 0)
		return;
	if (ioctl(watchdog_fd, WDIOC_SETTIMEOUT, &timeout) < 0)
		log_warning("watchdog", "keeps its own timeout", "reason=%s",
			    log_quote(strerror(errno)));
	log_info("watchdog", "watchdog is armed", "timeout_s=%d", timeout);
	loop_timer_start(loop, &feed_timer, 0, feed);
}
