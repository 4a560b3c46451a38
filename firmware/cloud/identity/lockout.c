/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/lockout.h"

#include <stdio.h>
#include <string.h>

static struct lockout_account *account_find(struct lockout *lockout, const char *user_id)
{
	for (size_t i = 0; i < LOCKOUT_ACCOUNTS; i++)
		if (!strcmp(lockout->accounts[i].user_id, user_id))
			return &lockout->accounts[i];
	return NULL;
}

static struct lockout_account *account_add(struct lockout *lockout, const char *user_id)
{
	struct lockout_account *oldest = &lockout->accounts[0];

	for (size_t i = 1; i < LOCKOUT_ACCOUNTS; i++)
		if (lockout->accounts[i].last < oldest->last)
			oldest = &lockout->accounts[i];
	oldest->failures = 0;
	snprintf(oldest->user_id, sizeof(oldest->user_id), "%s", user_id);
	return oldest;
}

static bool is_over(const struct lockout_account *account, const struct lockout_rule *rule,
		    uint64_t now)
{
	return rule->seconds && now - account->last >= rule->seconds * 1000;
}

bool lockout_is_locked(struct lockout *lockout, const struct lockout_rule *rule,
		       const char *user_id, uint64_t now)
{
	const struct lockout_account *account;
	bool locked;

	pthread_mutex_lock(&lockout->lock);
	account = account_find(lockout, user_id);
	locked = account && rule->failures && account->failures >= rule->failures &&
		 !is_over(account, rule, now);
	pthread_mutex_unlock(&lockout->lock);
	return locked;
}

void lockout_failed(struct lockout *lockout, const struct lockout_rule *rule, const char *user_id,
		    uint64_t now)
{
	struct lockout_account *account;

	pthread_mutex_lock(&lockout->lock);
	account = account_find(lockout, user_id);
	if (!account)
		account = account_add(lockout, user_id);
	if (account->failures >= rule->failures && is_over(account, rule, now))
		account->failures = 0;
	account->failures++;
	account->last = now;
	pthread_mutex_unlock(&lockout->lock);
}

void lockout_succeeded(struct lockout *lockout, const char *user_id)
{
	struct lockout_account *account;

	pthread_mutex_lock(&lockout->lock);
	account = account_find(lockout, user_id);
	if (account)
		memset(account, 0, sizeof(*account));
	pthread_mutex_unlock(&lockout->lock);
}
