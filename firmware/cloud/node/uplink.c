/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The box's own way out. What is desired stands in the store; before anybody has set it there, the
 * first-boot setting counts ("address/prefix,gateway,dns..." in provision/uplink), and without
 * one DHCP on the first Ethernet link. netd gets it upon each fresh link and each change.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/node/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

static const char *const modes[] = { "dhcp", "static", NULL };
static const struct schema mode = { .types = SCHEMA_STRING, .one_of = modes };
static const struct schema link_name = { .types = SCHEMA_STRING,
					 .max_length = 15,
					 .pattern = "^[A-Za-z0-9._-]*$" };
static const struct schema cidr = { .types = SCHEMA_STRING, .format = FORMAT_CIDR };
static const struct schema ip = { .types = SCHEMA_STRING, .format = FORMAT_IP };
static const struct schema ips = { .types = SCHEMA_ARRAY, .items = &ip, .max_items = NET_DNS_MAX };
static const char *const ipv6_modes[] = { "slaac", "static", "off", NULL };
static const struct schema ipv6_mode = { .types = SCHEMA_STRING, .one_of = ipv6_modes };
static const struct schema ipv6 = { .types = SCHEMA_STRING, .format = FORMAT_IPV6 };
static const struct schema_member members[] = {
	{ .name = "mode", .schema = &mode, .required = true },
	{ .name = "link", .schema = &link_name },
	{ .name = "address", .schema = &cidr },
	{ .name = "gateway", .schema = &ip },
	{ .name = "dns", .schema = &ips },
	{ .name = "ipv6_mode", .schema = &ipv6_mode },
	{ .name = "ipv6_address", .schema = &cidr },
	{ .name = "ipv6_gateway", .schema = &ipv6 },
	{ .name = NULL },
};
static const struct schema object = { .types = SCHEMA_OBJECT, .members = members };
static const struct schema_member body[] = {
	{ .name = "uplink", .schema = &object, .required = true },
	{ .name = NULL },
};
const struct schema node_uplink_schema = { .types = SCHEMA_OBJECT, .members = body };

static bool read_provision(const struct cloud *cloud, char *text, size_t size)
{
	const char *directory = strcmp(cloud->directory, "/") ? cloud->directory : "";
	char path[512];
	CLEANUP_FD int fd = -1;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/provision/uplink", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, size - 1);
	if (got <= 0)
		return false;
	text[got] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	return text[0] != '\0';
}

/* "address/prefix,gateway,dns,dns": what is empty or missing stays out. */
static yyjson_mut_val *provision_json(yyjson_mut_doc *doc, char *text)
{
	yyjson_mut_val *uplink = yyjson_mut_obj(doc), *dns = yyjson_mut_arr(doc);
	unsigned place = 0;
	char *rest = text, *word;

	json_set_string(doc, uplink, "mode", strcmp(text, "dhcp") == 0 ? "dhcp" : "static");
	if (strcmp(text, "dhcp") == 0)
		return uplink;
	for (; (word = strsep(&rest, ",")); place++) {
		if (!*word)
			continue;
		if (place == 0)
			json_set_string(doc, uplink, "address", word);
		else if (place == 1)
			json_set_string(doc, uplink, "gateway", word);
		else
			yyjson_mut_arr_add_strcpy(doc, dns, word);
	}
	json_set(doc, uplink, "dns", dns);
	return uplink;
}

static const char *first_setting(const struct cloud *cloud, struct arena *arena)
{
	yyjson_mut_doc *doc = json_document(arena);
	char text[512];

	if (!read_provision(cloud, text, sizeof(text)))
		return "{\"mode\":\"dhcp\"}";
	return json_write(arena, provision_json(doc, text));
}

/* The desired setting as a document in the arena. */
static int load_setting(struct cloud *cloud, struct store_view *view, struct arena *arena,
			yyjson_val **setting, uint64_t *revision, struct error *error)
{
	struct store_record record = { 0 };
	int result = store_get(view, arena, NODE_UPLINK_KEY, &record, error);

	if (result == -ENOENT) {
		record.value = first_setting(cloud, arena);
		record.size = record.value ? strlen(record.value) : 0;
		result = 0;
	}
	if (result < 0)
		return result;
	if (revision)
		*revision = record.revision;
	*setting = record.value ? json_parse(arena, record.value, record.size) : NULL;
	return *setting ? 0 : error_set(error, -EIO, "the uplink's setting can't be read");
}

static void copy_text(char *to, size_t size, yyjson_val *setting, const char *member)
{
	const char *text = json_string(setting, member);

	snprintf(to, size, "%s", text ? text : "");
}

