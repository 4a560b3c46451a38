/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the views of one request share, and the parts of a view that come from the ports. */
#ifndef CUMULET_COMPUTE_SERVER_VIEW_H
#define CUMULET_COMPUTE_SERVER_VIEW_H

#include "firmware/cloud/compute/internal.h"

/* All that a view depends on beside the record, but what ports and networks show. */
struct server_facts {
	const char *base_url;
	unsigned version;
	enum server_form form;
	bool admin, host_known;
	const char *user_data; /* NULL: none, or not shown */
	uint64_t user_data_revision;
	const char *group; /* NULL: none, or not shown */
};

/* Names that were looked up already: of networks, of security groups. */
struct view_name {
	const char *id, *name;
	struct view_name *next;
};

struct server_views {
	struct request *request;
	yyjson_mut_doc *doc;
	struct server_facts facts;
	const char *variant; /* of all servers of a list that have no facts of their own */
	struct view_name *networks, *groups;
	const char *ports_of; /* whose ports are in 'ports' */
	struct network_ports ports;
};

/* Of all its ports, whatever state it is in. */
yyjson_mut_val *server_addresses_all(struct server_views *views, yyjson_val *record, bool extended,
				     struct error *error);
/* [{"name"}] of all security groups of its ports, each once; NULL on error. */
yyjson_mut_val *server_groups(struct server_views *views, yyjson_val *record, struct error *error);

struct records;
/* group_view.c: one group in Nova's own form, with those of 'rules' that are its. */
yyjson_mut_val *group_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *group,
			   const struct records *rules);
/* The groups of the ports in Nova's own form, each once, behind 'list'. */
int group_views_add(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *list,
		    const struct network_ports *ports, struct error *error);

/* group_view.c: a rule of a security group in Nova's form. */
yyjson_mut_val *group_rule_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *rule);

/* An item of os-interface. */
yyjson_mut_val *interface_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *record,
			       yyjson_val *port);

#endif
