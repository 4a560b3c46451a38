/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/fake.h"

#include <fcntl.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

static struct fake_backend *fake_of(struct backend *backend)
{
	return container_of(backend, struct fake_backend, backend);
}

static int record(struct backend *backend, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int record(struct backend *backend, struct error *error, const char *format, ...)
{
	struct fake_backend *fake = fake_of(backend);
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	buffer_printf(&fake->calls, "%s\n", line);
	if (fake->fail != NULL && strstr(line, fake->fail) != NULL)
		return error_set(error, -EIO, "told to fail");
	return 0;
}

static struct backend_link *find(struct fake_backend *fake, const char *name)
{
	for (size_t i = 0; i < fake->link_count; i++)
		if (strcmp(fake->links[i].name, name) == 0)
			return &fake->links[i];
	return NULL;
}

void fake_link(struct fake_backend *fake, const char *name)
{
	struct backend_link *link = &fake->links[fake->link_count];

	if (find(fake, name) != NULL || fake->link_count == FAKE_LINKS_MAX)
		return;
	memset(link, 0, sizeof(*link));
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->type = ARPHRD_ETHER;
	link->index = (uint32_t)++fake->link_count;
}

static int links(struct backend *backend, const char *space,
		 void (*visit)(const struct backend_link *link, void *context), void *context,
		 struct error *error)
{
	struct fake_backend *fake = fake_of(backend);

	(void)error;
	for (size_t i = 0; *space == '\0' && i < fake->link_count; i++)
		visit(&fake->links[i], context);
	return 0;
}

static int link_delete(struct backend *backend, const char *name, struct error *error)
{
	struct fake_backend *fake = fake_of(backend);
	struct backend_link *link = find(fake, name);

	if (link == NULL)
		return 0;
	fake->rates[link - fake->links] = fake->rates[--fake->link_count];
	fake->rates[fake->link_count] = 0;
	*link = fake->links[fake->link_count];
	return record(backend, error, "delete %s", name);
}

static int link_up(struct backend *backend, const char *space, const char *name,
		   struct error *error)
{
	return record(backend, error, "up %s%s%s", space, *space != '\0' ? ":" : "", name);
}

static int bridge_set(struct backend *backend, const char *name, uint32_t mtu, struct error *error)
{
	fake_link(fake_of(backend), name);
	return record(backend, error, "bridge %s mtu=%u", name, mtu);
}

static int tap_set(struct backend *backend, const struct backend_tap *tap, int *fd,
		   struct error *error)
{
	int result;

	if (fd == NULL && find(fake_of(backend), tap->name) == NULL)
		return error_set(error, -ENODEV, "no tap");
	fake_link(fake_of(backend), tap->name);
	result = record(backend, error, "tap %s bridge=%s mtu=%u%s", tap->name, tap->bridge,
			tap->mtu, fd != NULL ? " open" : "");
	if (result == 0 && fd != NULL)
		*fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return result;
}

static int veth_set(struct backend *backend, const struct backend_veth *veth, struct error *error)
{
	fake_link(fake_of(backend), veth->name);
	return record(backend, error, "veth %s bridge=%s space=%s inner=%s", veth->name,
		      veth->bridge, veth->space, veth->inner);
}

static int nic_set(struct backend *backend, const char *name, const char *bridge,
		   struct error *error)
{
	struct backend_link *link = find(fake_of(backend), name);
	struct backend_link *master = find(fake_of(backend), bridge);

	if (link == NULL)
		return error_set(error, -ENODEV, "no link %s", name);
	link->master = master != NULL ? master->index : 0;
	return record(backend, error, "nic %s bridge=%s", name, bridge);
}

static int vlan_set(struct backend *backend, const struct backend_vlan *vlan, struct error *error)
{
	if (find(fake_of(backend), vlan->parent) == NULL)
		return error_set(error, -ENODEV, "no link %s", vlan->parent);
	fake_link(fake_of(backend), vlan->name);
	return record(backend, error, "vlan %s parent=%s bridge=%s number=%u mtu=%u", vlan->name,
		      vlan->parent, vlan->bridge, vlan->number, vlan->mtu);
}

static int vxlan_set(struct backend *backend, const struct backend_vxlan *vxlan,
		     struct error *error)
{
	char local[CIDR_SIZE];

	fake_link(fake_of(backend), vxlan->name);
	address_format(&vxlan->local, local);
	return record(backend, error, "vxlan %s bridge=%s vni=%u mtu=%u local=%s port=%u%s%s",
		      vxlan->name, vxlan->bridge, vxlan->vni, vxlan->mtu, local, vxlan->port,
		      vxlan->learning ? " learning" : "", vxlan->suppress ? " suppress" : "");
}

static int remotes_set(struct backend *backend, const struct backend_vxlan *vxlan,
		       const struct address *flood, size_t flood_count,
		       const struct backend_remote *list, size_t count, struct error *error)
{
	char peer[CIDR_SIZE], address[CIDR_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < flood_count; i++) {
		address_format(&flood[i], peer);
		result = record(backend, error, "flood %s %s", vxlan->name, peer);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		const uint8_t *mac = list[i].mac;

		address_format(&list[i].peer, peer);
		address[0] = '\0';
		if (list[i].address.family != 0)
			address_format(&list[i].address, address);
		result = record(backend, error, "remote %s %02x:%02x:%02x:%02x:%02x:%02x %s %s",
				vxlan->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], peer,
				address);
	}
	return result;
}

