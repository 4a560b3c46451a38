/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the box is and how it fares. */
#include <cumulet_version.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "firmware/cloud/http/server.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/node/internal.h"

/* There is no /proc in the chroot; the descriptor stays. */
static int meminfo = -1;

void node_before_confinement(void)
{
	meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
}

/* --- what vmm and netd tell */

static bool take_host(struct node *node, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_host host = { 0 };

	if (message_decode(&arena, message, vmm_host_fields, &host, NULL) < 0)
		return false;
	pthread_mutex_lock(&node->lock);
	node->host = host;
	node->host_known = true;
	pthread_mutex_unlock(&node->lock);
	return true;
}

static bool on_vmm_message(struct link *link, struct message *message, void *context)
{
	(void)link;
	return message->type == VMM_HOST && take_host(context, message);
}

/* The certificate must have the addresses by which clients come. */
static void follow_addresses(struct node *node)
{
	struct certificate_names names = { { "localhost", "127.0.0.1", "::1" }, 3 };
	char addresses[NODE_ADDRESSES_MAX][CIDR_SIZE], host[256] = "";

	gethostname(host, sizeof(host) - 1);
	certificate_name_add(&names, host);
	for (size_t i = 0; i < node->address_count; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "%.*s",
			 (int)strcspn(node->addresses[i], "/"), node->addresses[i]);
		certificate_name_add(&names, addresses[i]);
	}
	if (node->cloud->server && names.count > 3)
		server_names(node->cloud->server, &names, NULL);
}

static bool take_uplink(struct node *node, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_uplink_state state = { 0 };
	const struct net_address *address;

	if (message_decode(&arena, message, net_uplink_state_fields, &state, NULL) < 0)
		return false;
	address = state.addresses.items;
	pthread_mutex_lock(&node->lock);
	snprintf(node->link, sizeof(node->link), "%s", state.link);
	snprintf(node->gateway, sizeof(node->gateway), "%s", state.gateway);
	node->carrier = state.carrier;
	node->mtu = state.mtu;
	node->address_count = 0;
	for (size_t i = 0; i < state.addresses.count && i < NODE_ADDRESSES_MAX; i++)
		snprintf(node->addresses[node->address_count++], CIDR_SIZE, "%s",
			 address[i].address);
	pthread_mutex_unlock(&node->lock);
	follow_addresses(node);
	return true;
}

static bool on_netd_message(struct link *link, struct message *message, void *context)
{
	(void)link;
	return message->type == NETD_UPLINK_STATE && take_uplink(context, message);
}

void node_observe(struct node *node)
{
	node->vmm = (struct link_observer){ .on_message = on_vmm_message, .context = node };
	link_observe(node->cloud->links[ROLE_VMM], &node->vmm);
	node->netd.on_message = on_netd_message; /* registered by uplink.c */
}

/* --- GET /node, /node/v1, /node/v1/ca */

int node_versions(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *version = yyjson_mut_obj(doc);

	(void)error;
	yyjson_mut_arr_append(yyjson_mut_obj_add_arr(doc, root, "versions"), version);
	json_set_string(doc, version, "id", "v1");
	json_set_string(doc, version, "status", "CURRENT");
	json_set_string(doc, version, "href",
			arena_printf(request->arena, "%s/node/v1", request->base_url));
	return reply_json(request, 200, doc, root);
}

