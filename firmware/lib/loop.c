/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/loop_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* ---- descriptors ---- */

static uint32_t epoll_mask(unsigned events)
{
	uint32_t mask = 0;

	if (events & LOOP_READ)
		mask |= EPOLLIN;
	if (events & LOOP_WRITE)
		mask |= EPOLLOUT;
	if (events & LOOP_HANGUP)
		mask |= EPOLLRDHUP;
	return mask;
}

/* A hang-up or an error also shows as readable and writable to those who watch for that: their
 * next call gets the end of file or the errno. */
static unsigned loop_events(uint32_t mask, unsigned watched)
{
	unsigned events = 0;

	if (mask & (EPOLLHUP | EPOLLERR))
		events = LOOP_HANGUP | (watched & (LOOP_READ | LOOP_WRITE));
	if (mask & EPOLLRDHUP)
		events |= LOOP_HANGUP;
	if (mask & EPOLLIN)
		events |= LOOP_READ;
	if (mask & EPOLLOUT)
		events |= LOOP_WRITE;
	return events;
}

static int epoll_change(struct loop_fd *handle, int operation, unsigned events)
{
	struct epoll_event event = { .events = epoll_mask(events), .data.ptr = handle };

	return epoll_ctl(handle->loop->epoll, operation, handle->fd, &event) < 0 ? -errno : 0;
}

int loop_fd_start(struct loop *loop, struct loop_fd *handle, int fd, unsigned events,
		  void (*callback)(struct loop_fd *, unsigned))
{
	int result = 0;

	*handle = (struct loop_fd){ .callback = callback, .fd = fd, .loop = loop };
	if (events != 0)
		result = epoll_change(handle, EPOLL_CTL_ADD, events);
	if (result == 0)
		handle->events = events;
	else
		handle->loop = NULL;
	return result;
}

static void pending_forget(struct loop *loop, const struct loop_fd *handle)
{
	for (int i = loop->event_next; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == handle)
			loop->events[i].data.ptr = NULL;
}

int loop_fd_change(struct loop_fd *handle, unsigned events)
{
	int result, operation = EPOLL_CTL_MOD;

	if (handle->loop == NULL)
		return -EINVAL;
	if (handle->events == events)
		return 0;
	/* Out of epoll while nothing is watched: it would report hang-ups for ever. */
	if (events == 0) {
		operation = EPOLL_CTL_DEL;
		pending_forget(handle->loop, handle);
	} else if (handle->events == 0) {
		operation = EPOLL_CTL_ADD;
	}
	result = epoll_change(handle, operation, events);
	if (result == 0)
		handle->events = events;
	return result;
}

void loop_fd_stop(struct loop_fd *handle)
{
	if (handle->loop == NULL)
		return;
	if (handle->events != 0)
		epoll_change(handle, EPOLL_CTL_DEL, 0);
	pending_forget(handle->loop, handle);
	handle->events = 0;
	handle->loop = NULL;
}

static void descriptors_deliver(struct loop *loop)
{
	while (loop->event_next < loop->event_count) {
		const struct epoll_event *event = &loop->events[loop->event_next++];
		struct loop_fd *handle = event->data.ptr;
		unsigned events;

		if (handle == NULL)
			continue;
		/* An earlier callback of this turn may have narrowed what is watched. */
		events =
			loop_events(event->events, handle->events) & (handle->events | LOOP_HANGUP);
		if (events != 0)
			handle->callback(handle, events);
	}
}

/* ---- timers ---- */

