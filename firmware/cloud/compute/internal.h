/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this folder share. A server's record holds the API's own members where they
 * are constant or stored, and members of ours that begin with '_':
 *   _flavor {id, name, vcpus, ram, disk, ephemeral, swap, extra_specs}   as it was at create
 *   _image {id, format, size, properties}         what the boot disk is cloned from
 *   _disk             id of the boot disk (names its file)
 *   _key {name, public_key, type}   the key pair as it was at create, or null
 *   _power            "run", "stop", "pause" or "suspend": what is desired
 *   _generation       raised by each change of what is desired of the guest
 *   _reboots_soft, _reboots_hard, _interrupts    counters
 *   _pull             the next stop does not wait for the guest
 *   _then             "stop": it is stopped when the task under way is done
 *   _resize {migration, flavor, finished, revert}   from a resize to its confirmation: the
 *                     migration's id, the flavor before, since when it waits, whether it reverts
 *   _snapshot         an image under way, see snapshot.h
 *   _shelved_image    the image that it is while it is shelved
 *   _boot {id, format, size}   what the boot disk is cloned from where it is not _image
 *   _rescue {disk, image}      what it boots from while it is rescued
 *   _plugs            interfaces that come and go, see server_plug.h
 *   _nic_tags {port: tag}      tags of interfaces
 *   _volumes [{id}]            volumes that the guest is to have
 *   _fault {code, created, message, details}   why it is in ERROR
 *   _action           request id of the action under way, whose event is not finished yet
 *   _group            id of the server group that it was made in; absent: none
 *   _placed           true while it holds resources of the host and may have a guest
 */
#ifndef CUMULET_COMPUTE_INTERNAL_H
#define CUMULET_COMPUTE_INTERNAL_H

#include <time.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/request.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/network/network.h"
#include "firmware/lib/uuid.h"

#define COMPUTE_VERSION_FIRST 1
#define COMPUTE_VERSION_LAST 96
#define COMPUTE_PREFIX "/compute/v2.1"
#define COMPUTE_V2_PREFIX "/compute/v2"
#define COMPUTE_HOST "cumulet" /* the one host that there is */
#define COMPUTE_ZONE "nova"    /* the one availability zone, by its usual name */
#define COMPUTE_PAGE_MAX 1000  /* [api]max_limit */
#define COMPUTE_TAGS_MAX 50

#define KEY_SERVER "/compute/server/"
#define KEY_FLAVOR "/compute/flavor/"
#define KEY_KEYPAIR "/compute/keypair/"
#define KEY_ACTION "/compute/action/"           /* <server id>/<request id> */
#define KEY_USER_DATA "/compute/user-data/"     /* <server id> {user_data, files} */
#define KEY_USAGE "/compute/usage/"             /* <project id> {instances, cores, ram, groups} */
#define KEY_MIGRATION "/compute/migration/"     /* <server id>/<migration id> */
#define KEY_SERVER_GROUP "/compute/group/"      /* <group id>, see server_groups.h */
#define KEY_QUOTA_CLASS "/compute/quota-class/" /* <class> {resource: limit}; "default" counts */
#define KEY_QUOTA "/compute/quota/"             /* <project id> {resource: limit} */

/* --- time.c: timestamps as the API writes them */
#define TIME_SIZE 32
const char *time_now(struct arena *arena);                          /* 2026-11-22T10:00:00.123456 */
const char *time_seconds(struct arena *arena, const char *precise); /* 2026-11-22T10:00:00Z */
/* ISO 8601 with or without zone and fraction, to seconds since the epoch; -EINVAL. */
int time_parse(const char *text, time_t *seconds);

/* --- links.c */
const char *link_self(struct request *request, const char *collection, const char *id);
const char *link_bookmark(struct arena *arena, const char *base_url, const char *collection,
			  const char *id);
yyjson_mut_val *links_of(struct request *request, yyjson_mut_doc *doc, const char *collection,
			 const char *id);
yyjson_mut_val *links_at(struct arena *arena, const char *base_url, yyjson_mut_doc *doc,
			 const char *collection, const char *id);
/* {"rel": "next", "href"} below 'name' when the page is full; 'last' is the last item's id. */
void links_next(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root,
		const char *name, const struct page *page, size_t count, const char *last);
