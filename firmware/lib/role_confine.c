/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one place where a role gives up privileges; the contract is in role.h. */
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

static int root_enter(const char *root, struct error *error)
{
	if (root == NULL)
		return 0;
	if (chdir(root) < 0 || chroot(".") < 0)
		return error_errno(error, "chroot to %s", root);
	return 0;
}

/* No program that is started from here on can get back what is not in 'keep'. */
static int bounding_set_shrink(uint64_t keep, struct error *error)
{
	for (unsigned capability = 0; capability < 64; capability++) {
		if (keep & (UINT64_C(1) << capability))
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			return 0; /* beyond the kernel's last one */
		return error_errno(error, "drop capability %u", capability);
	}
	return 0;
}

static int ids_set(unsigned uid, unsigned gid, struct error *error)
{
	if (setgroups(0, NULL) < 0)
		return error_errno(error, "setgroups");
	if (setresgid(gid, gid, gid) < 0)
		return error_errno(error, "setgid %u", gid);
	/* Else the kernel clears the permitted set with the uid. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_errno(error, "keep capabilities");
	if (setresuid(uid, uid, uid) < 0)
		return error_errno(error, "setuid %u", uid);
	return 0;
}

static int capabilities_set(uint64_t keep, struct error *error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)keep, .permitted = (uint32_t)keep },
		{ .effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return error_errno(error, "set capabilities");
	return 0;
}

static int confine(const char *root, unsigned uid, unsigned gid, uint64_t keep, struct error *error)
{
	int result = root_enter(root, error);

	if (result == 0)
		result = bounding_set_shrink(keep, error);
	if (result == 0)
		result = ids_set(uid, gid, error);
	if (result == 0)
		result = capabilities_set(keep, error);
	if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		result = error_errno(error, "set no_new_privs");
	return result;
}

int role_confine(const char *root, unsigned uid, unsigned gid, uint64_t keep, struct error *error)
{
	struct error local;
	int result;

	if (error == NULL)
		error = &local;
	result = confine(root, uid, gid, keep, error);
	if (result < 0)
		log_error("role", "privileges not dropped", "reason=%s", log_quote(error->message));
	return result;
}
