/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/cloud/compute/state.h"
#include "hypervisor/message.h"

static void names_go_both_ways(void **state)
{
	(void)state;
	for (unsigned vm = 0; vm < VM_STATES; vm++)
		assert_int_equal(vm_state_by_name(vm_state_name(vm)), vm);
	for (unsigned task = 0; task < TASK_STATES; task++)
		assert_int_equal(task_state_by_name(task_state_name(task)), task);
	assert_int_equal(vm_state_by_name("unheard-of"), VM_ERROR);
	assert_null(task_state_name(TASK_NONE));
}

static void statuses_are_novas(void **state)
{
	(void)state;
	assert_string_equal(status_of("building", "spawning"), "BUILD");
	assert_string_equal(status_of("active", NULL), "ACTIVE");
	assert_string_equal(status_of("active", "powering-off"), "ACTIVE");
	assert_string_equal(status_of("active", "rebooting"), "REBOOT");
	assert_string_equal(status_of("active", "rebooting_hard"), "HARD_REBOOT");
	assert_string_equal(status_of("stopped", "powering-on"), "SHUTOFF");
	assert_string_equal(status_of("paused", NULL), "PAUSED");
	assert_string_equal(status_of("error", "deleting"), "ERROR");
	assert_true(status_known("shutoff"));
	assert_true(status_known("SUSPENDED"));
	assert_false(status_known("sleepy"));
}

static bool allowed(enum server_event event, enum vm_state vm, enum task_state task)
{
	return (event_rules[event].vm_states & (1u << vm)) &&
	       (event_rules[event].task_states & (1u << task));
}

static void events_need_their_states(void **state)
{
	(void)state;
	assert_true(allowed(EVENT_START, VM_STOPPED, TASK_NONE));
	assert_false(allowed(EVENT_START, VM_ACTIVE, TASK_NONE));
	assert_false(allowed(EVENT_START, VM_STOPPED, TASK_POWERING_ON));
	assert_true(allowed(EVENT_STOP, VM_ERROR, TASK_NONE));
	assert_false(allowed(EVENT_STOP, VM_BUILDING, TASK_SPAWNING));
	assert_false(allowed(EVENT_REBOOT_SOFT, VM_STOPPED, TASK_NONE));
	assert_true(allowed(EVENT_REBOOT_HARD, VM_STOPPED, TASK_NONE));
	assert_true(allowed(EVENT_REBOOT_HARD, VM_ACTIVE, TASK_REBOOTING));
	assert_false(allowed(EVENT_REBOOT_HARD, VM_BUILDING, TASK_SPAWNING));
	for (unsigned vm = 0; vm < VM_STATES; vm++)
		for (unsigned task = 0; task < TASK_STATES; task++)
			assert_true(allowed(EVENT_DELETE, vm, task));
}

static void reports_end_tasks(void **state)
{
	const struct guest_rule *rule;

	(void)state;
	rule = guest_rule_find(GUEST_RUNNING, VM_BUILDING, TASK_SPAWNING);
	assert_int_equal(rule->vm_state, VM_ACTIVE);
	assert_null(guest_rule_find(GUEST_RUNNING, VM_ACTIVE, TASK_POWERING_OFF));
	assert_null(guest_rule_find(GUEST_RUNNING, VM_ACTIVE, TASK_DELETING));
	rule = guest_rule_find(GUEST_STOPPED, VM_ACTIVE, TASK_NONE);
	assert_int_equal(rule->vm_state, VM_STOPPED);
	assert_string_equal(rule->power, "stop");
	assert_null(guest_rule_find(GUEST_STOPPED, VM_STOPPED, TASK_POWERING_ON));
	assert_null(guest_rule_find(GUEST_STOPPED, VM_ERROR, TASK_NONE));
	rule = guest_rule_find(GUEST_CRASHED, VM_ACTIVE, TASK_NONE);
	assert_int_equal(rule->vm_state, VM_ERROR);
	assert_int_equal(rule->power_state, POWER_CRASHED);
	rule = guest_rule_find(GUEST_CRASHED, VM_ACTIVE, TASK_POWERING_OFF);
	assert_int_equal(rule->vm_state, VM_STOPPED);
	rule = guest_rule_find(GUEST_CRASHED, VM_ACTIVE, TASK_IMAGE_SNAPSHOT);
	assert_int_equal(rule->vm_state, VM_ERROR);
	assert_int_equal(rule->next, TASK_KEEP);
	assert_null(guest_rule_find(GUEST_STOPPED, VM_ERROR, TASK_IMAGE_SNAPSHOT));
	assert_null(guest_rule_find(GUEST_BUILDING, VM_BUILDING, TASK_SPAWNING));
	assert_null(guest_rule_find(1000, VM_ACTIVE, TASK_NONE));
}

/* What QEMU did not do: the server is as before, and what is desired follows. */
static void what_was_given_up_has_failed(void **state)
{
	const struct guest_rule *rule = guest_rule_find(GUEST_RUNNING, VM_ACTIVE, TASK_PAUSING);

	(void)state;
	assert_int_equal(rule->vm_state, VM_ACTIVE);
	assert_string_equal(rule->power, "run");
	assert_true(rule->failed);
	rule = guest_rule_find(GUEST_PAUSED, VM_PAUSED, TASK_UNPAUSING);
	assert_int_equal(rule->vm_state, VM_PAUSED);
	assert_string_equal(rule->power, "pause");
	assert_true(rule->failed);
	assert_false(guest_rule_find(GUEST_PAUSED, VM_ACTIVE, TASK_PAUSING)->failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(statuses_are_novas),
		cmocka_unit_test(events_need_their_states),
		cmocka_unit_test(reports_end_tasks),
		cmocka_unit_test(what_was_given_up_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
