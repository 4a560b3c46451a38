/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the firewall share. Text is put by functions that remember a failure in the
 * writer, so that it is tested once at the end. */
#ifndef CUMULET_NETD_FIREWALL_INTERNAL_H
#define CUMULET_NETD_FIREWALL_INTERNAL_H

#include "netstack/netd/firewall.h"

struct firewall_writer {
	const struct firewall *firewall;
	struct buffer *text;
	int result; /* the first failure */
};

void firewall_put(struct firewall_writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The number by which marks know svc; ports have their own (model.h). */
#define FIREWALL_SVC_NUMBER 0xffffU
/* The next port with a tap after 'port' (NULL: the first); NULL at the end. */
const struct port *firewall_guest_next(const struct firewall_writer *writer,
				       const struct port *port);
#define firewall_each_guest(writer, item)                                                          \
	for (const struct port *item = firewall_guest_next(writer, NULL); item != NULL;            \
	     item = firewall_guest_next(writer, item))

/* firewall_spoof.c: sets macs, allowed4, allowed6, secured, and chains spoof, host, deliver. */
void firewall_spoof(struct firewall_writer *writer);
/* firewall_port.c: maps egress and ingress, and each port's chains. */
void firewall_ports(struct firewall_writer *writer);
/* The bridge's part of it where the chains above are in the inet family. */
void firewall_marks(struct firewall_writer *writer);

#endif
