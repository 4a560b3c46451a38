/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/qemu_argv.h"

#include <string.h>

#include "firmware/lib/cleanup.h"

#define ARGUMENTS_MAX 512
#define TCG_BUFFER_MIB 64 /* the default would take a quarter of a gigabyte for each guest */

/* Descriptor sets of -add-fd: one number for each file that QEMU opens by name. */
enum { FDSET_LOG = 1, FDSET_DISK = 100, FDSET_BACKING = 200, FDSET_MEMORY = 300 };

struct line {
	struct arena *arena;
	char **argv;
	size_t count;
};

static void add(struct line *line, const char *option, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct line *line, const char *option, const char *format, ...)
{
	va_list arguments;

	if (line->count + 3 > ARGUMENTS_MAX) {
		line->arena->failed = true;
		return;
	}
	line->argv[line->count++] = arena_strdup(line->arena, option);
	if (format == NULL)
		return;
	va_start(arguments, format);
	line->argv[line->count++] = arena_vprintf(line->arena, format, arguments);
	va_end(arguments);
}

/* QEMU's option syntax: a comma is doubled. Names come from users: control bytes don't pass. */
static const char *escape(struct arena *arena, const char *text)
{
	char *out = arena_alloc(arena, 2 * strlen(text) + 1), *at = out;

	if (out == NULL)
		return "";
	for (; *text != '\0'; text++) {
		if (*text == ',')
			*at++ = ',';
		*at++ = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
	}
	return out;
}

/* ---- machine ---- */

static const struct machine {
	const char *arch, *name; /* name: of the desired guest, "" for the default */
	const char *options;     /* of -machine */
	const char *transport;   /* suffix of virtio devices */
	bool panic_device;
} machines[] = {
	{ "x86_64", "", "q35,vmport=off,dump-guest-core=off", "pci", true },
	{ "x86_64", "q35", "q35,vmport=off,dump-guest-core=off", "pci", true },
	/* Without pit, pic and rtc kernels hang when they calibrate their clocks under TCG. */
	{ "x86_64", "microvm",
	  "microvm,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=off,dump-guest-core=off",
	  "device", false },
	{ "aarch64", "", "virt,gic-version=max,dump-guest-core=off", "pci", true },
	{ "aarch64", "q35", "virt,gic-version=max,dump-guest-core=off", "pci", true },
	{ "aarch64", "virt", "virt,gic-version=max,dump-guest-core=off", "pci", true },
};

static const struct machine *machine_find(const char *arch, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(machines); i++)
		if (strcmp(machines[i].arch, arch) == 0 && strcmp(machines[i].name, name) == 0)
			return &machines[i];
	return NULL;
}

