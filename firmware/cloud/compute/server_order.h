/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a create request asks for, read and checked before anything is made. */
#ifndef CUMULET_COMPUTE_SERVER_ORDER_H
#define CUMULET_COMPUTE_SERVER_ORDER_H

#include "firmware/cloud/compute/host_state.h"

#define ORDER_NICS_MAX 16

struct nic_order {
	const char *network_id, *port_id, *fixed_ip, *tag; /* a network or a port */
};

/* The image as far as a server depends on it. */
struct image_order {
	const char *id, *format;
	yyjson_val *record;              /* Glance's; NULL: its properties do not count */
	int64_t size, min_disk, min_ram; /* bytes, GiB, MiB */
};

struct server_order {
	struct request *request;
	yyjson_val *body; /* "server" */
	yyjson_val *flavor;
	yyjson_val *keypair; /* NULL: none */
	struct host_state host;
	yyjson_val *hints; /* for the scheduler; NULL: none */
	yyjson_val *group; /* the server group, NULL: none */
	uint64_t group_revision;
	struct record_list members; /* of the group, as they are before */
	struct image_order image;
	const char *name, *description, *hostname, *zone, *user_data, *admin_pass;
	const char *reservation;
	yyjson_val *files; /* of the personality; NULL: none */
	bool config_drive;
	const char **groups; /* names or ids, NULL-terminated; NULL: the default one */
	struct nic_order nics[ORDER_NICS_MAX];
	size_t nic_count;
	int64_t least, most;
};

/* All of it; -EINVAL, -EACCES, -EDQUOT, -ENOSYS in Nova's words. */
int server_order_read(struct request *request, struct server_order *order, struct error *error);
int order_group(struct server_order *order, struct error *error);
int order_networks(struct server_order *order, struct error *error);
int order_image(struct server_order *order, struct error *error);
int order_disks(const struct server_order *order, struct error *error);
int order_keypair(struct server_order *order, struct error *error);
int order_metadata(struct server_order *order, struct error *error);
int order_files(struct server_order *order, struct error *error);
int order_certificates(struct server_order *order, struct error *error);
/* server_files.c: what the record KEY_USER_DATA holds; neither of them: there is none. */
void server_data_put(struct request *request, struct store_txn *txn, const char *id,
		     const char *user_data, yyjson_val *files);
/* The password that the body names, or a fresh one. */
const char *order_password(struct request *request, yyjson_val *body);

/* server_kept.c: what the record keeps of them. */
yyjson_mut_val *flavor_kept(yyjson_mut_doc *doc, yyjson_val *flavor);
yyjson_mut_val *image_kept(yyjson_mut_doc *doc, const struct image_order *image);
yyjson_mut_val *key_kept(yyjson_mut_doc *doc, yyjson_val *keypair);

/* Nova's rule for a guest's name from a server's: "My VM_1!" -> "my-vm-1". */
const char *hostname_of(struct arena *arena, const char *name, const char *id);

#endif
