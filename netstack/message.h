/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cloud, vmm and svc say to netd. cloud sends the whole desired state of each object; netd
 * makes links, rules and services so, and reports what is.
 *
 *	cloud -> netd                     netd -> cloud
 *	NETD_NETWORK_SET / _DELETE        NETD_PORT_STATE   a port is wired (up) or not
 *	NETD_PORT_SET / _DELETE           NETD_UPLINK_STATE addresses of the box
 *	NETD_GROUP_SET / _DELETE          NETD_SVC_LINK     + descriptor: a network's svc talks to
 *	NETD_ADDRESSES_SET / _DELETE
 *	NETD_ROUTER_SET / _DELETE                           cloud over it (metadata)
 *	NETD_UPLINK_SET  the box's own    NETD_REPLY
 *	NETD_PEERS_SET   other boxes
 *	NETD_REMOTES_SET ports there
 *	NETD_PHYSICALS_SET names of NICs
 *	NETD_COUNTERS_GET  of a port      NETD_COUNTERS     reply
 *	NETD_SYNC        that was all
 *
 *	vmm -> netd:  NETD_TAP_OPEN (port), answered by NETD_REPLY + descriptor of the port's tap
 *	              (TUNSETIFF'd, IFF_NO_PI | IFF_VNET_HDR); the tap stays when the descriptor is closed.
 *	              NETD_TAP_CLOSE (port): no guest uses it any more.
 *	svc -> cloud: SVC_METADATA_GET, answered by SVC_METADATA
 *
 * Upon a fresh link cloud sends everything, then NETD_SYNC; what netd has on the machine (by its
 * name prefix) and was not named is then removed. Order among objects does not matter: an object that
 * refers to another that is not there yet is wired when that one comes.
 */
#ifndef CUMULET_NETSTACK_MESSAGE_H
#define CUMULET_NETSTACK_MESSAGE_H

#include "firmware/lib/message.h"
#include "firmware/lib/uuid.h"

#define ADDRESS_SIZE 46 /* textual IPv4 or IPv6 address with NUL (INET6_ADDRSTRLEN) */
#define CIDR_SIZE 50    /* address/prefix */
#define NET_SUBNETS_MAX 16
#define NET_PORT_ADDRESSES_MAX 16
#define NET_PORT_GROUPS_MAX 16
#define NET_PORT_PAIRS_MAX 32
#define NET_GROUP_RULES_MAX 256
#define NET_ROUTER_INTERFACES_MAX 64
#define NET_DNS_MAX 8
#define NET_ROUTES_MAX 32
#define NET_ROUTER_FLOATINGS_MAX 256
#define NET_ROUTER_FORWARDS_MAX 256
#define NET_PEERS_MAX 64
#define NET_ADDRESSES_MAX 1024
#define NET_PHYSICALS_MAX 16
#define NET_REMOTES_MAX 1024 /* addresses of other boxes' ports in one network */

enum netd_type {
	NETD_NETWORK_SET = 1,
	NETD_NETWORK_DELETE,
	NETD_PORT_SET,
	NETD_PORT_DELETE,
	NETD_GROUP_SET,
	NETD_GROUP_DELETE,
	NETD_ROUTER_SET,
	NETD_ROUTER_DELETE,
	NETD_UPLINK_SET,
	NETD_SYNC,
	NETD_ADDRESSES_SET,
	NETD_ADDRESSES_DELETE,
	NETD_PEERS_SET = 24,
	NETD_REMOTES_SET,
	NETD_PHYSICALS_SET,
	NETD_TAP_OPEN = 32,
	NETD_TAP_CLOSE,
	NETD_COUNTERS_GET = 40, /* struct net_id */
	NETD_PORT_STATE = 64,
	NETD_UPLINK_STATE,
	NETD_SVC_LINK,
	NETD_REPLY,
	NETD_COUNTERS = 80,
	SVC_METADATA_GET = 96,
	SVC_METADATA,
	SVC_NETWORK_SET, /* netd -> svc: struct net_network */
	SVC_PORT_SET,    /* netd -> svc: struct net_port */
	SVC_PORT_DELETE,
	SVC_DNS_QUERY,  /* svc -> netd: struct svc_dns, to be forwarded to the box's resolver */
	SVC_DNS_ANSWER, /* netd -> svc */
	SVC_CLOUD_LINK, /* netd -> svc: + descriptor of the link to cloud */
};

struct net_address {
	char address[CIDR_SIZE]; /* an address, or a CIDR where one is meant */
};

struct net_route {
	char destination[CIDR_SIZE], nexthop[ADDRESS_SIZE];
};

struct net_subnet {
	char id[UUID_SIZE];
	char cidr[CIDR_SIZE];
	char gateway[ADDRESS_SIZE]; /* "" for none */
	bool dhcp;
	char dhcp_address[ADDRESS_SIZE]; /* the address of svc in this subnet; "" when no dhcp */
	struct message_list dns;         /* struct net_address; empty: svc itself */
	struct message_list routes;      /* struct net_route: host routes of the subnet */
	/* IPv6: "slaac", "dhcpv6-stateful", "dhcpv6-stateless"; "" when no advertisement of ours,
	 * no address of ours is wanted */
	char ra_mode[20], address_mode[20];
};

/* Limits and marks of what a port sends (egress) and is sent; of a port without any its network's
 * hold. */
struct net_qos {
	bool set;                           /* there is a policy, even one that asks for nothing */
	uint32_t egress_kbps, egress_burst; /* kbit/s and kbit; 0 kbps: unlimited */
	uint32_t ingress_kbps, ingress_burst;
	uint32_t dscp; /* of what it sends, plus one; 0: as it is */
};

struct net_network {
	char id[UUID_SIZE];
	char type[8];      /* "vxlan"; "flat", "vlan": bridged to a NIC of the board */
	uint32_t vni;      /* vxlan: also names the bridge */
	char physical[65]; /* flat, vlan: name of the physical network; "uplink": routed there */
	uint32_t vlan;     /* vlan: its number */
	uint32_t mtu;
	bool admin_up, external;
	char dns_domain[256];        /* without the final dot; "" for none */
	char dhcp_mac[18];           /* MAC of svc in this network */
	struct message_list subnets; /* struct net_subnet */
	struct net_qos qos;
};

struct net_pair {
	char mac[18], address[CIDR_SIZE];
};

struct net_port {
	char id[UUID_SIZE], network_id[UUID_SIZE];
	char mac[18];
	char owner[64];      /* device_owner: "compute:nova", "network:dhcp", ... */
	char device_id[256]; /* the server's id */
	char hostname[64];   /* DNS name of the guest; "" for none */
	bool admin_up, port_security;
	struct message_list addresses; /* struct net_address: fixed IPs, without prefix */
	struct message_list groups;    /* struct net_id: security groups */
	struct message_list pairs;     /* struct net_pair: allowed address pairs */
	struct net_qos qos;
	/* A subport of a trunk: what bears this VLAN's tag on that port's tap. "": not one. */
	char trunk_port[UUID_SIZE];
	uint32_t trunk_vlan;
};

struct net_rule {
	char id[UUID_SIZE];
	bool egress; /* false: ingress */
	bool ipv6;
	uint32_t protocol;                /* IP protocol number + 1; 0: any */
	uint32_t port_min, port_max;      /* tcp, udp, sctp; for icmp: type + 1, code + 1; 0: any */
	char remote[CIDR_SIZE];           /* "" for any */
	char remote_group[UUID_SIZE];     /* "" for none */
	char remote_addresses[UUID_SIZE]; /* an address group; "" for none */
};

/* An address group. */
struct net_addresses {
	char id[UUID_SIZE];
	struct message_list addresses; /* struct net_address: networks of both families */
};

struct net_group {
	char id[UUID_SIZE];
	bool stateful;
	struct message_list rules; /* struct net_rule */
};

/* One for each address: those of one port name the same port and follow each other. */
struct net_router_interface {
	char port_id[UUID_SIZE], network_id[UUID_SIZE], subnet_id[UUID_SIZE];
	char mac[18];
	char address[CIDR_SIZE]; /* with the subnet's prefix */
};

/* A floating IP: an address outside that stands for one inside. */
struct net_floating {
	char address[ADDRESS_SIZE];
	char fixed[ADDRESS_SIZE]; /* "": only ports of it lead inside */
	struct net_qos qos;
};

/* Ports of a floating IP that lead inside: as many outside as inside, or all to one. */
struct net_forward {
	char address[ADDRESS_SIZE], fixed[ADDRESS_SIZE];
	uint32_t protocol; /* IP protocol number: TCP or UDP */
	uint32_t external_first, external_last, internal_first, internal_last;
};

struct net_router {
	char id[UUID_SIZE];
	bool admin_up, snat;
	char external_network[UUID_SIZE]; /* "" for none */
	char external_address
		[CIDR_SIZE]; /* the gateway port's address; "": the box's own uplink address is used for NAT */
	char external_mac[18];
	char external_address6[CIDR_SIZE]; /* "": IPv6 stays inside */
	struct message_list interfaces;    /* struct net_router_interface */
	struct message_list routes;        /* struct net_route */
	struct message_list floatings;     /* struct net_floating */
	struct message_list forwards;      /* struct net_forward */
	struct net_qos qos;                /* of the gateway's own address */
};

/* The box's own way out. */
struct net_uplink {
	char link[16]; /* "" for the first Ethernet link */
	char mode[8];  /* "dhcp", "static" */
	char address[CIDR_SIZE], gateway[ADDRESS_SIZE];
	struct message_list dns; /* struct net_address */
	char ipv6_mode[8];       /* "slaac" (so is ""), "static", "off" */
	char ipv6_address[CIDR_SIZE], ipv6_gateway[ADDRESS_SIZE];
};

/* The other boxes: networks of type vxlan are carried to them (RFC 7348). */
struct net_peers {
	char endpoint[ADDRESS_SIZE]; /* this box's end of the tunnels; "": it is alone */
	uint32_t port;               /* UDP, of all of them */
	bool learning;               /* where MACs are is learned from what arrives */
	struct message_list peers;   /* struct net_address: the others' ends, of the same family */
};

/* A port of another box; one entry for each address. */
struct net_remote {
	char mac[18];
	char peer[ADDRESS_SIZE];
	char address[ADDRESS_SIZE]; /* "": only the MAC is known */
};

/* All that is known of one network. */
struct net_remotes {
	uint32_t vni;
	struct message_list remotes; /* struct net_remote; none: forgotten */
};

/* The board's physical networks. */
struct net_physical {
	char name[65];
	char link[16]; /* the NIC */
};

struct net_physicals {
	struct message_list physicals; /* struct net_physical */
};

struct net_uplink_state {
	char link[16];
	bool carrier;
	uint32_t mtu;
	struct message_list addresses; /* struct net_address with prefix */
	char gateway[ADDRESS_SIZE];
	struct message_list dns;
};

struct net_id {
	char id[UUID_SIZE];
};

struct net_port_state {
	char id[UUID_SIZE];
	bool up;
	char reason[128];
};

/* What went through a guest's port since its tap was made, as the guest sees it. */
struct net_counters {
	uint32_t code; /* errno, positive; ENODEV: it has no tap */
	uint64_t received_bytes, received_packets, received_errors, received_dropped;
	uint64_t sent_bytes, sent_packets, sent_errors, sent_dropped;
};

struct net_reply {
	uint32_t code; /* errno, positive; 0: fine */
	char reason[256];
};

struct svc_dns {
	uint32_t token;              /* svc's own, returned with the answer */
	struct message_bytes packet; /* at most 1,500 bytes */
};

struct svc_metadata_get {
	char network_id[UUID_SIZE];
	char address[ADDRESS_SIZE]; /* the guest's, as it came in */
	char method[8];
	char path[512]; /* "/openstack/latest/meta_data.json" */
	char mac[18];   /* by IPv6: whose the address is; "": it says so itself */
};

struct svc_metadata {
	uint32_t status; /* HTTP */
	char content_type[64];
	struct message_bytes body;
};

extern const struct field net_network_fields[], net_port_fields[], net_group_fields[],
	net_router_fields[], net_addresses_fields[], net_uplink_fields[], net_uplink_state_fields[],
	net_peers_fields[], net_remotes_fields[], net_physicals_fields[], net_id_fields[],
	net_port_state_fields[], net_counters_fields[], net_reply_fields[], svc_dns_fields[],
	svc_metadata_get_fields[], svc_metadata_fields[];

#endif
