/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the machine as the model says, object by object: what is doomed is undone, what is dirty
 * is set. The same at an API change, at boot and after a crash: setting what is so already does
 * nothing. A failure leaves the object dirty and is tried again a second later.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/firewall.h"
#include "netstack/netd/names.h"
#include "netstack/netd/netd.h"
#include "netstack/netd/router.h"

#define AGAIN_MS 1000
#define GATHER_MS 100 /* as long as messages follow each other */

/* --- networks --- */

/* The uplink's network has none: routers get there through the box. */
static bool has_bridge(const struct net_network *network)
{
	return !network->external || network->vni != 0 || physical_is_meant(network);
}

/* A NIC that is not there or not to be had is no failure that another try would mend: the network
 * waits until links or settings change. */
static bool is_where_it_belongs(struct netd *netd, const struct net_network *network)
{
	struct error error = { 0 };

	if (physical_network_set(&netd->physicals, netd->backend, network, netd->uplink.link,
				 &error) == 0)
		return true;
	log_warning("netd", "network not bridged", "network=%s physical=%s reason=%s", network->id,
		    log_quote(network->physical), log_quote(error.message));
	return false;
}

static void dependents_dirty(struct netd *netd, const char *network_id)
{
	model_each(&netd->model, OBJECT_PORT,
		   object) if (strcmp(((struct port *)object)->desired.network_id, network_id) == 0)
		object->dirty = true;
	/* A router may have an interface there; looking costs less than finding out. */
	model_each(&netd->model, OBJECT_ROUTER, object) object->dirty = true;
}

static int network_set(struct netd *netd, struct object *object, struct error *error)
{
	struct network *network = (struct network *)object;
	struct backend *backend = netd->backend;
	char bridge[IFNAMSIZ];
	int result = 0;

	name_bridge(bridge, &network->desired);
	if (has_bridge(&network->desired))
		result = backend->ops->bridge_set(backend, bridge, network->desired.mtu, error);
	if (result < 0)
		return result;
	result = overlay_network_set(&netd->overlay, backend, &network->desired, error);
	if (result < 0)
		return result;
	object->wired =
		has_bridge(&network->desired) && is_where_it_belongs(netd, &network->desired);
	dependents_dirty(netd, network->desired.id);
	svc_reconcile(netd, network);
	return 0;
}

static int network_undo(struct netd *netd, struct object *object, struct error *error)
{
	struct network *network = (struct network *)object;
	struct backend *backend = netd->backend;
	char name[IFNAMSIZ];
	int result;

	svc_stop(network);
	object->wired = false;
	dependents_dirty(netd, network->desired.id);
	name_link(name, "cs", network->desired.id);
	result = backend->ops->link_delete(backend, name, error);
	name_tunnel(name, &network->desired);
	if (result == 0 && network->desired.vni != 0)
		result = backend->ops->link_delete(backend, name, error);
	name_link(name, "cl", network->desired.id);
	if (result == 0 && physical_is_meant(&network->desired))
		result = backend->ops->link_delete(backend, name, error);
	name_bridge(name, &network->desired);
	return result < 0 ? result : backend->ops->link_delete(backend, name, error);
}

void netd_networks_dirty(struct netd *netd, uint32_t vni)
{
	model_each(&netd->model, OBJECT_NETWORK, object)
	{
		const struct network *network = (const struct network *)object;

		object->dirty |= vni == 0 || network->desired.vni == vni;
	}
	netd->rules_dirty = true;
	netd_touch(netd);
}

/* --- ports --- */

static void port_tap(const struct netd *netd, const struct net_port *port, struct backend_tap *tap)
{
	const struct network *network = model_network(&netd->model, port->network_id);

	memset(tap, 0, sizeof(*tap));
	tap->vnet_header = true;
	name_link(tap->name, "ct", port->id);
	if (network == NULL || !network->object.wired)
		return;
	name_bridge(tap->bridge, &network->desired);
	tap->mtu = network->desired.mtu;
}