static int counters(struct backend *backend, const char *link, struct backend_counters *counters,
		    struct error *error)
{
	if (find(fake_of(backend), link) == NULL)
		return error_set(error, -ENODEV, "no link");
	*counters = (struct backend_counters){ 1, 2, 3, 4, 5, 6, 7, 8 };
	return 0;
}

static int rate_set(struct backend *backend, const char *link, const struct backend_rate *rate,
		    struct error *error)
{
	struct fake_backend *fake = fake_of(backend);
	struct backend_link *found = find(fake, link);
	uint32_t *had = found != NULL ? &fake->rates[found - fake->links] : NULL;

	if (had == NULL)
		return error_set(error, -ENODEV, "no link");
	if (*had == rate->kbps)
		return 0;
	*had = rate->kbps;
	return record(backend, error, "rate %s %u kbit/s burst %u", link, rate->kbps, rate->burst);
}

static int sent_rate_set(struct backend *backend, const char *link, const char *shaper,
			 const struct backend_rate *rate, struct error *error)
{
	if (find(fake_of(backend), link) == NULL || rate->kbps == 0) {
		link_delete(backend, shaper, error);
		return find(fake_of(backend), link) != NULL ? 0
							    : error_set(error, -ENODEV, "no link");
	}
	if (find(fake_of(backend), shaper) != NULL)
		return 0;
	fake_link(fake_of(backend), shaper);
	return record(backend, error, "sent %s by %s %u kbit/s burst %u", link, shaper, rate->kbps,
		      rate->burst);
}

static int space_set(struct backend *backend, const char *space, struct error *error)
{
	struct fake_backend *fake = fake_of(backend);

	for (size_t i = 0; i < fake->space_count; i++)
		if (strcmp(fake->spaces[i], space) == 0)
			return 0;
	if (fake->space_count < FAKE_SPACES_MAX)
		snprintf(fake->spaces[fake->space_count++], SPACE_SIZE, "%s", space);
	return record(backend, error, "space %s", space);
}

static int space_delete(struct backend *backend, const char *space, struct error *error)
{
	struct fake_backend *fake = fake_of(backend);

	for (size_t i = 0; i < fake->space_count; i++)
		if (strcmp(fake->spaces[i], space) == 0)
			memcpy(fake->spaces[i], fake->spaces[--fake->space_count], SPACE_SIZE);
	return record(backend, error, "delete space %s", space);
}

static int spaces(struct backend *backend, void (*visit)(const char *space, void *context),
		  void *context, struct error *error)
{
	struct fake_backend *fake = fake_of(backend);

	(void)error;
	for (size_t i = 0; i < fake->space_count; i++)
		visit(fake->spaces[i], context);
	return 0;
}

static int addresses_set(struct backend *backend, const char *space, const char *link,
			 const struct address *list, size_t count, struct error *error)
{
	char text[200] = "", one[CIDR_SIZE];

	for (size_t i = 0; i < count; i++) {
		address_format(&list[i], one);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s", one);
	}
	return record(backend, error, "addresses %s:%s%s", space, link, text);
}

