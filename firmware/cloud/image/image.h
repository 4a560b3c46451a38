/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the image service gives to the rest of the control plane. Records:
 *   /image/image/<id>              what the API shows, without links
 *   /image/member/<id>/<project>   with whom a shared image is shared
 * The bytes of an image are a file in <cloud directory>/images, whose name the record has.
 */
#ifndef CUMULET_IMAGE_H
#define CUMULET_IMAGE_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/service.h"

extern const struct service image_service;

/*
 * A read-only descriptor of an active image's bytes, the caller's to close; the image may be
 * deleted while it is open. Fills disk_format ("raw", "qcow2", ...) and size (bytes). The bytes
 * are as somebody uploaded them: whoever uses them has to check that they are what disk_format
 * says. -ENOENT: no such image, or it has no bytes (yet). Any thread.
 */
int image_open(struct cloud *cloud, const char *id, char disk_format[16], uint64_t *size,
	       struct error *error);

/* The image's record if the caller may see it, else -ENOENT with Glance's text. The document is
 * the request's. */
int image_lookup(struct request *request, const char *id, yyjson_val **image, struct error *error);

/*
 * Images that the box makes itself, of servers. A reserved one is 'queued'; its bytes are written
 * to the descriptor of image_fill_open(), and image_fill_finish() makes it 'active'. Between the two
 * the box may die: whoever reserved it opens it again, or discards it.
 */
/* Adds to the transaction the record of a queued image of the caller's project; 'members' are those
 * that are not as in a fresh one. */
int image_reserve(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		  yyjson_mut_val *members, const char **id, struct error *error);
/* An empty file to be read and written; the caller's to close. Any thread, as those below, which
 * block. -ENOENT: the image was deleted. */
int image_fill_open(struct cloud *cloud, const char *id, struct error *error);
int image_fill_finish(struct cloud *cloud, const char *id, int fd, const char *disk_format,
		      struct error *error);
/* Removes an image and its bytes, whatever its status, unless it is protected. */
int image_discard(struct cloud *cloud, const char *id, struct error *error);
/* The same as part of the caller's transaction, and without waiting: the bytes stay until the next
 * start. */
void image_drop(struct arena *arena, struct store_txn *txn, const char *id);

#endif