static void port_report(struct netd *netd, struct port *port, bool up, const char *reason)
{
	struct net_port_state state = { .up = up };

	if ((port->reported && port->reported_up == up) || !channel_is_open(&netd->cloud))
		return;
	port->reported = true;
	port->reported_up = up;
	memcpy(state.id, port->desired.id, sizeof(state.id));
	snprintf(state.reason, sizeof(state.reason), "%s", reason);
	channel_send_struct(&netd->cloud, NETD_PORT_STATE, 0, net_port_state_fields, &state, -1);
}

/* What waits to be sent to the port, and what it sends: each by the queue of a link. */
static int port_rates(struct netd *netd, const struct net_port *port, struct error *error)
{
	const struct backend_ops *ops = netd->backend->ops;
	const struct net_qos *qos = port_qos(&netd->model, port);
	const struct backend_rate to = { qos->ingress_kbps, qos->ingress_burst };
	const struct backend_rate from = { qos->egress_kbps, qos->egress_burst };
	char link[IFNAMSIZ], shaper[IFNAMSIZ];
	int result;

	if (!port_link(port, link))
		return 0;
	name_link(shaper, "cf", port->id);
	result = ops->rate_set(netd->backend, link, &to, error);
	if ((result == 0 || result == -ENODEV) && netd->backend->shaping)
		result = ops->sent_rate_set(netd->backend, link, shaper, &from, error);
	return result == -ENODEV ? 0 : result; /* when it comes, the port is set again */
}

/* --- subports of trunks --- */

static bool is_subport(const struct net_port *port)
{
	return port->trunk_port[0] != '\0';
}

/* What is behind a guest's tap goes and comes with it. */
static void subports_dirty(struct netd *netd, const char *parent_id)
{
	model_each(&netd->model, OBJECT_PORT,
		   object) if (strcmp(((struct port *)object)->desired.trunk_port, parent_id) == 0)
		object->dirty = true;
}

/* A VLAN of the parent's tap has the place of a tap of its own, and its name: to all the rest it is
 * one. -ENODEV while the parent has none, or when the kernel knows no VLANs, which another try would
 * not mend. */
static int subport_set(struct netd *netd, const struct net_port *port,
		       const struct backend_tap *tap, struct error *error)
{
	struct backend_vlan vlan = { .number = (uint16_t)port->trunk_vlan, .mtu = tap->mtu };
	int result;

	memcpy(vlan.name, tap->name, sizeof(vlan.name));
	memcpy(vlan.bridge, tap->bridge, sizeof(vlan.bridge));
	if (!uuid_valid(port->trunk_port) || port->trunk_vlan == 0 || port->trunk_vlan > 4094)
		return error_set(error, -EINVAL, "trunk of port %s is not sound", port->id);
	name_link(vlan.parent, "ct", port->trunk_port);
	result = netd->backend->ops->vlan_set(netd->backend, &vlan, error);
	if (result != -EOPNOTSUPP)
		return result;
	log_warning("netd", "subport not plugged", "port=%s reason=%s", port->id,
		    log_quote(error->message));
	return -ENODEV;
}

/* --- ports, whole --- */

static int link_set(struct netd *netd, const struct net_port *port, const struct backend_tap *tap,
		    struct error *error)
{
	if (!firewall_port_is_guest(port))
		return 0;
	return is_subport(port) ? subport_set(netd, port, tap, error)
				: netd->backend->ops->tap_set(netd->backend, tap, NULL, error);
}

/* Ports of routers and of svc have no tap: they are there as soon as their network is. */
static int port_set(struct netd *netd, struct object *object, struct error *error)
{
	struct port *port = (struct port *)object;
	struct backend_tap tap;
	int result;

	svc_port_set(netd, port);
	port_tap(netd, &port->desired, &tap);
	result = link_set(netd, &port->desired, &tap, error);
	object->wired = result == 0 && tap.bridge[0] != '\0';
	port_report(netd, port, object->wired && port->desired.admin_up,
		    tap.bridge[0] == '\0' ? "its network is not there" : "no guest uses it");
	if (result == 0)
		result = port_rates(netd, &port->desired, error);
	return result == -ENODEV ? 0 : result; /* not there yet: no guest wants it */
}

