/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/fetch/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define OVERDUE_MS 5000 /* children keep the time themselves */

static void end_send(struct fetch *fetch, uint32_t reply_to, const struct fetch_end *end)
{
	if (channel_is_open(&fetch->cloud))
		channel_send_struct(&fetch->cloud, FETCH_END, reply_to, fetch_end_fields, end, -1);
}

static void refuse(struct fetch *fetch, uint32_t reply_to, int code, const char *reason)
{
	struct fetch_end end = { .code = (uint32_t)code };

	snprintf(end.reason, sizeof(end.reason), "%s", reason);
	log_warning("fetch", "transfer refused", "reason=%s", log_quote(reason));
	end_send(fetch, reply_to, &end);
}

/* --- a job's life */

static void job_end(struct fetch_job *job)
{
	loop_fd_stop(&job->handle);
	loop_timer_stop(&job->overdue);
	close(job->answer_fd);
	kill(job->pid, SIGKILL); /* it has said all that it had to say */
	*job = (struct fetch_job){ .fetch = job->fetch, .answer_fd = -1 };
}

/* The child's memory may be a stranger's by now. */
static void answer_check(struct fetch_end *end)
{
	end->reason[sizeof(end->reason) - 1] = '\0';
	for (char *c = end->reason; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	if (end->code > 4095)
		end->code = EIO;
}

static void job_answered(struct fetch_job *job)
{
	struct fetch_end end = job->answer;

	if (job->have == sizeof(end)) {
		answer_check(&end);
	} else {
		end = (struct fetch_end){ .code = EIO };
		snprintf(end.reason, sizeof(end.reason), "the transfer ended unexpectedly");
	}
	log_info("fetch", "transfer ended", "pid=%d code=%u reason=%s", job->pid, end.code,
		 log_quote(end.reason));
	end_send(job->fetch, job->reply_to, &end);
	job_end(job);
}

static void on_answer(struct loop_fd *handle, unsigned events)
{
	struct fetch_job *job = container_of(handle, struct fetch_job, handle);
	ssize_t got = read(job->answer_fd, (char *)&job->answer + job->have,
			   sizeof(job->answer) - job->have);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	job->have += got > 0 ? (size_t)got : 0;
	if (got <= 0 || job->have == sizeof(job->answer))
		job_answered(job);
}

static void on_overdue(struct loop_timer *timer)
{
	struct fetch_job *job = container_of(timer, struct fetch_job, overdue);

	log_warning("fetch", "transfer is overdue", "pid=%d", job->pid);
	kill(job->pid, SIGKILL); /* its end of file does the rest */
}

static struct fetch_job *job_free(struct fetch *fetch)
{
	for (size_t i = 0; i < FETCH_JOBS_MAX; i++)
		if (fetch->jobs[i].pid == 0)
			return &fetch->jobs[i];
	return NULL;
}

static int job_start(struct fetch_job *job, const struct fetch_begin *begin, int output,
		     uint32_t reply_to)
{
	struct fetch *fetch = job->fetch;
	CLEANUP_FD int answer = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	answer = ends[1];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	pid = fetch_child_start(fetch, begin, output, answer);
	if (pid < 0) {
		close(ends[0]);
		return (int)pid;
	}
	job->pid = pid;
	job->reply_to = reply_to;
	job->answer_fd = ends[0];
	loop_fd_start(fetch->loop, &job->handle, job->answer_fd, LOOP_READ, on_answer);
	loop_timer_start(fetch->loop, &job->overdue, (uint64_t)begin->total_ms + OVERDUE_MS,
			 on_overdue);
	log_info("fetch", "transfer begins", "pid=%d url=%s", pid, log_quote(begin->url));
	return 0;
}

/* --- messages */

static void begin_take(struct fetch *fetch, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	CLEANUP_FD int output = message_take_fd(message, 0);
	struct fetch_begin begin = { 0 };
	struct fetch_job *job = job_free(fetch);
	struct error error = { 0 };
	int result;

	if (message_decode(&arena, message, fetch_begin_fields, &begin, &error) < 0)
		return refuse(fetch, message->serial, EBADMSG, error.message);
	if (output < 0)
		return refuse(fetch, message->serial, EBADF, "there is no descriptor to write to");
	if (!job)
		return refuse(fetch, message->serial, EBUSY, "too many transfers are under way");
	result = job_start(job, &begin, output, message->serial);
	if (result < 0)
		refuse(fetch, message->serial, -result, strerror(-result));
}

static void on_message(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	if (message->type == FETCH_BEGIN)
		begin_take(context, message);
	else
		log_warning("fetch", "message not known", "type=%u", message->type);
}

static void jobs_end(struct fetch *fetch)
{
	for (size_t i = 0; i < FETCH_JOBS_MAX; i++)
		if (fetch->jobs[i].pid != 0)
			job_end(&fetch->jobs[i]);
}

static void on_close(struct channel *channel, void *context)
{
	(void)channel;
	jobs_end(context);
}

static const struct channel_handler handler = { on_message, on_close };

void fetch_cloud_attach(struct fetch *fetch, int fd)
{
	if (channel_is_open(&fetch->cloud))
		channel_close(&fetch->cloud);
	jobs_end(fetch);
	if (channel_open(&fetch->cloud, fetch->loop, fd, "cloud", &handler, fetch) < 0) {
		log_error("fetch", "cloud not attached", "fd=%d", fd);
		close(fd);
	}
}

void fetch_init(struct fetch *fetch, struct loop *loop)
{
	*fetch = (struct fetch){ .loop = loop, .authorities_fd = -1, .dns_port = 53 };
	fetch->cloud.fd = -1;
	for (size_t i = 0; i < FETCH_JOBS_MAX; i++) {
		fetch->jobs[i].fetch = fetch;
		fetch->jobs[i].answer_fd = -1;
	}
}

void fetch_free(struct fetch *fetch)
{
	jobs_end(fetch);
	if (channel_is_open(&fetch->cloud))
		channel_close(&fetch->cloud);
}
