/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A control group (v2) for each guest, where the machine has the controllers: /sys/fs/cgroup/
 * guests/<id>. Development machines have none; that is logged once and guests run without. */
#ifndef CUMULET_HYPERVISOR_CGROUP_H
#define CUMULET_HYPERVISOR_CGROUP_H

#include <stdbool.h>

#include "hypervisor/message.h"

/* Writes the group's directory to 'path' (VMM_PATH_SIZE); false when there are no groups. */
bool cgroup_make(const struct guest *guest, char *path);
/* The group must be empty by now; fine when there is none. */
void cgroup_remove(const char *guest_id);

#endif
