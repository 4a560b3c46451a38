/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/message.h"

static const struct field guest_disk_fields[] = {
	FIELD(1, FIELD_STRING, struct guest_disk, id, true),
	FIELD(2, FIELD_STRING, struct guest_disk, image_id, false),
	FIELD(3, FIELD_STRING, struct guest_disk, image_format, false),
	FIELD(4, FIELD_U64, struct guest_disk, image_size, false),
	FIELD(5, FIELD_U64, struct guest_disk, size, false),
	FIELD(6, FIELD_STRING, struct guest_disk, bus, false),
	FIELD(7, FIELD_U32, struct guest_disk, boot_index, false),
	FIELD(8, FIELD_BOOL, struct guest_disk, attached, false),
	FIELD_END,
};

static const struct field guest_nic_fields[] = {
	FIELD(1, FIELD_STRING, struct guest_nic, port_id, true),
	FIELD(2, FIELD_STRING, struct guest_nic, mac, true),
	FIELD(3, FIELD_U32, struct guest_nic, mtu, false),
	FIELD(4, FIELD_STRING, struct guest_nic, model, false),
	FIELD_END,
};

static const struct field guest_throttle_fields[] = {
	FIELD(1, FIELD_U64, struct guest_throttle, read_bytes, false),
	FIELD(2, FIELD_U64, struct guest_throttle, write_bytes, false),
	FIELD(3, FIELD_U64, struct guest_throttle, total_bytes, false),
	FIELD(4, FIELD_U64, struct guest_throttle, read_requests, false),
	FIELD(5, FIELD_U64, struct guest_throttle, write_requests, false),
	FIELD(6, FIELD_U64, struct guest_throttle, total_requests, false),
	FIELD_END,
};

static const struct field guest_hardware_fields[] = {
	FIELD(1, FIELD_BOOL, struct guest_hardware, secure_boot, false),
	FIELD(2, FIELD_U32, struct guest_hardware, sockets, false),
	FIELD(3, FIELD_U32, struct guest_hardware, cores, false),
	FIELD(4, FIELD_U32, struct guest_hardware, threads, false),
	FIELD(5, FIELD_STRING, struct guest_hardware, watchdog, false),
	FIELD(6, FIELD_BOOL, struct guest_hardware, no_rng, false),
	FIELD(7, FIELD_U64, struct guest_hardware, rng_bytes, false),
	FIELD(8, FIELD_U32, struct guest_hardware, rng_period, false),
	FIELD(9, FIELD_U32, struct guest_hardware, cpu_weight, false),
	FIELD(10, FIELD_U32, struct guest_hardware, cpu_quota, false),
	FIELD(11, FIELD_U32, struct guest_hardware, cpu_period, false),
	FIELD_NESTED(12, struct guest_hardware, throttle, guest_throttle_fields, false),
	FIELD(13, FIELD_BOOL, struct guest_hardware, agent, false),
	FIELD(14, FIELD_BOOL, struct guest_hardware, no_screen, false),
	FIELD_END,
};

const struct field guest_fields[] = {
	FIELD(1, FIELD_STRING, struct guest, id, true),
	FIELD(2, FIELD_STRING, struct guest, name, false),
	FIELD(3, FIELD_U64, struct guest, generation, true),
	FIELD(4, FIELD_U32, struct guest, power, true),
	FIELD(5, FIELD_U32, struct guest, vcpus, true),
	FIELD(6, FIELD_U32, struct guest, memory_mib, true),
	FIELD(7, FIELD_STRING, struct guest, machine, false),
	FIELD(8, FIELD_STRING, struct guest, firmware, false),
	FIELD(9, FIELD_U32, struct guest, reboots_soft, false),
	FIELD(10, FIELD_U32, struct guest, reboots_hard, false),
	FIELD(11, FIELD_U32, struct guest, stop_timeout, false),
	FIELD(13, FIELD_BOOL, struct guest, config_drive, false),
	FIELD(14, FIELD_BYTES, struct guest, config_drive_iso, false),
	FIELD(12, FIELD_U32, struct guest, interrupts, false),
	FIELD_LISTED(15, struct guest, disks, struct guest_disk, guest_disk_fields,
		     GUEST_DISKS_MAX),
	FIELD_LISTED(16, struct guest, nics, struct guest_nic, guest_nic_fields, GUEST_NICS_MAX),
	FIELD_NESTED(40, struct guest, hardware, guest_hardware_fields, false),
	FIELD_END,
};

const struct field guest_status_fields[] = {
	FIELD(1, FIELD_STRING, struct guest_status, id, true),
	FIELD(2, FIELD_U64, struct guest_status, generation, false),
	FIELD(3, FIELD_U32, struct guest_status, state, true),
	FIELD(4, FIELD_U32, struct guest_status, code, false),
	FIELD(5, FIELD_STRING, struct guest_status, reason, false),
	FIELD(6, FIELD_BOOL, struct guest_status, self, false),
	FIELD(7, FIELD_U32, struct guest_status, pid, false),
	FIELD(8, FIELD_STRING, struct guest_status, accelerator, false),
	FIELD(9, FIELD_U64, struct guest_status, started, false),
	FIELD(10, FIELD_U64, struct guest_status, overhead, false),
	FIELD(11, FIELD_U64, struct guest_status, devices, false),
	FIELD(12, FIELD_STRING, struct guest_status, stuck, false),
	FIELD(13, FIELD_STRING, struct guest_status, stuck_reason, false),
	FIELD_END,
};

