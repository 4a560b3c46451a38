/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts that several request schemas share, by Nova's names for them. */
#ifndef CUMULET_COMPUTE_SCHEMA_PARTS_H
#define CUMULET_COMPUTE_SCHEMA_PARTS_H

#include "firmware/cloud/http/schema.h"

extern const struct schema part_name, part_boolean, part_string, part_string_255, part_uuid,
	part_positive, part_description, part_metadata, part_tag, part_tags, part_host;

/* A body with one required member. */
#define ENVELOPE(member_name, member_schema)                                                       \
	{                                                                                          \
		.types = SCHEMA_OBJECT,                                                            \
		.members = (const struct schema_member[]){                                         \
			{ member_name, member_schema, true, 0, 0 }, { 0 }                          \
		},                                                                                 \
	}

#endif