uint64_t loop_now(struct loop *loop)
{
	struct timespec now;

	if (loop->clock_is_fake)
		return loop->fake_now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void loop_clock_fake(struct loop *loop, uint64_t now)
{
	loop->clock_is_fake = true;
	loop->fake_now = now;
}

static void timer_insert(struct loop_timer **list, struct loop_timer *timer)
{
	while (*list != NULL && (*list)->due <= timer->due)
		list = &(*list)->next;
	timer->next = *list;
	*list = timer;
}

static void timer_remove(struct loop_timer **list, const struct loop_timer *timer)
{
	for (; *list != NULL; list = &(*list)->next)
		if (*list == timer) {
			*list = timer->next;
			return;
		}
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms,
		      void (*callback)(struct loop_timer *))
{
	uint64_t now = loop_now(loop);

	loop_timer_stop(timer);
	timer->callback = callback;
	timer->loop = loop;
	timer->due = delay_ms > UINT64_MAX - now ? UINT64_MAX : now + delay_ms;
	timer->running = true;
	timer_insert(&loop->timers, timer);
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (!timer->running)
		return;
	timer_remove(&timer->loop->timers, timer);
	timer_remove(&timer->loop->due, timer);
	timer->running = false;
}

/* Those due now are taken out first, so that a timer which starts itself again with no delay
 * waits for the next turn and starves nobody. */
static void timers_deliver(struct loop *loop)
{
	struct loop_timer **end = &loop->timers, *timer;
	uint64_t now = loop_now(loop);

	while (*end != NULL && (*end)->due <= now)
		end = &(*end)->next;
	if (end == &loop->timers)
		return;
	loop->due = loop->timers;
	loop->timers = *end;
	*end = NULL;
	while ((timer = loop->due) != NULL) {
		loop->due = timer->next;
		timer->running = false;
		timer->callback(timer);
	}
}

/* ---- tasks ---- */

void loop_task_queue(struct loop *loop, struct loop_task *task,
		     void (*callback)(struct loop_task *))
{
	task->callback = callback;
	if (task->queued)
		return;
	task->loop = loop;
	task->next = NULL;
	task->queued = true;
	*loop->tasks_tail = task;
	loop->tasks_tail = &task->next;
}

void loop_task_cancel(struct loop_task *task)
{
	struct loop_task **link;

	if (!task->queued)
		return;
	for (link = &task->loop->tasks; *link != task;)
		link = &(*link)->next;
	*link = task->next;
	if (task->next == NULL)
		task->loop->tasks_tail = link;
	task->queued = false;
}

/* Runs as many as were queued at the start: what they queue waits for the next turn. */
static void tasks_deliver(struct loop *loop)
{
	size_t count = 0;

	for (struct loop_task *task = loop->tasks; task != NULL; task = task->next)
		count++;
	while (count-- > 0 && loop->tasks != NULL) {
		struct loop_task *task = loop->tasks;

		loop_task_cancel(task);
		task->callback(task);
	}
}

/* ---- from other threads ---- */

void loop_wake(struct loop *loop)
{
	int saved = errno;

	/* A full counter wakes as well: the only possible failure is harmless. */
	(void)!write(loop->wake, &(uint64_t){ 1 }, sizeof(uint64_t));
	errno = saved;
}

int loop_post(struct loop *loop, void (*callback)(void *argument), void *argument)
{
	struct loop_posted *posted = malloc(sizeof(*posted));

	if (posted == NULL)
		return -ENOMEM;
	*posted = (struct loop_posted){ .callback = callback, .argument = argument };
	pthread_mutex_lock(&loop->posted_lock);
	*loop->posted_tail = posted;
	loop->posted_tail = &posted->next;
	pthread_mutex_unlock(&loop->posted_lock);
	loop_wake(loop);
	return 0;
}

static struct loop_posted *posted_take(struct loop *loop)
{
	struct loop_posted *posted;

	pthread_mutex_lock(&loop->posted_lock);
	posted = loop->posted;
	loop->posted = NULL;
	loop->posted_tail = &loop->posted;
	pthread_mutex_unlock(&loop->posted_lock);
	return posted;
}

static void posted_deliver(struct loop *loop)
{
	struct loop_posted *posted = posted_take(loop);

	while (posted != NULL) {
		struct loop_posted *next = posted->next;

		posted->callback(posted->argument);
		free(posted);
		posted = next;
	}
}

static void wake_callback(struct loop_fd *handle, unsigned events)
{
	uint64_t count;

	(void)events;
	(void)!read(handle->fd, &count, sizeof(count));
	loop_signals_deliver(handle->loop);
	posted_deliver(handle->loop);
}

/* ---- the loop ---- */

static int loop_init(struct loop *loop)
{
	loop->tasks_tail = &loop->tasks;
	loop->posted_tail = &loop->posted;
	pthread_mutex_init(&loop->posted_lock, NULL);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll < 0 || loop->wake < 0)
		return -errno;
	return loop_fd_start(loop, &loop->wake_handle, loop->wake, LOOP_READ, wake_callback);
}

int loop_new(struct loop **loop)
{
	int result;

	*loop = calloc(1, sizeof(**loop));
	if (*loop == NULL)
		return -ENOMEM;
	result = loop_init(*loop);
	if (result < 0) {
		loop_free(*loop);
		*loop = NULL;
	}
	return result;
}

void loop_free(struct loop *loop)
{
	struct loop_posted *posted;

	if (loop == NULL)
		return;
	while (loop->signals != NULL)
		loop_signal_stop(loop->signals);
	for (posted = posted_take(loop); posted != NULL;) {
		struct loop_posted *next = posted->next;

		free(posted);
		posted = next;
	}
	if (loop->wake >= 0)
		close(loop->wake);
	if (loop->epoll >= 0)
		close(loop->epoll);
	pthread_mutex_destroy(&loop->posted_lock);
	free(loop);
}

static int timeout_shorten(struct loop *loop, int timeout)
{
	uint64_t now, left;

	if (loop->tasks != NULL)
		return 0;
	if (loop->timers == NULL)
		return timeout;
	now = loop_now(loop);
	if (loop->timers->due <= now)
		return 0;
	/* A fake clock does not move while we wait. */
	left = loop->clock_is_fake ? UINT64_MAX : loop->timers->due - now;
	if (timeout >= 0 && (uint64_t)timeout < left)
		return timeout;
	if (left > INT_MAX)
		return loop->clock_is_fake ? timeout : INT_MAX;
	return (int)left;
}

int loop_once(struct loop *loop, int timeout)
{
	int count = epoll_wait(loop->epoll, loop->events, LOOP_EVENTS_MAX,
			       timeout_shorten(loop, timeout));

	if (count < 0 && errno != EINTR)
		return -errno;
	loop->event_next = 0;
	loop->event_count = count > 0 ? count : 0;
	descriptors_deliver(loop);
	timers_deliver(loop);
	tasks_deliver(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		int result = loop_once(loop, -1);

		if (result < 0)
			return result;
	}
	return loop->value;
}

void loop_stop(struct loop *loop, int value)
{
	loop->stopped = true;
	loop->value = value;
}
