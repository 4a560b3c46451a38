/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames as a hostile guest sends them: each input is frames behind their lengths (two bytes). The
 * clock goes on a little after each, so that lwIP's timers run as well. */
#include "netstack/svc/test/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t own[6] = { 0xfa, 0x16, 0x3e, 0, 0, 0xfe };
	static uint64_t now = 1000000;
	uint8_t frame[FRAME_MAX];

	if (loop == NULL)
		network_start();
	while (size > 2) {
		size_t length = (size_t)(data[0] << 8 | data[1]) % (FRAME_MAX + 1);

		data += 2;
		size -= 2;
		length = length < size ? length : size;
		memcpy(frame, data, length);
		if (length > 6 && !(frame[0] & 1))
			memcpy(frame, own, sizeof(own)); /* others are not looked at */
		svc_input(&svc, frame, length);
		data += length;
		size -= length;
		now += 250;
		loop_clock_fake(loop, now);
		loop_once(loop, 0);
	}
	return 0;
}
