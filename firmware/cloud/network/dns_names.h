/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that guests have in their network's DNS, which the network's own service answers. */
#ifndef CUMULET_NETWORK_DNS_NAMES_H
#define CUMULET_NETWORK_DNS_NAMES_H

#include "firmware/cloud/network/resource.h"

/* Checks of the attributes 'dns_name' and 'dns_domain' (attribute.h). */
int dns_name_check(const struct attribute *attribute, yyjson_val *value, struct error *error);
int dns_domain_check(const struct attribute *attribute, yyjson_val *value, struct error *error);
/* Names are kept in lower case. */
void dns_name_lower(struct change *change, yyjson_mut_val *object, const char *member);
/* Adds 'dns_assignment': for each address of the port its name. */
int dns_assignment_derive(struct request *request, yyjson_val *port, yyjson_mut_doc *doc,
			  yyjson_mut_val *out, struct error *error);

#endif
