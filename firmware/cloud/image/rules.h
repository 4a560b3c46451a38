/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The setting of the box that says where imports from the web may go; node shows and sets it. */
#ifndef CUMULET_IMAGE_RULES_H
#define CUMULET_IMAGE_RULES_H

#include "firmware/cloud/http/service.h"

#define IMPORT_RULES_KEY "/node/setting/image-import"

extern const struct schema import_rules_schema;
/* As it was set, or as it is without that. */
int import_rules_load(struct request *request, yyjson_val **setting, struct error *error);

#endif
