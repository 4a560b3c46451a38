/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux back end's table, and what is tried out once when netd starts. */
#include "netstack/netd/linux.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

/* Connection tracking on bridges needs nf_conntrack_bridge: found out by asking for it. */
static bool bridge_conntrack_works(struct backend *backend)
{
	static const char probe[] = "table bridge cumulet-probe {\n"
				    "chain probe {\n"
				    "ct state established accept\n"
				    "}\n"
				    "}\n";
	static const char nothing[] = "delete table bridge cumulet-probe\n";

	if (linux_rules_set(backend, "", probe, NULL, NULL) < 0)
		return false;
	linux_rules_set(backend, "", nothing, NULL, NULL);
	return true;
}

static int bridge_netfilter_set(bool on, struct error *error)
{
	static const char *const names[] = { "iptables", "ip6tables" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char path[64];
		int result;

		snprintf(path, sizeof(path), "net/bridge/bridge-nf-call-%s", names[i]);
		result = linux_sysctl(path, on ? "1" : "0", on ? error : NULL);
		if (result < 0 && on)
			return result;
	}
	linux_sysctl("net/bridge/bridge-nf-call-arptables", "0", NULL);
	return 0;
}

static void shaping_try(struct backend *backend)
{
	struct error error = { 0 };

	backend->shaping = linux_shaping_works(backend, &error);
	if (!backend->shaping)
		log_info("linux", "what ports send can't wait: limits drop it", "reason=%s",
			 log_quote(error.message));
}

static int prepare(struct backend *backend, struct error *error)
{
	int result = linux_sysctl("net/ipv4/ip_forward", "1", error);

	linux_sysctl("net/ipv6/conf/all/forwarding", "1", NULL); /* if there is IPv6 */
	if (result < 0)
		return result;
	shaping_try(backend);
	backend->bridge_conntrack = bridge_conntrack_works(backend);
	if (!backend->bridge_conntrack)
		log_info("linux", "no connection tracking on bridges", "instead=br_netfilter");
	return bridge_netfilter_set(!backend->bridge_conntrack, error);
}

static const struct backend_ops linux_ops = {
	.links = linux_links,
	.link_delete = linux_link_delete,
	.link_up = linux_link_up,
	.bridge_set = linux_bridge_set,
	.tap_set = linux_tap_set,
	.veth_set = linux_veth_set,
	.nic_set = linux_nic_set,
	.vlan_set = linux_vlan_set,
	.vxlan_set = linux_vxlan_set,
	.remotes_set = linux_remotes_set,
	.rate_set = linux_rate_set,
	.sent_rate_set = linux_sent_rate_set,
	.counters = linux_counters,
	.space_set = linux_space_set,
	.space_delete = linux_space_delete,
	.spaces = linux_spaces,
	.addresses_set = linux_addresses_set,
	.addresses = linux_addresses,
	.routes_set = linux_routes_set,
	.ipv6_set = linux_ipv6_set,
	.proxies_set = linux_proxies_set,
	.announce = linux_announce,
	.rules_set = linux_rules_set,
	.rules_present = linux_rules_present,
	.prepare = prepare,
};

int linux_backend_new(struct backend **backend, struct error *error)
{
	struct linux_backend *self = calloc(1, sizeof(*self));
	int result;

	if (self == NULL)
		return error_set(error, -ENOMEM, "no memory");
	self->backend.ops = &linux_ops;
	self->route.fd = -1;
	self->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	result = self->home < 0 ? error_errno(error, "/proc/self/ns/net")
				: netlink_open(&self->route, NETLINK_ROUTE, 0, error);
	if (result < 0) {
		linux_backend_free(&self->backend);
		return result;
	}
	*backend = &self->backend;
	return 0;
}

void linux_backend_free(struct backend *backend)
{
	struct linux_backend *self = container_of(backend, struct linux_backend, backend);

	netlink_close(&self->route);
	if (self->home >= 0)
		close(self->home);
	free(self);
}
