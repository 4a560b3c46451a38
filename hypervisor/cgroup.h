/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A control group (v2) for each guest, where the machine has the controllers: /sys/fs/cgroup/
 * guests/<id>. Development machines have none; that is logged once and guests run without.
 * All guests together are held to the box's memory less HOST_RESERVED_MIB: whatever they do, the
 * kernel finds its victim among them. */
#ifndef CUMULET_HYPERVISOR_CGROUP_H
#define CUMULET_HYPERVISOR_CGROUP_H

#include <stdbool.h>

#include "hypervisor/message.h"

/* Writes the group's directory to 'path' (VMM_PATH_SIZE); false when there are no groups. */
bool cgroup_make(const struct guest *guest, char *path);
/* The group must be empty by now; fine when there is none. */
void cgroup_remove(const char *guest_id);
/* For tests: a directory that stands for /sys/fs/cgroup. */
void cgroup_root_set(const char *directory);

#endif
