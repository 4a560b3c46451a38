/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A clock that is wrong by years, and is put right, or jumps while the box runs: whoever has a password
 * gets in, tokens end, servers are made and counted, and nothing takes forever. */
#include <sys/time.h>

#include "firmware/cloud/compute/test/cloud_box.h"
#include "firmware/cloud/identity/internal.h"
#include "firmware/lib/cleanup.h"

#define YEAR (365L * 24 * 3600)

static time_t offset;

/* In place of the C library's: the day is what the test says, seconds go on. */
time_t time(time_t *seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += offset;
	if (seconds)
		*seconds = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec real;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &real);
	now->tv_sec = real.tv_sec + offset;
	now->tv_usec = real.tv_nsec / 1000;
	return 0;
}

static const char *login(struct box *box)
{
	const char *token = box_login(box, "admin", BOX_PASSWORD, box_scope(box, "admin"));

	assert_non_null(token);
	return token;
}

static int ask(struct box *box, const char *token)
{
	return box_send(box, token, "GET", C "/servers", NULL, NULL);
}

static void tokens_end(void **state)
{
	struct box *box = *state;

	offset = 0;
	assert_int_equal(ask(box, box->admin), 200);
	offset = 20 * YEAR;
	assert_int_equal(ask(box, box->admin), 401);
}

static void passwords_hold_in_any_year(void **state)
{
	static const time_t years[] = { 20 * YEAR, -30 * YEAR, 0, -54 * YEAR, 10 * YEAR };
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(years); i++) {
		offset = years[i];
		assert_int_equal(ask(box, login(box)), 200);
	}
}

/* Also those that are remembered as good. */
static void tokens_of_the_future_are_none(void **state)
{
	struct box *box = *state;
	const char *token;

	offset = 20 * YEAR;
	token = login(box);
	assert_int_equal(ask(box, token), 200);
	offset = 0;
	assert_int_equal(ask(box, token), 401);
	assert_int_equal(box_subject(box, login(box), "GET", token), 404);
}

/* Else the one that was made then would never be too old again. */
static void keys_of_the_future_are_changed(void **state)
{
	struct box *box = *state;
	const struct token_key *newest = &box->cloud.identity->keyring.keys[0];

	offset = 20 * YEAR;
	login(box);
	offset = 0;
	assert_true(newest->created > (uint64_t)time(NULL) + YEAR);
	login(box);
	assert_true(newest->created <= (uint64_t)time(NULL));
}

/* A clock that is a little off, and put right, sends nobody away. */
static void a_minute_is_no_jump(void **state)
{
	struct box *box = *state;
	const char *token;

	offset = 60;
	token = login(box);
	offset = 0;
	assert_int_equal(ask(box, token), 200);
}

static void servers_outlive_jumps(void **state)
{
	static const time_t years[] = { 20 * YEAR, -30 * YEAR, 0 };
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(years); i++) {
		const char *id;

		offset = years[i];
		box->admin = login(box);
		id = server_make(box, "");
		report(box, id, GUEST_RUNNING, "");
		assert_string_equal(status_now(box, id), "ACTIVE");
		offset = -years[i];
		box->admin = login(box);
		assert_int_equal(act(box, id, "{\"os-stop\":null}"), 202);
		report(box, id, GUEST_STOPPED, "");
		assert_string_equal(status_now(box, id), "SHUTOFF");
		assert_int_equal(
			send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL),
			204);
	}
}

/* One that was started in a future is not paid back. */
static void usage_is_never_negative(void **state)
{
	struct box *box = *state;
	const char *id;

	offset = 20 * YEAR;
	box->admin = login(box);
	id = server_make(box, "");
	report(box, id, GUEST_RUNNING, "");
	offset = 0;
	box->admin = login(box);
	assert_int_equal(send_at(box, "2.1", "GET", "/os-simple-tenant-usage?detailed=1", NULL),
			 200);
	for (size_t i = 0; i < yyjson_arr_size(box_at(box, "/tenant_usages")); i++)
		assert_false(yyjson_get_num(box_at(
				     box, box_format(box, "/tenant_usages/%zu/total_hours", i))) <
			     0);
	assert_int_equal(send_at(box, "2.1", "DELETE", box_format(box, "/servers/%s", id), NULL),
			 204);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(tokens_end),
		BOX_TEST(passwords_hold_in_any_year),
		BOX_TEST(tokens_of_the_future_are_none),
		BOX_TEST(keys_of_the_future_are_changed),
		BOX_TEST(a_minute_is_no_jump),
		BOX_TEST(servers_outlive_jumps),
		BOX_TEST(usage_is_never_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
