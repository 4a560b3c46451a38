/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen of a guest. QEMU listens nowhere: for each VMM_VNC_OPEN it is given one end of a socket pair
 * (getfd, add_client), the other one is the answer. There RFB (RFC 6143) begins at once, without
 * authentication: whoever holds the descriptor was let in by cloud.
 */
#ifndef CUMULET_HYPERVISOR_VNC_H
#define CUMULET_HYPERVISOR_VNC_H

#include "hypervisor/guest.h"

/* The answer's code: ENOENT: no such guest; ENOTCONN: it does not run, or QEMU can't be asked now; ENOTSUP: it has
 * no screen. */
void vnc_serve(struct vmm *vmm, struct channel *channel, const struct message *message);

#endif