static int shaper_remove(struct netd *netd, const struct net_port *port, struct error *error)
{
	static const struct backend_rate unlimited;
	char link[IFNAMSIZ], shaper[IFNAMSIZ];
	int result = 0;

	name_link(shaper, "cf", port->id);
	if (port_link(port, link) && netd->backend->shaping)
		result = netd->backend->ops->sent_rate_set(netd->backend, link, shaper, &unlimited,
							   error);
	return result == -ENODEV ? 0 : result;
}

static int port_undo(struct netd *netd, struct object *object, struct error *error)
{
	struct port *port = (struct port *)object;
	struct backend_tap tap = { .vnet_header = true };
	int result;

	svc_port_delete(netd, port);
	name_link(tap.name, "ct", port->desired.id);
	/* Off its bridge, but still there: a guest may have it open, and QEMU does not survive its
	 * end. vmm tells when it has let go. */
	result = is_subport(&port->desired)
			 ? netd->backend->ops->link_delete(netd->backend, tap.name, error)
			 : netd->backend->ops->tap_set(netd->backend, &tap, NULL, error);
	if (result == 0 || result == -ENODEV)
		result = shaper_remove(netd, &port->desired, error);
	return result;
}

int netd_tap_open(struct netd *netd, const char *port_id, int *fd, struct error *error)
{
	struct port *port = model_port(&netd->model, port_id);
	struct backend_tap tap = { .vnet_header = true };
	int result;

	if (!uuid_valid(port_id))
		return error_set(error, -EINVAL, "not a port's id");
	if (port != NULL && is_subport(&port->desired))
		return error_set(error, -EBUSY, "port %s is part of a trunk", port_id);
	/* A port that is not known yet gets its tap, and its bridge when it comes. */
	name_link(tap.name, "ct", port_id);
	if (port != NULL)
		port_tap(netd, &port->desired, &tap);
	result = netd->backend->ops->tap_set(netd->backend, &tap, fd, error);
	if (result < 0 || port == NULL)
		return result;
	port->object.dirty = true;
	subports_dirty(netd, port_id);
	netd_touch(netd);
	return 0;
}

int netd_tap_close(struct netd *netd, const char *port_id, struct error *error)
{
	struct port *port = model_port(&netd->model, port_id);
	char tap[IFNAMSIZ];
	int result;

	if (!uuid_valid(port_id))
		return error_set(error, -EINVAL, "not a port's id");
	if (port != NULL && is_subport(&port->desired))
		return 0; /* what is there is the parent's */
	if (port != NULL)
		port_report(netd, port, false, "no guest uses it");
	name_link(tap, "ct", port_id);
	subports_dirty(netd, port_id);
	netd_touch(netd);
	result = netd->backend->ops->link_delete(netd->backend, tap, error);
	return result < 0 || port == NULL ? result : shaper_remove(netd, &port->desired, error);
}

/* --- groups and routers --- */

static int group_nothing(struct netd *netd, struct object *object, struct error *error)
{
	(void)netd;
	(void)object;
	(void)error;
	return 0; /* they are in the rule set alone */
}

static int router_set(struct netd *netd, struct object *object, struct error *error)
{
	int result = router_reconcile(netd->backend, &netd->model, (struct router *)object, error);

	object->wired = result == 0;
	return result;
}

static int router_unset(struct netd *netd, struct object *object, struct error *error)
{
	return router_undo(netd->backend, (struct router *)object, error);
}

/* --- all of them --- */