static int addresses(struct backend *backend, const char *space, const char *link,
		     void (*visit)(const struct address *address, void *context), void *context,
		     struct error *error)
{
	(void)backend;
	(void)space;
	(void)link;
	(void)visit;
	(void)context;
	(void)error;
	return 0;
}

static int routes_set(struct backend *backend, const char *space, const struct backend_route *list,
		      size_t count, struct error *error)
{
	char to[CIDR_SIZE], via[CIDR_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		if (list[i].kept)
			continue;
		address_format(&list[i].destination, to);
		address_format(&list[i].gateway, via);
		result = record(backend, error, "routes %s %s via %s%s%s", space, to, via,
				list[i].from[0] != '\0' ? " from " : "", list[i].from);
	}
	return result;
}

static int ipv6_set(struct backend *backend, const char *link, const struct backend_ipv6 *ipv6,
		    struct error *error)
{
	char text[CIDR_SIZE] = "";

	if (ipv6->address.family != 0)
		address_format(&ipv6->address, text);
	return record(backend, error, "ipv6 %s %s %s", link,
		      !ipv6->on          ? "off"
		      : ipv6->advertised ? "advertised"
					 : "static",
		      text);
}

static int proxies_set(struct backend *backend, const char *link, const struct address *list,
		       size_t count, struct error *error)
{
	char text[CIDR_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		address_format(&list[i], text);
		result = record(backend, error, "proxy %s %s", link, text);
	}
	return result;
}

static int announce(struct backend *backend, const char *space, const char *link,
		    const struct address *list, size_t count, struct error *error)
{
	char text[CIDR_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++) {
		address_format(&list[i], text);
		result = record(backend, error, "announce %s%s%s %s", space,
				*space != '\0' ? ":" : "", link, text);
	}
	return result;
}

static int rules_set(struct backend *backend, const char *space, const char *text,
		     const char *change, struct error *error)
{
	struct fake_backend *fake = fake_of(backend);
	bool qos = strstr(text, "cumulet_qos") != NULL, own = *space == '\0';
	char **place = qos ? (own ? &fake->qos_rules : &fake->router_qos_rules)
			   : (own ? &fake->rules : &fake->router_rules);

	int result = record(backend, error, "%s %s%s", qos ? "qos" : "rules", space,
			    change != NULL ? " changed" : "");

	if (result < 0)
		return result;
	free(*place);
	*place = strdup(text);
	free(fake->change);
	fake->change = change != NULL ? strdup(change) : NULL;
	return 0;
}

static bool rules_present(struct backend *backend)
{
	return fake_of(backend)->rules != NULL;
}

static int prepare(struct backend *backend, struct error *error)
{
	(void)backend;
	(void)error;
	return 0;
}

static const struct backend_ops fake_ops = {
	.links = links,
	.link_delete = link_delete,
	.link_up = link_up,
	.bridge_set = bridge_set,
	.tap_set = tap_set,
	.veth_set = veth_set,
	.nic_set = nic_set,
	.vlan_set = vlan_set,
	.vxlan_set = vxlan_set,
	.remotes_set = remotes_set,
	.rate_set = rate_set,
	.sent_rate_set = sent_rate_set,
	.counters = counters,
	.space_set = space_set,
	.space_delete = space_delete,
	.spaces = spaces,
	.addresses_set = addresses_set,
	.addresses = addresses,
	.routes_set = routes_set,
	.ipv6_set = ipv6_set,
	.proxies_set = proxies_set,
	.announce = announce,
	.rules_set = rules_set,
	.rules_present = rules_present,
	.prepare = prepare,
};

void fake_init(struct fake_backend *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->backend.ops = &fake_ops;
	fake->backend.bridge_conntrack = true;
	fake->backend.settled = true;
}

void fake_free(struct fake_backend *fake)
{
	buffer_free(&fake->calls);
	free(fake->rules);
	free(fake->router_rules);
	free(fake->qos_rules);
	free(fake->change);
	free(fake->router_qos_rules);
}

const char *fake_calls(struct fake_backend *fake)
{
	char *end = buffer_reserve(&fake->calls, 1);

	*end = '\0'; /* not part of what is queued */
	return buffer_head(&fake->calls);
}

void fake_forget(struct fake_backend *fake)
{
	buffer_consume(&fake->calls, fake->calls.length);
}
