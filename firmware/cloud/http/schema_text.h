/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the services word what jsonschema found. */
#ifndef CUMULET_HTTP_SCHEMA_TEXT_H
#define CUMULET_HTTP_SCHEMA_TEXT_H

#include "firmware/cloud/http/schema.h"

enum schema_style {
	SCHEMA_COMPUTE,   /* Invalid input for field/attribute <name>. Value: <value>. <text> */
	SCHEMA_IDENTITY,  /* Invalid input for field '<path>': <text> */
	SCHEMA_PLACEMENT, /* JSON does not validate: <text> */
	SCHEMA_PLAIN,     /* <text> */
};

enum schema_style schema_style_of(const char *service_type);
int schema_check_as(const struct schema *schema, yyjson_val *value, unsigned microversion,
		    enum schema_style style, struct error *error);

/* A JSON value as Python prints it: repr() of it, or str() where it is a string itself. Cut to
 * 'size'; always terminated. */
void python_repr(yyjson_val *value, char *text, size_t size);
void python_str(yyjson_val *value, char *text, size_t size);
void python_repr_string(const char *string, char *text, size_t size);

/* schema_format.c */
bool schema_format_holds(enum schema_format format, const char *text);
const char *schema_format_name(enum schema_format format); /* as in "'x' is not a 'uuid'" */

#endif
