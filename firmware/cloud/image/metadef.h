/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata definitions: which properties may be given to images, volumes and servers, and what
 * they mean; clients read them, nobody enforces them. A namespace is one record,
 *
 *	/image/metadef/<id>	{"id", "namespace", "owner", "visibility", ...,
 *				 "objects": [item], "properties": [item], "tags": [item],
 *				 "resource_type_associations": [item]}
 *	item			{"name", "created_at", "updated_at", "body": as it was given}
 *
 * so that a change of anything in it is one compare and one put.
 */
#ifndef CUMULET_IMAGE_METADEF_H
#define CUMULET_IMAGE_METADEF_H

#include "firmware/cloud/image/internal.h"

#define METADEF_RECORDS "/image/metadef/"
#define METADEF_ITEMS_MAX 1024

struct metadef {
	const char *name; /* as it was asked for */
	const char *key;
	uint64_t revision;
	yyjson_val *record;
	yyjson_mut_doc *doc;
	yyjson_mut_val *changed; /* a copy to edit */
};

/* What stands in a namespace. */
struct metadef_kind {
	const char *member;                             /* in the record, the paths and the lists */
	const char *word, *schema_name;                 /* "object" */
	const struct schema *schema;                    /* of what is given */
	const char *add, *modify, *remove, *remove_all; /* rules */
	const char *missing, *duplicate;                /* texts of (name, namespace) */
	yyjson_mut_val *(*view)(yyjson_mut_doc *doc, const char *namespace_name, yyjson_val *item);
};
extern const struct metadef_kind metadef_kinds[]; /* ends with member NULL */

/* How Glance says that a namespace is not there differs by resource. */
enum metadef_words { METADEF_SHOW, METADEF_OBJECTS, METADEF_OTHERS };

/* The namespace of the path parameter {namespace}, if the caller may see it. */
int metadef_of_request(struct request *request, enum metadef_words words, struct metadef *metadef,
		       struct error *error);
/* -ENOENT without a text. */
int metadef_find(struct request *request, const char *name, struct metadef *metadef,
		 struct error *error);
bool metadef_is_visible(struct request *request, yyjson_val *record);
/* Only admins change definitions; 403 in the words of 'rule'. */
int metadef_may(struct request *request, const char *rule, struct error *error);
/* 403 when the namespace is protected. */
int metadef_protection_check(const struct metadef *metadef, struct error *error);
/* Read-only members and the schema of a request's body. */
int metadef_body_check(yyjson_val *body, const struct schema *schema, const char *schema_name,
		       struct error *error);
/* Commits 'changed' with a new updated_at; 409 when another namespace has its name. */
int metadef_commit(struct request *request, struct metadef *metadef, struct error *error);

/* An item of a kind as it is kept; 'body' may be NULL. */
yyjson_mut_val *metadef_item_make(struct request *request, yyjson_mut_doc *doc, const char *name,
				  yyjson_val *body);
/* What a namespace's view shows of a kind; NULL when there is none. */
yyjson_mut_val *metadef_items_view(yyjson_mut_doc *doc, const struct metadef_kind *kind,
				   yyjson_val *record);

/* metadef_schemas.c */
extern const struct schema metadef_namespace_schema, metadef_object_schema, metadef_property_schema,
	metadef_association_schema, metadef_tag_schema, metadef_tags_schema;

extern const struct service_part metadef_part;

image_handler metadef_namespaces_list, metadef_namespace_create, metadef_namespace_show,
	metadef_namespace_update, metadef_namespace_delete, metadef_resource_types_list;
image_handler metadef_items_list, metadef_item_create, metadef_item_show, metadef_item_update,
	metadef_item_delete, metadef_items_delete, metadef_tag_create, metadef_tags_create;
image_handler metadef_schema_show;

#endif
