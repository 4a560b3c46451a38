/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/loop.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static char order[64]; /* what was called, a letter each */
static int pair[2];

static struct loop_timer timer_a, timer_b, timer_c;

static int set_up(void **state)
{
	(void)state;
	order[0] = '\0';
	timer_a = timer_b = timer_c = (struct loop_timer){ 0 };
	return loop_new(&loop) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static void note(char letter)
{
	size_t length = strlen(order);

	order[length] = letter;
	order[length + 1] = '\0';
}

/* ---- timers ---- */

static void on_a(struct loop_timer *timer)
{
	(void)timer;
	note('a');
}

static void on_b(struct loop_timer *timer)
{
	(void)timer;
	note('b');
}

static void on_again(struct loop_timer *timer)
{
	note('r');
	loop_timer_start(loop, timer, 0, on_again);
}

static void on_stop_b(struct loop_timer *timer)
{
	(void)timer;
	note('s');
	loop_timer_stop(&timer_b);
}

static void turn(uint64_t now)
{
	loop_clock_fake(loop, now);
	assert_int_equal(loop_once(loop, 0), 0);
}

static void timers_run_in_order_of_time(void **state)
{
	(void)state;
	loop_clock_fake(loop, 1000);
	loop_timer_start(loop, &timer_b, 200, on_b);
	loop_timer_start(loop, &timer_a, 100, on_a);
	turn(1099);
	assert_string_equal(order, "");
	turn(1100);
	assert_string_equal(order, "a");
	assert_false(timer_a.running);
	assert_true(timer_b.running);
	turn(5000);
	assert_string_equal(order, "ab");
}

static void a_timer_starts_anew(void **state)
{
	(void)state;
	loop_clock_fake(loop, 0);
	loop_timer_start(loop, &timer_a, 100, on_a);
	loop_timer_start(loop, &timer_a, 300, on_a);
	turn(200);
	assert_string_equal(order, "");
	turn(300);
	assert_string_equal(order, "a");
	loop_timer_start(loop, &timer_a, UINT64_MAX, on_a);
	turn(UINT64_MAX - 1);
	assert_string_equal(order, "a");
	loop_timer_stop(&timer_a);
	loop_timer_stop(&timer_a);
}

static void no_delay_starves_nobody(void **state)
{
	(void)state;
	loop_clock_fake(loop, 10);
	loop_timer_start(loop, &timer_a, 0, on_again);
	turn(10);
	assert_string_equal(order, "r");
	turn(10);
	assert_string_equal(order, "rr");
}

static void a_timer_stopped_by_one_due_with_it(void **state)
{
	(void)state;
	loop_clock_fake(loop, 0);
	loop_timer_start(loop, &timer_c, 5, on_stop_b);
	loop_timer_start(loop, &timer_b, 5, on_b);
	turn(9);
	assert_string_equal(order, "s");
}

static void on_end(struct loop_timer *timer)
{
	loop_stop(timer->loop, 42);
}

static void run_returns_the_value_of_stop(void **state)
{
	(void)state;
	loop_timer_start(loop, &timer_a, 5, on_end);
	assert_int_equal(loop_run(loop), 42);
}

/* ---- descriptors ---- */

static struct loop_fd handle_one, handle_two;
static unsigned last_events;

static void on_fd_one(struct loop_fd *handle, unsigned events)
{
	(void)handle;
	note('1');
	last_events = events;
}

static void on_fd_stop_other(struct loop_fd *handle, unsigned events)
{
	(void)events;
	note('x');
	loop_fd_stop(handle == &handle_one ? &handle_two : &handle_one);
}

static void read_write_and_hangup(void **state)
{
	(void)state;
	assert_int_equal(loop_fd_start(loop, &handle_one, pair[0], LOOP_READ, on_fd_one), 0);
	loop_once(loop, 0);
	assert_string_equal(order, "");
	assert_int_equal(write(pair[1], "x", 1), 1);
	loop_once(loop, -1);
	assert_int_equal(last_events, LOOP_READ);
	assert_int_equal(loop_fd_change(&handle_one, LOOP_WRITE), 0);
	loop_once(loop, -1);
	assert_int_equal(last_events, LOOP_WRITE);
	close(pair[1]);
	loop_once(loop, -1);
	assert_int_equal(last_events, LOOP_WRITE | LOOP_HANGUP);
	loop_fd_stop(&handle_one);
	loop_fd_stop(&handle_one);
	assert_int_equal(loop_fd_change(&handle_one, LOOP_READ), -EINVAL);
	pair[1] = -1;
}

static void nothing_watched_is_quiet(void **state)
{
	(void)state;
	loop_fd_start(loop, &handle_one, pair[0], LOOP_READ, on_fd_one);
	assert_int_equal(loop_fd_change(&handle_one, 0), 0);
	close(pair[1]);
	pair[1] = -1;
	loop_once(loop, 0);
	assert_string_equal(order, "");
	assert_int_equal(loop_fd_change(&handle_one, LOOP_READ), 0);
	loop_once(loop, 0);
	assert_string_equal(order, "1");
	loop_fd_stop(&handle_one);
}

/* Both are ready in one turn: whichever is called first stops the other. */
static void a_stopped_handle_is_not_called(void **state)
{
	(void)state;
	loop_fd_start(loop, &handle_one, pair[0], LOOP_WRITE, on_fd_stop_other);
	loop_fd_start(loop, &handle_two, pair[1], LOOP_WRITE, on_fd_stop_other);
	loop_once(loop, 0);
	assert_string_equal(order, "x");
	loop_fd_stop(&handle_one);
	loop_fd_stop(&handle_two);
}

/* ---- tasks and other threads ---- */

static struct loop_task task_one, task_two;

static void on_task_two(struct loop_task *task)
{
	(void)task;
	note('2');
}

static void on_task_one(struct loop_task *task)
{
	note('1');
	loop_task_queue(loop, task, on_task_one);
}

static void tasks_run_once_a_turn(void **state)
{
	(void)state;
	loop_task_queue(loop, &task_one, on_task_one);
	loop_task_queue(loop, &task_two, on_task_two);
	loop_task_queue(loop, &task_two, on_task_two);
	loop_once(loop, -1);
	assert_string_equal(order, "12");
	loop_task_queue(loop, &task_two, on_task_two);
	loop_task_cancel(&task_two);
	loop_once(loop, -1);
	assert_string_equal(order, "121");
	loop_task_cancel(&task_one);
	loop_task_queue(loop, &task_two, on_task_two);
	loop_once(loop, -1);
	assert_string_equal(order, "1212");
}

static void on_posted(void *argument)
{
	note(*(const char *)argument);
}

static void *post_from_thread(void *argument)
{
	(void)argument;
	loop_post(loop, on_posted, "p");
	loop_post(loop, on_posted, "q");
	return NULL;
}

static void posts_come_from_other_threads(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, post_from_thread, NULL), 0);
	while (strlen(order) < 2)
		assert_int_equal(loop_once(loop, 5000), 0);
	pthread_join(thread, NULL);
	assert_string_equal(order, "pq");
	loop_post(loop, on_posted, "never"); /* freed with the loop */
}

