/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes, eight at a time: musl's memcmp() and strcmp() look at each of them, and the hot paths compare
 * keys and time stamps all day. */
#ifndef CUMULET_LIB_BYTES_H
#define CUMULET_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bytes_word(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* The last bytes of less than a word, and how many they are. */
static inline uint64_t bytes_rest(const char *bytes, size_t size)
{
	uint64_t word = size;

	for (size_t i = 0; i < size; i++)
		word = word << 8 | (unsigned char)bytes[i];
	return word;
}

static inline bool bytes_equal(const char *one, const char *other, size_t size)
{
	for (; size >= 8; one += 8, other += 8, size -= 8)
		if (bytes_word(one) != bytes_word(other))
			return false;
	return bytes_rest(one, size) == bytes_rest(other, size);
}

/* Less than, equal to or greater than 0, as strcmp() has it for texts without a NUL within. */
static inline int bytes_order(const char *one, size_t one_size, const char *other,
			      size_t other_size)
{
	size_t size = one_size < other_size ? one_size : other_size, at = 0;

	while (at + 8 <= size && bytes_word(one + at) == bytes_word(other + at))
		at += 8;
	for (; at < size; at++)
		if (one[at] != other[at])
			return (unsigned char)one[at] < (unsigned char)other[at] ? -1 : 1;
	return (one_size > other_size) - (one_size < other_size);
}

/* For tables in memory; 'seed' is a secret where others choose the bytes. */
static inline uint64_t bytes_hash(uint64_t seed, const char *bytes, size_t size)
{
	uint64_t hash = seed;

	for (; size >= 8; bytes += 8, size -= 8) {
		hash = (hash ^ bytes_word(bytes)) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	hash = (hash ^ bytes_rest(bytes, size)) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

#endif
