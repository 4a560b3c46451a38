/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/uplink.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/names.h"

#define LOOK_DELAY_MS 20 /* notifications come in swarms */
#define RESTART_MS 2000

/* --- what holds is set --- */

static size_t default_route(const struct uplink *uplink, struct backend_route *route)
{
	route->destination.family = AF_INET;
	/* Until the first lease of a fresh netd its predecessor's holds. */
	route->kept = uplink->desired.dhcp && uplink->lease.address.family == 0;
	if (route->kept)
		return 1;
	snprintf(route->link, sizeof(route->link), "%s", uplink->link);
	return address_parse(uplink->lease.gateway, &route->gateway) == 0 &&
	       route->gateway.family == AF_INET;
}

static size_t default_route6(const struct uplink *uplink, struct backend_route *route)
{
	if (uplink->desired.ipv6 != UPLINK_IPV6_STATIC ||
	    address_parse(uplink->desired.gateway6, &route->gateway) < 0 ||
	    route->gateway.family != AF_INET6)
		return 0;
	route->destination.family = AF_INET6;
	snprintf(route->link, sizeof(route->link), "%s", uplink->link);
	return 1;
}

/* The way out, and those to what routers have outside. */
static int routes_apply(struct uplink *uplink, struct error *error)
{
	CLEANUP_FREE struct backend_route *list = calloc(2 + uplink->external_count, sizeof(*list));
	size_t count;

	if (list == NULL)
		return error_set(error, -ENOMEM, "no memory");
	count = default_route(uplink, list);
	count += default_route6(uplink, &list[count]);
	for (size_t i = 0; i < uplink->external_count; i++) {
		struct backend_route *route = &list[count++];

		route->destination = uplink->externals[i].address;
		route->gateway = uplink->externals[i].gateway;
		memcpy(route->link, uplink->externals[i].link, sizeof(route->link));
	}
	return uplink->backend->ops->routes_set(uplink->backend, "", list, count, error);
}

static bool external_is_known(const struct uplink_external *list, size_t count,
			      const struct address *address)
{
	for (size_t i = 0; i < count; i++)
		if (address_equal(&list[i].address, address))
			return true;
	return false;
}

/* Answers for the hosts' addresses, and announces those that the 'known' ones did not have. */
static int proxies_apply(struct uplink *uplink, const struct uplink_external *known,
			 size_t known_count, struct error *error)
{
	const struct backend_ops *ops = uplink->backend->ops;
	size_t size = uplink->external_count + 1, count = 0, fresh_count = 0;
	CLEANUP_FREE struct address *list = calloc(size, sizeof(*list));
	CLEANUP_FREE struct address *fresh = calloc(size, sizeof(*fresh));
	int result;

	if (list == NULL || fresh == NULL)
		return error_set(error, -ENOMEM, "no memory");
	for (size_t i = 0; i < uplink->external_count; i++) {
		const struct address *address = &uplink->externals[i].address;

		if (!address_is_host(address))
			continue;
		list[count++] = *address;
		if (!external_is_known(known, known_count, address))
			fresh[fresh_count++] = *address;
	}
	result = ops->proxies_set(uplink->backend, uplink->link, list, count, error);
	return result < 0 || fresh_count == 0 ? result
					      : ops->announce(uplink->backend, "", uplink->link,
							      fresh, fresh_count, error);
}

static void ipv6_apply(struct uplink *uplink)
{
	const struct backend_ipv6 ipv6 = {
		.on = uplink->desired.ipv6 != UPLINK_IPV6_OFF,
		.advertised = uplink->desired.ipv6 == UPLINK_IPV6_SLAAC,
		.address = uplink->desired.address6,
	};
	struct error error = { 0 };

	if (uplink->backend->ops->ipv6_set(uplink->backend, uplink->link, &ipv6, &error) < 0)
		log_error("uplink", "IPv6 not set", "link=%s reason=%s", uplink->link,
			  log_quote(error.message));
}

static void lease_apply(struct uplink *uplink)
{
	const struct address *own = &uplink->lease.address;
	struct error error = { 0 };
	int result = uplink->backend->ops->addresses_set(uplink->backend, "", uplink->link, own,
							 own->family != 0, &error);

	if (result == 0)
		result = routes_apply(uplink, &error);
	if (result == 0)
		result = proxies_apply(uplink, NULL, 0, &error);
	if (result < 0)
		log_error("uplink", "not set", "link=%s reason=%s", uplink->link,
			  log_quote(error.message));
	uplink_look(uplink);
	uplink->changed(uplink);
}

