/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/uplink.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/names.h"

#define LOOK_DELAY_MS 20 /* notifications come in swarms */
#define RESTART_MS 2000

/* --- what holds is set --- */

static int default_route_set(struct uplink *uplink, struct error *error)
{
	struct backend_route route = { .destination = { .family = AF_INET } };
	size_t count = address_parse(uplink->lease.gateway, &route.gateway) == 0 &&
				       route.gateway.family == AF_INET
			       ? 1
			       : 0;

	snprintf(route.link, sizeof(route.link), "%s", uplink->link);
	return uplink->backend->ops->routes_set(uplink->backend, "", &route, count, error);
}

static int addresses_apply(struct uplink *uplink, struct error *error)
{
	struct backend *backend = uplink->backend;
	struct address list[1 + UPLINK_EXTERNALS_MAX];
	size_t count = 0;

	if (uplink->lease.address.family != 0)
		list[count++] = uplink->lease.address;
	for (size_t i = 0; i < uplink->external_count; i++)
		list[count++] = uplink->externals[i];
	return backend->ops->addresses_set(backend, "", uplink->link, list, count, error);
}

static void lease_apply(struct uplink *uplink)
{
	struct error error = { 0 };
	int result = addresses_apply(uplink, &error);

	if (result == 0)
		result = default_route_set(uplink, &error);
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

/* A link is there now. */
static void set_up(struct uplink *uplink)
{
	struct backend *backend = uplink->backend;
	struct error error = { 0 };

	if (backend->ops->link_up(backend, "", uplink->link, &error) < 0)
		log_error("uplink", "link not up", "reason=%s", log_quote(error.message));
	uplink->lease = uplink->desired;
	log_info("uplink", "set", "link=%s mode=%s", uplink->link,
		 uplink->desired.dhcp ? "dhcp" : "static");
	if (!uplink->desired.dhcp)
		lease_apply(uplink);
	else
		client_restart(&uplink->restart);
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

	if (named[0] != '\0' ? strcmp(named, link->name) != 0 : !may_be_uplink(link))
		return;
	if (seen->best.index == 0 || link->index < seen->best.index)
		seen->best = *link;
}

static void address_observe(const struct address *address, void *context)
{
	struct observation *seen = context;

	for (size_t i = 0; i < seen->uplink->external_count; i++)
		if (address_equal(address, &seen->uplink->externals[i]))
			return;
	if (seen->count < ARRAY_LENGTH(seen->addresses))
		seen->addresses[seen->count++] = *address;
}

static bool observe(struct uplink *uplink, const struct observation *seen)
{
	bool same = seen->count == uplink->address_count && seen->best.carrier == uplink->carrier;

	for (size_t i = 0; same && i < seen->count; i++)
		same = address_equal(&seen->addresses[i], &uplink->addresses[i]);
	memcpy(uplink->addresses, seen->addresses, sizeof(uplink->addresses));
	uplink->address_count = seen->count;
	uplink->carrier = seen->best.carrier;
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

void uplink_externals(struct uplink *uplink, const struct address *list, size_t count)
{
	struct address hosts[UPLINK_EXTERNALS_MAX] = { 0 };
	struct error error = { 0 };

	for (size_t i = 0; i < count; i++) {
		hosts[i] = list[i];
		hosts[i].prefix = address_size(&list[i]) * 8;
	}
	if (count == uplink->external_count && memcmp(hosts, uplink->externals, sizeof(hosts)) == 0)
		return;
	memcpy(uplink->externals, hosts, sizeof(hosts));
	uplink->external_count = count;
	if (addresses_apply(uplink, &error) < 0)
		log_error("uplink", "routers' addresses not set", "reason=%s",
			  log_quote(error.message));
}

bool uplink_covers(const struct uplink *uplink, const char *text)
{
	struct address address;
	bool covered = false;

	if (address_parse(text, &address) < 0)
		return false;
	address.prefix = address_size(&address) * 8;
	for (size_t i = 0; i < uplink->address_count; i++) {
		if (memcmp(uplink->addresses[i].bytes, address.bytes, address_size(&address)) == 0)
			return false; /* the box's own: never taken from it */
		covered |= address_contains(&uplink->addresses[i], &address);
	}
	return covered;
}

void uplink_free(struct uplink *uplink)
{
	udhcpc_stop(uplink);
	loop_timer_stop(&uplink->look);
	loop_timer_stop(&uplink->restart);
	loop_fd_stop(&uplink->monitor_handle);
	netlink_close(&uplink->monitor);
}
