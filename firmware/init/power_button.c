/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The button in front of the box (or the emulator's word for it): a clean power-off. */
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firmware/init/system.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define INPUTS_MAX 16
#define BUTTONS_MAX 4

static struct loop_fd buttons[BUTTONS_MAX];
static size_t button_count;
static void (*on_press)(void);

static void on_input(struct loop_fd *handle, unsigned events)
{
	struct input_event event;
	ssize_t size = read(handle->fd, &event, sizeof(event));

	(void)events;
	if (size == sizeof(event) && event.type == EV_KEY && event.code == KEY_POWER &&
	    event.value == 1) {
		log_info("power", "power button pressed", "device=%d", handle->fd);
		on_press();
	} else if (size < 0 && errno != EAGAIN && errno != EINTR) {
		loop_fd_stop(handle); /* unplugged */
		close(handle->fd);
	}
}

static bool has_power_key(int fd)
{
	uint8_t keys[KEY_CNT / 8 + 1] = { 0 };

	return ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
	       (keys[KEY_POWER / 8] & 1 << KEY_POWER % 8);
}

void power_buttons_watch(struct loop *loop, void (*callback)(void))
{
	char path[32];

	on_press = callback;
	for (int i = 0; i < INPUTS_MAX && button_count < BUTTONS_MAX; i++) {
		CLEANUP_FD int fd = -1;

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || !has_power_key(fd))
			continue;
		if (loop_fd_start(loop, &buttons[button_count], fd, LOOP_READ, on_input) == 0) {
			button_count++;
			fd_take(&fd);
		}
	}
}
