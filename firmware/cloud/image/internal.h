/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the image service. A record's status:
 *
 *	queued       upload begins    -> saving
 *	saving       upload complete  -> active
 *	saving       upload broken    -> queued
 *	active       deactivate       -> deactivated
 *	deactivated  reactivate       -> active
 *
 * Bytes go to images/<id>.part, and become images/<id> before the record says 'active'. What a
 * crash leaves between two of these steps is put right at the next start (files_sweep).
 */
#ifndef CUMULET_IMAGE_INTERNAL_H
#define CUMULET_IMAGE_INTERNAL_H

#include "firmware/cloud/http/service.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/json.h"

#define IMAGE_RECORDS "/image/image/"
#define IMAGE_MEMBERS "/image/member/"
#define IMAGE_PROPERTIES_MAX 128
#define IMAGE_TAGS_MAX 128
#define IMAGE_TAG_LENGTH_MAX 255

/* --- record.c: images as records */
struct image {
	const char *id, *key;
	yyjson_val *record;
	uint64_t revision;
};

/* The image of the path parameter {image_id}, if the caller may see it; 404 otherwise. */
int image_of_request(struct request *request, struct image *image, struct error *error);
bool image_is_visible(struct request *request, yyjson_val *record);
/* The request says "/v2/images/": an image whose id is empty, which is not the collection. */
bool image_id_is_empty(const struct request *request);
/* The caller owns it, or is admin; otherwise 403 in the words of 'rule'. */
int image_may(struct request *request, yyjson_val *record, const char *rule, struct error *error);
/* May the caller give an image this visibility? */
int image_visibility_check(struct request *request, const char *visibility, struct error *error);
int image_limits_check(yyjson_mut_val *record, struct error *error);
const char *image_time_now(struct arena *arena);
bool image_attribute_is_base(const char *name);
/* What the API shows of a record. */
yyjson_mut_val *image_view(yyjson_mut_doc *doc, yyjson_val *record);
int image_reply(struct request *request, int status, const char *json, struct error *error);

/* A copy of the record that can be changed, and its commit: -EAGAIN when another was faster. */
yyjson_mut_val *image_edit(struct request *request, const struct image *image,
			   yyjson_mut_doc **doc);
int image_commit(struct request *request, const struct image *image, yyjson_mut_val *record,
		 struct error *error);

/* --- status.c: the table above; -EINVAL with Glance's text when there is no such way. */
int image_status_check(const char *from, const char *to, struct error *error);

/* --- files.c */
int files_start(struct cloud *cloud, struct error *error);
const char *files_path(const struct cloud *cloud, struct arena *arena, const char *id,
		       const char *suffix);
int files_sync_directory(const struct cloud *cloud, struct arena *arena, struct error *error);

/* --- schemas.c */
extern const struct schema image_schema, image_any_schema;
int image_schema_check(yyjson_val *value, struct error *error);
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

/* --- handlers */
typedef int image_handler(struct request *request, struct error *error);
image_handler image_versions_negotiate, image_versions_list, image_import_info;
image_handler image_schema_show;
image_handler image_create, image_list, image_show, image_delete, image_delete_nothing;
image_handler image_patch;
image_handler image_tag_add, image_tag_delete;
image_handler image_deactivate, image_reactivate;
image_handler image_upload, image_download;
image_handler image_tasks_list;
image_handler image_member_add, image_member_list, image_member_show, image_member_update,
	image_member_delete;

#endif