/* "MemTotal:  8000000 kB" in bytes; 0 when it is not there. */
static uint64_t memory_of(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

static yyjson_mut_val *memory_json(yyjson_mut_doc *doc)
{
	yyjson_mut_val *memory = yyjson_mut_obj(doc);
	char text[4096] = "";

	if (meminfo < 0 || pread(meminfo, text, sizeof(text) - 1, 0) <= 0)
		return memory;
	yyjson_mut_obj_add_uint(doc, memory, "total", memory_of(text, "MemTotal:"));
	yyjson_mut_obj_add_uint(doc, memory, "available", memory_of(text, "MemAvailable:"));
	return memory;
}

static yyjson_mut_val *disk_json(yyjson_mut_doc *doc, const char *directory)
{
	yyjson_mut_val *disk = yyjson_mut_obj(doc);
	struct statvfs space;

	if (statvfs(directory, &space) < 0)
		return disk;
	yyjson_mut_obj_add_uint(doc, disk, "total", (uint64_t)space.f_blocks * space.f_frsize);
	yyjson_mut_obj_add_uint(doc, disk, "available", (uint64_t)space.f_bavail * space.f_frsize);
	return disk;
}

static void add_host(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct node *node)
{
	if (!node->host_known)
		return;
	json_set_string(doc, root, "accelerator", node->host.accelerator);
	json_set_integer(doc, root, "cpus", node->host.cpus);
	json_set_string(doc, root, "cpu_model", node->host.cpu_model);
	json_set_string(doc, root, "qemu_version", node->host.qemu_version);
}

static yyjson_mut_val *uplink_json(yyjson_mut_doc *doc, const struct node *node)
{
	yyjson_mut_val *uplink = yyjson_mut_obj(doc), *addresses;

	json_set_string(doc, uplink, "link", node->link);
	json_set_bool(doc, uplink, "carrier", node->carrier);
	json_set_integer(doc, uplink, "mtu", node->mtu);
	json_set_string(doc, uplink, "gateway", node->gateway);
	addresses = yyjson_mut_obj_add_arr(doc, uplink, "addresses");
	for (size_t i = 0; i < node->address_count; i++)
		yyjson_mut_arr_add_strcpy(doc, addresses, node->addresses[i]);
	return uplink;
}

static void add_system(struct cloud *cloud, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	struct timespec up = { 0 };
	struct utsname name = { 0 };

	uname(&name);
	clock_gettime(CLOCK_BOOTTIME, &up);
	json_set_string(doc, root, "version", CUMULET_VERSION);
	json_set_string(doc, root, "hostname", name.nodename);
	json_set_string(doc, root, "architecture", name.machine);
	json_set_string(doc, root, "kernel", name.release);
	json_set_integer(doc, root, "uptime", up.tv_sec);
	json_set(doc, root, "memory", memory_json(doc));
	json_set(doc, root, "disk", disk_json(doc, cloud->directory));
	json_set_string(doc, root, "fingerprint",
			cloud->server ? server_fingerprint(cloud->server) : "");
	json_set_string(doc, root, "ca_fingerprint",
			cloud->server ? server_ca_fingerprint(cloud->server) : "");
}

static void add_links(yyjson_mut_doc *doc, yyjson_mut_val *root, struct cloud *cloud)
{
	yyjson_mut_val *links = yyjson_mut_obj(doc);

	json_set_bool(doc, links, "vmm", link_is_up(cloud->links[ROLE_VMM]));
	json_set_bool(doc, links, "netd", link_is_up(cloud->links[ROLE_NETD]));
	json_set(doc, root, "links", links);
}

int node_show(struct request *request, struct error *error)
{
	struct node *node = request->cloud->node;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *body = yyjson_mut_obj(doc);
	int result;

	yyjson_mut_obj_add_val(doc, body, "node", root);
	add_system(request->cloud, doc, root);
	add_links(doc, root, request->cloud);
	/* Only to whoever stands in front of the box, until it has been used. */
	if (request->local_operator)
		json_set_string(doc, root, "first_password",
				identity_first_password(request->cloud, request->arena));
	pthread_mutex_lock(&node->lock);
	add_host(doc, root, node);
	json_set(doc, root, "uplink", uplink_json(doc, node));
	pthread_mutex_unlock(&node->lock);
	result = node_add_guests(request, doc, root, error);
	if (result < 0)
		return result;
	return reply_json(request, 200, doc, body);
}

int node_ca(struct request *request, struct error *error)
{
	const char *directory = request->cloud->directory;
	char path[512];
	off_t size;
	int fd;

	snprintf(path, sizeof(path), "%s/tls/ca.pem", strcmp(directory, "/") ? directory : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(error, "the certificate of the authority");
	size = lseek(fd, 0, SEEK_END);
	return reply_file(request, 200, "application/x-pem-file", fd, 0,
			  size > 0 ? (uint64_t)size : 0);
}
