/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From 2.86 on the names and values that flavors' extra specs may have are checked. The table is
 * Nova's registry of them; names without a scope, and scopes that it does not know, are free.
 */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/extra_specs.h"
#include "firmware/cloud/placement/placement.h"

enum name_kind {
	NAME_EXACT,
	NAME_NUMBER, /* a number follows */
	NAME_ANY,    /* anything follows */
	NAME_WORDS,  /* ":word" may follow, again and again */
};

enum value_kind {
	VALUE_ANY,
	VALUE_BOOLEAN,
	VALUE_INTEGER, /* between least and most, where they are given */
	VALUE_LEAST,
	VALUE_RANGE,
	VALUE_CHOICE,  /* one of 'text', parted by ", " */
	VALUE_PATTERN, /* 'text' is how Nova shows it, 'pattern' the same in POSIX's words */
};

struct spec {
	const char *name;
	enum name_kind kind;
	enum value_kind value;
	int64_t least, most;
	const char *text, *pattern;
};

#define ANY(name)                                                                                  \
	{                                                                                          \
		name, NAME_EXACT, VALUE_ANY, 0, 0, NULL, NULL                                      \
	}
#define BOOLEAN(name)                                                                              \
	{                                                                                          \
		name, NAME_EXACT, VALUE_BOOLEAN, 0, 0, NULL, NULL                                  \
	}
#define INTEGER(name)                                                                              \
	{                                                                                          \
		name, NAME_EXACT, VALUE_INTEGER, 0, 0, NULL, NULL                                  \
	}
#define LEAST(name, least)                                                                         \
	{                                                                                          \
		name, NAME_EXACT, VALUE_LEAST, least, 0, NULL, NULL                                \
	}
#define CHOICE(name, words)                                                                        \
	{                                                                                          \
		name, NAME_EXACT, VALUE_CHOICE, 0, 0, words, NULL                                  \
	}
#define PATTERN(name, kind, python, posix)                                                         \
	{                                                                                          \
		name, kind, VALUE_PATTERN, 0, 0, python, posix                                     \
	}
#define CAPABILITY(name) ANY("capabilities:" name)
#define FILTER(name)                                                                               \
	{                                                                                          \
		"capabilities:" name, NAME_WORDS, VALUE_ANY, 0, 0, NULL, NULL                      \
	}
#define CPUS_PYTHON "\\^?\\d+((-\\d+)?(,\\^?\\d+(-\\d+)?)?)*"
#define CPUS_POSIX "\\^?[0-9]+((-[0-9]+)?(,\\^?[0-9]+(-[0-9]+)?)?)*"
#define SHARES "custom, high, normal, low"

