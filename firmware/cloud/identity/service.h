/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity's start and stop, and the handlers that the route table names. */
#ifndef CUMULET_IDENTITY_SERVICE_H
#define CUMULET_IDENTITY_SERVICE_H

#include "firmware/cloud/identity/internal.h"

int identity_start(struct cloud *cloud, struct error *error);
void identity_stop(struct cloud *cloud); /* for tests: the process itself just ends */

#define HANDLER(name) int name(struct request *request, struct error *error)
HANDLER(version_show);
HANDLER(token_create);
HANDLER(token_show);
HANDLER(token_delete);
HANDLER(auth_catalog_show);
HANDLER(auth_project_list);
HANDLER(auth_domain_list);
HANDLER(auth_system_list);
HANDLER(domain_list);
HANDLER(domain_create);
HANDLER(domain_show);
HANDLER(domain_update);
HANDLER(domain_delete);
HANDLER(project_list);
HANDLER(project_create);
HANDLER(project_show);
HANDLER(project_update);
HANDLER(project_delete);
HANDLER(user_list);
HANDLER(user_create);
HANDLER(user_show);
HANDLER(user_update);
HANDLER(user_delete);
HANDLER(user_password_change);
HANDLER(user_project_list);
HANDLER(user_group_list);
HANDLER(group_list);
HANDLER(group_create);
HANDLER(group_show);
HANDLER(group_update);
HANDLER(group_delete);
HANDLER(group_user_list);
HANDLER(membership_create);
HANDLER(membership_check);
HANDLER(membership_delete);
HANDLER(application_credential_list);
HANDLER(application_credential_create);
HANDLER(application_credential_show);
HANDLER(application_credential_delete);
HANDLER(role_list);
HANDLER(role_create);
HANDLER(role_show);
HANDLER(role_update);
HANDLER(role_delete);
HANDLER(implication_list);
HANDLER(implication_show);
HANDLER(implication_create);
HANDLER(implication_delete);
HANDLER(inference_list);
HANDLER(role_assignment_list);
HANDLER(region_list);
HANDLER(region_create);
HANDLER(region_show);
HANDLER(region_update);
HANDLER(region_delete);
HANDLER(region_create_named);
HANDLER(catalog_service_list);
HANDLER(catalog_service_create);
HANDLER(catalog_service_show);
HANDLER(catalog_service_update);
HANDLER(catalog_service_delete);
HANDLER(endpoint_list);
HANDLER(endpoint_create);
HANDLER(endpoint_show);
HANDLER(endpoint_update);
HANDLER(endpoint_delete);
HANDLER(version_list);
HANDLER(project_tag_list);
HANDLER(project_tag_replace);
HANDLER(project_tag_clear);
HANDLER(project_tag_create);
HANDLER(project_tag_check);
HANDLER(project_tag_delete);
HANDLER(implication_check);
#undef HANDLER

#endif
