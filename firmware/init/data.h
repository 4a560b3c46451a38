/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data partition of a booted box: made or grown at need, formatted when new, mounted. */
#ifndef CUMULET_INIT_DATA_H
#define CUMULET_INIT_DATA_H

#include "firmware/lib/error.h"

/*
 * Finds the disk that the root file system is on, makes sure that its last partition is named
 * 'data' and reaches to the end of the disk, makes an XFS on it when it is new, and mounts it on
 * PATH_DATA. What holds something that is not XFS is never overwritten: -EMEDIUMTYPE.
 */
int data_mount(struct error *error);

#endif
