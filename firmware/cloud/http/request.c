/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/exchange.h"

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

/* JSON in the arena: the document lives as long as the request. */
static void *json_malloc(void *context, size_t size)
{
	return arena_alloc(context, size);
}

static void *json_realloc(void *context, void *pointer, size_t old_size, size_t size)
{
	return arena_realloc(context, pointer, old_size, size);
}

static void json_free(void *context, void *pointer)
{
	(void)context;
	(void)pointer;
}

yyjson_alc request_json_memory(struct request *request)
{
	return (yyjson_alc){ json_malloc, json_realloc, json_free, request->arena };
}

int request_get(struct request *request, yyjson_val **value, uint64_t *revision,
		struct error *error, const char *key_format, ...)
{
	yyjson_alc memory = request_json_memory(request);
	struct store_record record = { 0 };
	struct store_view *view;
	yyjson_doc *document;
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
		result = store_get(view, request->arena, key, &record, error);
	if (result < 0)
		return result;
	document = yyjson_read_opts((char *)(uintptr_t)record.value, record.size, 0, &memory, NULL);
	if (!document)
		return error_set(error, -EIO, "the record %s is not JSON", key);
	*value = yyjson_doc_get_root(document);
	if (revision)
		*revision = record.revision;
	return 0;
}

yyjson_mut_doc *request_document(struct request *request)
{
	yyjson_alc memory = request_json_memory(request);

	return yyjson_mut_doc_new(&memory);
}

const char *request_write(struct request *request, yyjson_mut_val *value)
{
	yyjson_alc memory = request_json_memory(request);

	return yyjson_mut_val_write_opts(value, 0, &memory, NULL, NULL);
}

int request_commit(struct request *request, struct store_txn *txn, struct error *error)
{
	int result = store_commit(request->cloud->store, txn, NULL, error);

	store_view_close(request->view);
	request->view = NULL;
	return result;
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
