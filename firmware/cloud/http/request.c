/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <strings.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/json.h"

#define FORM "application/x-www-form-urlencoded"

bool caller_has_role(const struct caller *caller, const char *role)
{
	if (!caller || !caller->roles)
		return false;
	for (const char *const *name = caller->roles; *name; name++)
		if (strcmp(*name, role) == 0)
			return true;
	return false;
}

const char *request_header(const struct request *request, const char *name)
{
	return head_field(&request->exchange->head, name);
}

static const char *find_value(const struct name_value *list, const char *name)
{
	for (; list && list->name; list++)
		if (strcmp(list->name, name) == 0)
			return list->value;
	return NULL;
}

const char *request_query(const struct request *request, const char *name)
{
	return find_value(request->query, name);
}

const char *request_form(struct request *request, const char *name)
{
	const struct buffer *body = &request->exchange->body;
	const char *type = request_header(request, "Content-Type"), *path, *target;
	const struct name_value *fields;

	if (!type || strncasecmp(type, FORM, strlen(FORM)) != 0)
		return NULL;
	target = arena_printf(request->arena, "/?%.*s", (int)body->length, buffer_head(body));
	if (!target || uri_split(request->arena, target, &path, &fields) < 0)
		return NULL;
	return find_value(fields, name);
}

const char *request_param(const struct request *request, const char *name)
{
	const char *value = find_value(request->params, name);

	return value ? value : "";
}

int request_view(struct request *request, struct store_view **view, struct error *error)
{
	int result = 0;

	if (!request->view)
		result = store_view_open(request->cloud->store, &request->view, error);
	*view = request->view;
	return result;
}

int request_get(struct request *request, yyjson_val **value, uint64_t *revision,
		struct error *error, const char *key_format, ...)
{
	struct store_document document;
	struct store_view *view;
	va_list arguments;
	char *key;
	int result;

	va_start(arguments, key_format);
	key = arena_vprintf(request->arena, key_format, arguments);
	va_end(arguments);
	if (!key)
		return error_set(error, -ENOMEM, "out of memory");
	result = request_view(request, &view, error);
	if (result == 0)
		result = store_read(view, request->arena, key, &document, error);
	if (result < 0)
		return result;
	*value = document.root;
	if (revision)
		*revision = document.revision;
	return 0;
}

yyjson_mut_doc *request_document(struct request *request)
{
	return json_document(request->arena);
}

const char *request_write(struct request *request, yyjson_mut_val *value)
{
	return json_write(request->arena, value);
}

int request_commit(struct request *request, struct store_txn *txn, struct error *error)
{
	/* before: the store's map can only grow while no view is open */
	store_view_close(request->view);
	request->view = NULL;
	return store_commit(request->cloud->store, txn, NULL, error);
}

ssize_t request_read(struct request *request, void *data, size_t size, struct error *error)
{
	ssize_t result = exchange_read(request->exchange, data, size);

	switch (result) {
	case -EPIPE:
		return error_set(error, -EPIPE, "the client has gone");
	case -ETIMEDOUT:
		return error_fault(error, -ETIMEDOUT, 408, NULL,
				   "The client sent nothing for too long.");
	case -EMSGSIZE:
		return error_set(error, -EMSGSIZE, "The body is larger than allowed.");
	case -EBADMSG:
		return error_fault(error, -EBADMSG, 400, NULL, "The body's framing is malformed.");
	}
	return result < 0 ? error_set(error, (int)result, "reading the body failed") : result;
}
