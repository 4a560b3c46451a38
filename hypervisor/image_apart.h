/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks into an image in a process of its own, which can do nothing but that. */
#ifndef CUMULET_HYPERVISOR_IMAGE_APART_H
#define CUMULET_HYPERVISOR_IMAGE_APART_H

#include "hypervisor/image_inspect.h"

/*
 * image_inspect() of the regular file 'fd', which stays the caller's. Waits for the answer, but no
 * longer than five seconds. Beside its errors: -EINVAL when 'fd' is not a regular file, -EIO when
 * the process ended without an answer, -ETIMEDOUT, and what fork() and pipe() give.
 */
int image_inspect_apart(int fd, const char *claimed, struct image_facts *facts,
			struct error *error);

#endif
