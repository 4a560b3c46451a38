/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quality of service, as far as rules do it: how a port's packets are marked (RFC 2474), and how much
 * it may send where the kernel can't make that wait. Otherwise queues do it (backend's rate_set and
 * sent_rate_set).
 *
 * These rules are tables of their own, 'bridge cumulet_qos' and in a router's space 'inet
 * cumulet_qos': replacing a rule refills its bucket, so they are touched only when they change.
 * A limit of nftables lets through, at once, a second's worth beyond its burst.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "netstack/address.h"
#include "netstack/netd/firewall_internal.h"
#include "netstack/netd/names.h"
#include "netstack/netd/router.h"

#define LARGEST_PACKET 65536 /* of a guest that leaves segmenting to the link: one must fit */

const struct net_qos *port_qos(const struct model *model, const struct net_port *port)
{
	static const struct net_qos none;
	const struct network *network = model_network(model, port->network_id);

	if (port->qos.set)
		return &port->qos;
	/* As in Neutron, what a network asks for is not meant for its routers and services. */
	return network != NULL && firewall_port_is_guest(port) ? &network->desired.qos : &none;
}

bool port_link(const struct net_port *port, char name[static IFNAMSIZ])
{
	if (strcmp(port->owner, "network:dhcp") == 0)
		name_link(name, "cs", port->network_id);
	else if (strcmp(port->owner, "network:router_interface") == 0)
		name_link(name, "ci", port->id);
	else if (firewall_port_is_guest(port))
		name_link(name, "ct", port->id);
	else
		return false;
	return true;
}

static void limit_put(struct firewall_writer *writer, const char *chain, uint32_t kbps,
		      uint32_t burst)
{
	uint64_t bytes = (uint64_t)burst * 1000 / 8;

	if (bytes < LARGEST_PACKET)
		bytes = LARGEST_PACKET;
	firewall_put(writer,
		     "\tchain %s {\n\t\tlimit rate over %llu bytes/second burst %llu bytes "
		     "drop\n\t}\n",
		     chain, (unsigned long long)kbps * 1000 / 8,
		     (unsigned long long)(bytes > UINT32_MAX ? UINT32_MAX : bytes));
}

/* --- ports --- */

enum part { PART_LIMIT, PART_MARK };

static bool has_part(const struct firewall *firewall, enum part part, const struct net_qos *qos)
{
	return part == PART_LIMIT ? qos->egress_kbps != 0 && !firewall->shaping : qos->dscp != 0;
}

/* Calls 'put' for every port that has this part. */
static void each_port(struct firewall_writer *writer, enum part part,
		      void (*put)(struct firewall_writer *writer, const char *link,
				  const struct net_qos *qos))
{
	char link[IFNAMSIZ];

	model_each(writer->firewall->model, OBJECT_PORT, object)
	{
		const struct net_port *port = &((const struct port *)object)->desired;
		const struct net_qos *qos = port_qos(writer->firewall->model, port);

		if (!object->doomed && has_part(writer->firewall, part, qos) &&
		    port_link(port, link))
			put(writer, link, qos);
	}
}

static void limit_element(struct firewall_writer *writer, const char *link,
			  const struct net_qos *qos)
{
	(void)qos;
	firewall_put(writer, "\t\t\t%s : jump limit-%s,\n", link, link);
}

static void limit_chain(struct firewall_writer *writer, const char *link, const struct net_qos *qos)
{
	char name[FIREWALL_NAME_SIZE];

	firewall_name(name, "limit", link);
	limit_put(writer, name, qos->egress_kbps, qos->egress_burst);
}

static void mark_element(struct firewall_writer *writer, const char *link,
			 const struct net_qos *qos)
{
	if (qos->dscp <= 64)
		firewall_put(writer, "\t\t\t%s : jump mark-%u,\n", link, qos->dscp - 1);
}

static void mark_chains(struct firewall_writer *writer)
{
	for (unsigned mark = 0; mark < 64; mark++)
		firewall_put(writer,
			     "\tchain mark-%u {\n"
			     "\t\tmeta protocol ip ip dscp set %u\n"
			     "\t\tmeta protocol ip6 ip6 dscp set %u\n\t}\n",
			     mark, mark, mark);
}

static void map_put(struct firewall_writer *writer, const char *name, enum part part,
		    void (*element)(struct firewall_writer *writer, const char *link,
				    const struct net_qos *qos))
{
	firewall_put(writer, "\tmap %s {\n\t\ttype ifname : verdict\n\t\telements = {\n", name);
	each_port(writer, part, element);
	firewall_put(writer, "\t\t}\n\t}\n");
}

static void count_one(struct firewall_writer *writer, const char *link, const struct net_qos *qos)
{
	(void)link;
	(void)qos;
	writer->result = 1;
}

