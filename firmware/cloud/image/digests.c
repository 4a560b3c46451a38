/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MD5 and SHA-512 of what is uploaded: most of an upload's work. A thread of its own for each, as the
 * caller's has TLS and the disk to do; a piece is with both until the next one is taken.
 */
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define PIECE_MIN (64UL * 1024) /* smaller ones are not worth a hand-over */

struct helper {
	struct digests *digests;
	void (*update)(struct digests *digests, size_t size, const uint8_t *piece);
	pthread_t thread;
	bool started;
	const uint8_t *piece; /* NULL: it waits */
	size_t size;
};

struct digests {
	struct md5_ctx md5; /* each is its helper's while that has a piece */
	struct sha512_ctx sha512;
	struct helper helpers[2];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool over;
};

static void update_md5(struct digests *digests, size_t size, const uint8_t *piece)
{
	md5_update(&digests->md5, size, piece);
}

static void update_sha512(struct digests *digests, size_t size, const uint8_t *piece)
{
	sha512_update(&digests->sha512, size, piece);
}

static void *helper_run(void *argument)
{
	struct helper *helper = argument;
	struct digests *digests = helper->digests;

	pthread_mutex_lock(&digests->lock);
	for (;;) {
		while (!helper->piece && !digests->over)
			pthread_cond_wait(&digests->changed, &digests->lock);
		if (!helper->piece)
			break;
		pthread_mutex_unlock(&digests->lock);
		helper->update(digests, helper->size, helper->piece);
		pthread_mutex_lock(&digests->lock);
		helper->piece = NULL;
		pthread_cond_broadcast(&digests->changed);
	}
	pthread_mutex_unlock(&digests->lock);
	return NULL;
}

/* Without a thread the caller's does the work. */
static void helper_start(struct helper *helper)
{
	if (!helper->started)
		helper->started = !pool_thread_start(&helper->thread, false, helper_run, helper);
}

/* --- all of them */

static void helpers_wait(struct digests *digests)
{
	pthread_mutex_lock(&digests->lock);
	while (digests->helpers[0].piece || digests->helpers[1].piece)
		pthread_cond_wait(&digests->changed, &digests->lock);
	pthread_mutex_unlock(&digests->lock);
}

static void helpers_give(struct digests *digests, const void *data, size_t size)
{
	pthread_mutex_lock(&digests->lock);
	for (size_t i = 0; i < ARRAY_LENGTH(digests->helpers); i++) {
		struct helper *helper = &digests->helpers[i];

		helper->size = size;
		helper->piece = helper->started ? data : NULL;
	}
	pthread_cond_broadcast(&digests->changed);
	pthread_mutex_unlock(&digests->lock);
}

static void helpers_stop(struct digests *digests)
{
	pthread_mutex_lock(&digests->lock);
	digests->over = true;
	pthread_cond_broadcast(&digests->changed);
	pthread_mutex_unlock(&digests->lock);
	for (size_t i = 0; i < ARRAY_LENGTH(digests->helpers); i++) {
		struct helper *helper = &digests->helpers[i];

		if (helper->started)
			pthread_join(helper->thread, NULL); /* what it has it does to the end */
		helper->started = false;
	}
}

struct digests *digests_new(void)
{
	struct digests *digests = calloc(1, sizeof(*digests));

	if (!digests)
		return NULL;
	digests->helpers[0] = (struct helper){ .digests = digests, .update = update_sha512 };
	digests->helpers[1] = (struct helper){ .digests = digests, .update = update_md5 };
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
	helpers_stop(digests);
	pthread_cond_destroy(&digests->changed);
	pthread_mutex_destroy(&digests->lock);
	free(digests);
}

void digests_update(struct digests *digests, const void *data, size_t size)
{
	bool large = size >= PIECE_MIN;

	for (size_t i = 0; large && i < ARRAY_LENGTH(digests->helpers); i++)
		helper_start(&digests->helpers[i]);
	helpers_wait(digests);
	if (large)
		helpers_give(digests, data, size);
	for (size_t i = 0; i < ARRAY_LENGTH(digests->helpers); i++)
		if (!large || !digests->helpers[i].started)
			digests->helpers[i].update(digests, size, data);
}

static void hex_write(char *text, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void digests_finish(struct digests *digests, char checksum[static 33], char hash[static 129])
{
	uint8_t md5[MD5_DIGEST_SIZE], sha512[SHA512_DIGEST_SIZE];

	helpers_stop(digests);
	md5_digest(&digests->md5, sizeof(md5), md5);
	sha512_digest(&digests->sha512, sizeof(sha512), sha512);
	hex_write(checksum, md5, sizeof(md5));
	hex_write(hash, sha512, sizeof(sha512));
}
