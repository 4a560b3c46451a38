/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/resource.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/listing.h"
#include "firmware/cloud/network/quotas.h"
#include "firmware/cloud/network/rbac.h"
#include "firmware/cloud/network/tags.h"

const struct schema resource_body = { .types = SCHEMA_OBJECT, .additional = true };

static int reply_object(const struct resource *resource, struct request *request, int status,
			yyjson_val *record, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_mut_val *out = resource_render(resource, request, doc, record, error);

	if (!out)
		return error ? error->code : -ENOMEM;
	json_set(doc, root, resource->singular, out);
	return reply_json(request, status, doc, root);
}

/* --- list --- */

/* Neutron filters by any attribute: the page's table is made from the resource's. */
static const struct page_filter *filters_of(const struct resource *resource,
					    struct request *request)
{
	static const char *const common[] = { "id", "status", "tenant_id", "project_id",
					      "revision_number" };
	const struct attribute *attribute;
	struct page_filter *filters;
	size_t count = 0;

	for (attribute = resource->attributes; attribute->name; attribute++)
		count++;
	filters = arena_alloc(request->arena,
			      (count + sizeof(common) / sizeof(common[0]) + 1) * sizeof(*filters));
	if (!filters)
		return NULL;
	count = 0;
	for (attribute = resource->attributes; attribute->name; attribute++) {
		enum page_filter_kind kind = PAGE_EXACT;

		if (attribute->kind == ATTRIBUTE_BOOLEAN)
			kind = PAGE_BOOLEAN;
		else if (attribute->kind == ATTRIBUTE_INTEGER)
			kind = PAGE_INTEGER;
		else if (attribute->kind == ATTRIBUTE_UUIDS)
			kind = PAGE_LIST;
		else if (attribute->kind >= ATTRIBUTE_OBJECT)
			continue;
		filters[count++] = (struct page_filter){ attribute->name, attribute->name, kind };
	}
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		filters[count++] = (struct page_filter){ common[i], common[i], PAGE_EXACT };
	filters[count - 1].kind = PAGE_INTEGER;
	return filters;
}

static const char *const sort_keys[] = { "id",
					 "name",
					 "status",
					 "admin_state_up",
					 "tenant_id",
					 "project_id",
					 "network_id",
					 "cidr",
					 "ip_version",
					 "gateway_ip",
					 "enable_dhcp",
					 "mac_address",
					 "device_id",
					 "device_owner",
					 "security_group_id",
					 "direction",
					 "ethertype",
					 "protocol",
					 "created_at",
					 "updated_at",
					 "revision_number",
					 "port_range_min",
					 "port_range_max",
					 "mtu",
					 NULL };

/* The id of the parent in the path; NULL for what stands for itself. */
static const char *parent_of(const struct resource *resource, struct request *request)
{
	const char *id = resource->parent ? request_param(request, resource->parent_member) : "";

	return *id ? id : NULL;
}

static bool belongs(const struct resource *resource, struct request *request, yyjson_val *record)
{
	const char *parent = parent_of(resource, request);

	return !parent || json_is(record, resource->parent_member, parent);
}

/* A part is shown to whoever sees the whole. */
static int see_parent(const struct resource *resource, struct request *request, struct error *error)
{
	const char *id = parent_of(resource, request);
	struct store_view *view;
	yyjson_val *parent;
	int result = id ? request_view(request, &view, error) : 0;

	if (!id || result)
		return result;
	result = resource_get(view, request->arena, resource->parent, id, &parent, error);
	if (!result && !resource_visible(resource->parent, request, parent))
		result = resource_missing(resource->parent, id, error);
	return result;
}

