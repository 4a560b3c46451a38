/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/password.h"

#include <argon2.h>
#include <pthread.h>
#include <string.h>

#include "firmware/lib/uuid.h"

#define SALT_SIZE 16
#define HASH_SIZE 32

static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	unsigned running;
} turnstile = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void turnstile_enter(void)
{
	pthread_mutex_lock(&turnstile.lock);
	while (turnstile.running == PASSWORD_PARALLEL)
		pthread_cond_wait(&turnstile.freed, &turnstile.lock);
	turnstile.running++;
	pthread_mutex_unlock(&turnstile.lock);
}

static void turnstile_leave(void)
{
	pthread_mutex_lock(&turnstile.lock);
	turnstile.running--;
	pthread_cond_signal(&turnstile.freed);
	pthread_mutex_unlock(&turnstile.lock);
}

int password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE], struct error *error)
{
	unsigned char salt[SALT_SIZE];
	int result;

	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return error_set(error, -EINVAL, "password of more than %d bytes",
				 PASSWORD_LENGTH_MAX);
	random_bytes(salt, sizeof(salt));
	turnstile_enter();
	result = argon2id_hash_encoded(PASSWORD_PASSES, PASSWORD_MEMORY, 1, password,
				       strlen(password), salt, sizeof(salt), HASH_SIZE, hash,
				       PASSWORD_HASH_SIZE);
	turnstile_leave();
	if (result == ARGON2_MEMORY_ALLOCATION_ERROR)
		return error_set(error, -ENOMEM, "no memory to hash a password");
	return result == ARGON2_OK ? 0 : error_set(error, -EIO, "password can't be hashed");
}

bool password_verify(const char *password, const char *hash)
{
	char unused[PASSWORD_HASH_SIZE];
	bool same = false;

	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return false;
	if (!hash) {
		password_hash(password, unused, NULL);
		return false;
	}
	turnstile_enter();
	same = argon2id_verify(hash, password, strlen(password)) == ARGON2_OK;
	turnstile_leave();
	return same;
}

void password_random(char password[static PASSWORD_RANDOM_SIZE])
{
	/* 32 characters that nobody mistakes for each other: 5 bits each, 100 bits together. */
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char bytes[PASSWORD_RANDOM_SIZE];

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < PASSWORD_RANDOM_SIZE - 1; i++)
		password[i] = i % 6 == 5 ? '-' : letters[bytes[i] % 32];
	password[PASSWORD_RANDOM_SIZE - 1] = '\0';
}