const struct field guest_id_fields[] = {
	FIELD(1, FIELD_STRING, struct guest_id, id, true),
	FIELD_END,
};

const struct field vmm_host_fields[] = {
	FIELD(1, FIELD_U32, struct vmm_host, cpus, true),
	FIELD(2, FIELD_U64, struct vmm_host, memory, true),
	FIELD(3, FIELD_U64, struct vmm_host, memory_available, false),
	FIELD(4, FIELD_U64, struct vmm_host, disk, true),
	FIELD(5, FIELD_U64, struct vmm_host, disk_free, false),
	FIELD(6, FIELD_STRING, struct vmm_host, accelerator, true),
	FIELD(7, FIELD_STRING, struct vmm_host, cpu_model, false),
	FIELD(8, FIELD_STRING, struct vmm_host, arch, true),
	FIELD(9, FIELD_STRING, struct vmm_host, qemu_version, false),
	FIELD(10, FIELD_BOOL, struct vmm_host, reflink, false),
	FIELD_END,
};

const struct field vmm_image_get_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_image_get, image_id, true),
	FIELD_END,
};

const struct field vmm_image_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_image, image_id, true),
	FIELD(2, FIELD_STRING, struct vmm_image, format, false),
	FIELD(3, FIELD_U64, struct vmm_image, size, false),
	FIELD(4, FIELD_U32, struct vmm_image, code, false),
	FIELD(5, FIELD_STRING, struct vmm_image, reason, false),
	FIELD_END,
};

const struct field vmm_image_inspect_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_image_inspect, format, true),
	FIELD_END,
};

const struct field vmm_image_facts_fields[] = {
	FIELD(1, FIELD_U32, struct vmm_image_facts, code, false),
	FIELD(2, FIELD_U64, struct vmm_image_facts, virtual_size, false),
	FIELD(3, FIELD_STRING, struct vmm_image_facts, reason, false),
	FIELD_END,
};

const struct field vmm_console_log_get_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_console_log_get, id, true),
	FIELD(2, FIELD_U32, struct vmm_console_log_get, lines, false),
	FIELD_END,
};

const struct field vmm_console_log_fields[] = {
	FIELD(1, FIELD_U32, struct vmm_console_log, code, false),
	FIELD(2, FIELD_BYTES, struct vmm_console_log, text, false),
	FIELD_END,
};

static const struct field vmm_cpu_time_fields[] = {
	FIELD(1, FIELD_U32, struct vmm_cpu_time, id, false),
	FIELD(2, FIELD_U64, struct vmm_cpu_time, time, false),
	FIELD_END,
};

static const struct field vmm_disk_counters_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_disk_counters, name, true),
	FIELD(2, FIELD_U64, struct vmm_disk_counters, read_requests, false),
	FIELD(3, FIELD_U64, struct vmm_disk_counters, read_bytes, false),
	FIELD(4, FIELD_U64, struct vmm_disk_counters, write_requests, false),
	FIELD(5, FIELD_U64, struct vmm_disk_counters, write_bytes, false),
	FIELD(6, FIELD_U64, struct vmm_disk_counters, errors, false),
	FIELD_END,
};

const struct field vmm_diagnostics_fields[] = {
	FIELD(1, FIELD_U32, struct vmm_diagnostics, code, false),
	FIELD(2, FIELD_U64, struct vmm_diagnostics, memory_actual, false),
	FIELD(3, FIELD_U64, struct vmm_diagnostics, memory_resident, false),
	FIELD_LISTED(4, struct vmm_diagnostics, cpus, struct vmm_cpu_time, vmm_cpu_time_fields,
		     256),
	FIELD_LISTED(5, struct vmm_diagnostics, disks, struct vmm_disk_counters,
		     vmm_disk_counters_fields, GUEST_DISKS_MAX + 1),
	FIELD_END,
};

const struct field vmm_reply_fields[] = {
	FIELD(1, FIELD_U32, struct vmm_reply, code, false),
	FIELD(2, FIELD_STRING, struct vmm_reply, reason, false),
	FIELD_END,
};

const struct field vmm_export_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_export, id, true),
	FIELD(2, FIELD_STRING, struct vmm_export, disk_id, true),
	FIELD(3, FIELD_BOOL, struct vmm_export, quiesce, false),
	FIELD(4, FIELD_BOOL, struct vmm_export, quiesce_required, false),
	FIELD_END,
};

const struct field vmm_password_fields[] = {
	FIELD(1, FIELD_STRING, struct vmm_password, id, true),
	FIELD(2, FIELD_STRING, struct vmm_password, user, true),
	FIELD(3, FIELD_STRING, struct vmm_password, password, true),
	FIELD_END,
};
