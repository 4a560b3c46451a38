/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Imports from the web. fetch connects, asks and follows; its bytes come through a pipe and become
 * a file as those of an upload do. One import after the other in each of a few threads; those that
 * wait for one have tasks that are 'pending'.
 *
 *	'importing' and the task were committed
 *	the task is 'processing'; bytes come into the image's file, the task says how many
 *	fetch says that these were all: synced
 *	'active' and the task's success are committed
 *
 * What goes wrong on the way takes the file away, and commits 'queued' and the task's failure. When
 * this process dies, the next start does that.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/cloud/link.h"
#include "firmware/fetch/message.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/message.h"

#define DOWNLOADS_AT_ONCE 4
#define REPORT_SECONDS 5
#define POLL_MS 500 /* how soon the end of this process is noticed */
#define END_MS 10000
#define OVERDUE_SECONDS 60 /* beyond what fetch itself allows */
#define PIPE_SIZE (1024 * 1024)
#define MIB 1048576

static struct {
	struct server_pool *pool;
	atomic_bool stopping;
	pthread_mutex_t lock;                             /* of the resolvers */
	struct fetch_word resolvers[FETCH_RESOLVERS_MAX]; /* the uplink's */
	size_t resolver_count;
	struct link_observer netd;
} downloads = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct download {
	struct job job;
	struct arena arena; /* of all that follows */
	struct caller caller;
	struct request request; /* nobody's: what the parts of this service work with */
	struct task task;
	struct intake intake;
	const char *uri;
	int pipe;          /* -1: none yet, or closed */
	struct call *call; /* fetch's word; NULL: it was given, or nobody was asked */
	time_t reported, due;
	bool disk_bounds; /* it is the disk that says how much may come */
	bool stopped;     /* this process ends */
};

/* --- what fetch is told */

static bool on_netd_message(struct link *link, struct message *message, void *context)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_uplink_state state = { 0 };
	const struct net_address *dns;

	(void)link;
	(void)context;
	if (message->type != NETD_UPLINK_STATE ||
	    message_decode(&arena, message, net_uplink_state_fields, &state, NULL) < 0)
		return false;
	dns = state.dns.items;
	pthread_mutex_lock(&downloads.lock);
	downloads.resolver_count = 0;
	for (size_t i = 0; i < state.dns.count && i < FETCH_RESOLVERS_MAX; i++)
		snprintf(downloads.resolvers[downloads.resolver_count++].text,
			 sizeof(downloads.resolvers[0].text), "%s", dns[i].address);
	pthread_mutex_unlock(&downloads.lock);
	return true;
}

static void resolvers_get(struct arena *arena, struct message_list *list)
{
	pthread_mutex_lock(&downloads.lock);
	list->items = arena_memdup(arena, downloads.resolvers, sizeof(downloads.resolvers));
	list->count = list->items ? downloads.resolver_count : 0;
	pthread_mutex_unlock(&downloads.lock);
}

/* Nothing of the store may be looked at from an old view for as long as a transfer takes. */
static void view_drop(struct request *request)
{
	store_view_close(request->view);
	request->view = NULL;
}

/* Seconds of the clock that nobody sets: a transfer is not late because the day has changed. */
static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int wish_make(struct download *download, struct fetch_begin *begin, struct error *error)
{
	int result = import_rules_get(&download->request, begin, error);
	uint64_t room;

	view_drop(&download->request);
	if (result)
		return result;
	room = intake_room(&download->intake);
	download->disk_bounds = room < begin->size_most;
	if (download->disk_bounds)
		begin->size_most = room;
	begin->url = download->uri;
	resolvers_get(&download->arena, &begin->resolvers);
	download->due = seconds_now() + begin->total_ms / 1000 + OVERDUE_SECONDS;
	return 0;
}

static int fetch_ask(struct download *download, struct error *error)
{
	struct link *link = download->request.cloud->links[ROLE_FETCH];
	struct fetch_begin begin = { 0 };
	CLEANUP_FD int output = -1;
	int ends[2], result;

	if (!link)
		return error_set(error, -ENOTCONN, "there is nobody who fetches");
	result = wish_make(download, &begin, error);
	if (result)
		return result;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(error, "pipe");
	download->pipe = ends[0];
	output = ends[1];
	fcntl(download->pipe, F_SETFL, O_NONBLOCK);
	fcntl(download->pipe, F_SETPIPE_SZ,
	      PIPE_SIZE); /* fewer turns; what there is will do, too */
	return link_ask(link, FETCH_BEGIN, fetch_begin_fields, &begin, output, &download->call,
			error);
}

