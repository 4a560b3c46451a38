/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MD5 and SHA-512 of what is uploaded: four fifths of an upload's work, done on two processors where
 * there are two. The caller's thread takes MD5, a helper SHA-512; a piece is with the helper until the
 * next one is taken.
 */
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/image/internal.h"

#define PIECE_MIN (64UL * 1024) /* smaller ones are not worth a hand-over */

struct digests {
	struct md5_ctx md5;
	struct sha512_ctx sha512; /* the helper's while it has a piece */
	pthread_t helper;
	bool helped;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const uint8_t *piece; /* NULL: the helper waits */
	size_t size;
	bool over;
};

static void *helper_run(void *argument)
{
	struct digests *digests = argument;

	pthread_mutex_lock(&digests->lock);
	for (;;) {
		while (!digests->piece && !digests->over)
			pthread_cond_wait(&digests->changed, &digests->lock);
		if (!digests->piece)
			break;
		pthread_mutex_unlock(&digests->lock);
		sha512_update(&digests->sha512, digests->size, digests->piece);
		pthread_mutex_lock(&digests->lock);
		digests->piece = NULL;
		pthread_cond_signal(&digests->changed);
	}
	pthread_mutex_unlock(&digests->lock);
	return NULL;
}

static void helper_wait(struct digests *digests)
{
	pthread_mutex_lock(&digests->lock);
	while (digests->piece)
		pthread_cond_wait(&digests->changed, &digests->lock);
	pthread_mutex_unlock(&digests->lock);
}

static void helper_give(struct digests *digests, const void *data, size_t size)
{
	pthread_mutex_lock(&digests->lock);
	digests->piece = data;
	digests->size = size;
	pthread_cond_signal(&digests->changed);
	pthread_mutex_unlock(&digests->lock);
}

static void helper_stop(struct digests *digests)
{
	if (!digests->helped)
		return;
	pthread_mutex_lock(&digests->lock);
	digests->over = true;
	pthread_cond_signal(&digests->changed);
	pthread_mutex_unlock(&digests->lock);
	pthread_join(digests->helper, NULL); /* what it has it does to the end */
	digests->helped = false;
}

struct digests *digests_new(void)
{
	struct digests *digests = calloc(1, sizeof(*digests));

	if (!digests)
		return NULL;
	md5_init(&digests->md5);
	sha512_init(&digests->sha512);
	pthread_mutex_init(&digests->lock, NULL);
	pthread_cond_init(&digests->changed, NULL);
	return digests;
}

void digests_free(struct digests *digests)
{
	if (!digests)
		return;
	helper_stop(digests);
	pthread_cond_destroy(&digests->changed);
	pthread_mutex_destroy(&digests->lock);
	free(digests);
}

void digests_update(struct digests *digests, const void *data, size_t size)
{
	if (!digests->helped && size >= PIECE_MIN)
		digests->helped =
			pool_thread_start(&digests->helper, false, helper_run, digests) == 0;
	helper_wait(digests);
	if (digests->helped && size >= PIECE_MIN)
		helper_give(digests, data, size);
	else
		sha512_update(&digests->sha512, size, data);
	md5_update(&digests->md5, size, data);
}

static void hex_write(char *text, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void digests_finish(struct digests *digests, char checksum[static 33], char hash[static 129])
{
	uint8_t md5[MD5_DIGEST_SIZE], sha512[SHA512_DIGEST_SIZE];

	helper_stop(digests);
	md5_digest(&digests->md5, sizeof(md5), md5);
	sha512_digest(&digests->sha512, sizeof(sha512), sha512);
	hex_write(checksum, md5, sizeof(md5));
	hex_write(hash, sha512, sizeof(sha512));
}