/* An integer, or a string of digits as Nova's schemas allow. */
int64_t integer_of(yyjson_val *value, int64_t absent);
/* The document as it will be read back from the store. */
yyjson_val *json_frozen(struct arena *arena, const yyjson_mut_val *value);
/* True for "1", "t", "true", "on", "y", "yes"; false for the opposites; -EINVAL otherwise. */
int boolean_parse(const char *text, bool *value);

/* --- server_record.c */
struct server {
	const char *id;
	yyjson_val *record;
	uint64_t revision;
};
/* The server that the path names, if the caller may see it; 404 in Nova's words. */
int server_find(struct request *request, struct server *server, struct error *error);

/* A server to be changed: its copy is edited, then committed with whatever else is in 'txn'. */
struct server_edit {
	struct request *request;
	struct server server;
	yyjson_mut_doc *doc;
	yyjson_mut_val *record;
	struct store_txn *txn;
};
int server_edit_begin(struct request *request, struct server_edit *edit, struct error *error);
/* Refuses (409) a server that is locked, unless the caller is an administrator. */
int server_edit_unlocked(const struct server_edit *edit, struct error *error);
/* Sets 'updated_at', compares the revision, commits. */
int server_edit_commit(struct server_edit *edit, struct error *error);
/* An IPv6 address in its shortest form (RFC 5952), any other text as it is; NULL gives "". */
const char *address_short(struct arena *arena, const char *text);
void server_desire(yyjson_mut_doc *doc, yyjson_mut_val *record); /* raises _generation */
int server_ports(struct request *request, const char *server_id, struct network_ports *ports,
		 struct error *error);

/* --- instance_actions.c: what was done to a server, by whom, and how it ended */
/* Notes the start of an action with the event that it consists of. */
void action_begin(struct server_edit *edit, const char *action, const char *event);
void action_begin_record(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
			 struct store_txn *txn, const char *action, const char *event);
/* The same beside the action under way: the caller keeps the request's id to end it. */
void action_open(struct server_edit *edit, const char *action, const char *event);
/* An action that is over with the request itself. */
void action_done(struct server_edit *edit, const char *action);
/* An action that was taken and that failed later, as far as the caller can tell. */
void action_failed(struct server_edit *edit, const char *action, const char *event,
		   const char *details);
/* Ends the event of the action under way; 'failure' NULL: success. */
int action_end(struct store_view *view, struct arena *arena, struct store_txn *txn,
	       const char *server_id, const char *request_id, const char *failure);
/* Removes all that was noted about a server. */
int action_forget(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  const char *server_id);

/* --- flavors.c, flavor_access.c */
/* 404 "Flavor %s could not be found." for those that the caller can't see. */
int flavor_find(struct request *request, const char *id, yyjson_val **flavor, uint64_t *revision,
		struct error *error);
yyjson_mut_val *flavor_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *flavor);
int flavors_first_boot(struct cloud *cloud, struct error *error);

/* --- quotas.c */
enum quota_resource {
	QUOTA_INSTANCES,
	QUOTA_CORES,
	QUOTA_RAM,
	QUOTA_METADATA,
	QUOTA_FILES,
	QUOTA_FILE_CONTENT,
	QUOTA_FILE_PATH,
	QUOTA_KEYPAIRS,
	QUOTA_GROUPS,
	QUOTA_GROUP_MEMBERS,
	QUOTA_COUNT
};
struct quota_amount {
	int64_t instances, cores, ram;
	int64_t groups; /* server groups */
};
int quota_limit(struct request *request, const char *project_id, enum quota_resource resource,
		int64_t *limit, struct error *error);
int quota_usage(struct store_view *view, struct arena *arena, const char *project_id,
		struct quota_amount *used, uint64_t *revision, struct error *error);
/* Takes what 'count' servers of 'each' need from the project's quota, in the transaction; 403. */
int quota_take(struct request *request, struct store_txn *txn, const struct quota_amount *each,
	       int64_t least, int64_t *count, struct error *error);
int quota_give(struct store_view *view, struct arena *arena, struct store_txn *txn,
	       const char *project_id, const struct quota_amount *amount, struct error *error);