/* ---- signals and processes ---- */

static void on_signal(struct loop_signal *handle, int signal)
{
	(void)handle;
	note(signal == SIGUSR1 ? 'u' : '?');
}

static void signals(void **state)
{
	struct loop_signal handle = { 0 }, second = { 0 };

	(void)state;
	assert_int_equal(loop_signal_start(loop, &handle, SIGUSR1, on_signal), 0);
	assert_int_equal(loop_signal_start(loop, &second, SIGUSR1, on_signal), -EBUSY);
	raise(SIGUSR1);
	loop_once(loop, -1);
	assert_string_equal(order, "u");
	loop_signal_stop(&handle);
	assert_ptr_equal(signal(SIGUSR1, SIG_DFL), SIG_DFL);
	assert_int_equal(loop_signal_start(loop, &handle, 0, on_signal), -EINVAL);
}

static int exit_status;

static void on_exit_of(struct loop_process *process, int status)
{
	(void)process;
	note('e');
	exit_status = status;
}

static void processes(void **state)
{
	struct loop_process process = { 0 };
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(7);
	assert_int_equal(loop_process_start(loop, &process, pid, on_exit_of), 0);
	while (order[0] == '\0')
		loop_once(loop, 5000);
	assert_true(WIFEXITED(exit_status));
	assert_int_equal(WEXITSTATUS(exit_status), 7);
	assert_int_equal(loop_process_start(loop, &process, pid, on_exit_of), -ESRCH);
	loop_process_stop(&process);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(timers_run_in_order_of_time),
		LOOP_TEST(a_timer_starts_anew),
		LOOP_TEST(no_delay_starves_nobody),
		LOOP_TEST(a_timer_stopped_by_one_due_with_it),
		LOOP_TEST(run_returns_the_value_of_stop),
		LOOP_TEST(read_write_and_hangup),
		LOOP_TEST(nothing_watched_is_quiet),
		LOOP_TEST(a_stopped_handle_is_not_called),
		LOOP_TEST(tasks_run_once_a_turn),
		LOOP_TEST(posts_come_from_other_threads),
		LOOP_TEST(signals),
		LOOP_TEST(processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
