/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <sysexits.h>

#include "firmware/lib/role.h"

int vmm_main(int argc, char **argv)
{
	(void)argc;
	fprintf(stderr, "%s: not in this build\n", argv[0]);
	return EX_UNAVAILABLE;
}
