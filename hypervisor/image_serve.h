/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cloud asks what an image is; nothing is kept. */
#ifndef CUMULET_HYPERVISOR_IMAGE_SERVE_H
#define CUMULET_HYPERVISOR_IMAGE_SERVE_H

#include "hypervisor/message.h"

/* VMM_IMAGE_INSPECT came: answers with VMM_IMAGE_FACTS. */
void image_inspect_serve(struct channel *channel, struct message *message);

#endif