void uplink_client_line(struct uplink *uplink, const char *line)
{
	struct uplink_settings lease;

	/* A client that starts begins with 'deconfig': an address that holds is not given up for
	 * it, guests are using it. */
	if (strncmp(line, "bound ", 6) != 0 && strncmp(line, "renew ", 6) != 0) {
		log_info("uplink", "dhcp", "event=%.16s", log_quote(line));
		return;
	}
	if (uplink_lease_parse(line, &lease) < 0) {
		log_warning("uplink", "lease not understood", "line=%s", log_quote(line));
		return;
	}
	uplink->lease = lease;
	lease_apply(uplink);
}

static void client_restart(struct loop_timer *timer)
{
	struct uplink *uplink = container_of(timer, struct uplink, restart);
	struct error error = { 0 };

	if (uplink->link[0] == '\0' || !uplink->desired.dhcp || uplink->client != 0)
		return;
	if (udhcpc_start(uplink, &error) < 0) {
		log_error("uplink", "no dhcp client", "reason=%s", log_quote(error.message));
		uplink_client_lost(uplink);
	}
}

void uplink_client_lost(struct uplink *uplink)
{
	loop_timer_start(uplink->loop, &uplink->restart, RESTART_MS, client_restart);
}

/* What IPv6 needs does not wait for a lease; a default route by IPv4 that holds is kept until then. */
static void dhcp_begin(struct uplink *uplink)
{
	struct error error = { 0 };

	if (uplink->desired.ipv6 == UPLINK_IPV6_STATIC && routes_apply(uplink, &error) < 0)
		log_error("uplink", "routes not set", "reason=%s", log_quote(error.message));
	client_restart(&uplink->restart);
}

/* A link is there now. */
static void set_up(struct uplink *uplink)
{
	struct backend *backend = uplink->backend;
	struct error error = { 0 };

	if (backend->ops->link_up(backend, "", uplink->link, &error) < 0)
		log_error("uplink", "link not up", "reason=%s", log_quote(error.message));
	ipv6_apply(uplink);
	uplink->lease = uplink->desired;
	log_info("uplink", "set", "link=%s mode=%s", uplink->link,
		 uplink->desired.dhcp ? "dhcp" : "static");
	if (!uplink->desired.dhcp)
		lease_apply(uplink);
	else
		dhcp_begin(uplink);
}

/* --- what is observed --- */

struct observation {
	struct uplink *uplink;
	struct backend_link best; /* index 0: none */
	struct address addresses[NET_PORT_ADDRESSES_MAX];
	size_t count;
};

/* Hardware, or what stands for it when hosted; not the kernel's own dummies and bonds. */
static bool may_be_uplink(const struct backend_link *link)
{
	return link->type == ARPHRD_ETHER && !name_is_ours(link->name) &&
	       (link->kind[0] == '\0' || strcmp(link->kind, "veth") == 0);
}

/* The one that is named, or the first that will do. */
static void link_observe(const struct backend_link *link, void *context)
{
	struct observation *seen = context;
	const char *named = seen->uplink->desired.link;

	/* What is on a bridge is a physical network's. */
	if (named[0] != '\0' ? strcmp(named, link->name) != 0
			     : !may_be_uplink(link) || link->master != 0)
		return;
	if (seen->best.index == 0 || link->index < seen->best.index)
		seen->best = *link;
}

static void address_observe(const struct address *address, void *context)
{
	struct observation *seen = context;

	if (seen->count < ARRAY_LENGTH(seen->addresses))
		seen->addresses[seen->count++] = *address;
}

static bool observe(struct uplink *uplink, const struct observation *seen)
{
	bool same = seen->count == uplink->address_count && seen->best.carrier == uplink->carrier &&
		    seen->best.mtu == uplink->mtu;

	for (size_t i = 0; same && i < seen->count; i++)
		same = address_equal(&seen->addresses[i], &uplink->addresses[i]);
	memcpy(uplink->addresses, seen->addresses, sizeof(uplink->addresses));
	uplink->address_count = seen->count;
	uplink->carrier = seen->best.carrier;
	uplink->mtu = seen->best.mtu;
	return !same;
}

