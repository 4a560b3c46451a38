/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and checking what a create request asks for. */
#include "firmware/cloud/compute/server_order.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_LENGTH 12

const char *hostname_of(struct arena *arena, const char *name, const char *id)
{
	char made[64];
	size_t length = 0, start = 0;

	for (const char *at = name; *at && (size_t)(at - name) < 63 && length < 63; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == ' ' || c == '_' || c == '.')
			made[length++] = '-';
		else if (isalnum(c) || c == '-')
			made[length++] = (char)tolower(c);
	}
	while (length && made[length - 1] == '-')
		length--;
	while (start < length && made[start] == '-')
		start++;
	if (start == length)
		return arena_printf(arena, "server-%s", id);
	return arena_strndup(arena, made + start, length - start);
}

/* A string drawn from an alphabet of at most 64 letters, without bias. */
static const char *random_text(struct arena *arena, const char *alphabet, size_t length)
{
	size_t letters = strlen(alphabet);
	char *text = arena_alloc(arena, length + 1);
	unsigned char byte;

	for (size_t i = 0; text && i < length;) {
		random_bytes(&byte, 1);
		if ((byte & 63) < letters)
			text[i++] = alphabet[byte & 63];
	}
	return text;
}

static bool boolean_member(yyjson_val *body, const char *member)
{
	yyjson_val *value = yyjson_obj_get(body, member);
	bool flag = yyjson_is_true(value);

	if (yyjson_is_str(value))
		boolean_parse(yyjson_get_str(value), &flag);
	return flag;
}

const char *order_password(struct request *request, yyjson_val *body)
{
	static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	const char *named = json_string(body, "adminPass");

	return named ? named : random_text(request->arena, letters, PASSWORD_LENGTH);
}

static void order_names(struct server_order *order)
{
	struct arena *arena = order->request->arena;
	yyjson_val *body = order->body;

	order->name = json_string(body, "name");
	order->description =
		order->request->microversion >= 19 ? json_string(body, "description") : order->name;
	order->hostname = json_string(body, "hostname");
	order->user_data = json_string(body, "user_data");
	order->config_drive = boolean_member(body, "config_drive");
	order->admin_pass = order_password(order->request, body);
	order->reservation = arena_printf(
		arena, "r-%s", random_text(arena, "0123456789abcdefghijklmnopqrstuvwxyz", 8));
}

static int order_counts(struct server_order *order, struct error *error)
{
	yyjson_val *least = yyjson_obj_get(order->body, "min_count");

	order->least = integer_of(least, 1);
	order->most = integer_of(yyjson_obj_get(order->body, "max_count"), order->least);
	if (order->least > order->most)
		return error_set(error, -EINVAL, "min_count must be <= max_count");
	if (order->most > 1 && order->hostname)
		return error_set(error, -EINVAL,
				 "Unable to allocate a single hostname to multiple instances");
	return 0;
}

/* "zone", "zone:host", "zone:host:node", "zone::node": the latter for administrators alone. */
static int order_zone(struct server_order *order, struct error *error)
{
	const char *text = json_string(order->body, "availability_zone");
	size_t length = text ? strcspn(text, ":") : 0;
	const char *host, *zone;
	int result = host_state_read(order->request, &order->host, error);

	if (result < 0 || !text || !*text)
		return result;
	if (text[length] && !order->request->caller->is_admin)
		return error_set(
			error, -EACCES,
			"Policy doesn't allow os_compute_api:servers:create:forced_host to "
			"be performed.");
	zone = arena_strndup(order->request->arena, text, length);
	if (length && (strcmp(zone, order->host.zone) || order->host.disabled))
		return error_set(error, -EINVAL,
				 "The requested availability zone is not available");
	order->zone = length ? order->host.zone : NULL;
	host = text[length] ? text + length + 1 : "";
	host += *host == ':';
	if (*host && (strncmp(host, COMPUTE_HOST, strlen(COMPUTE_HOST)) ||
		      (host[strlen(COMPUTE_HOST)] && host[strlen(COMPUTE_HOST)] != ':')))
		return error_set(error, -EINVAL, "Compute host %s could not be found.", host);
	return 0;
}

