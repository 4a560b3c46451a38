/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwIP's surroundings: interfaces, frames in and out, time. */
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/svc/svc.h"

#define METADATA_ADDRESS PP_HTONL(0xa9fea9feUL)
#define IDLE_MS (5 * 60 * 1000) /* without frames for so long lwIP's clock stands still */
#define FRAMES_A_TURN 32

/* lwIP asks for the time without saying who asks. */
static struct svc *instance;

u32_t sys_now(void)
{
	return (u32_t)loop_now(instance->loop);
}

unsigned lwip_port_random(void)
{
	unsigned value;

	random_bytes(&value, sizeof(value));
	return value;
}

void lwip_port_assert(const char *message)
{
	log_error("svc", "lwip assertion", "text=%s", log_quote(message));
	abort();
}

/* --- out --- */

static err_t link_output(struct netif *netif, struct pbuf *packet)
{
	struct svc *svc = netif->state;
	static uint8_t frame[FRAME_MAX];

	if (packet->tot_len > sizeof(frame))
		return ERR_BUF;
	pbuf_copy_partial(packet, frame, packet->tot_len, 0);
	svc->output(svc, frame, packet->tot_len);
	return ERR_OK;
}

/* A full tap loses frames, as a wire does. */
static void tap_output(struct svc *svc, const void *frame, size_t size)
{
	if (svc->tap >= 0 && write(svc->tap, frame, size) < 0 && errno != EAGAIN)
		log_debug("svc", "frame lost", "errno=%d", errno);
}

/* --- interfaces --- */

static err_t interface_init(struct netif *netif)
{
	struct svc *svc = netif->state;

	netif->name[0] = 't';
	netif->name[1] = 'n';
	netif->output = etharp_output;
	netif->linkoutput = link_output;
	netif->mtu = svc->network.mtu >= 576 && svc->network.mtu <= FRAME_MAX - SIZEOF_ETH_HDR
			     ? (u16_t)svc->network.mtu
			     : 1500;
	netif->hwaddr_len = MAC_SIZE;
	memcpy(netif->hwaddr, svc->mac, MAC_SIZE);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

static void interface_up(struct svc *svc, struct svc_interface *interface, uint32_t address,
			 unsigned prefix)
{
	ip4_addr_t own = { .addr = address }, mask = { .addr = 0 }, none = { .addr = 0 };

	mask.addr = prefix > 0 ? lwip_htonl(~(u32_t)0 << (32 - prefix)) : 0;
	netif_add(&interface->netif, &own, &mask, &none, svc, interface_init, ethernet_input);
	netif_set_up(&interface->netif);
}

static void interfaces_down(struct svc *svc)
{
	for (size_t i = 0; i < svc->interface_count; i++)
		netif_remove(&svc->interfaces[i].netif);
	svc->interface_count = 0;
	if (svc->metadata_interface.netif.state != NULL)
		netif_remove(&svc->metadata_interface.netif);
	svc->metadata_interface.netif.state = NULL;
	metadata6_down(svc);
}

static void subnet_up(struct svc *svc, const struct net_subnet *subnet)
{
	struct svc_interface *interface = &svc->interfaces[svc->interface_count];
	struct address own;
	uint32_t address;

	if (!subnet->dhcp || address_parse(subnet->dhcp_address, &own) < 0 ||
	    own.family != AF_INET || address_parse(subnet->cidr, &interface->network) < 0 ||
	    interface->network.family != AF_INET)
		return;
	memcpy(&address, own.bytes, sizeof(address));
	interface->subnet = subnet;
	interface_up(svc, interface, address, interface->network.prefix);
	svc->interface_count++;
}

static bool network_advertises(const struct net_network *network)
{
	const struct net_subnet *subnets = network->subnets.items;

	for (size_t i = 0; i < network->subnets.count; i++)
		if (subnets[i].ra_mode[0] != '\0')
			return true;
	return false;
}

int svc_network_set(struct svc *svc, const struct net_network *network, struct arena *arena,
		    struct error *error)
{
	const struct net_subnet *subnets = network->subnets.items;

	if (mac_parse(network->dhcp_mac, svc->mac) < 0)
		return error_set(error, -EINVAL, "no MAC for the service");
	interfaces_down(svc);
	arena_free(&svc->arena);
	svc->arena = *arena;
	*arena = ARENA_INIT;
	svc->network = *network;
	for (size_t i = 0; i < network->subnets.count; i++)
		subnet_up(svc, &subnets[i]);
	interface_up(svc, &svc->metadata_interface, METADATA_ADDRESS, 32);
	metadata6_up(svc);
	/* Most networks do not: their svc never has that code in its memory. */
	svc->advertises = network_advertises(network);
	if (svc->advertises)
		ipv6_changed(svc);
	else
		loop_timer_stop(&svc->advertising);
	return 0;
}

/* --- in --- */

/* The IPv4 address that a frame is for, and the one that it is from; false for other frames. */
static bool frame_addresses(const uint8_t *frame, size_t size, uint32_t *from, uint32_t *to)
{
	bool arp = frame[12] == 0x08 && frame[13] == 0x06;
	size_t from_at = arp ? 28 : 26, to_at = arp ? 38 : 30;

	if ((!arp && (frame[12] != 0x08 || frame[13] != 0x00)) || size < to_at + 4)
		return false;
	memcpy(from, frame + from_at, sizeof(*from));
	memcpy(to, frame + to_at, sizeof(*to));
	return true;
}

static bool interface_covers(const struct svc_interface *interface, uint32_t address)
{
	struct address other = { .family = AF_INET, .prefix = 32 };

	memcpy(other.bytes, &address, sizeof(address));
	return address_contains(&interface->network, &other);
}

/* The interface with that address, else the one in whose subnet the sender is, else the first. */
static struct svc_interface *interface_for(struct svc *svc, const uint8_t *frame, size_t size)
{
	uint32_t from, to;

	if (svc->interface_count == 0 || !frame_addresses(frame, size, &from, &to) ||
	    metadata6_stands_in(from))
		return NULL;
	if (to == METADATA_ADDRESS)
		return &svc->metadata_interface;
	for (size_t i = 0; i < svc->interface_count; i++)
		if (netif_ip4_addr(&svc->interfaces[i].netif)->addr == to)
			return &svc->interfaces[i];
	for (size_t i = 0; i < svc->interface_count; i++)
		if (interface_covers(&svc->interfaces[i], from))
			return &svc->interfaces[i];
	return &svc->interfaces[0];
}

static void timer_run(struct loop_timer *timer);

/* lwIP's timers tick only while somebody talks: an idle network costs nothing. */
static void timer_schedule(struct svc *svc)
{
	u32_t delay = sys_timeouts_sleeptime();

	if (loop_now(svc->loop) - svc->active > IDLE_MS || delay == SYS_TIMEOUTS_SLEEPTIME_INFINITE)
		return;
	loop_timer_start(svc->loop, &svc->timer, delay, timer_run);
}

static void timer_run(struct loop_timer *timer)
{
	sys_check_timeouts();
	timer_schedule(container_of(timer, struct svc, timer));
}

void svc_stay_awake(struct svc *svc)
{
	svc->active = loop_now(svc->loop);
	if (svc->timer.running)
		return;
	sys_restart_timeouts();
	timer_schedule(svc);
}

void svc_input(struct svc *svc, const uint8_t *frame, size_t size)
{
	struct svc_interface *interface;
	struct pbuf *packet;

	if (size < SIZEOF_ETH_HDR || size > FRAME_MAX)
		return;
	if (!(frame[0] & 1) && memcmp(frame, svc->mac, MAC_SIZE) != 0)
		return; /* flooded, for somebody else */
	if (frame[12] == 0x86 && frame[13] == 0xdd) {
		ipv6_input(svc, frame, size);
		return;
	}
	interface = interface_for(svc, frame, size);
	packet = interface != NULL ? pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_POOL) : NULL;
	if (packet == NULL)
		return;
	svc_stay_awake(svc);
	pbuf_take(packet, frame, (u16_t)size);
	if (interface->netif.input(packet, &interface->netif) != ERR_OK)
		pbuf_free(packet);
}

