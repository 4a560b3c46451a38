/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handlers that the table in service.c names, and the schemas of their bodies. */
#ifndef CUMULET_COMPUTE_ROUTES_H
#define CUMULET_COMPUTE_ROUTES_H

#include "firmware/cloud/http/service.h"

#define HANDLER(name) int name(struct request *request, struct error *error)

/* versions.c */
HANDLER(handle_versions);
HANDLER(handle_version);
HANDLER(handle_version_named);
/* flavors.c, flavor_manage.c, flavor_access.c */
HANDLER(handle_flavors_list);
HANDLER(handle_flavors_detail);
HANDLER(handle_flavor_show);
HANDLER(handle_flavor_create);
HANDLER(handle_flavor_update);
HANDLER(handle_flavor_delete);
HANDLER(handle_flavor_access_list);
HANDLER(handle_flavor_access_add);
HANDLER(handle_flavor_access_remove);
HANDLER(handle_flavor_specs_list);
HANDLER(handle_flavor_specs_create);
HANDLER(handle_flavor_specs_show);
HANDLER(handle_flavor_specs_update);
HANDLER(handle_flavor_specs_delete);
/* keypairs.c */
HANDLER(handle_keypairs_list);
HANDLER(handle_keypair_create);
HANDLER(handle_keypair_show);
HANDLER(handle_keypair_delete);
/* server_create.c, server_list.c, server_update.c */
HANDLER(handle_server_create);
HANDLER(handle_servers_list);
HANDLER(handle_servers_detail);
HANDLER(handle_server_show);
HANDLER(handle_server_update);
HANDLER(handle_server_delete);
HANDLER(handle_server_force_delete);
/* server_action.c, server_console.c */
HANDLER(handle_server_start);
HANDLER(handle_server_stop);
HANDLER(handle_server_reboot);
HANDLER(handle_server_pause);
HANDLER(handle_server_unpause);
HANDLER(handle_server_suspend);
HANDLER(handle_server_resume);
HANDLER(handle_server_lock);
HANDLER(handle_server_unlock);
HANDLER(handle_server_reset_state);
HANDLER(handle_server_console_output);
HANDLER(handle_server_group_add);
HANDLER(handle_server_group_remove);
HANDLER(handle_server_inject_network);
HANDLER(handle_server_reset_network);
HANDLER(handle_server_change_password);
HANDLER(handle_server_unserved);
/* server_rebuild.c, server_resize.c */
HANDLER(handle_server_rebuild);
HANDLER(handle_server_resize);
HANDLER(handle_server_confirm_resize);
HANDLER(handle_server_revert_resize);
/* server_snapshot.c, server_rescue.c, server_shelve.c */
HANDLER(handle_server_create_image);
HANDLER(handle_server_create_backup);
HANDLER(handle_server_rescue);
HANDLER(handle_server_unrescue);
HANDLER(handle_server_shelve);
HANDLER(handle_server_shelve_offload);
HANDLER(handle_server_unshelve);
/* server_metadata.c, server_tags.c */
HANDLER(handle_server_metadata_list);
HANDLER(handle_server_metadata_merge);
HANDLER(handle_server_metadata_replace);
HANDLER(handle_server_metadata_show);
HANDLER(handle_server_metadata_set);
HANDLER(handle_server_metadata_delete);
HANDLER(handle_server_tags_list);
HANDLER(handle_server_tags_replace);
HANDLER(handle_server_tags_clear);
HANDLER(handle_server_tag_check);
HANDLER(handle_server_tag_add);
HANDLER(handle_server_tag_delete);
/* server_network.c */
HANDLER(handle_server_ips);
HANDLER(handle_server_ips_network);
HANDLER(handle_server_groups);
HANDLER(handle_server_interfaces);
HANDLER(handle_server_interface);
HANDLER(handle_server_interface_attach);
HANDLER(handle_server_interface_detach);
/* group_proxy.c */
HANDLER(handle_groups_list);
HANDLER(handle_group_create);
HANDLER(handle_group_show);
HANDLER(handle_group_update);
HANDLER(handle_group_delete);
HANDLER(handle_group_unnamed);
/* instance_actions.c */
HANDLER(handle_actions_list);
HANDLER(handle_actions_show);
/* quota_sets.c, limits.c */
HANDLER(handle_quota_show);
HANDLER(handle_quota_detail);
HANDLER(handle_quota_defaults);
HANDLER(handle_quota_update);
HANDLER(handle_quota_delete);
HANDLER(handle_limits);
/* server_events.c */
HANDLER(handle_external_events);
HANDLER(handle_server_topology);
HANDLER(handle_server_crash_dump);
/* image_proxy.c */
HANDLER(handle_images_list);
HANDLER(handle_images_detail);
HANDLER(handle_image_show);
HANDLER(handle_image_delete);
HANDLER(handle_image_metadata_list);
HANDLER(handle_image_metadata_merge);
HANDLER(handle_image_metadata_replace);
HANDLER(handle_image_metadata_show);
HANDLER(handle_image_metadata_set);
HANDLER(handle_image_metadata_delete);
/* migrations.c, server_migrate.c */
HANDLER(handle_migrations_list);
HANDLER(handle_server_migrations);
HANDLER(handle_server_migration);
HANDLER(handle_server_migration_force);
HANDLER(handle_server_migrate);
HANDLER(handle_server_migrate_live);
HANDLER(handle_server_evacuate);
/* lists.c */
HANDLER(handle_too_new); /* where another route would answer for one that is gone */

/* schemas.c, server_schemas.c */
extern const struct schema schema_flavor_create, schema_flavor_update, schema_flavor_access_add,
	schema_flavor_access_remove, schema_flavor_specs, schema_flavor_spec, schema_keypair_create,
	schema_server_create, schema_server_update, schema_server_reboot, schema_server_console,
	schema_server_lock, schema_server_group_add, schema_server_group_remove,
	schema_server_reset_state, schema_server_resize, schema_server_rebuild,
	schema_server_create_image, schema_metadata, schema_metadata_item, schema_tags,
	schema_group, schema_quota_update, schema_quota_class_update, schema_server_migrate,
	schema_server_migrate_live, schema_server_evacuate, schema_force_complete,
	schema_server_create_backup, schema_server_rescue, schema_server_unshelve,
	schema_server_change_password, schema_external_events;

const char *console_text(struct arena *arena, const void *data, size_t size);
const char *host_id(struct arena *arena, const char *host, const char *project_id);

#undef HANDLER
#endif
