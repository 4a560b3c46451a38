/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/hardware.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/lib/cleanup.h"

enum kind {
	TEXT,
	NUMBER,     /* uint32_t */
	NUMBER_64,  /* uint64_t */
	FLAG,       /* bool */
	NONE,       /* bool that is set when the value is "none" */
	FORBIDDING, /* bool that is set when the value is false */
};

#define MEMBER(member) offsetof(struct hardware, member), sizeof(((struct hardware *)0)->member)

static const char *const watchdog_actions[] = { "none",  "pause",    "poweroff",
						"reset", "disabled", NULL };
static const char *const firmwares[] = { "bios", "uefi", NULL };

/* An image's value is taken where there are both, as Nova's libvirt driver does. */
static const struct source {
	const char *spec, *property; /* NULL: only the other one says it */
	enum kind kind;
	size_t offset, size;
	const char *const *values; /* TEXT: those that there are; NULL: any */
	const char *fault[2];      /* what to say of another one, before and behind it */
} sources[] = {
	{ NULL, "hw_machine_type", TEXT, MEMBER(machine), NULL, { 0 } },
	{ "hw:machine_type", NULL, TEXT, MEMBER(machine), NULL, { 0 } },
	{ NULL,
	  "hw_firmware_type",
	  TEXT,
	  MEMBER(firmware),
	  firmwares,
	  { "Invalid image property hw_firmware_type '", "'. Allowed values: bios, uefi." } },
	{ NULL, "hw_disk_bus", TEXT, MEMBER(disk_bus), NULL, { 0 } },
	{ NULL, "hw_video_model", NONE, MEMBER(guest.no_screen), NULL, { 0 } },
	{ NULL, "hw_qemu_guest_agent", FLAG, MEMBER(guest.agent), NULL, { 0 } },
	{ NULL, "hw_vif_model", TEXT, MEMBER(nic_model), NULL, { 0 } },
	{ "hw:watchdog_action",
	  "hw_watchdog_action",
	  TEXT,
	  MEMBER(guest.watchdog),
	  watchdog_actions,
	  { "Provided watchdog action (", ") is not supported." } },
	{ "hw_rng:allowed", NULL, FORBIDDING, MEMBER(guest.no_rng), NULL, { 0 } },
	{ "hw_rng:rate_bytes", NULL, NUMBER_64, MEMBER(guest.rng_bytes), NULL, { 0 } },
	{ "hw_rng:rate_period", NULL, NUMBER, MEMBER(guest.rng_period), NULL, { 0 } },
	{ "quota:cpu_shares", NULL, NUMBER, MEMBER(guest.cpu_weight), NULL, { 0 } },
	{ "quota:cpu_quota", NULL, NUMBER, MEMBER(guest.cpu_quota), NULL, { 0 } },
	{ "quota:cpu_period", NULL, NUMBER, MEMBER(guest.cpu_period), NULL, { 0 } },
#define BOUND(name, member)                                                                        \
	{                                                                                          \
		"quota:disk_" name, NULL, NUMBER_64, MEMBER(guest.throttle.member), NULL,          \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
	BOUND("read_bytes_sec", read_bytes),
	BOUND("write_bytes_sec", write_bytes),
	BOUND("total_bytes_sec", total_bytes),
	BOUND("read_iops_sec", read_requests),
	BOUND("write_iops_sec", write_requests),
	BOUND("total_iops_sec", total_requests),
};

/* Properties that count without being copied as they are. */
static const char *const further_properties[] = {
	"os_secure_boot",     "os_admin_user",      "hw_cpu_sockets",   "hw_cpu_cores",
	"hw_cpu_threads",     "hw_cpu_max_sockets", "hw_cpu_max_cores", "hw_cpu_max_threads",
	"os_require_quiesce", "hw_tpm_version",
};

static yyjson_val *specs_of(yyjson_val *flavor)
{
	return yyjson_obj_get(flavor, "extra_specs");
}

int hardware_number(yyjson_val *object, const char *name, uint64_t *number, struct error *error)
{
	yyjson_val *value = yyjson_obj_get(object, name);
	const char *text = yyjson_get_str(value);
	char *end = NULL;

	*number = yyjson_is_uint(value) ? yyjson_get_uint(value) : 0;
	if (text == NULL)
		return 0;
	errno = 0;
	*number = strtoull(text, &end, 10);
	/* strtoull() would take a sign, and make it a large number. */
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
		return error_set(error, -EINVAL,
				 "Invalid flavor extra spec. Error: invalid literal for int() with "
				 "base 10: '%s'",
				 text);
	return 0;
}

static bool is_one_of(const char *const *values, const char *text)
{
	while (*values != NULL && strcmp(*values, text) != 0)
		values++;
	return *values != NULL;
}

static int text_take(const struct source *source, const char *text, char *to, struct error *error)
{
	if (source->values != NULL && !is_one_of(source->values, text))
		return error_set(error, -EINVAL, "%s%s%s", source->fault[0], text,
				 source->fault[1]);
	/* Longer than any that there is: cut off, it still is none. */
	snprintf(to, source->size, "%s", text);
	return 0;
}

static int value_take(const struct source *source, yyjson_val *object, const char *name, void *to,
		      struct error *error)
{
	const char *text = json_string(object, name);
	bool flag = source->kind == FORBIDDING;
	uint64_t number;
	int result;

	if (text == NULL)
		return 0;
	if (source->kind == TEXT)
		return text_take(source, text, to, error);
	if (source->kind == NONE) {
		*(bool *)to = strcmp(text, "none") == 0;
		return 0;
	}
	if (source->kind == FLAG || source->kind == FORBIDDING) {
		boolean_parse(text, &flag);
		*(bool *)to = flag != (source->kind == FORBIDDING);
		return 0;
	}
	result = hardware_number(object, name, &number, error);
	if (source->kind == NUMBER_64)
		*(uint64_t *)to = number;
	else
		*(uint32_t *)to = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
	return result;
}

static int source_read(const struct source *source, yyjson_val *flavor, yyjson_val *properties,
		       struct hardware *hardware, struct error *error)
{
	void *to = (char *)hardware + source->offset;
	int result = 0;

	if (source->spec != NULL)
		result = value_take(source, specs_of(flavor), source->spec, to, error);
	if (source->property != NULL && result == 0)
		result = value_take(source, properties, source->property, to, error);
	return result;
}

static int secure_boot_read(yyjson_val *flavor, yyjson_val *properties, struct hardware *hardware,
			    struct error *error)
{
	static const char *const policies[] = { "required", "disabled", "optional", NULL };
	const char *spec = json_string(specs_of(flavor), "os:secure_boot");
	const char *property = json_string(properties, "os_secure_boot");
	const char *policy = spec != NULL ? spec : property;

	if (spec != NULL && property != NULL && strcmp(spec, property) != 0)
		return error_set(error, -EINVAL,
				 "Conflicting values for os_secure_boot found in the flavor (%s) "
				 "and the image (%s).",
				 spec, property);
	if (policy == NULL)
		return 0;
	if (!is_one_of(policies, policy))
		return error_set(error, -EINVAL,
				 "Invalid secure boot policy '%s'. Allowed values: required, "
				 "disabled, optional.",
				 policy);
	/* Optional: where there can be one, and nothing boots by BIOS that way. */
	hardware->guest.secure_boot =
		strcmp(policy, "required") == 0 ||
		(strcmp(policy, "optional") == 0 && strcmp(hardware->firmware, "uefi") == 0);
	return 0;
}

/* Devices of the host are not handed to guests: no alias is defined. */
static int aliases_refuse(yyjson_val *flavor, struct error *error)
{
	const char *aliases = json_string(specs_of(flavor), "pci_passthrough:alias");

	if (aliases == NULL)
		return 0;
	return error_set(error, -EINVAL, "PCI alias %.*s is not defined",
			 (int)strcspn(aliases, ":,"), aliases);
}

int hardware_read(yyjson_val *flavor, yyjson_val *properties, struct hardware *hardware,
		  struct error *error)
{
	int result = aliases_refuse(flavor, error);

	memset(hardware, 0, sizeof(*hardware));
	for (size_t i = 0; i < ARRAY_LENGTH(sources) && result == 0; i++)
		result = source_read(&sources[i], flavor, properties, hardware, error);
	if (strcmp(hardware->guest.watchdog, "disabled") == 0)
		hardware->guest.watchdog[0] = '\0';
	if (result == 0)
		result = secure_boot_read(flavor, properties, hardware, error);
	if (result == 0)
		result = hardware_topology(flavor, properties, &hardware->guest, error);
	return result;
}

static void property_keep(yyjson_mut_doc *doc, yyjson_mut_val *kept, yyjson_val *image,
			  const char *name)
{
	yyjson_val *value = name != NULL ? yyjson_obj_get(image, name) : NULL;

	if (value != NULL)
		json_set(doc, kept, name, yyjson_val_mut_copy(doc, value));
}

yyjson_mut_val *hardware_kept(yyjson_mut_doc *doc, yyjson_val *image)
{
	yyjson_mut_val *kept = yyjson_mut_obj(doc);

	for (size_t i = 0; i < ARRAY_LENGTH(sources); i++)
		property_keep(doc, kept, image, sources[i].property);
	for (size_t i = 0; i < ARRAY_LENGTH(further_properties); i++)
		property_keep(doc, kept, image, further_properties[i]);
	return kept;
}
