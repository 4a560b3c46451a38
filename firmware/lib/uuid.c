/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define HEX_DIGITS 32

void random_bytes(void *data, size_t size)
{
	char *position = data;

	while (size > 0) {
		ssize_t count = getrandom(position, size, 0);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			abort();
		position += count;
		size -= (size_t)count;
	}
}

void uuid_make_hex(char uuid[static UUID_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[HEX_DIGITS / 2];

	random_bytes(bytes, sizeof(bytes));
	bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
	bytes[8] = (bytes[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
	for (size_t i = 0; i < sizeof(bytes); i++) {
		uuid[2 * i] = digits[bytes[i] >> 4];
		uuid[2 * i + 1] = digits[bytes[i] & 15];
	}
	uuid[HEX_DIGITS] = '\0';
}

static bool dash_at(size_t position)
{
	return position == 8 || position == 13 || position == 18 || position == 23;
}

void uuid_make(char uuid[static UUID_SIZE])
{
	char hex[UUID_HEX_SIZE];
	const char *next = hex;

	uuid_make_hex(hex);
	for (size_t i = 0; i < UUID_SIZE; i++)
		uuid[i] = dash_at(i) ? '-' : *next++;
}

bool uuid_valid(const char *text)
{
	size_t i;

	if (text == NULL)
		return false;
	for (i = 0; i < UUID_SIZE - 1 && text[i] != '\0'; i++)
		if (dash_at(i) ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	return i == UUID_SIZE - 1 && text[i] == '\0';
}

bool uuid_like(const char *text)
{
	size_t digits = 0;

	if (text == NULL)
		return false;
	for (; *text != '\0'; text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text) || ++digits > HEX_DIGITS)
			return false;
	}
	return digits == HEX_DIGITS;
}
