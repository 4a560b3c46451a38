/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the image service. A record's status:
 *
 *	queued       upload begins    -> saving
 *	queued       web-download     -> importing
 *	saving       upload complete  -> active
 *	saving       upload broken    -> queued
 *	queued       staging begins   -> uploading
 *	uploading    staging broken   -> queued
 *	uploading    import           -> importing
 *	importing    import complete  -> active
 *	importing    import broken    -> queued
 *	active       deactivate       -> deactivated
 *	deactivated  reactivate       -> active
 *
 * Whoever is to bring bytes first has the record say which file they go to (IMAGE_FILE), a new one
 * each time: whoever came before, even to another image of this id, can't meet it. The file counts
 * once the record says 'active', or has IMAGE_STAGED; it is whole and on stable storage by then. What
 * a crash leaves between two of these steps is put right at the next start (files_start).
 */
#ifndef CUMULET_IMAGE_INTERNAL_H
#define CUMULET_IMAGE_INTERNAL_H

#include "firmware/cloud/http/service.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/json.h"

#define IMAGE_RECORDS "/image/image/"
#define IMAGE_MEMBERS "/image/member/"
#define IMAGE_TASKS "/image/task/"
#define IMAGE_STORE "local" /* the one store */
/* Properties of the service's own. The last two are never shown: digests of what is staged, and the
 * name of the bytes' file. */
#define IMAGE_RESERVED "os_glance"
#define IMAGE_IMPORTING "os_glance_importing_to_stores"
#define IMAGE_FAILED "os_glance_failed_import"
#define IMAGE_TASK "os_glance_import_task"
#define IMAGE_STAGED "os_glance_staged"
#define IMAGE_FILE "os_glance_file"
#define IMAGE_CHUNK_SIZE (256UL * 1024)
#define IMAGE_PROPERTIES_MAX 128
#define IMAGE_TAGS_MAX 128
#define IMAGE_MEMBERS_MAX 128
#define IMAGE_SIZE_MAX (UINT64_C(1) << 40) /* bytes of an image's file */
#define IMAGE_TAG_LENGTH_MAX 255

/* --- record.c: images as records */
struct image {
	const char *id, *key;
	yyjson_val *record;
	uint64_t revision;
};

/* The image of the path parameter {image_id}, if the caller may see it; 404 otherwise. */
int image_of_request(struct request *request, struct image *image, struct error *error);
/* There is none, or the caller must not see it. */
bool image_is_hidden(struct request *request, const char *id);
/* The request says "/v2/images/": an image whose id is empty, which is not the collection. */
bool image_id_is_empty(const struct request *request);
/* The caller owns it, or is admin; otherwise 403 in the words of 'rule'. */
int image_may(struct request *request, yyjson_val *record, const char *rule, struct error *error);
/* May the caller give an image this visibility? */
int image_visibility_check(struct request *request, const char *visibility, struct error *error);
int image_limits_check(yyjson_mut_val *record, struct error *error);
const char *image_time_now(struct arena *arena);
bool image_attribute_is_base(const char *name);
/* The service's own: nobody else gives it to an image. */
bool image_attribute_is_reserved(const char *name);
/* What the API shows of a record. */
yyjson_mut_val *image_view(yyjson_mut_doc *doc, yyjson_val *record);
int image_reply(struct request *request, int status, const char *json, struct error *error);

/* A copy of the record that can be changed, and its commit: -EAGAIN when another was faster. */
yyjson_mut_val *image_edit(struct request *request, const struct image *image,
			   yyjson_mut_doc **doc);
int image_commit(struct request *request, const struct image *image, yyjson_mut_val *record,
		 struct error *error);

/* --- create.c: a fresh record of the caller's project, with a new id */
yyjson_mut_val *image_record_new(struct request *request, yyjson_mut_doc *doc);

/* --- status.c: the table above; -EINVAL with Glance's text when there is no such way. */
int image_status_check(const char *from, const char *to, struct error *error);

/* A way that is gone outside of a handler's own transaction. 'change' may edit the record, and
 * add to the transaction; it runs once for each try. */
