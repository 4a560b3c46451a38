/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all of Neutron's resources have in common: list, show, create (bulk too), update, delete,
 * visibility, standard attributes and rendering. A resource declares a table entry and the
 * few functions in which it differs.
 */
#ifndef CUMULET_NETWORK_RESOURCE_H
#define CUMULET_NETWORK_RESOURCE_H

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/network/attribute.h"
#include "firmware/cloud/network/network.h"

/* One transaction in the making. */
struct change {
	struct request *request;
	struct store_view *view;
	struct store_txn *txn;
	yyjson_mut_doc *doc;
	const char *default_group_key, *default_group; /* made by this transaction; NULL: none */
	size_t made; /* of the request's resource, so far in this transaction */
};

struct resource {
	const char *singular, *plural; /* members of bodies: "network", "networks" */
	const char *prefix;            /* of its records: "/network/network/" */
	const struct attribute *attributes;
	/* A part of another resource, by whose path it is found; the path's parameter and the
	 * member that holds the parent's id have one name; by a path without it only its owner
	 * finds it. NULL: stands for itself. Its form has the attributes and the id alone. */
	const struct resource *parent;
	const char *parent_member;
	/* Its form, too, has nothing but the attributes and the id. */
	bool bare;
	/* "NetworkNotFound", "Network ", " could not be found." */
	const char *missing_type, *missing_before, *missing_after;
	/* 'object' holds the checked attributes with defaults, the id and the standard
	 * attributes; it is put by the caller afterwards. */
	int (*create)(struct change *change, yyjson_mut_val *object, struct error *error);
	/* 'given' holds the checked attributes that were named; 'object' the whole record with
	 * them already merged in. */
	int (*update)(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		      yyjson_mut_val *given, struct error *error);
	int (*remove)(struct change *change, yyjson_val *old, struct error *error);
	/* Adds members that are derived; NULL: none. */
	int (*derive)(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		      yyjson_mut_val *out, struct error *error);
	/* 'derive' adds members and leaves those that are there alone: lists keep the others. */
	bool derives_apart;
	/* May the caller see it? NULL: the owner and admins. */
	bool (*visible)(struct request *request, yyjson_val *record);
	/* May the caller see it, but not change it: NULL: who sees may change. */
	bool (*writable)(struct request *request, yyjson_val *record);
	/* What the caller may see but not change is not found by who tries, rather than refused. */
	bool unwritable_missing;
	/* A filter of its own; NULL: none. */
	bool (*matches)(struct request *request, yyjson_val *record);
	/* What lists filter and sort instead of the record; NULL: the record. */
	yyjson_val *(*as_seen)(struct request *request, yyjson_val *record);
	/* Runs before a list (makes the default group). */
	int (*before_list)(struct request *request, struct error *error);
};

extern const struct resource resource_network, resource_subnet, resource_port, resource_router,
	resource_group, resource_rule, resource_floatingip, resource_forward, resource_subnetpool,
	resource_address_scope, resource_rbac, resource_qos_policy, resource_address_group,
	resource_trunk;

/* Handlers of the five operations, given the resource. */
int resource_list(const struct resource *resource, struct request *request, struct error *error);
int resource_show(const struct resource *resource, struct request *request, struct error *error);
int resource_create(const struct resource *resource, struct request *request, struct error *error);
int resource_update(const struct resource *resource, struct request *request, struct error *error);
int resource_delete(const struct resource *resource, struct request *request, struct error *error);