/* ?shared= asks about what the caller sees: an object lent to its project alone is shared. */
static yyjson_val *as_caller_sees(const struct resource *resource, struct request *request,
				  yyjson_val *record)
{
	yyjson_mut_val *copy;

	if (resource->as_seen)
		record = resource->as_seen(request, record);
	if (!request_query(request, "shared") || !yyjson_obj_get(record, "_shared_with") ||
	    json_bool(record, "shared", false) || !rbac_shared_visible(request, record))
		return record;
	copy = yyjson_val_mut_copy(request_document(request), record);
	json_set_bool(request_document(request), copy, "shared", true);
	return value_freeze(request, copy);
}

static size_t keep_visible(const struct resource *resource, struct request *request,
			   struct record_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		yyjson_val *record = list->items[i];

		if (!belongs(resource, request, record) ||
		    (!parent_of(resource, request) &&
		     !resource_visible(resource, request, record)) ||
		    !tags_match(request, record) ||
		    (resource->matches && !resource->matches(request, record)))
			continue;
		list->items[kept++] = as_caller_sees(resource, request, record);
	}
	return kept;
}

/* The request's own URL without this parameter, which the query may or may not have. */
static void drop_parameter(char *url, const char *name)
{
	char *at = strstr(url, name), *end;

	if (!at)
		return;
	end = at + strcspn(at, "&");
	if (*end)
		memmove(at, end + 1, strlen(end));
	else
		at[-1] = '\0';
}

/* marker NULL: from the beginning, or backwards from the end. */
static const char *page_url(struct request *request, const char *marker, bool reverse)
{
	char *url = arena_printf(request->arena, "%s", page_next_url(request, "-"));

	drop_parameter(url, "page_reverse=");
	drop_parameter(url, "marker=-");
	return arena_printf(request->arena, "%s%s%s%s", url, marker ? "&marker=" : "",
			    marker ? marker : "", reverse ? "&page_reverse=True" : "");
}

static void add_link(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *links,
		     const char *marker, bool reverse)
{
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

	json_set_string(doc, link, "rel", reverse ? "previous" : "next");
	json_set_string(doc, link, "href", page_url(request, marker, reverse));
}

/* A full page has others on both sides, for all that is known; one that is not has them behind it
 * alone, in the direction that it was come from. */
static void add_links(const struct resource *resource, struct request *request,
		      const struct page *page, yyjson_mut_doc *doc, yyjson_mut_val *root,
		      const struct record_list *list, size_t count)
{
	yyjson_mut_val *links = yyjson_mut_arr(doc);
	bool full = count >= page->limit;

	if (!page->limit)
		return;
	if (full || page->reverse)
		add_link(request, doc, links,
			 count ? json_string(list->items[count - 1], "id") : NULL, false);
	if (full || !page->reverse)
		add_link(request, doc, links, count ? json_string(list->items[0], "id") : NULL,
			 true);
	json_set(doc, root, arena_printf(request->arena, "%s_links", resource->plural), links);
}

/* One that is there and that the caller does not see is passed over, as in Neutron. */
static void check_marker(const struct resource *resource, struct request *request,
			 struct page *page, const struct record_list *list, size_t count)
{
	struct store_view *view;
	yyjson_val *record;

	for (size_t i = 0; page->marker && i < count; i++)
		if (json_is(list->items[i], "id", page->marker))
			return;
	if (page->marker && !request_view(request, &view, NULL) &&
	    !resource_get(view, request->arena, resource, page->marker, &record, NULL) &&
	    !resource_visible(resource, request, record))
		page->marker = NULL;
}

int resource_list(const struct resource *resource, struct request *request, struct error *error)
{
	struct page_rules rules = { .filters = filters_of(resource, request),
				    .sort_keys = sort_keys,
				    .default_sort = "created_at",
				    .sort_list = true,
				    .id_member = "id" };
	struct record_list list = { .request = request };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *beside = yyjson_mut_obj(doc);
	struct listing *listing = listing_new(request, resource->plural);
	struct page page = { 0 };
	ssize_t count;
	int result = page_parse(request, &rules, &page, error);

	if (!result)
		result = see_parent(resource, request, error);
	if (!result && resource->before_list)
		result = resource->before_list(request, error);
	if (!result)
		result = record_list_range(request, &list, resource->prefix, error);
	if (result < 0)
		return result;
	list.count = keep_visible(resource, request, &list);
	check_marker(resource, request, &page, &list, list.count);
	count = page_select(request, &page, list.items, list.count, error);
	if (count < 0)
		return (int)count;
	for (ssize_t i = 0; i < count && !result; i++)
		result = resource_list_add(resource, request, listing, list.items[i], error);
	if (result < 0)
		return result;
	add_links(resource, request, &page, doc, beside, &list, (size_t)count);
	return listing_reply(listing, beside);
}

