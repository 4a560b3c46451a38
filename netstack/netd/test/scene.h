/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cloud tells in the kernel tests: one network, three ports in two groups, a router that goes out. */
#ifndef CUMULET_NETD_TEST_SCENE_H
#define CUMULET_NETD_TEST_SCENE_H

#include "netstack/netd/test/world.h"

#define NETWORK "aaaaaaaa-0000-4000-8000-000000000001"
#define SUBNET "aaaaaaaa-0000-4000-8000-000000000002"
#define EXTERNAL "eeeeeeee-0000-4000-8000-000000000001"
#define ROUTER "bbbbbbbb-0000-4000-8000-000000000001"
#define ROUTER_PORT "bbbbbbbb-0000-4000-8000-000000000002"
#define GROUP "cccccccc-0000-4000-8000-000000000001"
#define GROUP_WEB "cccccccc-0000-4000-8000-000000000002"
#define ADDRESSES "dddddddd-0000-4000-8000-000000000001"
#define PORT_1 "11111111-0000-4000-8000-000000000001"
#define PORT_2 "22222222-0000-4000-8000-000000000002"
#define PORT_3 "33333333-0000-4000-8000-000000000003"
#define MAC_1 "fa:16:3e:00:00:01"
#define MAC_2 "fa:16:3e:00:00:02"
#define MAC_3 "fa:16:3e:00:00:03"

static inline void network_send(void)
{
	struct net_subnet subnet = { .id = SUBNET,
				     .cidr = "10.1.0.0/24",
				     .gateway = "10.1.0.1",
				     .dhcp = true,
				     .dhcp_address = "10.1.0.2" };
	struct net_network network = { .id = NETWORK,
				       .type = "vxlan",
				       .vni = 101,
				       .mtu = 1450,
				       .admin_up = true,
				       .dns_domain = "cloud.test",
				       .dhcp_mac = "fa:16:3e:00:00:fe",
				       .subnets = { &subnet, 1 } };

	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
}

static inline void port_send(const char *id, const char *mac, const char *address, const char *name,
			     const char *group)
{
	struct net_address fixed = { 0 };
	struct net_id member = { 0 };
	struct net_port port = { .network_id = NETWORK,
				 .owner = "compute:nova",
				 .admin_up = true,
				 .port_security = true,
				 .addresses = { &fixed, 1 },
				 .groups = { &member, 1 } };

	snprintf(fixed.address, sizeof(fixed.address), "%s", address);
	snprintf(member.id, sizeof(member.id), "%s", group);
	snprintf(port.id, sizeof(port.id), "%s", id);
	snprintf(port.mac, sizeof(port.mac), "%s", mac);
	snprintf(port.hostname, sizeof(port.hostname), "%s", name);
	assert_int_equal(ask(&world.cloud, NETD_PORT_SET, net_port_fields, &port), 0);
}

/* All egress, ingress from the group itself; a third rule when a port is given. */
static inline void group_send(const char *id, uint32_t open_port)
{
	struct net_rule rules[3] = { { .egress = true }, { .egress = false }, { .egress = false } };
	struct net_group group = { .stateful = true, .rules = { rules, open_port != 0 ? 3 : 2 } };

	snprintf(group.id, sizeof(group.id), "%s", id);
	snprintf(rules[1].remote_group, sizeof(rules[1].remote_group), "%s", id);
	rules[2].protocol = 6 + 1;
	rules[2].port_min = rules[2].port_max = open_port;
	for (int i = 0; i < 3; i++)
		snprintf(rules[i].id, sizeof(rules[i].id), "%s", id);
	assert_int_equal(ask(&world.cloud, NETD_GROUP_SET, net_group_fields, &group), 0);
}

/* The uplink's network, and a router with addresses there: its own, those of g1 and g3 (when
 * 'floating' is set), and a port of g3's. */
static inline void external_send(bool floating)
{
	struct net_network network = { .id = EXTERNAL,
				       .type = "flat",
				       .physical = "uplink",
				       .mtu = 1500,
				       .admin_up = true,
				       .external = true };
	struct net_router_interface interface = { .port_id = ROUTER_PORT,
						  .network_id = NETWORK,
						  .subnet_id = SUBNET,
						  .mac = "fa:16:3e:00:00:aa",
						  .address = "10.1.0.1/24" };
	struct net_floating floatings[] = {
		{ .address = "192.0.2.101", .fixed = "10.1.0.11" },
		{ .address = "192.0.2.103", .fixed = "10.1.0.13" },
	};
	struct net_forward forward = { "192.0.2.102", "10.1.0.13", 6, 8080, 8081, 80, 80 };
	struct net_router router = { .id = ROUTER,
				     .admin_up = true,
				     .snat = true,
				     .external_network = EXTERNAL,
				     .external_address = "192.0.2.100/24",
				     .interfaces = { &interface, 1 },
				     .floatings = { floatings, floating ? 2 : 0 },
				     .forwards = { &forward, floating ? 1 : 0 } };

	assert_int_equal(ask(&world.cloud, NETD_NETWORK_SET, net_network_fields, &network), 0);
	assert_int_equal(ask(&world.cloud, NETD_ROUTER_SET, net_router_fields, &router), 0);
}

static inline void uplink_send(const char *address)
{
	struct net_address dns = { "192.0.2.1" };
	struct net_uplink uplink = { .mode = "static", .gateway = "192.0.2.1", .dns = { &dns, 1 } };

	snprintf(uplink.address, sizeof(uplink.address), "%s", address);
	assert_int_equal(ask(&world.cloud, NETD_UPLINK_SET, net_uplink_fields, &uplink), 0);
}

static inline void sync_send(void)
{
	struct net_id none = { "00000000-0000-4000-8000-000000000000" };

	assert_int_equal(ask(&world.cloud, NETD_SYNC, net_id_fields, &none), 0);
}

/* Three guests, of which the third lets in what comes to one TCP port. */
static inline void guests_send(uint32_t open_port)
{
	network_send();
	group_send(GROUP, 0);
	group_send(GROUP_WEB, open_port);
	port_send(PORT_1, MAC_1, "10.1.0.11", "one", GROUP);
	port_send(PORT_2, MAC_2, "10.1.0.12", "two", GROUP);
	port_send(PORT_3, MAC_3, "10.1.0.13", "three", GROUP_WEB);
}

#endif
