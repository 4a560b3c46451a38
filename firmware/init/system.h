/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What init does to the machine (or the namespaces) that it is PID 1 of. Failures are logged: a
 * box that lacks something comes up as far as it can. */
#ifndef CUMULET_INIT_SYSTEM_H
#define CUMULET_INIT_SYSTEM_H

#include <stdbool.h>

#include "firmware/init/supervisor.h"

/* Hosted: the file systems are new instances of our namespaces, and /dev is made by hand, so that
 * the machine's own devices stay out of sight. */
void system_mount(bool hosted);
/* Hosted: the machine's hardware virtualisation, when the person who started it wants it. */
void system_kvm_nodes_make(void);
void system_unmount(void); /* all but the root and the kernel's own */
void system_directories(void);
void system_hostname_set(const char *name);
void system_loopback_up(void);

/* The operator's terminal: the last console that the kernel names, hosted a pseudo-terminal. */
const char *system_terminal(void);
void system_terminal_set(const char *path);
/* Hosted: makes that pseudo-terminal and serves it on PATH_RUN/console.sock (for root alone). */
void terminal_serve(struct loop *loop);

/* Calls back when the power button is pressed, if the board has one. */
void power_buttons_watch(struct loop *loop, void (*callback)(void));

/* Feeds /dev/watchdog, where there is one, until the end of the process. */
void watchdog_start(struct loop *loop);

/* Ends all that is left, writes back, unmounts, and leaves: never returns. Hosted: by exit(2)
 * with 0 for POWER_OFF and EXIT_REBOOT for POWER_REBOOT. */
#define EXIT_REBOOT 3
__attribute__((noreturn)) void system_end(enum power_action action, bool hosted);

/* Booted: how much memory the kernel keeps free for itself. */
void system_memory_set(void);

#endif
