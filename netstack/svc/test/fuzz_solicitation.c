/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames up to a router solicitation: what is in front of it, and its options. */
#include "netstack/svc/frame6.h"
#include "netstack/svc/ra.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame6 frame;

	ra_solicited(data, size, 255, false);
	if (frame6_parse(data, size, &frame) && frame6_checksum(&frame) == 0)
		ra_solicited(frame.payload, frame.size, frame.hops, true);
	return 0;
}
