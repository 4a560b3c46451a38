/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lwIP wants to know of the compiler and the system (see lwip/arch.h). */
#ifndef CUMULET_SVC_ARCH_CC_H
#define CUMULET_SVC_ARCH_CC_H

#include <stdlib.h>
#include <sys/time.h>

unsigned lwip_port_random(void);
void lwip_port_assert(const char *message);

#define LWIP_RAND() lwip_port_random()
#define LWIP_PLATFORM_DIAG(x)                                                                      \
	do {                                                                                       \
	} while (0)
#define LWIP_PLATFORM_ASSERT(message) lwip_port_assert(message)
#define LWIP_ERRNO_STDINCLUDE 1
#define SSIZE_MAX_DEFINED 1

#endif
