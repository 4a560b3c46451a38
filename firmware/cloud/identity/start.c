/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity's start: keys, first boot, and the way in that always stays open. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/cloud/identity/bootstrap.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/password.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define PASSWORD_FILE "first-password"
#define LINE_SIZE 256

static const char *file_path(const struct cloud *cloud, struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s", cloud->directory, name);
}

/* The first line of a file; NULL when there is none. */
static const char *line_read(const struct cloud *cloud, struct arena *arena, const char *name)
{
	CLEANUP_FD int fd = open(file_path(cloud, arena, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char line[LINE_SIZE];
	ssize_t length;

	if (fd < 0)
		return NULL;
	length = read(fd, line, sizeof(line) - 1);
	if (length <= 0)
		return NULL;
	line[length] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return line[0] ? arena_strdup(arena, line) : NULL;
}

static int first_password_write(const struct cloud *cloud, struct arena *arena,
				const char *password, struct error *error)
{
	CLEANUP_FD int fd = open(file_path(cloud, arena, PASSWORD_FILE),
				 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t length = strlen(password);

	if (fd < 0 || write(fd, password, length) != (ssize_t)length || fsync(fd) < 0)
		return error_errno(error, "the first password can't be kept");
	return 0;
}

void first_password_forget(struct identity *identity)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	if (!atomic_exchange(&identity->first_password, false))
		return;
	if (unlink(file_path(identity->cloud, &arena, PASSWORD_FILE)) == 0)
		log_info("identity", "first password forgotten", "reason=used");
}

const char *identity_first_password(struct cloud *cloud, struct arena *arena)
{
	if (!atomic_load(&cloud->identity->first_password))
		return NULL;
	return line_read(cloud, arena, PASSWORD_FILE);
}

/* What was provisioned, else one that is made up and kept for the console's screen. */
static int first_password_choose(struct identity *identity, struct arena *arena,
				 const char **password, struct error *error)
{
	char made[PASSWORD_RANDOM_SIZE];

	*password = line_read(identity->cloud, arena, "provision/admin-password");
	if (*password)
		return 0;
	password_random(made);
	*password = arena_strdup(arena, made);
	return first_password_write(identity->cloud, arena, made, error);
}

static int first_boot(struct identity *identity, struct arena *arena, struct error *error)
{
	char hash[PASSWORD_HASH_SIZE];
	struct bootstrap bootstrap;
	const char *password;
	int result = first_password_choose(identity, arena, &password, error);

	if (result == 0)
		result = password_hash(password, hash, error);
	if (result == 0)
		result = bootstrap_begin(&bootstrap, identity, arena, error);
	if (result < 0)
		return result;
	bootstrap_administrator(&bootstrap, hash);
	ensure_role(&bootstrap, "service");
	ensure_role(&bootstrap, "ResellerAdmin");
	ensure_project(&bootstrap, "service", "Service users");
	bootstrap_catalog(&bootstrap);
	bootstrap_put(&bootstrap, yyjson_mut_obj(bootstrap.doc), "/identity/bootstrap/first");
	log_info("identity", "first boot", "user=admin project=admin");
	return bootstrap_end(&bootstrap, identity);
}

static int later_boot(struct identity *identity, struct arena *arena, struct error *error)
{
	struct bootstrap bootstrap;
	int result = bootstrap_begin(&bootstrap, identity, arena, error);

	if (result < 0)
		return result;
	bootstrap_catalog(&bootstrap);
	return bootstrap_end(&bootstrap, identity);
}

static int is_first_boot(struct identity *identity, struct arena *arena, struct error *error)
{
	struct reader reader = { .arena = arena };
	yyjson_val *marker;
	int result = store_view_open(identity->store, &reader.view, error);

	if (result < 0)
		return result;
	result = record_get(&reader, &marker, NULL, error, "/identity/bootstrap/first");
	store_view_close(reader.view);
	return result == -ENOENT ? 1 : result;
}

int identity_bootstrap(struct identity *identity, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	int first = is_first_boot(identity, &arena, error);
	int result = first;

	if (first == 1)
		result = first_boot(identity, &arena, error);
	else if (first == 0)
		result = later_boot(identity, &arena, error);
	atomic_store(&identity->first_password,
		     line_read(identity->cloud, &arena, PASSWORD_FILE) != NULL);
	return result;
}

static void records_changed(struct store_watch *watch, const char *key, uint64_t revision,
			    bool deleted)
{
	(void)key;
	(void)revision;
	(void)deleted;
	identity_changed(container_of(watch, struct identity, watch));
}

static int identity_watch(struct identity *identity, struct error *error)
{
	identity->watch =
		(struct store_watch){ .prefix = "/identity/", .changed = records_changed };
	if (!identity->cloud->loop)
		return 0;
	if (store_watch_start(identity->store, &identity->watch, 0) < 0)
		return error_set(error, -EIO, "identity's records can't be watched");
	return 0;
}

int identity_start(struct cloud *cloud, struct error *error)
{
	struct identity *identity = calloc(1, sizeof(*identity));
	int result;

	if (!identity)
		return error_set(error, -ENOMEM, "no memory");
	*identity = (struct identity){ .store = cloud->store,
				       .cloud = cloud,
				       .keyring = KEYRING_INIT,
				       .lockout = LOCKOUT_INIT,
				       .passcodes = PASSCODES_INIT,
				       .cache = caller_cache_new(),
				       .generation = 1 };
	cloud->identity = identity;
	if (!identity->cache)
		return error_set(error, -ENOMEM, "no memory");
	result = keyring_load(&identity->keyring, cloud->store, instant_now(), error);
	if (result == 0)
		result = vault_load(&identity->vault, cloud->store, error);
	if (result == 0)
		result = identity_bootstrap(identity, error);
	return result == 0 ? identity_watch(identity, error) : result;
}

void identity_stop(struct cloud *cloud)
{
	struct identity *identity = cloud->identity;

	if (!identity)
		return;
	if (identity->watch.store)
		store_watch_stop(&identity->watch);
	caller_cache_free(identity->cache);
	explicit_bzero(&identity->keyring, sizeof(identity->keyring));
	explicit_bzero(&identity->vault, sizeof(identity->vault));
	free(identity);
	cloud->identity = NULL;
}

int identity_admin_password(struct cloud *cloud, const char *password, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char hash[PASSWORD_HASH_SIZE];
	struct bootstrap bootstrap;
	int result = password_hash(password, hash, error);

	if (result == 0)
		result = bootstrap_begin(&bootstrap, cloud->identity, &arena, error);
	if (result < 0)
		return result;
	bootstrap_administrator(&bootstrap, hash);
	result = bootstrap_end(&bootstrap, cloud->identity);
	if (result < 0)
		return result;
	first_password_forget(cloud->identity);
	log_info("identity", "password of admin reset", "by=console");
	return 0;
}
