/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls that cloud may make once it serves. */
#ifndef CUMULET_CLOUD_SANDBOX_H
#define CUMULET_CLOUD_SANDBOX_H

#include "firmware/lib/error.h"

/* For this thread and all that come after; no_new_privs is set already. */
int sandbox_enter(struct error *error);

#endif
