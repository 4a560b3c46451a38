/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/dns_names.h"

#include <ctype.h>
#include <string.h>

#define LABEL_MOST 63
#define DOMAIN_MOST 253

/* --- checks --- */

static int refuse(const struct attribute *attribute, const char *name, const char *reason,
		  struct error *error)
{
	return attribute_invalid(error, attribute, "'%s' not a valid PQDN or FQDN. Reason: %s",
				 name, reason);
}

static bool label_is_sound(const char *label, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-')
			return false;
	return length <= LABEL_MOST;
}

static const char *label_fault(const char *label, size_t length)
{
	if (length == 0)
		return "Encountered an empty component";
	if (label[0] == '-' || label[length - 1] == '-')
		return "Name must not start or end with a hyphen";
	if (!label_is_sound(label, length))
		return "Name must be 1-63 characters long, each of which can only be alphanumeric "
		       "or a hyphen";
	return NULL;
}

/* RFC 1123, 2.1; a final dot is allowed. */
int dns_name_check(const struct attribute *attribute, yyjson_val *value, struct error *error)
{
	const char *name = yyjson_get_str(value), *label = name, *fault = NULL;
	bool more = label && *label;

	while (more && !fault) {
		size_t length = strcspn(label, ".");

		fault = label_fault(label, length);
		more = label[length] == '.' && label[length + 1];
		if (!fault && !more && label != name && strspn(label, "0123456789") == length)
			fault = "TLD must not be all numeric";
		label += length + 1;
	}
	return fault ? refuse(attribute, name, fault, error) : 0;
}

int dns_domain_check(const struct attribute *attribute, yyjson_val *value, struct error *error)
{
	const char *name = yyjson_get_str(value);
	size_t length = name ? strlen(name) : 0;

	if (length && name[length - 1] != '.')
		return attribute_invalid(error, attribute, "'%s' is not a FQDN", name);
	if (length > DOMAIN_MOST)
		return attribute_invalid(error, attribute,
					 "'%s' contains %zu characters. Adding a sub-domain will "
					 "cause it to exceed the maximum length of a FQDN of '255'",
					 name, length);
	return dns_name_check(attribute, value, error);
}

void dns_name_lower(struct change *change, yyjson_mut_val *object, const char *member)
{
	const char *name = json_member(object, member);
	char *lower = name ? arena_strdup(change->request->arena, name) : NULL;

	for (char *c = lower; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (lower)
		json_set_string(change->doc, object, member, lower);
}

/* --- dns_assignment --- */

/* "host-10-0-0-3": what an address is called whose port has no name. */
static const char *host_name(struct arena *arena, const char *address)
{
	char *name = arena_printf(arena, "host-%s", address);

	for (char *c = name; c && *c; c++)
		if (*c == '.' || *c == ':')
			*c = '-';
	return name;
}

static const char *domain_of(struct request *request, yyjson_val *port)
{
	struct store_view *view;
	yyjson_val *network;

	if (request_view(request, &view, NULL) ||
	    resource_get(view, request->arena, &resource_network, json_string(port, "network_id"),
			 &network, NULL))
		return "";
	return json_string(network, "dns_domain") ?: "";
}

static const char *full_name(struct arena *arena, const char *name, const char *domain)
{
	size_t length = strlen(name);

	if (length && name[length - 1] == '.')
		return name;
	return arena_printf(arena, "%s.%s", name, domain);
}

int dns_assignment_derive(struct request *request, yyjson_val *port, yyjson_mut_doc *doc,
			  yyjson_mut_val *out, struct error *error)
{
	const char *name = json_string(port, "dns_name"), *domain = domain_of(request, port);
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	yyjson_mut_val *assignment = yyjson_mut_arr(doc), *entry;
	size_t index, count;

	(void)error;
	yyjson_arr_foreach (list, index, count, item) {
		const char *address = json_string(item, "ip_address");
		const char *host = name && *name ? name : host_name(request->arena, address);

		entry = yyjson_mut_arr_add_obj(doc, assignment);
		json_set_string(doc, entry, "ip_address", address);
		json_set_string(doc, entry, "hostname", host);
		json_set_string(doc, entry, "fqdn", full_name(request->arena, host, domain));
	}
	json_set(doc, out, "dns_assignment", assignment);
	return 0;
}