/* --- bytes that come */

/* The image is still there, and this is its import. */
static int image_check(struct download *download, struct request *request, struct error *error)
{
	yyjson_val *record;
	int result =
		request_get(request, &record, NULL, error, IMAGE_RECORDS "%s", download->intake.id);

	view_drop(request);
	if (result == -ENOENT || (!result && !json_is(record, IMAGE_TASK, download->task.id)))
		return error_set(error, -ENOENT, IMPORT_DELETED);
	return result;
}

/* With memory of its own: a download may take a day. */
static int report(struct download *download, const char *message, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct request request = download->request;
	struct task task;
	int result;

	request.arena = &arena;
	download->reported = seconds_now();
	result = image_check(download, &request, error);
	if (!result && task_adopt(&download->task, &request, &task))
		return error_set(error, -ENOMEM, "out of memory");
	return result ? result : task_report(&task, message, error);
}

static int report_sometimes(struct download *download, struct error *error)
{
	char text[64];

	if (seconds_now() < download->reported + REPORT_SECONDS)
		return 0;
	snprintf(text, sizeof(text), "Copied %llu MiB",
		 (unsigned long long)download->intake.size / MIB);
	return report(download, text, error);
}

/* The end of the pipe says nothing; fetch does. */
static int verdict_get(struct download *download, struct error *error)
{
	struct call *call = download->call;
	struct fetch_end end = { 0 };
	struct message message;
	int result;

	download->call = NULL;
	result = link_answer(call, END_MS, &download->arena, &message, error);
	if (!result)
		result = message_decode(&download->arena, &message, fetch_end_fields, &end, error);
	if (result)
		return error_set(error, -EIO, "the transfer was interrupted");
	if (end.code == EFBIG && download->disk_bounds)
		return intake_storage_full(error);
	if (end.code)
		return error_set(error, -(int)end.code, "%s", end.reason);
	return image_check(download, &download->request, error);
}

/* 1: there is something to read, or the end. */
static int pipe_wait(struct download *download, struct error *error)
{
	struct pollfd ready = { .fd = download->pipe, .events = POLLIN };
	int result;

	if (atomic_load(&downloads.stopping)) {
		download->stopped = true;
		return error_set(error, -ECANCELED, "the service stops");
	}
	result = report_sometimes(download, error);
	if (result)
		return result;
	if (seconds_now() > download->due)
		return error_set(error, -ETIMEDOUT, "the transfer took too long");
	result = poll(&ready, 1, POLL_MS);
	return result < 0 && errno != EINTR ? error_errno(error, "waiting for bytes") : result > 0;
}

static ssize_t bytes_read(struct intake *intake, void *data, size_t size, struct error *error)
{
	struct download *download = container_of(intake, struct download, intake);
	ssize_t got = -1;
	int result = 0;

	while (got < 0 && result >= 0) {
		result = pipe_wait(download, error);
		if (result == 1)
			got = read(download->pipe, data, size);
		if (result == 1 && got < 0 && errno != EAGAIN && errno != EINTR)
			return error_errno(error, "bytes of an import");
	}
	if (result < 0)
		return result;
	return got > 0 ? got : verdict_get(download, error);
}

/* --- one import */

static int transfer(struct download *download, struct error *error)
{
	struct request *request = &download->request;
	int result = report(download, "", error);

	if (!result)
		result = quota_check(request, QUOTA_STAGE_TOTAL, 0, 0, error);
	if (!result)
		result = quota_check(request, QUOTA_COUNT_UPLOADING, 0, 0, error);
	view_drop(request);
	if (!result)
		result = fetch_ask(download, error);
	if (!result)
		result = intake_run(&download->intake, error);
	if (!result)
		result = quota_check(request, QUOTA_SIZE_TOTAL, 0,
				     (int64_t)(download->intake.size / MIB), error);
	view_drop(request);
	return result;
}