struct status_move {
	struct request *request;
	const char *id, *to;
	void (*change)(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record,
		       struct store_txn *txn);
	void *context;
	const char *task; /* -ENOENT unless it is the image's import; NULL: this is none */
	const char *file; /* -ENOENT unless the image's bytes go there; NULL: it does not matter */
};
int image_status_move_once(const struct status_move *move, struct error *error);
/* With the record as it is then: somebody may have patched it in the meantime. */
int image_status_move(const struct status_move *move, struct error *error);

/* --- intake.c: bytes that come become a file */
struct intake {
	struct request *request;
	/* More of them: 0 at the end. Of the request's body, unless it is set otherwise. */
	ssize_t (*read)(struct intake *intake, void *data, size_t size, struct error *error);
	uint64_t length; /* how many will come; UINT64_MAX: nobody knows */
	const char *id;
	const char *file, *path; /* the name for the record, and where that is */
	const char *format;      /* disk_format; NULL: nobody wants to know */
	uint64_t size;
	int64_t virtual_size;         /* 0: not known */
	char checksum[33], hash[129]; /* MD5 and SHA-512, in hexadecimal */
};
/* 415 when the body is not what uploads are. */
int intake_media_type_check(struct request *request, struct error *error);
/* -ENOMEM; its file is one that there never was. */
int intake_prepare(struct intake *intake, struct request *request, const char *id,
		   struct error *error);
/* All bytes on stable storage. 413 when the disk is full; whatever breaks, nothing is left but what
 * intake_discard() takes. */
int intake_run(struct intake *intake, struct error *error);
void intake_discard(const struct intake *intake);
/* How many bytes the disk has room for. */
uint64_t intake_room(const struct intake *intake);
/* 413 in Glance's words. */
int intake_storage_full(struct error *error);

/* --- digests.c: MD5 and SHA-512 of one stream of bytes */
struct digests *digests_new(void); /* NULL: out of memory */
/* The piece must stay as it is until the next call of any of these has returned. */
void digests_update(struct digests *digests, const void *data, size_t size);
/* In hexadecimal; nothing can be added afterwards. */
void digests_finish(struct digests *digests, char checksum[static 33], char hash[static 129]);
void digests_free(struct digests *digests);

/* --- facts.c: bytes of the disk that an image's file makes; 0: nobody can tell. */
int64_t image_virtual_size(struct request *request, const char *path, const char *format,
			   int64_t size);

/* --- discovery.c */
extern const char *const image_import_methods[]; /* ends with NULL */
const char *image_import_methods_text(struct arena *arena);
/* 'status' for a store that is not IMAGE_STORE; NULL is fine. */
int image_store_check(const char *store, int status, struct error *error);

/* --- quota.c */
enum quota { QUOTA_SIZE_TOTAL, QUOTA_STAGE_TOTAL, QUOTA_COUNT_TOTAL, QUOTA_COUNT_UPLOADING };
/* 413 in Glance's words when what the caller's project has, 'more' that it is about to have, and
 * 'delta' are over its limit. */
int quota_check(struct request *request, enum quota quota, int64_t more, int64_t delta,
		struct error *error);

/* --- tasks.c: the traces of imports */
struct task {
	struct request *request;
	const char *id, *key;
	yyjson_mut_doc *doc;
	yyjson_mut_val *record;
};
/* A task of this request, which says so; nothing is committed. */
int task_make(struct request *request, const char *image_id, const char *status, struct task *task,
	      struct error *error);
/* The same task for somebody who goes on without that request. */
int task_adopt(const struct task *task, struct request *request, struct task *adopted);
/* It is under way: commits that, and how far it is. */
int task_report(struct task *task, const char *message, struct error *error);
/* "success", or "failure" with a message, in this transaction. */
void task_finish(struct task *task, const char *image_id, const char *message,
		 struct store_txn *txn);
/* At start: a task that was under way has failed. */
void task_interrupt(struct arena *arena, const char *id, struct store_view *view,
		    struct store_txn *txn);