static const struct spec specs[] = {
	BOOLEAN("hw:cpu_realtime"),
	PATTERN("hw:cpu_realtime_mask", NAME_EXACT, "(\\^)?\\d+((-\\d+)?(,\\^?\\d+(-\\d+)?)?)*",
		CPUS_POSIX),
	BOOLEAN("hw:hide_hypervisor_id"),
	CHOICE("hw:cpu_policy", "dedicated, shared, mixed"),
	CHOICE("hw:cpu_thread_policy", "prefer, isolate, require"),
	CHOICE("hw:emulator_threads_policy", "isolate, share"),
	PATTERN("hw:cpu_dedicated_mask", NAME_EXACT, CPUS_PYTHON, CPUS_POSIX),
	PATTERN("hw:mem_page_size", NAME_EXACT, "(large|small|any|\\d+([kKMGT]i?)?(b|bit|B)?)",
		"(large|small|any|[0-9]+([kKMGT]i?)?(b|bit|B)?)"),
	BOOLEAN("hw:locked_memory"),
	LEAST("hw:numa_nodes", 1),
	PATTERN("hw:numa_cpus.", NAME_NUMBER, CPUS_PYTHON, CPUS_POSIX),
	{ "hw:numa_mem.", NAME_NUMBER, VALUE_LEAST, 1, 0, NULL, NULL },
	CHOICE("hw:pci_numa_affinity_policy", "required, preferred, legacy, socket"),
	LEAST("hw:cpu_sockets", 1),
	LEAST("hw:cpu_cores", 1),
	LEAST("hw:cpu_threads", 1),
	LEAST("hw:max_cpu_sockets", 1),
	LEAST("hw:max_cpu_cores", 1),
	LEAST("hw:max_cpu_threads", 1),
	BOOLEAN("hw:boot_menu"),
	BOOLEAN("hw:vif_multiqueue_enabled"),
	BOOLEAN("hw:mem_encryption"),
	PATTERN("hw:pmem", NAME_EXACT, "([a-zA-Z0-9_]+(,)?)+", "([a-zA-Z0-9_]+(,)?)+"),
	BOOLEAN("hw:pmu"),
	LEAST("hw:serial_port_count", 0),
	CHOICE("hw:tpm_model", "tpm-tis, tpm-crb"),
	CHOICE("hw:tpm_version", "1.2, 2.0"),
	CHOICE("hw:watchdog_action", "none, pause, poweroff, reset, disabled"),
	CHOICE("hw:viommu_model", "intel, smmuv3, virtio, auto"),
	BOOLEAN("hw:ephemeral_encryption"),
	CHOICE("hw:ephemeral_encryption_format", "plain, luks, luksv2"),
	BOOLEAN("hw_rng:allowed"),
	LEAST("hw_rng:rate_bytes", 0),
	LEAST("hw_rng:rate_period", 0),
	LEAST("hw_video:ram_max_mb", 0),
	PATTERN("pci_passthrough:alias", NAME_EXACT, "[^:]+:\\d+(?:\\s*,\\s*[^:]+:\\d+)*",
		"[^:]+:[0-9]+([[:space:]]*,[[:space:]]*[^:]+:[0-9]+)*"),
	CHOICE("os:secure_boot", "disabled, required"),
	CHOICE("os:resolution", "1024x768, 1280x1024, 1600x1200, 1920x1200, 2560x1600, 3840x2160"),
	{ "os:monitors", NAME_EXACT, VALUE_RANGE, 1, 8, NULL, NULL },
	CHOICE("os:vram", "64, 128, 256, 512, 1024"),
	BOOLEAN("hide_hypervisor_id"),
	CHOICE("group_policy", "isolate, none"),
	ANY("accel:device_profile"),
	ANY("vmware:hw_version"),
	ANY("vmware:storage_policy"),
	{ "aggregate_instance_extra_specs:", NAME_ANY, VALUE_ANY, 0, 0, NULL, NULL },
	LEAST("quota:cpu_limit", 0),
	INTEGER("quota:cpu_reservation"),
	CHOICE("quota:cpu_shares_level", SHARES),
	LEAST("quota:cpu_shares_share", 0),
	LEAST("quota:memory_limit", 0),
	INTEGER("quota:memory_reservation"),
	CHOICE("quota:memory_shares_level", SHARES),
	LEAST("quota:memory_shares_share", 0),
	LEAST("quota:disk_io_limit", 0),
	INTEGER("quota:disk_io_reservation"),
	CHOICE("quota:disk_io_shares_level", SHARES),
	LEAST("quota:disk_io_shares_share", 0),
	LEAST("quota:vif_limit", 0),
	INTEGER("quota:vif_reservation"),
	CHOICE("quota:vif_shares_level", SHARES),
	LEAST("quota:vif_shares_share", 0),
	LEAST("quota:cpu_shares", 0),
	LEAST("quota:cpu_period", 0),
	INTEGER("quota:cpu_quota"),
	LEAST("quota:disk_read_bytes_sec", 0),
	LEAST("quota:disk_read_iops_sec", 0),
	LEAST("quota:disk_write_bytes_sec", 0),
	LEAST("quota:disk_write_iops_sec", 0),
	LEAST("quota:disk_total_bytes_sec", 0),
	LEAST("quota:disk_total_iops_sec", 0),
	LEAST("quota:vif_inbound_average", 0),
	LEAST("quota:vif_inbound_peak", 0),
	LEAST("quota:vif_inbound_burst", 0),
	LEAST("quota:vif_outbound_average", 0),
	LEAST("quota:vif_outbound_peak", 0),
	LEAST("quota:vif_outbound_burst", 0),
	CAPABILITY("id"),
	CAPABILITY("uuid"),
	CAPABILITY("service_id"),
	CAPABILITY("host"),
	CAPABILITY("vcpus"),
	CAPABILITY("memory_mb"),
	CAPABILITY("local_gb"),
	CAPABILITY("vcpus_used"),
	CAPABILITY("memory_mb_used"),
	CAPABILITY("local_gb_used"),
	CAPABILITY("hypervisor_type"),
	CAPABILITY("hypervisor_version"),
	CAPABILITY("hypervisor_hostname"),
	CAPABILITY("free_ram_mb"),
	CAPABILITY("free_disk_gb"),
	CAPABILITY("current_workload"),
	CAPABILITY("running_vms"),
	CAPABILITY("disk_available_least"),
	CAPABILITY("host_ip"),
	CAPABILITY("mapped"),
	CAPABILITY("cpu_allocation_ratio"),
	CAPABILITY("ram_allocation_ratio"),
	CAPABILITY("disk_allocation_ratio"),
	CAPABILITY("total_usable_ram_mb"),
	CAPABILITY("total_usable_disk_gb"),
	CAPABILITY("disk_mb_used"),
	CAPABILITY("free_disk_mb"),
	CAPABILITY("vcpus_total"),
	CAPABILITY("num_instances"),
	CAPABILITY("num_io_ops"),
	CAPABILITY("failed_builds"),
	CAPABILITY("aggregates"),
	CAPABILITY("cell_uuid"),
	CAPABILITY("updated"),
	FILTER("cpu_info"),
	FILTER("metrics"),
	FILTER("stats"),
	FILTER("numa_topology"),
	FILTER("supported_hv_specs"),
	FILTER("pci_device_pools"),
	FILTER("nodename"),
	FILTER("pci_stats"),
	FILTER("supported_instances"),
	FILTER("limits"),
	FILTER("instances"),
};
#define SPECS (sizeof(specs) / sizeof(specs[0]))