int resource_show(const struct resource *resource, struct request *request, struct error *error)
{
	const char *id = request_param(request, "id");
	struct store_view *view;
	yyjson_val *record;
	int result = request_view(request, &view, error);

	if (!result)
		result = see_parent(resource, request, error);
	if (!result)
		result = resource_get(view, request->arena, resource, id, &record, error);
	if (result)
		return result;
	if (!belongs(resource, request, record) ||
	    (!parent_of(resource, request) && !resource_visible(resource, request, record)))
		return resource_missing(resource, id, error);
	return reply_object(resource, request, 200, record, error);
}

/* --- create --- */

/* The object becomes a part of its parent, and its owner the parent's. */
static int join_parent(const struct resource *resource, struct change *change,
		       yyjson_mut_val *object, struct error *error)
{
	const char *id = parent_of(resource, change->request);
	yyjson_val *parent;
	int result = id ? change_find(change, resource->parent, id, &parent, error) : 0;

	if (!id || result)
		return result;
	json_set_string(change->doc, object, resource->parent_member, id);
	json_set_string(change->doc, object, "tenant_id", json_string(parent, "project_id"));
	json_set_string(change->doc, object, "project_id", json_string(parent, "project_id"));
	return 0;
}

static int create_one(const struct resource *resource, struct change *change, yyjson_val *given,
		      yyjson_mut_val **object, struct error *error)
{
	int result;

	if (!yyjson_is_obj(given))
		return attribute_refuse(error, "Unable to find '%s' in request body",
					resource->singular);
	*object = yyjson_mut_obj(change->doc);
	object_begin(change, *object);
	result = attributes_take(change->request, resource->singular, resource->attributes, given,
				 true, change->doc, *object, error);
	if (!result)
		result = join_parent(resource, change, *object, error);
	if (!result)
		result = network_quota_check(change, resource, json_member(*object, "project_id"),
					     error);
	if (!result)
		result = resource->create(change, *object, error);
	if (!result)
		change_put(change, resource, *object);
	change->made++;
	return result;
}

static int create_many(const struct resource *resource, struct change *change, yyjson_val *given,
		       struct error *error)
{
	size_t index, count, made = yyjson_arr_size(given);
	yyjson_mut_val **objects = arena_alloc(change->request->arena, made * sizeof(*objects));
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc), *items = yyjson_mut_arr(doc);
	yyjson_val *item;
	int result = 0;

	if (!made)
		return attribute_refuse(error, "Resources required");
	yyjson_arr_foreach (given, index, count, item) {
		/* Each may stand in an object of its own, as if it came alone. */
		yyjson_val *inner = yyjson_obj_get(item, resource->singular);

		result = create_one(resource, change, inner ? inner : item, &objects[index], error);
		if (result)
			return result;
	}
	result = request_commit(change->request, change->txn, error);
	for (size_t i = 0; !result && i < made; i++) {
		yyjson_val *record = value_freeze(change->request, objects[i]);
		yyjson_mut_val *out =
			resource_render(resource, change->request, doc, record, error);

		if (!out)
			return error ? error->code : -ENOMEM;
		yyjson_mut_arr_add_val(items, out);
	}
	json_set(doc, root, resource->plural, items);
	return result ? result : reply_json(change->request, 201, doc, root);
}

