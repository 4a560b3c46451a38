/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/guest.h"

static void every_name_is_there(void **state)
{
	(void)state;
	for (enum guest_phase phase = 0; phase < PHASE_COUNT; phase++)
		assert_non_null(guest_phase_name(phase));
	for (enum guest_event event = 0; event < EVENT_COUNT; event++)
		assert_non_null(guest_event_name(event));
	for (enum guest_action action = 0; action < ACTION_COUNT; action++)
		assert_non_null(guest_actions[action]);
}

/* Whatever a guest is doing, it can be deleted. */
static void every_phase_can_be_deleted(void **state)
{
	(void)state;
	for (enum guest_phase phase = 0; phase < PHASE_GONE; phase++) {
		const struct guest_step *step = guest_step(phase, WANT_DELETE);

		assert_non_null(step);
		assert_true(step->next == PHASE_GONE || step->next == PHASE_ENDING);
	}
}

/* Wherever a process lives its end means something, and leads to where there is none. */
static void every_process_can_end(void **state)
{
	static const enum guest_phase alive[] = { PHASE_STARTING, PHASE_RUNNING,   PHASE_PAUSED,
						  PHASE_STOPPING, PHASE_REBOOTING, PHASE_SAVING,
						  PHASE_ENDING };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(alive); i++) {
		const struct guest_step *step = guest_step(alive[i], EVENT_EXIT);

		assert_non_null(step);
		for (size_t j = 0; j < ARRAY_LENGTH(alive); j++)
			assert_int_not_equal(step->next, alive[j]);
	}
}

/* A phase that waits for somebody else doesn't wait for ever. */
static void every_wait_is_bounded(void **state)
{
	static const enum guest_phase waiting[] = { PHASE_WIRING,    PHASE_STARTING, PHASE_STOPPING,
						    PHASE_REBOOTING, PHASE_SAVING,   PHASE_ENDING };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(waiting); i++)
		assert_non_null(guest_step(waiting[i], EVENT_DEADLINE));
}

/* Nobody but who knows that it died gets it back. */
static void what_died_is_not_begun_anew(void **state)
{
	static const enum guest_event unaware[] = { WANT_RUN, WANT_PAUSE, WANT_SUSPEND };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(unaware); i++) {
		assert_int_equal(guest_step(PHASE_CRASHED, unaware[i])->next, PHASE_CRASHED);
		assert_int_equal(guest_step(PHASE_CRASHED, unaware[i])->action, ACTION_SETTLE);
	}
	assert_int_equal(guest_step(PHASE_CRASHED, WANT_REBOOT_HARD)->next, PHASE_CLONING);
}

static void out_of_range_means_nothing(void **state)
{
	(void)state;
	assert_null(guest_step(PHASE_COUNT, WANT_RUN));
	assert_null(guest_step(PHASE_RUNNING, EVENT_COUNT));
	assert_null(guest_step(PHASE_GONE, WANT_RUN));
	assert_null(guest_step(PHASE_RUNNING, EVENT_NONE));
}

struct walk {
	enum guest_event event;
	enum guest_action action;
	enum guest_phase next;
};

static void walk(enum guest_phase from, const struct walk *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct guest_step *step = guest_step(from, steps[i].event);

		assert_non_null(step);
		assert_int_equal(step->action, steps[i].action);
		assert_int_equal(step->next, steps[i].next);
		from = step->next;
	}
}

static void a_guest_lives(void **state)
{
	static const struct walk life[] = {
		{ WANT_RUN, ACTION_CLONE, PHASE_CLONING },
		{ EVENT_DISKS_READY, ACTION_WIRE, PHASE_WIRING },
		{ EVENT_TAPS_READY, ACTION_START, PHASE_STARTING },
		{ EVENT_QMP_READY, ACTION_SETTLE, PHASE_RUNNING },
		{ WANT_PAUSE, ACTION_PAUSE, PHASE_RUNNING },
		{ EVENT_SUSPENDED, ACTION_SETTLE, PHASE_PAUSED },
		{ WANT_RUN, ACTION_RESUME, PHASE_PAUSED },
		{ EVENT_RESUMED, ACTION_SETTLE, PHASE_RUNNING },
		{ WANT_STOP, ACTION_PRESS, PHASE_STOPPING },
		{ EVENT_OFF, ACTION_END_STOP, PHASE_ENDING },
		{ EVENT_DEADLINE, ACTION_KILL, PHASE_ENDING },
		{ EVENT_EXIT, ACTION_CONCLUDE, PHASE_OUTCOME },
	};

	(void)state;
	walk(PHASE_ABSENT, life, ARRAY_LENGTH(life));
}

/* ---- what is wanted ---- */

static void desire_decides(void **state)
{
	struct vmm vmm = { 0 };
	struct guest_instance guest = { .vmm = &vmm, .has_desired = true };

	(void)state;
	guest.desired.power = GUEST_RUN;
	assert_int_equal(guest_want(&guest), WANT_RUN);
	guest.desired.reboots_soft = 1;
	assert_int_equal(guest_want(&guest), WANT_REBOOT_SOFT);
	guest.desired.reboots_hard = 1;
	assert_int_equal(guest_want(&guest), WANT_REBOOT_HARD);
	guest.record.reboots_soft = guest.record.reboots_hard = 1;
	assert_int_equal(guest_want(&guest), WANT_RUN);
	guest.desired.power = GUEST_STOP;
	assert_int_equal(guest_want(&guest), WANT_STOP);
	guest.desired.power = GUEST_PAUSE;
	assert_int_equal(guest_want(&guest), WANT_PAUSE);
	vmm.stopping = true;
	assert_int_equal(guest_want(&guest), WANT_STOP);
	guest.deleting = true;
	assert_int_equal(guest_want(&guest), WANT_DELETE);
}

static void held_until_the_generation_grows(void **state)
{
	struct vmm vmm = { 0 };
	struct guest_instance guest = { .vmm = &vmm, .has_desired = true };

	(void)state;
	guest.desired.power = GUEST_RUN;
	guest.desired.generation = guest.record.generation = 7;
	guest.record.held = true;
	assert_int_equal(guest_want(&guest), EVENT_NONE);
	guest.desired.generation = 8;
	assert_int_equal(guest_want(&guest), WANT_RUN);
}

/* Found again after a restart of vmm, not named by cloud yet: nothing is done to it. */
static void without_desire_nothing_is_wanted(void **state)
{
	struct vmm vmm = { 0 };
	struct guest_instance guest = { .vmm = &vmm };

	(void)state;
	assert_int_equal(guest_want(&guest), EVENT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_there),
		cmocka_unit_test(every_phase_can_be_deleted),
		cmocka_unit_test(every_process_can_end),
		cmocka_unit_test(every_wait_is_bounded),
		cmocka_unit_test(what_died_is_not_begun_anew),
		cmocka_unit_test(out_of_range_means_nothing),
		cmocka_unit_test(a_guest_lives),
		cmocka_unit_test(desire_decides),
		cmocka_unit_test(held_until_the_generation_grows),
		cmocka_unit_test(without_desire_nothing_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