/* --- names */

static bool words_follow(const char *rest)
{
	size_t length;

	while (*rest == ':') {
		for (length = 0;
		     isalnum((unsigned char)rest[1 + length]) || rest[1 + length] == '_';)
			length++;
		if (!length)
			return false;
		rest += 1 + length;
	}
	return !*rest;
}

static bool name_matches(const struct spec *spec, const char *name)
{
	size_t length = strlen(spec->name);
	const char *rest = name + length;

	if (strncmp(name, spec->name, length))
		return false;
	switch (spec->kind) {
	case NAME_NUMBER:
		return *rest && strspn(rest, "0123456789") == strlen(rest);
	case NAME_ANY:
		return *rest;
	case NAME_WORDS:
		return words_follow(rest);
	default:
		return !*rest;
	}
}

/* "resources1:VCPU": what the colon of a group's name is behind; NULL: it is no such name. */
static const char *grouped(const char *name, const char *scope)
{
	static const char group[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t length = strlen(scope);

	if (strncmp(name, scope, length))
		return NULL;
	name += length;
	length = strspn(name, group);
	return length <= 64 && name[length] == ':' ? name + length + 1 : NULL;
}

static bool in_capitals(const char *name)
{
	return *name && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

/* The registry of traits has hundreds; what they have in common is how they begin. */
static bool is_trait(const char *name)
{
	static const char *const first[] = { "COMPUTE_", "CUSTOM_", "HW_",
					     "MISC_",    "OWNER_",  "STORAGE_" };

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (!strncmp(name, first[i], strlen(first[i])))
			return in_capitals(name);
	return false;
}

static bool is_class(const char *name)
{
	return placement_class_known(name) || (!strncmp(name, "CUSTOM_", 7) && in_capitals(name));
}

static const struct spec spec_resource = INTEGER("resources");
static const struct spec spec_trait = CHOICE("trait", "required, forbidden");

static const struct spec *spec_find(const char *name)
{
	const char *resource = grouped(name, "resources"), *trait = grouped(name, "trait");

	for (size_t i = 0; i < SPECS; i++)
		if (name_matches(&specs[i], name))
			return &specs[i];
	if (resource && is_class(resource))
		return &spec_resource;
	return trait && is_trait(trait) ? &spec_trait : NULL;
}

static bool scope_known(const char *name)
{
	size_t length = strcspn(name, ":") + 1;

	if (grouped(name, "resources") || grouped(name, "trait"))
		return true;
	for (size_t i = 0; i < SPECS; i++)
		if (strchr(specs[i].name, ':') && !strncmp(specs[i].name, name, length))
			return true;
	return false;
}

/* --- values */

static int integer_check(const struct spec *spec, const char *value, struct error *error)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(value, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (errno || end == value || *end)
		return error_set(error, -EINVAL,
				 "Validation failed; '%s' is not a valid integer value.", value);
	if (spec->value == VALUE_RANGE && number > spec->most)
		return error_set(error, -EINVAL,
				 "Validation failed; '%lld' is greater than the max value of "
				 "'%lld'.",
				 number, (long long)spec->most);
	if (spec->value != VALUE_INTEGER && number < spec->least)
		return error_set(error, -EINVAL,
				 "Validation failed; '%lld' is less than the min value of '%lld'.",
				 number, (long long)spec->least);
	return 0;
}

static int boolean_check(const char *value, struct error *error)
{
	bool flag;

	return boolean_parse(value, &flag) == 0
		       ? 0
		       : error_set(error, -EINVAL,
				   "Validation failed; '%s' is not a valid boolean-like value.",
				   value);
}

static int choice_check(const struct spec *spec, const char *value, struct error *error)
{
	size_t length;

	for (const char *at = spec->text; *at; at += length + (at[length] ? 2 : 0)) {
		length = strcspn(at, ",");
		if (strlen(value) == length && !memcmp(at, value, length))
			return 0;
	}
	return error_set(error, -EINVAL, "Validation failed; '%s' is not one of: %s.", value,
			 spec->text);
}

static int pattern_check(const struct spec *spec, const char *value, struct error *error)
{
	regmatch_t match;
	regex_t regex;
	bool whole;

	if (regcomp(&regex, spec->pattern, REG_EXTENDED))
		return error_set(error, -ENOMEM, "out of memory");
	whole = regexec(&regex, value, 1, &match, 0) == 0 && match.rm_so == 0 &&
		!value[match.rm_eo];
	regfree(&regex);
	return whole ? 0
		     : error_set(error, -EINVAL,
				 "Validation failed; '%s' is not of the format '%s'.", value,
				 spec->text);
}

int extra_spec_check(const char *name, const char *value, struct error *error)
{
	const struct spec *spec = spec_find(name);

	if (!spec && strchr(name, ':') && scope_known(name))
		return error_set(error, -EINVAL,
				 "Validation failed; extra spec '%s' does not appear to be a "
				 "valid extra spec.",
				 name);
	if (!spec || spec->value == VALUE_ANY)
		return 0;
	switch (spec->value) {
	case VALUE_BOOLEAN:
		return boolean_check(value, error);
	case VALUE_CHOICE:
		return choice_check(spec, value, error);
	case VALUE_PATTERN:
		return pattern_check(spec, value, error);
	default:
		return integer_check(spec, value, error);
	}
}