/* Changes what a project uses from one amount to another; 403 when it grows beyond a limit. */
int quota_move(struct request *request, struct store_txn *txn, const char *project_id,
	       const struct quota_amount *from, const struct quota_amount *to, struct error *error);
struct quota_amount quota_of_flavor(yyjson_val *flavor);
/* One more server group of the caller's project; 403. */
int quota_take_group(struct request *request, struct store_txn *txn, struct error *error);

/* --- admission.c: may the host take this server? */
struct vmm_host;
void admission_host_set(const struct vmm_host *host); /* facts of the host, from vmm */
bool admission_host_get(struct vmm_host *host);       /* false: not known yet */

/* --- reconcile.c */
int reconcile_start(struct cloud *cloud, struct error *error);

/* --- resize.c: from a resize to its end; all of it into a transaction of the caller's */
/* vmm has done what was asked for: the server waits for its confirmation, or is as before. */
int resize_settle(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  yyjson_val *record, yyjson_mut_doc *doc, yyjson_mut_val *edited, bool failed);
/* The new flavor stays; what the old one held is given back. */
int resize_confirm(struct store_view *view, struct arena *arena, struct store_txn *txn,
		   yyjson_val *record, yyjson_mut_doc *doc, yyjson_mut_val *edited);
/* The server is deleted: nothing of its migrations stays. */
int resize_forget(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  yyjson_val *record);

/* --- server_remove.c: all that a server has, given back in one transaction */
int server_remove(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  yyjson_val *record, uint64_t revision, struct error *error);

/* --- server_view.c */
enum server_form { FORM_SHOW, FORM_DETAIL, FORM_UPDATE, FORM_REBUILD };
struct server_views; /* what the views of one request share */
struct server_views *server_views_new(struct request *request, yyjson_mut_doc *doc);
int server_view(struct server_views *views, yyjson_val *record, enum server_form form,
		yyjson_mut_val **value, struct error *error);
struct listing; /* http/listing.h */
int server_list_detail(struct server_views *views, struct listing *listing, yyjson_val *record,
		       struct error *error);
int server_list_basic(struct server_views *views, struct listing *listing, yyjson_val *record,
		      struct error *error);
yyjson_mut_val *server_addresses(struct server_views *views, yyjson_val *record, bool extended,
				 struct error *error);

/* --- keys.c: SSH public and private keys */
/* MD5 fingerprint with colons, of a public key in OpenSSH's form; -EINVAL. */
int key_fingerprint(const char *public_key, char fingerprint[48]);
/* A fresh RSA key pair: private in PEM, public in OpenSSH's form, in the arena. */
int key_generate(struct arena *arena, const char *comment, const char **private_key,
		 const char **public_key, struct error *error);

/* --- x509.c: key pairs of certificates */
/* SHA-1 fingerprint with colons of a certificate in PEM; -EINVAL. */
int key_x509_fingerprint(const char *certificate, char fingerprint[64]);
/* A fresh certificate for the user in PEM, and its key with it as base64 of PKCS #12 without a
 * password, in the arena. */
int key_x509_generate(struct arena *arena, const char *user, const char **private_key,
		      const char **certificate, struct error *error);

/* --- iso.c: a config drive's file system (ISO 9660 with Joliet and Rock Ridge names) */
struct iso_file {
	const char *path; /* "openstack/latest/meta_data.json": folders are made */
	const void *data;
	size_t size;
};
int iso_write(struct arena *arena, const char *label, const struct iso_file *files, size_t count,
	      const void **image, size_t *size);

/* --- metadata.c, metadata_network.c, metadata_ec2.c */
struct metadata {
	struct store_view *view;
	struct arena *arena;
	yyjson_val *server;
	struct network_ports ports;
	const char *user_data; /* decoded, or NULL */
	size_t user_data_size;
	yyjson_val *files; /* {path, contents in base64}; NULL: none */
};
int metadata_load(struct store_view *view, struct arena *arena, const char *server_id,
		  struct metadata *metadata, struct error *error);
const char *metadata_network_json(struct metadata *metadata); /* network_data.json */
/* A leaf or listing of the EC2 tree below "meta-data", NULL: 404. */
const char *metadata_ec2(struct metadata *metadata, const char *path);
/* The config drive's image. */
int metadata_drive(struct metadata *metadata, const void **image, size_t *size);

#endif
