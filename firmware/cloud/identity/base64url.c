/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/base64url.h"

#include <errno.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *data, size_t size, char *text)
{
	const unsigned char *bytes = data;
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 6; held -= 6)
			*text++ = alphabet[bits >> (held - 6) & 63];
	}
	if (held)
		*text++ = alphabet[bits << (6 - held) & 63];
	*text = '\0';
}

static int digit_value(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	return digit == '-' ? 62 : digit == '_' ? 63 : -1;
}

ssize_t base64url_decode(const char *text, void *data, size_t size)
{
	unsigned char *bytes = data;
	uint32_t bits = 0;
	unsigned held = 0;
	size_t count = 0;

	for (; *text; text++) {
		int value = digit_value(*text);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held < 8)
			continue;
		if (count == size)
			return -EINVAL;
		held -= 8;
		bytes[count++] = (unsigned char)(bits >> held);
		bits &= (1U << held) - 1;
	}
	/* Only one spelling of each value: no bits may be left, nor a lone last character. */
	return bits || held == 6 ? -EINVAL : (ssize_t)count;
}
