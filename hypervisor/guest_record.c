/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <yyjson.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/guest.h"

#define RECORD_MAX 16384

void guest_path(const struct guest_instance *guest, const char *file, char *path)
{
	path_format(path, "%s/guests/%s/%s", guest->vmm->options.run, guest->id, file);
}

/* ---- the members ---- */

enum member_kind { MEMBER_U32, MEMBER_U64, MEMBER_BOOL, MEMBER_STRING };

static const struct member {
	const char *name;
	enum member_kind kind;
	size_t offset, size;
} members[] = {
#define MEMBER(kind, name)                                                                         \
	{                                                                                          \
#name, MEMBER_##kind, offsetof(struct guest_record, name),                         \
			sizeof(((struct guest_record *)0)->name)                                   \
	}
	MEMBER(U32, pid),          MEMBER(U64, start_time),     MEMBER(U32, slot),
	MEMBER(U64, generation),   MEMBER(BOOL, held),          MEMBER(U32, reboots_soft),
	MEMBER(U32, reboots_hard), MEMBER(U32, interrupts),     MEMBER(U32, ending),
	MEMBER(U32, state),        MEMBER(U32, code),           MEMBER(BOOL, self),
	MEMBER(U64, started),      MEMBER(STRING, accelerator), MEMBER(STRING, reason),
	MEMBER(U64, devices),      MEMBER(STRING, stuck),       MEMBER(STRING, stuck_reason),
	MEMBER(U32, memory_mib),   MEMBER(BOOL, frozen),
#undef MEMBER
};

static void member_save(yyjson_mut_doc *document, yyjson_mut_val *root, const struct member *member,
			const struct guest_record *record)
{
	const char *at = (const char *)record + member->offset;

	switch (member->kind) {
	case MEMBER_U32:
		yyjson_mut_obj_add_uint(document, root, member->name, *(const uint32_t *)at);
		break;
	case MEMBER_U64:
		yyjson_mut_obj_add_uint(document, root, member->name, *(const uint64_t *)at);
		break;
	case MEMBER_BOOL:
		yyjson_mut_obj_add_bool(document, root, member->name, *(const bool *)at);
		break;
	case MEMBER_STRING:
		yyjson_mut_obj_add_str(document, root, member->name, at);
		break;
	}
}

static void member_load(yyjson_val *root, const struct member *member, struct guest_record *record)
{
	yyjson_val *value = yyjson_obj_get(root, member->name);
	char *at = (char *)record + member->offset;

	switch (member->kind) {
	case MEMBER_U32:
		*(uint32_t *)at = (uint32_t)yyjson_get_uint(value);
		break;
	case MEMBER_U64:
		*(uint64_t *)at = yyjson_get_uint(value);
		break;
	case MEMBER_BOOL:
		*(bool *)at = yyjson_get_bool(value);
		break;
	case MEMBER_STRING:
		snprintf(at, member->size, "%s", yyjson_is_str(value) ? yyjson_get_str(value) : "");
		break;
	}
}

static void ports_load(yyjson_val *root, struct guest_record *record)
{
	yyjson_val *ports = yyjson_obj_get(root, "ports"), *port;
	size_t i, count;

	yyjson_arr_foreach (ports, i, count, port) {
		if (!yyjson_is_str(port) || record->port_count == GUEST_NICS_MAX)
			continue;
		snprintf(record->ports[record->port_count++], UUID_SIZE, "%s",
			 yyjson_get_str(port));
	}
}

/* ---- the file ---- */

static char *record_encode(const struct guest_record *record, size_t *size)
{
	yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *root = yyjson_mut_obj(document), *ports = yyjson_mut_arr(document);
	char *text;

	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		member_save(document, root, &members[i], record);
	for (size_t i = 0; i < record->port_count; i++)
		yyjson_mut_arr_add_str(document, ports, record->ports[i]);
	yyjson_mut_obj_add_val(document, root, "ports", ports);
	yyjson_mut_doc_set_root(document, root);
	/* Names of ports and reasons come from outside: bytes that are no UTF-8 must not make the
	 * record unwritable. */
	text = yyjson_mut_write(document, YYJSON_WRITE_ALLOW_INVALID_UNICODE, size);
	yyjson_mut_doc_free(document);
	return text;
}

static void directory_make(const struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];

	path_format(path, "%s/guests/%s", guest->vmm->options.run, guest->id);
	mkdir(path, 0700);
}

int guest_record_save(const struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE], part[VMM_PATH_SIZE];
	size_t size = 0;
	CLEANUP_FREE char *text = record_encode(&guest->record, &size);
	CLEANUP_FD int fd = -1;

	directory_make(guest);
	guest_path(guest, "record", path);
	guest_path(guest, "record.part", part);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (text == NULL || fd < 0 || write(fd, text, size) != (ssize_t)size ||
	    rename(part, path) < 0) {
		log_error("guest", "record not written", "id=%s errno=%d", guest->id, errno);
		return -EIO;
	}
	return 0;
}

int guest_record_load(struct guest_instance *guest, struct error *error)
{
	char path[VMM_PATH_SIZE], text[RECORD_MAX];
	CLEANUP_FD int fd = -1;
	yyjson_doc *document;
	ssize_t size;

	guest_path(guest, "record", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (size < 0)
		return error_errno(error, "%s", path);
	document = yyjson_read(text, (size_t)size, YYJSON_READ_ALLOW_INVALID_UNICODE);
	if (document == NULL)
		return error_set(error, -EBADMSG, "%s is damaged", path);
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		member_load(yyjson_doc_get_root(document), &members[i], &guest->record);
	ports_load(yyjson_doc_get_root(document), &guest->record);
	yyjson_doc_free(document);
	return 0;
}

void guest_record_remove(const struct guest_instance *guest)
{
	static const char *const files[] = { "record",     "record.part", "qmp.sock", "serial.sock",
					     "agent.sock", "console.log", "qemu.log" };
	char path[VMM_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		guest_path(guest, files[i], path);
		unlink(path);
	}
	path_format(path, "%s/guests/%s", guest->vmm->options.run, guest->id);
	rmdir(path);
}

uint64_t process_start_time(pid_t pid)
{
	unsigned long long start = 0;
	char path[64], text[1024], state = 'Z';
	CLEANUP_FD int fd = -1;
	const char *after_name;
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	/* The name may hold anything, even a parenthesis: fields count from the last one (proc(5)). */
	after_name = strrchr(text, ')');
	if (after_name == NULL ||
	    sscanf(after_name + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}
