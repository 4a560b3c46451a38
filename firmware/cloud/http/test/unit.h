/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka, and what it wants before it. */
#ifndef CUMULET_HTTP_TEST_UNIT_H
#define CUMULET_HTTP_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
