/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First-boot settings from outside: small text files, copied to PATH_PROVISION and shown in
 * PATH_CLOUD/provision as well, because cloud lives in its chroot. Sources: booted, QEMU's
 * firmware configuration (opt/org.cumulet/<name>); hosted, <state>/provision/<name>.
 */
#ifndef CUMULET_INIT_PROVISION_H
#define CUMULET_INIT_PROVISION_H

#include <stdbool.h>
#include <stddef.h>

#define PROVISION_MOST 4096 /* bytes of one setting */

/* Copies what is there; names that are not known are not looked at. */
void provision_copy(bool hosted);
/* Shows the copies to cloud; the data partition is mounted by now. */
void provision_show(void);
/* The first line of a setting; false if it is not there. */
bool provision_read(const char *name, char *value, size_t size);

#endif