static void tap_read(struct loop_fd *handle, unsigned events)
{
	struct svc *svc = container_of(handle, struct svc, tap_handle);
	static uint8_t frame[FRAME_MAX];
	ssize_t size = 1;

	(void)events;
	for (int i = 0; i < FRAMES_A_TURN && size > 0; i++) {
		size = read(svc->tap, frame, sizeof(frame));
		if (size > 0)
			svc_input(svc, frame, (size_t)size);
	}
}

void svc_tap_set(struct svc *svc, int tap)
{
	svc->tap = tap;
	loop_fd_start(svc->loop, &svc->tap_handle, tap, LOOP_READ, tap_read);
}

/* --- its life --- */

int svc_init(struct svc *svc, struct loop *loop)
{
	static bool initialized;
	int result;

	memset(svc, 0, sizeof(*svc));
	svc->loop = loop;
	svc->tap = svc->netd.fd = svc->cloud.fd = -1;
	svc->output = tap_output;
	instance = svc;
	if (!initialized)
		lwip_init();
	initialized = true;
	result = dhcp_service_start(svc);
	if (result == 0)
		result = dns_service_start(svc);
	return result < 0 ? result : metadata_start(svc);
}

void svc_free(struct svc *svc)
{
	metadata_free(svc);
	udp_remove(svc->dhcp);
	udp_remove(svc->dns);
	interfaces_down(svc);
	loop_timer_stop(&svc->timer);
	loop_timer_stop(&svc->advertising);
	loop_fd_stop(&svc->tap_handle);
	channel_close(&svc->netd);
	channel_close(&svc->cloud);
	lease_free(&svc->leases);
	arena_free(&svc->arena);
	if (svc->tap >= 0)
		close(svc->tap);
}
