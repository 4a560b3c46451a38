/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A one-time password is good for one login (RFC 6238, section 5.2): the codes that were used are
 * remembered for as long as they would hold. In memory: a restart takes about as long.
 */
#ifndef CUMULET_IDENTITY_PASSCODES_H
#define CUMULET_IDENTITY_PASSCODES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define PASSCODES_MAX 256   /* remembered at once; with all of them in use no code is taken */
#define PASSCODE_LIFE 60000 /* ms: two periods */

struct passcode {
	unsigned char digest[32]; /* of the credential's id and the code */
	uint64_t ends;            /* monotonic ms; 0: free */
};

struct passcodes {
	pthread_mutex_t lock;
	struct passcode used[PASSCODES_MAX];
};

#define PASSCODES_INIT                                                                             \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* True for the first who shows this code of this credential. 'now' is monotonic milliseconds. */
bool passcodes_use(struct passcodes *passcodes, const char *credential_id, const char *code,
		   uint64_t now);

#endif