static void copy_dns(struct arena *arena, struct message_list *list, yyjson_val *setting)
{
	yyjson_val *dns = yyjson_obj_get(setting, "dns"), *item;
	struct net_address *addresses;
	size_t i, most;

	addresses = arena_alloc(arena, (yyjson_arr_size(dns) + 1) * sizeof(*addresses));
	if (!addresses)
		return;
	yyjson_arr_foreach (dns, i, most, item)
		snprintf(addresses[i].address, sizeof(addresses[i].address), "%s",
			 yyjson_get_str(item));
	list->items = addresses;
	list->count = yyjson_arr_size(dns);
}

static int send_setting(struct node *node, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_uplink uplink = { 0 };
	struct store_view *view = NULL;
	yyjson_val *setting = NULL;
	int result = store_view_open(node->cloud->store, &view, error);

	if (result == 0)
		result = load_setting(node->cloud, view, &arena, &setting, NULL, error);
	store_view_close(view);
	if (result < 0)
		return result;
	copy_text(uplink.link, sizeof(uplink.link), setting, "link");
	copy_text(uplink.mode, sizeof(uplink.mode), setting, "mode");
	copy_text(uplink.address, sizeof(uplink.address), setting, "address");
	copy_text(uplink.gateway, sizeof(uplink.gateway), setting, "gateway");
	copy_dns(&arena, &uplink.dns, setting);
	copy_text(uplink.ipv6_mode, sizeof(uplink.ipv6_mode), setting, "ipv6_mode");
	copy_text(uplink.ipv6_address, sizeof(uplink.ipv6_address), setting, "ipv6_address");
	copy_text(uplink.ipv6_gateway, sizeof(uplink.ipv6_gateway), setting, "ipv6_gateway");
	link_send(node->cloud->links[ROLE_NETD], NETD_UPLINK_SET, net_uplink_fields, &uplink, -1);
	return 0;
}

static void send_logged(void *node)
{
	struct error error = { 0 };

	if (send_setting(node, &error) < 0)
		log_error("node", "uplink not set", "reason=%s", log_quote(error.message));
}

/* Before the networks: that service starts, and so observes, later. */
static void on_netd_up(struct link *link, void *context)
{
	(void)link;
	send_logged(context);
	node_peers_send(context);
}

void node_uplink_start(struct node *node)
{
	node->netd.on_up = on_netd_up;
	node->netd.context = node;
	link_observe(node->cloud->links[ROLE_NETD], &node->netd);
}

/* --- GET and PUT /node/v1/uplink */

static int reply_setting(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct store_view *view;
	yyjson_val *setting = NULL;
	int result = request_view(request, &view, error);

	if (result == 0)
		result = load_setting(request->cloud, view, request->arena, &setting, NULL, error);
	if (result < 0)
		return result;
	json_set(doc, root, "uplink", yyjson_val_mut_copy(doc, setting));
	return reply_json(request, 200, doc, root);
}

int node_uplink_show(struct request *request, struct error *error)
{
	return reply_setting(request, error);
}

/* Who says nothing of IPv6 leaves it as it is. */
static int merge_ipv6(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *setting,
		      struct error *error)
{
	static const char *const names[] = { "ipv6_mode", "ipv6_address", "ipv6_gateway" };
	struct store_view *view;
	yyjson_val *old = NULL;
	int result =
		yyjson_mut_obj_get(setting, names[0]) ? 1 : request_view(request, &view, error);

	if (!result)
		result = load_setting(request->cloud, view, request->arena, &old, NULL, error);
	for (size_t i = 0; !result && i < ARRAY_LENGTH(names); i++)
		if (json_string(old, names[i]))
			json_set_string(doc, setting, names[i], json_string(old, names[i]));
	return result < 0 ? result : 0;
}

static int check_setting(yyjson_val *setting, struct error *error)
{
	const char *address = json_string(setting, "ipv6_address");

	if (json_is(setting, "mode", "static") && !json_string(setting, "address"))
		return error_set(error, -EINVAL, "A static uplink needs an address.");
	if (json_is(setting, "ipv6_mode", "static") && (!address || !strchr(address, ':')))
		return error_set(error, -EINVAL, "Static IPv6 needs an IPv6 address.");
	return 0;
}

int node_uplink_set(struct request *request, struct error *error)
{
	yyjson_val *setting = yyjson_obj_get(request->body, "uplink");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *merged = yyjson_val_mut_copy(doc, setting);
	int result = check_setting(setting, error);

	if (!result)
		result = merge_ipv6(request, doc, merged, error);
	if (result)
		return result;
	store_txn_put(txn, NODE_UPLINK_KEY, request_write(request, merged));
	result = request_commit(request, txn, error);
	if (result < 0)
		return result;
	if (loop_post(request->cloud->loop, send_logged, request->cloud->node) < 0)
		log_warning("node", "uplink will be set at the next link", "reason=memory");
	return reply_setting(request, error);
}