static void fetch_release(struct download *download)
{
	struct message message;

	if (download->pipe >= 0)
		close(download->pipe); /* fetch notices */
	download->pipe = -1;
	if (download->call)
		link_answer(download->call, 0, &download->arena, &message, NULL);
	download->call = NULL;
}

static void finish(struct download *download, const char *failure)
{
	const struct intake *intake = &download->intake;
	struct import_outcome outcome = { .task = &download->task,
					  .id = intake->id,
					  .failure = failure,
					  .size = (int64_t)intake->size,
					  .checksum = intake->checksum,
					  .hash = intake->hash };
	struct error error = { 0 };

	if (failure)
		intake_discard(intake);
	else
		outcome.virtual_size = image_virtual_size(&download->request, intake->path,
							  intake->format, outcome.size);
	if (import_end(&outcome, &error))
		log_error("image", "import keeps its status until the next start",
			  "id=%s reason=%s", intake->id, log_quote(error.message));
	else if (!outcome.failure)
		log_info("image", "imported", "id=%s size=%lld", intake->id,
			 (long long)outcome.size);
	else if (!failure)
		intake_discard(intake); /* the image was deleted when all was there */
}

static void download_free(struct download *download)
{
	view_drop(&download->request);
	arena_free(&download->arena);
	free(download);
}

static void download_run(struct job *job)
{
	struct download *download = container_of(job, struct download, job);
	struct error error = { 0 };
	int result;

	if (!atomic_load(&downloads.stopping)) {
		result = transfer(download, &error);
		fetch_release(download);
		if (!download->stopped)
			finish(download, result ? error.message : NULL);
	}
	download_free(download);
}

/* --- its start */

static int request_make(struct download *download, const struct request *from)
{
	struct arena *arena = &download->arena;

	download->caller.project_id = arena_strdup(arena, from->caller->project_id);
	download->caller.user_id = arena_strdup(arena, from->caller->user_id);
	download->request = (struct request){ .cloud = from->cloud,
					      .arena = arena,
					      .service = from->service,
					      .id = arena_strdup(arena, from->id),
					      .caller = &download->caller };
	return arena->failed ? -ENOMEM : 0;
}

static int intake_make(struct download *download, const struct image *image, const char *file)
{
	struct arena *arena = &download->arena;

	download->intake = (struct intake){
		.request = &download->request,
		.read = bytes_read,
		.length = UINT64_MAX,
		.id = arena_strdup(arena, image->id),
		.path = files_path(download->request.cloud, arena, file),
		.format = arena_strdup(arena, json_string(image->record, "disk_format")),
	};
	return arena->failed ? -ENOMEM : 0;
}

static struct download *download_new(const struct task *task, const struct image *image,
				     const char *file, const char *uri)
{
	struct download *download = calloc(1, sizeof(*download));
	int result;

	if (!download)
		return NULL;
	download->job.run = download_run;
	download->pipe = -1;
	download->uri = arena_strdup(&download->arena, uri);
	result = request_make(download, task->request);
	if (!result)
		result = task_adopt(task, &download->request, &download->task);
	if (!result)
		result = intake_make(download, image, file);
	if (!result && download->uri)
		return download;
	download_free(download);
	return NULL;
}

int download_start(const struct task *task, const struct image *image, const char *file,
		   const char *uri, struct error *error)
{
	struct download *download = download_new(task, image, file, uri);
	struct task own = *task;
	struct import_outcome outcome = { .task = &own,
					  .id = image->id,
					  .failure = "out of memory" };

	if (!download)
		return import_end(&outcome, error);
	pool_submit(downloads.pool, &download->job);
	return 0;
}

int downloads_start(struct cloud *cloud, struct error *error)
{
	atomic_store(&downloads.stopping, false);
	downloads.netd.on_message = on_netd_message;
	if (cloud->links[ROLE_NETD])
		link_observe(cloud->links[ROLE_NETD], &downloads.netd);
	return pool_new(&downloads.pool, DOWNLOADS_AT_ONCE, 0)
		       ? error_set(error, -ENOMEM, "no threads for imports")
		       : 0;
}

void downloads_stop(struct cloud *cloud)
{
	(void)cloud;
	atomic_store(&downloads.stopping, true);
	pool_free(downloads.pool);
	downloads.pool = NULL;
}