#define RESOURCE_HANDLERS(name)                                                                    \
	static int name##_list(struct request *request, struct error *error)                       \
	{                                                                                          \
		return resource_list(&resource_##name, request, error);                            \
	}                                                                                          \
	static int name##_show(struct request *request, struct error *error)                       \
	{                                                                                          \
		return resource_show(&resource_##name, request, error);                            \
	}                                                                                          \
	static int name##_create(struct request *request, struct error *error)                     \
	{                                                                                          \
		return resource_create(&resource_##name, request, error);                          \
	}                                                                                          \
	static int name##_update(struct request *request, struct error *error)                     \
	{                                                                                          \
		return resource_update(&resource_##name, request, error);                          \
	}                                                                                          \
	static int name##_delete(struct request *request, struct error *error)                     \
	{                                                                                          \
		return resource_delete(&resource_##name, request, error);                          \
	}

/* Attribute tables check what is in a body: to a route it only has to be an object. */
extern const struct schema resource_body;

#define ROUTES(collection, kind, create_rule, update_rule, delete_rule)                            \
	{ .method = "GET", .path = "/v2.0/" collection, .handle = kind##_list },                   \
		{ .method = "POST",                                                                \
		  .path = "/v2.0/" collection,                                                     \
		  .handle = kind##_create,                                                         \
		  .body = &resource_body,                                                          \
		  .policy = create_rule },                                                         \
		{ .method = "GET", .path = "/v2.0/" collection "/{id}", .handle = kind##_show },   \
		{ .method = "PUT",                                                                 \
		  .path = "/v2.0/" collection "/{id}",                                             \
		  .handle = kind##_update,                                                         \
		  .body = &resource_body,                                                          \
		  .policy = update_rule },                                                         \
	{                                                                                          \
		.method = "DELETE", .path = "/v2.0/" collection "/{id}", .handle = kind##_delete,  \
		.policy = delete_rule                                                              \
	}

#define RESOURCE_ROUTES(collection, kind) ROUTES(collection, kind, "create", "update", "delete")
/* Rules of its own: create_<kind>, ... */
#define ADMIN_ROUTES(collection, kind)                                                             \
	ROUTES(collection, kind, "create_" #kind, "update_" #kind, "delete_" #kind)

/* Opens the request's view and starts a transaction. */
int change_begin(struct change *change, struct request *request, struct error *error);
/* Reads a record into the request's memory and makes the transaction depend on it. */
int change_get(struct change *change, const struct resource *resource, const char *id,
	       yyjson_val **value, struct error *error);
/* The same, but a record that the caller may not see is not found. */
int change_find(struct change *change, const struct resource *resource, const char *id,
		yyjson_val **value, struct error *error);
/* A record without a dependency. */
int resource_get(struct store_view *view, struct arena *arena, const struct resource *resource,
		 const char *id, yyjson_val **value, struct error *error);
int resource_missing(const struct resource *resource, const char *id, struct error *error);
/* Fills id, project, created_at, ... of an object that is about to be put. */
void object_begin(struct change *change, yyjson_mut_val *object);
/* Raises updated_at and revision_number and puts the record. */
void change_put(struct change *change, const struct resource *resource, yyjson_mut_val *object);
/* Raises the revision of a parent whose children change, as Neutron does; reconcilers see it. */
void change_touch(struct change *change, const struct resource *resource, yyjson_val *old);
/* Writes a record as it is: of two transactions that read it and do this, one loses. */
void change_pin(struct change *change, const struct resource *resource, yyjson_val *record);
void change_delete(struct change *change, const struct resource *resource, const char *id);
bool resource_visible(const struct resource *resource, struct request *request, yyjson_val *record);
/* The reply's form of a record. */
yyjson_mut_val *resource_render(const struct resource *resource, struct request *request,
				yyjson_mut_doc *doc, yyjson_val *record, struct error *error);
struct listing; /* http/listing.h */
int resource_list_add(const struct resource *resource, struct request *request,
		      struct listing *listing, yyjson_val *record, struct error *error);
/* A mutable object as an immutable value of the request's memory. */
yyjson_val *value_freeze(struct request *request, yyjson_mut_val *object);
/* Records of a resource by an index, in key order: an array in the arena. */
int resource_range(struct store_view *view, struct arena *arena, const struct resource *resource,
		   const char *index, const char *value, struct network_ports *records,
		   struct error *error);
const char *json_member(yyjson_mut_val *object, const char *name); /* a string or NULL */

#endif
