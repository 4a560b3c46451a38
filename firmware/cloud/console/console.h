/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a browser shows of a guest: the page with noVNC, and the WebSocket to the guest's screen or serial
 * line. No user logs in here: the token in the address, which compute gives out, is the permission.
 */
#ifndef CUMULET_CLOUD_CONSOLE_H
#define CUMULET_CLOUD_CONSOLE_H

#include "firmware/cloud/http/service.h"

#define CONSOLE_PREFIX "/console"

extern const struct service console_service;

/* Opens the folder of pages, which lies outside of the chroot. Without it the pages are 404. */
void console_before_confinement(void);

#endif