/* From 2.74 on administrators may name the host. */
static int order_host(struct server_order *order, struct error *error)
{
	const char *names[] = { json_string(order->body, "host"),
				json_string(order->body, "hypervisor_hostname") };

	for (size_t i = 0; i < 2; i++) {
		if (!names[i])
			continue;
		if (!order->request->caller->is_admin)
			return error_set(error, -EACCES,
					 "Policy doesn't allow compute:servers:create:"
					 "requested_destination to be performed.");
		if (strcmp(names[i], COMPUTE_HOST))
			return error_set(error, -EINVAL, "Compute host %s could not be found.",
					 names[i]);
	}
	return 0;
}

static int order_flavor(struct server_order *order, struct error *error)
{
	yyjson_val *reference = yyjson_obj_get(order->body, "flavorRef");
	const char *id = yyjson_get_str(reference), *slash;
	int result;

	if (!id)
		id = arena_printf(order->request->arena, "%lld",
				  (long long)integer_of(reference, 0));
	slash = strrchr(id, '/'); /* links are taken as well */
	result = flavor_find(order->request, slash ? slash + 1 : id, &order->flavor, NULL, error);
	if (result == -ENOENT && error)
		error->code = result = -EINVAL;
	if (result < 0)
		return result;
	if (json_integer(order->flavor, "disk", 0) == 0 && !order->request->caller->is_admin)
		return error_set(
			error, -EACCES,
			"Only volume-backed servers are allowed for flavors with zero disk.");
	return 0;
}

int order_keypair(struct server_order *order, struct error *error)
{
	const char *name = json_string(order->body, "key_name");
	int result;

	if (!name)
		return 0;
	result = request_get(order->request, &order->keypair, NULL, error, KEY_KEYPAIR "%s/%s",
			     order->request->caller->user_id, name);
	if (result < 0)
		return error_set(error, -EINVAL, "Invalid key_name provided.");
	return 0;
}

int order_metadata(struct server_order *order, struct error *error)
{
	size_t count = yyjson_obj_size(yyjson_obj_get(order->body, "metadata"));
	int64_t limit;
	int result = quota_limit(order->request, order->request->caller->project_id, QUOTA_METADATA,
				 &limit, error);

	if (result < 0)
		return result;
	if (limit >= 0 && (int64_t)count > limit)
		return error_set(error, -EDQUOT, "Maximum number of metadata items exceeds %lld",
				 (long long)limit);
	return 0;
}

/* The project's default group is made by whoever needs it first; several ports of one transaction
 * could not all be the first, so it has to be there before. */
static int order_default_group(struct server_order *order, struct error *error)
{
	const char *id;

	if (yyjson_arr_size(yyjson_obj_get(order->body, "security_groups")))
		return 0;
	return network_default_group(order->request, order->request->caller->project_id, &id,
				     error);
}

static int order_groups(struct server_order *order, struct error *error)
{
	yyjson_val *groups = yyjson_obj_get(order->body, "security_groups"), *group;
	size_t i, total, count = 0;

	if (!groups || !yyjson_arr_size(groups))
		return 0;
	order->groups = arena_alloc(order->request->arena,
				    (yyjson_arr_size(groups) + 1) * sizeof(*order->groups));
	if (!order->groups)
		return error_set(error, -ENOMEM, "out of memory");
	yyjson_arr_foreach (groups, i, total, group)
		if (json_string(group, "name"))
			order->groups[count++] = json_string(group, "name");
	if (!count)
		order->groups = NULL;
	return 0;
}

int server_order_read(struct request *request, struct server_order *order, struct error *error)
{
	static int (*const steps[])(struct server_order *, struct error *) = {
		order_counts,   order_zone,   order_host,   order_certificates, order_default_group,
		order_networks, order_groups, order_flavor, order_image,        order_keypair,
		order_metadata, order_files,  order_group,
	};
	int result;

	memset(order, 0, sizeof(*order));
	order->request = request;
	order->body = yyjson_obj_get(request->body, "server");
	order_names(order);
	result = order_disks(order, error);
	for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		result = steps[i](order, error);
	return result;
}
