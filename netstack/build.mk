# SPDX-License-Identifier: GPL-2.0-or-later
source-dirs += netstack netstack/netd netstack/svc

# lwIP is compiled with our own options (netstack/svc/lwipopts.h), so it is built beside our code
# as soon as those are there. Only what lives in netstack/svc sees its headers.
ifneq ($(wildcard netstack/svc/lwipopts.h),)
lwip-src := $(addprefix core/,altcp.c altcp_alloc.c altcp_tcp.c def.c dns.c inet_chksum.c init.c \
	ip.c mem.c memp.c netif.c pbuf.c raw.c stats.c sys.c tcp.c tcp_in.c tcp_out.c timeouts.c \
	udp.c) \
	$(addprefix core/ipv4/,acd.c autoip.c dhcp.c etharp.c icmp.c igmp.c ip4.c ip4_addr.c \
	ip4_frag.c) \
	$(addprefix core/ipv6/,dhcp6.c ethip6.c icmp6.c inet6.c ip6.c ip6_addr.c ip6_frag.c mld6.c \
	nd6.c) \
	netif/ethernet.c
endif
lwip-includes = -Inetstack/svc -isystem $(1)/lwip/include
