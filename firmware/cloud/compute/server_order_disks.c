/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block device mappings: a local boot disk from the image is all that there is. */
#include <string.h>

#include "firmware/cloud/compute/server_order.h"

static int mapping_invalid(struct error *error, const char *details)
{
	return error_set(error, -EINVAL, "Block Device Mapping is Invalid: %s", details);
}

static int mapping_source(yyjson_val *mapping, const char *source, struct error *error)
{
	const char *uuid = json_string(mapping, "uuid");

	if (!strcmp(source, "blank"))
		return uuid ? mapping_invalid(error, "Invalid device UUID.")
			    : error_set(error, -ENOSYS,
					"Ephemeral and swap disks are not supported.");
	if (!uuid)
		return mapping_invalid(error, "Missing device UUID.");
	if (!strcmp(source, "volume"))
		return error_set(error, -EINVAL,
				 "Block Device Mapping is Invalid: failed to get volume %s.", uuid);
	if (!strcmp(source, "snapshot"))
		return error_set(error, -EINVAL,
				 "Block Device Mapping is Invalid: failed to get snapshot %s.",
				 uuid);
	return 0;
}

static int mapping_check(const struct server_order *order, yyjson_val *mapping, struct error *error)
{
	const char *source = json_string(mapping, "source_type");
	const char *destination = json_string(mapping, "destination_type");
	const char *image = json_string(order->body, "imageRef");
	int result;

	if (yyjson_obj_get(mapping, "no_device") || !source)
		return mapping_invalid(error, "Unexpected device.");
	result = mapping_source(mapping, source, error);
	if (result < 0)
		return result;
	if (destination && !strcmp(destination, "volume"))
		return error_set(error, -ENOSYS, "Volumes made from images are not supported.");
	if (!image || integer_of(yyjson_obj_get(mapping, "boot_index"), -1) != 0)
		return mapping_invalid(error, "Mapping image to local is not supported.");
	if (strcmp(image, json_string(mapping, "uuid")))
		return mapping_invalid(error,
				       "Boot sequence for the instance and image/block device "
				       "mapping combination is not valid.");
	return 0;
}

int order_disks(const struct server_order *order, struct error *error)
{
	yyjson_val *mappings = yyjson_obj_get(order->body, "block_device_mapping_v2");
	yyjson_val *legacy = yyjson_obj_get(order->body, "block_device_mapping"), *mapping;
	size_t i, count;
	int result = 0;

	if (yyjson_arr_size(legacy) && yyjson_arr_size(mappings))
		return error_set(error, -EINVAL,
				 "Using different block_device_mapping syntaxes is "
				 "not allowed in the same request.");
	yyjson_arr_foreach (legacy, i, count, mapping)
		return error_set(
			error, -EINVAL, "Block Device Mapping is Invalid: failed to get volume %s.",
			json_string(mapping, "volume_id") ? json_string(mapping, "volume_id") : "");
	if (yyjson_arr_size(mappings) > 1)
		return mapping_invalid(error,
				       "Boot sequence for the instance and image/block device "
				       "mapping combination is not valid.");
	yyjson_arr_foreach (mappings, i, count, mapping)
		result = mapping_check(order, mapping, error);
	return result;
}
