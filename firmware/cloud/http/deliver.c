/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a handler's reply to bytes in the queue: the last part of a worker's job. */
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/exchange.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define FILE_STEP (128 * 1024)

static void finish(struct exchange *exchange, bool cut)
{
	pthread_mutex_lock(&exchange->lock);
	exchange->done = true;
	if (cut)
		exchange->close_after = true;
	if (exchange->loan == LOAN_LENT)
		exchange->loan = LOAN_RETURNED;
	pthread_mutex_unlock(&exchange->lock);
	exchange_kick(exchange);
	exchange_release(exchange);
}

static int pump_step(struct exchange *exchange, char *data)
{
	struct reply *reply = &exchange->reply;
	size_t size = reply->length < FILE_STEP ? (size_t)reply->length : FILE_STEP;
	ssize_t got = pread(reply->fd, data, size, (off_t)reply->offset);

	if (got <= 0)
		return got < 0 ? -errno : -EIO; /* shorter than promised */
	reply->offset += (uint64_t)got;
	reply->length -= (uint64_t)got;
	return loan_write(exchange, data, (size_t)got);
}

/* Returns whether the client gets less than it was promised. */
static bool pump_file(struct exchange *exchange)
{
	char *data = malloc(FILE_STEP);
	int result = data ? loan_take(exchange) : -ENOMEM;

	while (result == 0 && exchange->reply.length)
		result = pump_step(exchange, data);
	free(data);
	if (result < 0 && result != -EPIPE)
		log_warning("http", "file cut short", "id=%s error=%d", exchange->id, -result);
	return result < 0;
}

static void file_job(struct job *job)
{
	struct exchange *exchange = container_of(job, struct exchange, job);

	finish(exchange, pump_file(exchange));
}

/* At the pace of a client: not on one of the few workers, if it can be helped. */
static void deliver_file(struct exchange *exchange)
{
	exchange->job.run = file_job;
	if (exchange->stream ||
	    pool_submit_stream(exchange->request.cloud->pool, &exchange->job) < 0)
		file_job(&exchange->job);
}

static bool end_stream(struct exchange *exchange)
{
	if (exchange->reply.status == 0)
		return true; /* the handler failed in the middle */
	return exchange->reply.framing == REPLY_CHUNKED &&
	       exchange_write(exchange, "0\r\n\r\n", 5) < 0;
}

void exchange_job(struct job *job)
{
	struct exchange *exchange = container_of(job, struct exchange, job);
	bool is_head;

	exchange_run(exchange);
	is_head = strcmp(exchange->head.method, "HEAD") == 0;
	if (exchange->reply.streamed)
		finish(exchange, is_head ? false : end_stream(exchange));
	else if (reply_write_head(exchange) < 0)
		finish(exchange, true);
	else if (exchange->reply.fd >= 0 && !is_head && exchange->reply.length)
		deliver_file(exchange);
	else
		finish(exchange, false);
}
