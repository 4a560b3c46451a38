/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which endpoints a project's catalog has (OS-EP-FILTER): those that were given to it one by one
 * or by a group, which selects endpoints by service, region and interface. A project that has
 * none of its own sees all.
 *
 *	/identity/endpoint_group/<id>
 *	/identity/project_endpoint/<project id>/<endpoint id>
 *	/identity/project_endpoint_group/<project id>/<group id>
 */
#ifndef CUMULET_IDENTITY_ENDPOINT_FILTER_H
#define CUMULET_IDENTITY_ENDPOINT_FILTER_H

#include "firmware/cloud/identity/kind.h"

extern const struct kind kind_endpoint_group;

struct endpoint_filter {
	struct records endpoints; /* of the project */
	yyjson_val **groups;      /* ends with NULL */
	bool active;              /* it lets some endpoint through, so all others are out */
};

/* 'all' are the endpoints that there are; project NULL: not active. */
int endpoint_filter_load(const struct reader *reader, const char *project_id,
			 const struct records *all, struct endpoint_filter *filter,
			 struct error *error);
bool endpoint_filter_has(const struct endpoint_filter *filter, yyjson_val *endpoint);
/* Whether a group selects the endpoint. */
bool endpoint_group_selects(yyjson_val *group, yyjson_val *endpoint);

int endpoint_group_list(struct request *request, struct error *error);
int endpoint_group_create(struct request *request, struct error *error);
int endpoint_group_show(struct request *request, struct error *error);
int endpoint_group_update(struct request *request, struct error *error);
int endpoint_group_delete(struct request *request, struct error *error);
int endpoint_group_endpoint_list(struct request *request, struct error *error);
int endpoint_group_project_list(struct request *request, struct error *error);
int project_endpoint_create(struct request *request, struct error *error);
int project_endpoint_check(struct request *request, struct error *error);
int project_endpoint_delete(struct request *request, struct error *error);
int project_endpoint_list(struct request *request, struct error *error);
int project_endpoint_group_create(struct request *request, struct error *error);
int project_endpoint_group_show(struct request *request, struct error *error);
int project_endpoint_group_delete(struct request *request, struct error *error);
int project_endpoint_group_list(struct request *request, struct error *error);
int endpoint_project_list(struct request *request, struct error *error);

#endif
