/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/totp.h"

#include <mbedtls/constant_time.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "firmware/cloud/identity/mac.h"

#define PERIOD 30
#define DIGITS 6
#define DIGITS_MODULUS 1000000

static int base32_value(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	return letter >= '2' && letter <= '7' ? letter - '2' + 26 : -1;
}

/* The number of bytes, -1 for what is no base32 or too long. */
static ssize_t base32_decode(const char *text, unsigned char bytes[static TOTP_SEED_MAX])
{
	size_t length = strcspn(text, "="), size = 0;
	unsigned bits = 0, held = 0;

	if (text[length + strspn(text + length, "=")])
		return -1;
	for (size_t i = 0; i < length; i++) {
		int value = base32_value(text[i]);

		if (value < 0 || size == TOTP_SEED_MAX)
			return -1;
		held = (held << 5 | (unsigned)value) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			bytes[size++] = (unsigned char)(held >> bits);
		}
	}
	return (ssize_t)size;
}

/* RFC 4226, section 5.3. */
static bool hotp(const unsigned char *seed, size_t size, uint64_t counter,
		 char code[static DIGITS + 1])
{
	unsigned char message[8], digest[MAC_SIZE], *at;
	struct mac mac;
	size_t length;
	uint32_t value;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)(counter >> (8 * (7 - i)));
	mac_begin(&mac, MBEDTLS_MD_SHA1, seed, size);
	mac_bytes(&mac, message, sizeof(message));
	length = mac_finish(&mac, digest);
	if (!length)
		return false;
	at = digest + (digest[length - 1] & 15);
	value = (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
		at[3];
	snprintf(code, DIGITS + 1, "%0*u", DIGITS, value % DIGITS_MODULUS);
	return true;
}

bool totp_holds(const char *seed, uint64_t now, const char *code)
{
	unsigned char bytes[TOTP_SEED_MAX];
	ssize_t size = base32_decode(seed, bytes);
	char expected[DIGITS + 1];
	bool holds = false;

	if (size <= 0 || strlen(code) != DIGITS)
		return false;
	for (uint64_t back = 0; back < 2; back++)
		if (hotp(bytes, (size_t)size, now / PERIOD - back, expected))
			holds |= mbedtls_ct_memcmp(code, expected, DIGITS) == 0;
	return holds;
}
