/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attribute tables of Neutron's resources: what a request may say about a resource, in the way
 * that Neutron's own attribute maps do (which differ from JSON schemas in texts and defaults).
 * One table for each resource; checking, converting and defaulting are written once.
 */
#ifndef CUMULET_NETWORK_ATTRIBUTE_H
#define CUMULET_NETWORK_ATTRIBUTE_H

#include "firmware/cloud/http/request.h"

enum attribute_kind {
	ATTRIBUTE_ANY,
	ATTRIBUTE_STRING,  /* at most 'most' characters */
	ATTRIBUTE_NAME,    /* the same; null is the empty string */
	ATTRIBUTE_BOOLEAN, /* also "true", "1", ...: converted */
	ATTRIBUTE_INTEGER, /* also its decimal text: converted; 'least' to 'most' */
	ATTRIBUTE_UUID,
	ATTRIBUTE_IP,
	ATTRIBUTE_MAC,
	ATTRIBUTE_CHOICE, /* one of 'choices' */
	ATTRIBUTE_UUIDS,  /* a list without duplicates */
	ATTRIBUTE_OBJECT,
	ATTRIBUTE_LIST,
};

enum attribute_flags {
	ATTRIBUTE_POST = 1,     /* may be given at creation */
	ATTRIBUTE_PUT = 2,      /* may be changed */
	ATTRIBUTE_REQUIRED = 4, /* must be given at creation */
	ATTRIBUTE_NULL = 8,     /* may be null */
	ATTRIBUTE_ADMIN = 16,   /* only an admin may give it */
	ATTRIBUTE_SECRET = 32,  /* only an admin sees it */
	ATTRIBUTE_HIDDEN = 64,  /* nobody sees it (input only) */
};

struct attribute {
	const char *name; /* ends with NULL */
	enum attribute_kind kind;
	unsigned flags;
	const char *standard; /* JSON text of the default; NULL: stays absent */
	int64_t least, most;
	const char *const *choices;
	/* A further check of a value of the right kind; may be NULL. */
	int (*check)(const struct attribute *attribute, yyjson_val *value, struct error *error);
};

/* 400 as Neutron's HTTPBadRequest; returns -EINVAL. */
int attribute_refuse(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "Invalid input for operation: <...>.", of the whole body. */
int input_refuse(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "Invalid input for <attribute>. Reason: <...>." */
int attribute_invalid(struct error *error, const struct attribute *attribute, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));

/*
 * Checks the members of 'given' by the table and copies them, converted, into 'out'. At creation
 * defaults are filled in and tenant_id/project_id are set (an admin may name another project);
 * otherwise only what is given is copied. 'resource' is the singular name, for policy texts.
 */
int attributes_take(struct request *request, const char *resource, const struct attribute *table,
		    yyjson_val *given, bool creating, yyjson_mut_doc *doc, yyjson_mut_val *out,
		    struct error *error);

#endif
