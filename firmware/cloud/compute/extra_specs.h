/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What flavors ask for beyond their sizes. */
#ifndef CUMULET_COMPUTE_EXTRA_SPECS_H
#define CUMULET_COMPUTE_EXTRA_SPECS_H

#include "firmware/cloud/compute/internal.h"

/*
 * Does the value satisfy what is wanted? Nova's operators: "= N" (at least), "== N", "!= N",
 * ">= N", "<= N"; "s== T" and the like compare texts; "<in> T" (is part of it), "<all-in> T U",
 * "<or> T <or> U"; anything else has to be equal.
 */
bool extra_spec_match(const char *value, const char *wanted);

/* May a flavor have this, from 2.86 on? -EINVAL in Nova's words (extra_specs_valid.c). */
int extra_spec_check(const char *name, const char *value, struct error *error);

#endif