static bool any_port(const struct firewall *firewall)
{
	struct firewall_writer counter = { .firewall = firewall };

	each_port(&counter, PART_LIMIT, count_one);
	each_port(&counter, PART_MARK, count_one);
	return counter.result != 0;
}

static int finish(struct firewall_writer *writer)
{
	if (writer->result == 0)
		writer->result = buffer_append(writer->text, "", 1);
	return writer->result;
}

/* Behind the spoof chain: what is not the port's own takes none of its share. */
int firewall_qos(const struct model *model, bool shaping, struct buffer *text)
{
	const struct firewall firewall = { .model = model, .shaping = shaping };
	struct firewall_writer writer = { .firewall = &firewall, .text = text };

	if (!any_port(&firewall)) {
		firewall_put(&writer, "delete table bridge cumulet_qos\n");
		return finish(&writer);
	}
	firewall_put(&writer, "table bridge cumulet_qos {\n");
	each_port(&writer, PART_LIMIT, limit_chain);
	mark_chains(&writer);
	map_put(&writer, "limits", PART_LIMIT, limit_element);
	map_put(&writer, "marks", PART_MARK, mark_element);
	firewall_put(&writer, "\tchain sent {\n"
			      "\t\ttype filter hook prerouting priority -290; policy accept;\n"
			      "\t\tiifname vmap @limits\n"
			      "\t\tiifname vmap @marks\n"
			      "\t}\n}\n");
	return finish(&writer);
}

/* --- addresses outside --- */

struct outside {
	struct address address;
	const struct net_qos *qos;
};

/* The addresses of a router that have limits: floating ones and its own. */
static size_t outside_collect(const struct model *model, struct router *router,
			      struct outside list[static NET_ROUTER_FLOATINGS_MAX + 1])
{
	const struct net_floating *floatings = router->desired.floatings.items;
	struct address box_end, own;
	size_t count = 0;

	for (size_t i = 0; i < router->desired.floatings.count; i++) {
		list[count].qos = &floatings[i].qos;
		if (address_parse(floatings[i].address, &list[count].address) == 0 &&
		    list[count].address.family == AF_INET)
			count += floatings[i].qos.egress_kbps + floatings[i].qos.ingress_kbps > 0;
	}
	if (router->desired.qos.egress_kbps + router->desired.qos.ingress_kbps == 0)
		return count;
	/* Without an address outside it goes out under the box's, by that of its way there. */
	if (!router_has_external(model, router) ||
	    address_parse(router->desired.external_address, &own) < 0 || own.family != AF_INET)
		router_transfer(model, router, &box_end, &own);
	own.prefix = 32;
	list[count++] = (struct outside){ own, &router->desired.qos };
	return count;
}

static uint32_t outside_kbps(const struct outside *outside, bool inbound)
{
	return inbound ? outside->qos->ingress_kbps : outside->qos->egress_kbps;
}

static void outside_chains(struct firewall_writer *writer, const struct outside *list, size_t count,
			   bool inbound)
{
	const char *name = inbound ? "in" : "out";
	char text[CIDR_SIZE], chain[FIREWALL_NAME_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (outside_kbps(&list[i], inbound) == 0)
			continue;
		snprintf(chain, sizeof(chain), "%s-%zu", name, i);
		limit_put(writer, chain, outside_kbps(&list[i], inbound),
			  inbound ? list[i].qos->ingress_burst : list[i].qos->egress_burst);
	}
	firewall_put(writer, "\tmap %s {\n\t\ttype ipv4_addr : verdict\n\t\telements = {\n", name);
	for (size_t i = 0; i < count; i++) {
		address_format(&list[i].address, text);
		if (outside_kbps(&list[i], inbound) != 0)
			firewall_put(writer, "\t\t\t%s : jump %s-%zu,\n", text, name, i);
	}
	firewall_put(writer, "\t\t}\n\t}\n");
}

/* What comes is counted before it is translated, what goes afterwards. */
int firewall_router_qos(const struct model *model, struct router *router, struct buffer *text)
{
	struct firewall_writer writer = { .text = text };
	struct outside list[NET_ROUTER_FLOATINGS_MAX + 1];
	size_t count = outside_collect(model, router, list);

	if (count == 0) {
		firewall_put(&writer, "delete table inet cumulet_qos\n");
		return finish(&writer);
	}
	firewall_put(&writer, "table inet cumulet_qos {\n");
	outside_chains(&writer, list, count, true);
	outside_chains(&writer, list, count, false);
	firewall_put(&writer, "\tchain inbound {\n"
			      "\t\ttype filter hook prerouting priority -150; policy accept;\n"
			      "\t\tmeta protocol ip iifname up ip daddr vmap @in\n\t}\n"
			      "\tchain outbound {\n"
			      "\t\ttype filter hook postrouting priority 110; policy accept;\n"
			      "\t\tmeta protocol ip oifname up ip saddr vmap @out\n\t}\n}\n");
	return finish(&writer);
}