void uplink_look(struct uplink *uplink)
{
	struct backend *backend = uplink->backend;
	struct observation seen = { .uplink = uplink };
	bool other;

	backend->ops->links(backend, "", link_observe, &seen, NULL);
	if (seen.best.index != 0)
		backend->ops->addresses(backend, "", seen.best.name, address_observe, &seen, NULL);
	other = strcmp(uplink->link, seen.best.name) != 0;
	snprintf(uplink->link, sizeof(uplink->link), "%s", seen.best.name);
	if (other)
		udhcpc_stop(uplink);
	if (other && uplink->link[0] != '\0')
		set_up(uplink);
	else if (observe(uplink, &seen) || other)
		uplink->changed(uplink);
}

static void look_late(struct loop_timer *timer)
{
	uplink_look(container_of(timer, struct uplink, look));
}

static void monitor_skip(const struct nlmsghdr *header, void *context)
{
	(void)header;
	(void)context;
}

static void monitor_read(struct loop_fd *handle, unsigned events)
{
	struct uplink *uplink = container_of(handle, struct uplink, monitor_handle);

	(void)events;
	/* What is said does not matter, only that something was: lost ones do no harm. */
	netlink_notifications(&uplink->monitor, monitor_skip, NULL);
	if (!uplink->look.running)
		loop_timer_start(uplink->loop, &uplink->look, LOOK_DELAY_MS, look_late);
}

/* --- its life --- */

void uplink_init(struct uplink *uplink, struct loop *loop, struct backend *backend,
		 void (*changed)(struct uplink *uplink))
{
	memset(uplink, 0, sizeof(*uplink));
	uplink->loop = loop;
	uplink->backend = backend;
	uplink->changed = changed;
	uplink->monitor.fd = -1;
	uplink->client_output = -1;
	uplink->desired.dhcp = true;
}

int uplink_start(struct uplink *uplink, struct error *error)
{
	int result = netlink_open(&uplink->monitor, NETLINK_ROUTE,
				  RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, error);

	if (result == 0)
		result = loop_fd_start(uplink->loop, &uplink->monitor_handle, uplink->monitor.fd,
				       LOOP_READ, monitor_read);
	if (result == 0)
		uplink_look(uplink);
	return result;
}

void uplink_set(struct uplink *uplink, const struct uplink_settings *settings)
{
	if (memcmp(&uplink->desired, settings, sizeof(*settings)) == 0)
		return;
	uplink->desired = *settings;
	udhcpc_stop(uplink);
	uplink->link[0] = '\0';
	uplink_look(uplink);
}

static bool externals_same(const struct uplink *uplink, const struct uplink_external *list,
			   size_t count)
{
	return count == uplink->external_count &&
	       (count == 0 || memcmp(list, uplink->externals, count * sizeof(*list)) == 0);
}

void uplink_externals(struct uplink *uplink, const struct uplink_external *list, size_t count)
{
	struct uplink_external *own =
		externals_same(uplink, list, count) ? NULL : calloc(count + 1, sizeof(*own));
	CLEANUP_FREE struct uplink_external *before = own != NULL ? uplink->externals : NULL;
	size_t before_count = uplink->external_count;
	struct error error = { 0 };
	int result;

	if (own == NULL)
		return;
	if (count > 0)
		memcpy(own, list, count * sizeof(*list));
	uplink->externals = own;
	uplink->external_count = count;
	if (uplink->link[0] == '\0')
		return;
	result = routes_apply(uplink, &error);
	if (result == 0)
		result = proxies_apply(uplink, before, before_count, &error);
	if (result < 0)
		log_error("uplink", "routers' addresses not set", "reason=%s",
			  log_quote(error.message));
}

void uplink_settle(struct uplink *uplink)
{
	struct error error = { 0 };
	int result = uplink->link[0] != '\0' ? routes_apply(uplink, &error) : 0;

	if (result == 0 && uplink->link[0] != '\0')
		result = proxies_apply(uplink, uplink->externals, uplink->external_count, &error);
	if (result < 0)
		log_error("uplink", "leftovers not removed", "reason=%s", log_quote(error.message));
}

bool uplink_has(const struct uplink *uplink, const struct address *address)
{
	for (size_t i = 0; i < uplink->address_count; i++)
		if (uplink->addresses[i].family == address->family &&
		    memcmp(uplink->addresses[i].bytes, address->bytes, address_size(address)) == 0)
			return true;
	return false;
}

void uplink_free(struct uplink *uplink)
{
	udhcpc_stop(uplink);
	loop_timer_stop(&uplink->look);
	loop_timer_stop(&uplink->restart);
	loop_fd_stop(&uplink->monitor_handle);
	netlink_close(&uplink->monitor);
	free(uplink->externals);
	uplink->externals = NULL;
}
