/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum process_state state;

static enum process_action step(enum process_event event)
{
	struct process_step next = process_step(state, event);

	state = next.next;
	return next.action;
}

static void a_life_that_goes_well(void **unused)
{
	(void)unused;
	state = PROCESS_DOWN;
	assert_int_equal(step(EVENT_START), ACTION_SPAWN);
	assert_int_equal(step(EVENT_READY), ACTION_NONE);
	assert_int_equal(state, PROCESS_RUNNING);
	assert_int_equal(step(EVENT_STOP), ACTION_ASK);
	assert_int_equal(step(EVENT_EXIT), ACTION_FORGET);
	assert_int_equal(state, PROCESS_DOWN);
}

static void what_ends_by_itself_starts_again(void **unused)
{
	(void)unused;
	for (state = PROCESS_STARTING; state <= PROCESS_RUNNING;) {
		enum process_state from = state;

		assert_int_equal(step(EVENT_EXIT), ACTION_BACK_OFF);
		assert_int_equal(state, PROCESS_WAITING);
		assert_int_equal(step(EVENT_TIMER), ACTION_SPAWN);
		state = from + 1;
	}
}

static void what_is_too_slow_is_killed(void **unused)
{
	(void)unused;
	state = PROCESS_STARTING;
	assert_int_equal(step(EVENT_STOP), ACTION_ASK);
	assert_int_equal(step(EVENT_READY), ACTION_NONE);
	assert_int_equal(state, PROCESS_STOPPING);
	assert_int_equal(step(EVENT_TIMER), ACTION_KILL);
	assert_int_equal(step(EVENT_EXIT), ACTION_FORGET);
	assert_int_equal(state, PROCESS_DOWN);
}

static void a_stop_ends_the_waiting(void **unused)
{
	(void)unused;
	state = PROCESS_WAITING;
	assert_int_equal(step(EVENT_STOP), ACTION_FORGET);
	assert_int_equal(state, PROCESS_DOWN);
	assert_int_equal(step(EVENT_TIMER), ACTION_NONE);
	assert_int_equal(state, PROCESS_DOWN);
}

/* Whatever happens: a stop always leads down, and nothing is spawned on the way. */
static void every_state_can_be_stopped(void **unused)
{
	(void)unused;
	for (int from = 0; from < PROCESS_STATES; from++) {
		state = from;
		step(EVENT_STOP);
		for (int event = EVENT_READY; event < PROCESS_EVENTS; event++)
			assert_int_not_equal(step(event), ACTION_SPAWN);
		step(EVENT_EXIT);
		assert_int_equal(state, PROCESS_DOWN);
	}
}

static void backing_off(void **unused)
{
	static const unsigned expected[] = { 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 };
	unsigned backoff = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(backoff_next(&backoff, 29999), expected[i]);
	assert_int_equal(backoff_next(&backoff, 30000), 100);
	assert_int_equal(backoff_next(&backoff, 0), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life_that_goes_well),
		cmocka_unit_test(what_ends_by_itself_starts_again),
		cmocka_unit_test(what_is_too_slow_is_killed),
		cmocka_unit_test(a_stop_ends_the_waiting),
		cmocka_unit_test(every_state_can_be_stopped),
		cmocka_unit_test(backing_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
