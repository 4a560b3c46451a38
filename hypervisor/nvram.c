/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/nvram.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/disk.h"

/* The names that Debian and QEMU itself give them. */
static const struct firmware {
	const char *arch;
	bool secure; /* checks what it boots against the keys of its template */
	const char *code, *variables;
} firmwares[] = {
	{ "x86_64", false, "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd" },
	{ "x86_64", false, "edk2-x86_64-code.fd", "edk2-i386-vars.fd" },
	{ "x86_64", true, "OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.ms.fd" },
	{ "aarch64", false, "AAVMF_CODE.fd", "AAVMF_VARS.fd" },
	{ "aarch64", false, "edk2-aarch64-code.fd", "edk2-arm-vars.fd" },
};

static const struct firmware *firmware_find(const struct vmm *vmm, bool secure)
{
	char path[VMM_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(firmwares); i++) {
		path_format(path, "%s/%s", vmm->options.share, firmwares[i].code);
		if (strcmp(firmwares[i].arch, vmm->host.facts.arch) == 0 &&
		    firmwares[i].secure == secure && access(path, R_OK) == 0)
			return &firmwares[i];
	}
	return NULL;
}

static int share_open(const struct vmm *vmm, const char *name, struct error *error)
{
	char path[VMM_PATH_SIZE];
	int fd;

	path_format(path, "%s/%s", vmm->options.share, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_errno(error, "UEFI firmware %s", name) : fd;
}

static int file_copy(int to, int from)
{
	struct stat status;
	ssize_t copied = 1;

	if (fstat(from, &status) < 0)
		return -errno;
	for (off_t left = status.st_size; left > 0 && copied > 0; left -= copied)
		copied = sendfile(to, from, NULL, (size_t)left);
	if (copied == 0)
		return -EIO;
	return copied < 0 || fdatasync(to) < 0 ? -errno : 0;
}

/* The name is given when the file is complete, as disks get theirs. */
static int variables_make(int template, const char *part, const char *final)
{
	CLEANUP_FD int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int result = fd < 0 ? -errno : file_copy(fd, template);

	if (result == 0 && rename(part, final) < 0)
		result = -errno;
	if (result < 0)
		unlink(part);
	return result;
}

static int variables_open(const struct vmm *vmm, const struct guest *guest,
			  const struct firmware *firmware, struct error *error)
{
	char part[VMM_PATH_SIZE], final[VMM_PATH_SIZE];
	const struct guest_disk *disks = guest->disks.items;
	CLEANUP_FD int template = -1;
	int fd, result;

	disk_path(vmm, guest->id, disks[0].id, "nvram", final);
	disk_path(vmm, guest->id, disks[0].id, "part", part);
	fd = open(final, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	template = share_open(vmm, firmware->variables, error);
	if (template <0)
		return template;
	result = variables_make(template, part, final);
	if (result < 0)
		return disk_fault(error, result, "write the firmware's variables");
	fd = open(final, O_RDWR | O_CLOEXEC);
	return fd < 0 ? error_errno(error, "UEFI variables") : fd;
}

int nvram_open(const struct vmm *vmm, const struct guest *guest, struct qemu_plan *plan,
	       struct error *error)
{
	bool secure = guest->hardware.secure_boot;
	const struct firmware *firmware;

	if (strcmp(guest->firmware, "uefi") != 0)
		return secure ? error_set(error, -EINVAL, "Secure Boot is not supported by host")
			      : 0;
	firmware = firmware_find(vmm, secure);
	if (firmware == NULL || guest->disks.count == 0)
		return error_set(error, -EINVAL,
				 secure ? "Secure Boot is not supported by host"
					: "UEFI is not supported");
	plan->code_fd = share_open(vmm, firmware->code, error);
	if (plan->code_fd < 0)
		return plan->code_fd;
	plan->nvram_fd = variables_open(vmm, guest, firmware, error);
	return plan->nvram_fd < 0 ? plan->nvram_fd : 0;
}
