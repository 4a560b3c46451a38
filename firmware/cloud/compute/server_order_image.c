/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image that a new server is made from, and whether the flavor is large enough for it. */
#include <string.h>

#include "firmware/cloud/compute/server_order.h"
#include "firmware/cloud/compute/hardware.h"
#include "firmware/cloud/image/image.h"

#define GIB (1024ll * 1024 * 1024)

static int image_fits(const struct server_order *order, struct error *error)
{
	int64_t disk = json_integer(order->flavor, "disk", 0);

	if (json_integer(order->flavor, "ram", 0) < order->image.min_ram)
		return error_set(error, -EINVAL,
				 "Flavor's memory is too small for requested image.");
	if (disk == 0)
		return 0;
	if (disk * GIB < order->image.size)
		return error_set(
			error, -EINVAL,
			"Flavor's disk is too small for requested image. Flavor disk is %lld "
			"bytes, image is %lld bytes.",
			disk * GIB, (long long)order->image.size);
	if (disk < order->image.min_disk)
		return error_set(
			error, -EINVAL,
			"Flavor's disk is smaller than the minimum size specified in image "
			"metadata. Flavor disk is %lld bytes, minimum size is %lld bytes.",
			disk * GIB, order->image.min_disk * GIB);
	return 0;
}

int order_image(struct server_order *order, struct error *error)
{
	const char *id = json_string(order->body, "imageRef");
	struct hardware hardware;
	yyjson_val *image;
	int result;

	if (!id || !*id)
		return error_set(error, -EINVAL, "Missing imageRef attribute");
	result = image_lookup(order->request, id, &image, error);
	if (result == -ENOENT)
		return error_set(error, -EINVAL, "Can not find requested image");
	if (result < 0)
		return result;
	order->image.id = json_string(image, "id");
	if (!json_is(image, "status", "active"))
		return error_set(error, -EINVAL, "Image %s is not active.", id);
	order->image = (struct image_order){
		.id = json_string(image, "id"),
		.format = json_string(image, "disk_format"),
		.record = image,
		.size = json_integer(image, "size", 0),
		.min_disk = json_integer(image, "min_disk", 0),
		.min_ram = json_integer(image, "min_ram", 0),
	};
	result = image_fits(order, error);
	return result < 0 ? result : hardware_read(order->flavor, image, &hardware, error);
}