/* In this order: networks make their ports and routers dirty. */
static const struct {
	const char *name;
	int (*set)(struct netd *netd, struct object *object, struct error *error);
	int (*undo)(struct netd *netd, struct object *object, struct error *error);
} kinds[OBJECT_KINDS] = {
	[OBJECT_NETWORK] = { "network", network_set, network_undo },
	[OBJECT_PORT] = { "port", port_set, port_undo },
	[OBJECT_GROUP] = { "group", group_nothing, group_nothing },
	[OBJECT_ADDRESSES] = { "address group", group_nothing, group_nothing },
	[OBJECT_ROUTER] = { "router", router_set, router_unset },
};

static void reconcile_again(struct loop_timer *timer)
{
	netd_reconcile(container_of(timer, struct netd, again));
}

static void failed(struct netd *netd, const char *what, const struct error *error)
{
	log_error("netd", "not reconciled", "what=%s reason=%s", what, log_quote(error->message));
	if (!netd->again.running)
		loop_timer_start(netd->loop, &netd->again, AGAIN_MS, reconcile_again);
}

static void object_reconcile(struct netd *netd, enum object_kind kind, struct object *object)
{
	struct error error = { 0 };
	int result = object->doomed ? kinds[kind].undo(netd, object, &error)
				    : kinds[kind].set(netd, object, &error);

	netd->rules_dirty = true;
	if (result < 0) {
		failed(netd, kinds[kind].name, &error);
		return;
	}
	object->dirty = false;
	if (object->doomed)
		model_remove(&netd->model, kind, object);
}

static void kind_reconcile(struct netd *netd, enum object_kind kind)
{
	struct object *object = netd->model.objects[kind], *next;

	for (; object != NULL; object = next) {
		next = object->next;
		if (object->dirty || object->doomed)
			object_reconcile(netd, kind, object);
	}
}

static int box_rules_apply(struct netd *netd, struct error *error)
{
	struct firewall firewall = {
		.model = &netd->model,
		.bridge_conntrack = netd->backend->bridge_conntrack,
		.overlay = &netd->overlay,
		.physicals = &netd->physicals,
		.uplink = netd->uplink.link,
	};
	struct buffer text = BUFFER_INIT;
	int result;

	netd_externals_set(netd);
	firewall.externals = netd->uplink.externals;
	firewall.external_count = netd->uplink.external_count;
	result = firewall_box(&firewall, &text);
	if (result == 0)
		result = rules_apply(netd->backend, "", &netd->rules, buffer_head(&text), error);
	buffer_free(&text);
	return result;
}

static int qos_apply(struct netd *netd, struct error *error)
{
	struct buffer text = BUFFER_INIT;
	int result = firewall_qos(&netd->model, netd->backend->shaping, &text);

	if (result == 0)
		result = rules_apply(netd->backend, "", &netd->qos, buffer_head(&text), error);
	buffer_free(&text);
	return result;
}

/* A fresh netd leaves the rules of its predecessor in force until it knows all that is desired. */
static void rules_reconcile(struct netd *netd)
{
	struct error error = { 0 };

	if (!netd->rules_dirty ||
	    (!netd->model.synced && netd->backend->ops->rules_present(netd->backend)))
		return;
	if (box_rules_apply(netd, &error) < 0 || qos_apply(netd, &error) < 0)
		failed(netd, "rules", &error);
	else
		netd->rules_dirty = false;
}

/* Taps that the rule set in force does not know are dropped by it: no port is open too early. */
void netd_reconcile(struct netd *netd)
{
	loop_timer_stop(&netd->again);
	kind_reconcile(netd, OBJECT_NETWORK);
	kind_reconcile(netd, OBJECT_GROUP);
	kind_reconcile(netd, OBJECT_ADDRESSES);
	kind_reconcile(netd, OBJECT_ROUTER);
	kind_reconcile(netd, OBJECT_PORT);
	rules_reconcile(netd);
}