int resource_create(const struct resource *resource, struct request *request, struct error *error)
{
	yyjson_val *many = yyjson_obj_get(request->body, resource->plural);
	yyjson_mut_val *object;
	struct change change;
	int result = change_begin(&change, request, error);

	if (result)
		return result;
	if (yyjson_is_arr(many))
		return create_many(resource, &change, many, error);
	result = create_one(resource, &change, yyjson_obj_get(request->body, resource->singular),
			    &object, error);
	if (!result)
		result = request_commit(request, change.txn, error);
	return result ? result
		      : reply_object(resource, request, 201, value_freeze(request, object), error);
}

/* --- update, delete --- */

/* If-Match: revision_number=<n>: what the client knows is still so. */
static int check_revision(struct request *request, yyjson_val *old, struct error *error)
{
	static const char prefix[] = "revision_number=";
	const char *wanted = request_header(request, "If-Match");
	int64_t revision = json_integer(old, "revision_number", 0);
	long number;
	char *end;

	if (!wanted || strncmp(wanted, prefix, strlen(prefix)))
		return 0;
	number = strtol(wanted + strlen(prefix), &end, 10);
	if (*end || end == wanted + strlen(prefix))
		return attribute_refuse(error, "Revision number must be an integer");
	return number == revision
		       ? 0
		       : error_fault(error, -EBUSY, 412, "RevisionNumberConstraintFailed",
				     "Constrained to %ld, but current revision is %" PRId64, number,
				     revision);
}

static int find_writable(const struct resource *resource, struct change *change, const char *verb,
			 yyjson_val **old, struct error *error)
{
	struct request *request = change->request;
	const char *id = request_param(request, "id");
	int result = change_find(change, resource, id, old, error);

	if (result)
		return result;
	if (!belongs(resource, request, *old))
		return resource_missing(resource, id, error);
	if (resource->writable ? resource->writable(request, *old)
			       : policy_owns(request, json_string(*old, "project_id")))
		return check_revision(request, *old, error);
	if (resource->unwritable_missing)
		return resource_missing(resource, id, error);
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "(rule:%s_%s) is disallowed by policy", verb, resource->singular);
}

static void merge(yyjson_mut_doc *doc, yyjson_mut_val *object, yyjson_mut_val *given)
{
	yyjson_mut_val *key, *value;
	size_t index, count;

	yyjson_mut_obj_foreach (given, index, count, key, value) {
		json_set(doc, object, yyjson_mut_get_str(key), yyjson_mut_val_mut_copy(doc, value));
	}
}

int resource_update(const struct resource *resource, struct request *request, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(request->body, resource->singular), *old;
	yyjson_mut_val *taken, *object;
	struct change change;
	int result;

	if (!yyjson_is_obj(given))
		return attribute_refuse(error, "Unable to find '%s' in request body",
					resource->singular);
	/* As in Neutron, what a body says is judged before what it is said about is looked for. */
	result = change_begin(&change, request, error);
	if (result)
		return result;
	taken = yyjson_mut_obj(change.doc);
	result = attributes_take(request, resource->singular, resource->attributes, given, false,
				 change.doc, taken, error);
	if (!result)
		result = find_writable(resource, &change, "update", &old, error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(change.doc, old);
	merge(change.doc, object, taken);
	result = resource->update ? resource->update(&change, old, object, taken, error) : 0;
	if (result)
		return result;
	change_put(&change, resource, object);
	result = request_commit(request, change.txn, error);
	return result ? result
		      : reply_object(resource, request, 200, value_freeze(request, object), error);
}

int resource_delete(const struct resource *resource, struct request *request, struct error *error)
{
	struct change change;
	yyjson_val *old;
	int result = change_begin(&change, request, error);

	if (!result)
		result = find_writable(resource, &change, "delete", &old, error);
	if (!result && resource->remove)
		result = resource->remove(&change, old, error);
	if (result)
		return result;
	change_delete(&change, resource, json_string(old, "id"));
	result = request_commit(request, change.txn, error);
	return result ? result : reply_empty(request, 204);
}
