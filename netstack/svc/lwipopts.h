/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwIP for a service process of one tenant network: no threads, no sockets, IPv4, UDP and TCP.
 * The sizes bound what a tenant can make svc hold; defaults are lwIP's (opt.h).
 */
#ifndef CUMULET_SVC_LWIPOPTS_H
#define CUMULET_SVC_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_TIMERS 1

/* Memory: pools and heap are arrays; pages that are never touched cost nothing. */
#define MEM_ALIGNMENT 8
#define MEM_SIZE (96 * 1024)
#define MEMP_NUM_PBUF 32
#define MEMP_NUM_TCP_PCB 24
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG 64
#define MEMP_NUM_UDP_PCB 3
#define MEMP_NUM_REASSDATA 4
#define MEMP_NUM_ARP_QUEUE 16
#define PBUF_POOL_SIZE 24
#define PBUF_POOL_BUFSIZE 1600

/* IPv4 alone; svc routes nothing. */
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define IP_FORWARD 0
#define IP_REASS_MAX_PBUFS 16
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define LWIP_ACD 0

/* Clients ask from 0.0.0.0 for DHCP. */
#define LWIP_IP_ACCEPT_UDP_PORT(port) ((port) == PP_HTONS(67))

#define ARP_TABLE_SIZE 64
#define ARP_QUEUEING 1
#define ETHARP_TRUST_IP_MAC 0

#define LWIP_TCP 1
#define TCP_MSS 1360
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (8 * TCP_MSS)
#define TCP_SND_QUEUELEN 32
#define TCP_LISTEN_BACKLOG 1
#define LWIP_TCP_KEEPALIVE 0
/* Whoever leaves connections half open makes room for others. */
#define LWIP_HOOK_FILENAME "lwiphooks.h"
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, size, size1, options, packet)                      \
	metadata_arrives(pcb, TCPH_FLAGS(header))
/* Connections that are over make room at once when the table is full. */
#define TCP_MSL 5000UL

#define LWIP_NETIF_TX_SINGLE_PBUF 0
#define LWIP_SINGLE_NETIF 0
#define LWIP_CHECKSUM_CTRL_PER_NETIF 0

#endif