static void add_machine(struct line *line, const struct qemu_plan *plan,
			const struct machine *machine)
{
	const struct guest *guest = plan->guest;

	add(line, plan->binary, NULL);
	add(line, "-name", "guest=%s", escape(line->arena, guest->name));
	add(line, "-uuid", "%s", guest->id);
	add(line, "-nodefaults", NULL);
	add(line, "-no-user-config", NULL);
	add(line, "-display", "none");
	add(line, "-L", "%s", plan->share);
	add(line, "-machine", "%s", machine->options);
	if (strcmp(guest->firmware, "uefi") == 0)
		add(line, "-bios", "%s", plan->uefi);
	if (plan->kvm)
		add(line, "-accel", "kvm");
	else
		add(line, "-accel", "tcg,thread=multi,tb-size=%d", TCG_BUFFER_MIB);
	add(line, "-cpu", "%s", plan->kvm ? "host" : "max");
	add(line, "-smp", "cpus=%u,sockets=%u,cores=1,threads=1", guest->vcpus, guest->vcpus);
	add(line, "-m", "size=%uM", guest->memory_mib);
	add(line, "-rtc", "base=utc");
	add(line, "-boot", "strict=on,menu=off");
	/* A guest that powers itself off or panics stays as a paused process until vmm has seen it,
	 * so that the end of the process alone always means a crash of QEMU. */
	add(line, "-action", "shutdown=pause,panic=pause");
	add(line, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void add_lines(struct line *line, const struct qemu_plan *plan)
{
	add(line, "-chardev", "socket,id=qmp,fd=%d,server=on,wait=off", plan->qmp_fd);
	add(line, "-mon", "chardev=qmp,mode=control");
	add(line, "-add-fd", "fd=%d,set=%d", plan->log_fd, FDSET_LOG);
	add(line, "-chardev",
	    "socket,id=serial,fd=%d,server=on,wait=off,logfile=/dev/fdset/%d,logappend=on",
	    plan->serial_fd, FDSET_LOG);
	add(line, "-serial", "chardev:serial");
}

static void add_memory(struct line *line, const struct qemu_plan *plan)
{
	if (plan->memory_fd < 0)
		return;
	add(line, "-add-fd", "fd=%d,set=%d", plan->memory_fd, FDSET_MEMORY);
	add(line, "-incoming", "file:/dev/fdset/%d", FDSET_MEMORY);
}

static void add_helpers(struct line *line, const struct machine *machine)
{
	add(line, "-object", "rng-random,id=rng0,filename=/dev/urandom");
	add(line, "-device", "virtio-rng-%s,rng=rng0", machine->transport);
	add(line, "-device", "virtio-balloon-%s,deflate-on-oom=on,free-page-reporting=on",
	    machine->transport);
	if (machine->panic_device)
		add(line, "-device", "pvpanic-pci");
}

/* ---- disks ---- */

static void add_file_node(struct line *line, const struct qemu_plan *plan,
			  const struct qemu_disk *disk, size_t i)
{
	const char *aio = plan->io_uring ? "io_uring" : "threads";

	add(line, "-add-fd", "fd=%d,set=%zu", disk->fd, FDSET_DISK + i);
	add(line, "-blockdev",
	    "driver=file,node-name=disk%zu-file,filename=/dev/fdset/%zu,aio=%s,cache.direct=%s,"
	    "discard=unmap,read-only=%s,auto-read-only=off",
	    i, FDSET_DISK + i, aio, disk->direct ? "on" : "off", disk->read_only ? "on" : "off");
}

static void add_backing_node(struct line *line, const struct qemu_disk *disk, size_t i)
{
	add(line, "-add-fd", "fd=%d,set=%zu", disk->backing_fd, FDSET_BACKING + i);
	add(line, "-blockdev",
	    "driver=file,node-name=base%zu-file,filename=/dev/fdset/%zu,read-only=on,"
	    "auto-read-only=off",
	    i, FDSET_BACKING + i);
	add(line, "-blockdev", "driver=raw,node-name=base%zu,file=base%zu-file,read-only=on", i, i);
}

static int add_disk_device(struct line *line, const struct machine *machine,
			   const struct qemu_disk *disk, size_t i, struct error *error)
{
	const char *serial = escape(line->arena, disk->serial);
	const char *boot =
		disk->read_only ? "" : arena_printf(line->arena, ",bootindex=%u", disk->boot_index);

	if (boot == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	if (disk->bus[0] == '\0' || strcmp(disk->bus, "virtio") == 0) {
		add(line, "-device", "virtio-blk-%s,drive=disk%zu,serial=%.20s%s",
		    machine->transport, i, serial, boot);
		return 0;
	}
	if (strcmp(disk->bus, "sata") == 0 && strcmp(machine->name, "microvm") != 0 && i < 6) {
		add(line, "-device", "ide-hd,bus=ide.%zu,drive=disk%zu,serial=%.20s%s", i, i,
		    serial, boot);
		return 0;
	}
	return error_set(error, -EINVAL, "Disk bus %s is not supported by this machine", disk->bus);
}

/* Formats are stated, never probed: what a guest writes into its disk can't become a backing
 * file. */
static int add_disk(struct line *line, const struct qemu_plan *plan, const struct machine *machine,
		    size_t i, struct error *error)
{
	const struct qemu_disk *disk = &plan->disks[i];

	add_file_node(line, plan, disk, i);
	if (disk->backing_fd >= 0) {
		add_backing_node(line, disk, i);
		add(line, "-blockdev",
		    "driver=qcow2,node-name=disk%zu,file=disk%zu-file,backing=base%zu,discard=unmap",
		    i, i, i);
	} else {
		add(line, "-blockdev",
		    "driver=raw,node-name=disk%zu,file=disk%zu-file,discard=unmap,read-only=%s", i,
		    i, disk->read_only ? "on" : "off");
	}
	return add_disk_device(line, machine, disk, i, error);
}

/* ---- network ---- */

static void add_nic(struct line *line, const struct machine *machine, const struct qemu_nic *nic,
		    size_t i)
{
	struct arena *arena = line->arena;
	const char *vhost = "", *mtu = "";

	if (nic->vhost_fd >= 0)
		vhost = arena_printf(arena, ",vhost=on,vhostfd=%d", nic->vhost_fd);
	if (nic->mtu != 0)
		mtu = arena_printf(arena, ",host_mtu=%u", nic->mtu);
	add(line, "-netdev", "tap,id=net%zu,fd=%d%s", i, nic->tap_fd, vhost != NULL ? vhost : "");
	/* No boot ROM: guests boot from their disks. A virtio-mmio device has none anyway. */
	add(line, "-device", "virtio-net-%s,netdev=net%zu,mac=%s%s%s", machine->transport, i,
	    escape(arena, nic->mac), mtu != NULL ? mtu : "",
	    strcmp(machine->transport, "pci") == 0 ? ",romfile=" : "");
}

int qemu_argv(struct arena *arena, const struct qemu_plan *plan, char ***argv, struct error *error)
{
	const struct machine *machine = machine_find(plan->arch, plan->guest->machine);
	struct line line = { arena, arena_alloc(arena, ARGUMENTS_MAX * sizeof(char *)), 0 };
	int result = 0;

	if (machine == NULL)
		return error_set(error, -EINVAL, "Machine type %s is not supported on %s",
				 plan->guest->machine, plan->arch);
	if (strcmp(plan->guest->firmware, "uefi") == 0 && plan->uefi == NULL)
		return error_set(error, -EINVAL, "UEFI is not supported by this host");
	if (line.argv == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	add_machine(&line, plan, machine);
	add_lines(&line, plan);
	add_memory(&line, plan);
	add_helpers(&line, machine);
	for (size_t i = 0; i < plan->disk_count && result == 0; i++)
		result = add_disk(&line, plan, machine, i, error);
	for (size_t i = 0; i < plan->nic_count; i++)
		add_nic(&line, machine, &plan->nics[i], i);
	if (result == 0 && arena->failed)
		result = error_set(error, -ENOMEM, "Out of memory");
	*argv = line.argv;
	return result;
}
