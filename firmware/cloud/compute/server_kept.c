/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server keeps of the flavor, image and key pair that it is made of: they may change. */
#include "firmware/cloud/compute/hardware.h"
#include "firmware/cloud/compute/server_order.h"

yyjson_mut_val *flavor_kept(yyjson_mut_doc *doc, yyjson_val *flavor)
{
	static const char *const members[][2] = {
		{ "id", "id" },
		{ "name", "name" },
		{ "vcpus", "vcpus" },
		{ "ram", "ram" },
		{ "disk", "disk" },
		{ "swap", "swap" },
		{ "extra_specs", "extra_specs" },
		{ "ephemeral", "OS-FLV-EXT-DATA:ephemeral" },
	};
	yyjson_mut_val *kept = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set(doc, kept, members[i][0],
			 yyjson_val_mut_copy(doc, yyjson_obj_get(flavor, members[i][1])));
	return kept;
}

yyjson_mut_val *image_kept(yyjson_mut_doc *doc, const struct image_order *image)
{
	yyjson_mut_val *kept = yyjson_mut_obj(doc);

	json_set_string(doc, kept, "id", image->id);
	json_set_string(doc, kept, "format", image->format);
	json_set_integer(doc, kept, "size", image->size);
	if (image->record)
		json_set(doc, kept, "properties", hardware_kept(doc, image->record));
	return kept;
}

yyjson_mut_val *key_kept(yyjson_mut_doc *doc, yyjson_val *keypair)
{
	yyjson_mut_val *kept = keypair ? yyjson_mut_obj(doc) : yyjson_mut_null(doc);

	if (keypair) {
		json_set_string(doc, kept, "name", json_string(keypair, "name"));
		json_set_string(doc, kept, "public_key", json_string(keypair, "public_key"));
		json_set_string(doc, kept, "type", json_string(keypair, "type"));
	}
	return kept;
}