/* --- import.c: how an import went, in its image's record and its task's */
#define IMPORT_DELETED "Image has been deleted, aborting import."
struct import_outcome {
	struct task *task;
	const char *id, *failure;   /* NULL: it went well, and what follows is known */
	int64_t size, virtual_size; /* bytes; virtual_size 0: not known */
	const char *checksum, *hash;
};
int import_end(struct import_outcome *outcome, struct error *error);

/* --- download.c: imports from the web, a few at a time, in threads of their own */
int downloads_start(struct cloud *cloud, struct error *error);
void downloads_stop(struct cloud *cloud); /* what is under way stays as a crash leaves it */
/* After the task was committed: it goes on by itself. */
int download_start(const struct task *task, const struct image *image, const char *file,
		   const char *uri, struct error *error);

/* --- rules.c: where downloads may go; fills rules, limits and authorities of 'begin' */
struct fetch_begin;
int import_rules_get(struct request *request, struct fetch_begin *begin, struct error *error);

/* --- files.c */
int files_start(struct cloud *cloud, struct error *error);
/* A new name for bytes of this image; of what a record says, for those it has or will have. */
const char *files_name_new(struct arena *arena, const char *id);
const char *files_name(struct arena *arena, yyjson_val *record);
const char *files_path(const struct cloud *cloud, struct arena *arena, const char *name);
const char *files_path_of(const struct cloud *cloud, struct arena *arena, yyjson_val *record);
/* What is not there is as good as removed. Of a record: its bytes, and what image_fill_open() made. */
void files_remove(const char *path);
void files_remove_of(const struct cloud *cloud, struct arena *arena, yyjson_val *record);
#define FILES_PART ".part" /* what image_fill_open() makes, behind the file's name */
int files_sync_directory(const struct cloud *cloud, struct arena *arena, struct error *error);

/* --- schemas.c */
extern const struct schema image_schema, image_any_schema;
int image_schema_check(yyjson_val *value, struct error *error);
/* metadef_published.c: a schema that is kept as text, by its name behind /v2/schemas/. */
int published_schema_show(struct request *request, const char *name, struct error *error);
/* {"<name>": value} against the schema of images. */
int image_member_check(struct arena *arena, const char *name, yyjson_val *value,
		       struct error *error);

/* --- patch.c: JSON patches in the two media types that Glance takes */
enum patch_operation { PATCH_ADD, PATCH_REMOVE, PATCH_REPLACE };

struct patch_change {
	enum patch_operation operation;
	const char *member;
	yyjson_val *value; /* NULL for PATCH_REMOVE */
	bool draft4;       /* the older media type */
};

struct patch {
	struct patch_change *changes;
	size_t count;
};

/* -EINVAL, -EACCES with Glance's texts; 415 is for the caller to say: draft is 4 or 10. */
int patch_parse(struct arena *arena, yyjson_val *body, int draft, struct patch *patch,
		struct error *error);
/* 4, 10, or 0 for any other media type. */
int patch_draft(const char *content_type);

/* --- filter.c: Glance's query filters */
/* 1: the record passes, 0: it does not, -EINVAL with Glance's text. Without a record it only
 * checks the query. */
int filter_match(struct arena *arena, const struct name_value *query, yyjson_val *record,
		 struct error *error);

/* --- list.c: a link to the page behind 'marker' (NULL: the first): the query as it came, but for
 * the marker. */
const char *image_page_url(struct request *request, const char *path, const char *marker);

/* --- handlers */
typedef int image_handler(struct request *request, struct error *error);
image_handler image_versions_negotiate, image_versions_list;
image_handler image_usage_info, image_import_info, image_stores_info, image_stores_detail;
image_handler image_store_delete, image_cache_refuse, image_cache_image_refuse;
image_handler image_schema_show;
image_handler image_create, image_list, image_show, image_delete, image_delete_nothing;
image_handler image_patch;
image_handler image_tag_add, image_tag_delete;
image_handler image_deactivate, image_reactivate;
image_handler image_upload, image_download;
image_handler image_stage, image_import;
image_handler image_tasks_list, task_create, task_list, task_show, task_delete_refuse;
image_handler image_member_add, image_member_list, image_member_show, image_member_update,
	image_member_delete;

#endif
