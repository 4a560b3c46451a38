/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the image service gives to the rest of the control plane. Records:
 *   /image/image/<id>              what the API shows, without links
 *   /image/member/<id>/<project>   with whom a shared image is shared
 * The bytes of an image are the file <cloud directory>/images/<id>.
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

#endif
