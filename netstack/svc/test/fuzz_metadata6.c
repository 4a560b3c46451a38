/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP segments for the metadata service by IPv6 as a hostile guest sends them, with right checksums:
 * each input is segments behind their lengths (a byte), from one of four MACs and addresses. */
#include "netstack/svc/frame6.h"
#include "netstack/svc/test/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void segment_put(uint8_t who, const uint8_t *data, size_t size)
{
	static const uint8_t own[6] = { 0xfa, 0x16, 0x3e, 0, 0, 0xfe };
	uint8_t frame[FRAME6_HEADERS + 256], mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, who & 3 };
	uint8_t from[16] = { 0xfe, 0x80, [15] = 1 + (who >> 2 & 3) };
	struct frame6 headers = { .mac = mac,
				  .from = from,
				  .to = metadata6_address,
				  .next = FRAME6_TCP,
				  .hops = 64,
				  .size = size < 18 ? 18 : size };

	memset(frame, 0, sizeof(frame));
	memcpy(frame + FRAME6_HEADERS, data, size);
	if (who & 16) { /* so that more than resets are seen */
		frame[FRAME6_HEADERS + 2] = 0;
		frame[FRAME6_HEADERS + 3] = 80;
	}
	svc_input(&svc, frame, frame6_build(frame, own, &headers, 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t now = 1000000;

	if (loop == NULL)
		network_start();
	while (size > 2) {
		size_t length = data[0] < size - 2 ? data[0] : size - 2;

		segment_put(data[1], data + 2, length);
		data += 2 + length;
		size -= 2 + length;
		now += 250;
		loop_clock_fake(loop, now);
		loop_once(loop, 0);
	}
	return 0;
}
