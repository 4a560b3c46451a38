/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Request schemas: the part of JSON schema that the OpenStack services use, as static tables.
 * Checked before the handler runs; the fault text is that of the service (Nova's and Keystone's
 * jsonschema texts, e.g. "Invalid input for field/attribute name. Value: . '' is too short",
 * "'x' is a required property", "Additional properties are not allowed ('y' was unexpected)").
 */
#ifndef CUMULET_HTTP_SCHEMA_H
#define CUMULET_HTTP_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "firmware/lib/arena.h"
#include "firmware/lib/error.h"

enum schema_type {
	SCHEMA_ANY = 0,
	SCHEMA_OBJECT = 1,
	SCHEMA_ARRAY = 2,
	SCHEMA_STRING = 4,
	SCHEMA_INTEGER = 8,
	SCHEMA_NUMBER = 16,
	SCHEMA_BOOLEAN = 32,
	SCHEMA_NULL = 64,
};

enum schema_format {
	FORMAT_NONE,
	FORMAT_UUID, /* as is_uuid_like */
	FORMAT_URI,
	FORMAT_IPV4,
	FORMAT_IPV6,
	FORMAT_IP,
	FORMAT_CIDR,
	FORMAT_MAC,
	FORMAT_BASE64,
	FORMAT_DATE_TIME,
	FORMAT_NAME,       /* Nova's 'name': printable, no leading or trailing blank */
	FORMAT_NAME_STRIP, /* Nova's v2.0-compatible name: any after stripping */
	FORMAT_HOSTNAME,
	FORMAT_INTEGER_STRING, /* "^[0-9]*$" */
	FORMAT_BOOLEAN_STRING, /* what strutils.bool_from_string(strict) takes */
};

struct schema;

struct schema_member {
	const char *name; /* ends with NULL */
	const struct schema *schema;
	bool required;
	unsigned first, last; /* microversions in which the member exists; 0: no bound */
};

struct schema {
	unsigned types; /* schema_type bits; 0: any */
	/* strings: lengths in code points; max 0: none */
	uint32_t min_length, max_length;
	enum schema_format format;
	const char *const *one_of; /* enum of strings, NULL-terminated */
	const char *pattern;       /* POSIX extended, anchored as written; '-' last in brackets */
	/* numbers (also integer strings when FORMAT_INTEGER_STRING is allowed) */
	bool has_minimum, has_maximum;
	int64_t minimum, maximum;
	/* arrays */
	uint32_t min_items, max_items; /* max 0: none */
	bool unique_items;
	const struct schema *items;
	/* objects */
	const struct schema_member *members; /* NULL-terminated by name NULL */
	/* Values of any type: one of these must hold as well; NULL-terminated, or NULL. */
	const struct schema *const *any_of;
	bool additional;                   /* other members are allowed */
	const struct schema *others;       /* what other members' values must satisfy */
	const char *member_pattern;        /* names of other members (POSIX extended) */
	uint32_t min_members, max_members; /* max 0: none */
};

/* -EINVAL with the service's text. 'path' names where the value stands ("" at the root). */
int schema_check(const struct schema *schema, yyjson_val *value, unsigned microversion,
		 struct error *error);

#endif
