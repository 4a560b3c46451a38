/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guessing is slowed: after so many wrong passwords in a row an account takes none for so many
 * seconds (security.h has the numbers). Kept in memory, so that a flood of wrong passwords writes nothing, and on the
 * monotonic clock. The console's password reset does not pass here.
 */
#ifndef CUMULET_IDENTITY_LOCKOUT_H
#define CUMULET_IDENTITY_LOCKOUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCKOUT_ACCOUNTS 64 /* remembered at once; the one that failed longest ago makes room */

struct lockout_account {
	char user_id[65]; /* "": free */
	unsigned failures;
	uint64_t last; /* failure, monotonic ms */
};

struct lockout_rule {
	unsigned failures; /* 0: no lock-out */
	uint64_t seconds;  /* 0: until somebody enables the user again */
};

struct lockout {
	pthread_mutex_t lock;
	struct lockout_account accounts[LOCKOUT_ACCOUNTS];
};

#define LOCKOUT_INIT                                                                               \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* 'now' is monotonic milliseconds. */
bool lockout_is_locked(struct lockout *lockout, const struct lockout_rule *rule,
		       const char *user_id, uint64_t now);
void lockout_failed(struct lockout *lockout, const struct lockout_rule *rule, const char *user_id,
		    uint64_t now);
void lockout_succeeded(struct lockout *lockout, const char *user_id);

#endif