/* Another message of cloud's is there already. */
static bool more_comes(const struct netd *netd)
{
	struct pollfd cloud = { .fd = netd->cloud.fd, .events = POLLIN };

	return channel_is_open(&netd->cloud) && poll(&cloud, 1, 0) > 0;
}

/* What comes together is set together: the rule set is made as a whole, so a thousand ports one by
 * one would cost a thousand times as much as at once. */
static void reconcile_task(struct loop_task *task)
{
	struct netd *netd = container_of(task, struct netd, task);

	if (more_comes(netd) && loop_now(netd->loop) < netd->touched + GATHER_MS)
		loop_task_queue(netd->loop, task, reconcile_task);
	else
		netd_reconcile(netd);
}

void netd_touch(struct netd *netd)
{
	if (netd->task.queued)
		return;
	netd->touched = loop_now(netd->loop);
	loop_task_queue(netd->loop, &netd->task, reconcile_task);
}

void netd_report_all(struct netd *netd)
{
	model_each(&netd->model, OBJECT_PORT, object)
	{
		((struct port *)object)->reported = false;
		object->dirty = true;
	}
	netd_touch(netd);
}

static void dns_answer(struct dns_relay *relay, uint32_t svc_serial, const struct svc_dns *answer)
{
	svc_dns_answer(container_of(relay, struct netd, dns), svc_serial, answer);
}

static void uplink_report(struct netd *netd)
{
	struct uplink *uplink = &netd->uplink;
	struct net_address addresses[NET_PORT_ADDRESSES_MAX] = { 0 }, dns[NET_DNS_MAX] = { 0 };
	struct net_uplink_state state = {
		.carrier = uplink->carrier,
		.mtu = uplink->mtu,
		.addresses = { addresses, uplink->address_count },
		.dns = { dns, uplink->lease.dns_count },
	};

	for (size_t i = 0; i < uplink->address_count; i++)
		address_format(&uplink->addresses[i], addresses[i].address);
	for (size_t i = 0; i < uplink->lease.dns_count; i++)
		memcpy(dns[i].address, uplink->lease.dns[i], ADDRESS_SIZE);
	memcpy(state.link, uplink->link, sizeof(state.link));
	memcpy(state.gateway, uplink->lease.gateway, sizeof(state.gateway));
	if (channel_is_open(&netd->cloud))
		channel_send_struct(&netd->cloud, NETD_UPLINK_STATE, 0, net_uplink_state_fields,
				    &state, -1);
}

static void physical_networks_dirty(struct netd *netd)
{
	model_each(&netd->model, OBJECT_NETWORK, object) object->dirty |=
		physical_is_meant(&((const struct network *)object)->desired);
}

static void uplink_changed(struct uplink *uplink)
{
	struct netd *netd = container_of(uplink, struct netd, uplink);

	dns_relay_resolver(&netd->dns, uplink->lease.dns_count > 0 ? uplink->lease.dns[0] : "");
	uplink_report(netd);
	netd->rules_dirty = true;
	physical_networks_dirty(netd);
	netd_touch(netd);
}

void netd_init(struct netd *netd, struct loop *loop, struct backend *backend)
{
	memset(netd, 0, sizeof(*netd));
	netd->loop = loop;
	netd->backend = backend;
	netd->cloud.fd = netd->vmm.fd = -1;
	netd->rules_dirty = true;
	dns_relay_init(&netd->dns, loop, dns_answer);
	uplink_init(&netd->uplink, loop, backend, uplink_changed);
}

void netd_free(struct netd *netd)
{
	model_each(&netd->model, OBJECT_NETWORK, object) svc_stop((struct network *)object);
	channel_close(&netd->cloud);
	channel_close(&netd->vmm);
	uplink_free(&netd->uplink);
	dns_relay_free(&netd->dns);
	loop_timer_stop(&netd->again);
	loop_task_cancel(&netd->task);
	overlay_free(&netd->overlay);
	rules_forget(&netd->rules);
	rules_forget(&netd->qos);
	model_free(&netd->model);
}
