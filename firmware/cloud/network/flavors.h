/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flavors of services, the profiles that they consist of, and who provides services. There is one
 * provider, of routers; a profile either names its driver or holds whatever its maker wants to remember.
 */
#ifndef CUMULET_NETWORK_FLAVORS_H
#define CUMULET_NETWORK_FLAVORS_H

#include "firmware/cloud/network/resource.h"

extern const struct service_part flavor_part;

#endif
