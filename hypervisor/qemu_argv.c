/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/qemu_argv.h"

#include <string.h>

#include "firmware/lib/cleanup.h"

#define ARGUMENTS_MAX 512
#define SLOT_ADDRESS 0x10 /* of the first eight root ports: out of the way of all others */
#define TCG_BUFFER_MIB 64 /* the default would take a quarter of a gigabyte for each guest */

/* Descriptor sets of -add-fd: one number for each file that QEMU opens by name. */
enum {
	FDSET_LOG = 1,
	FDSET_DISK = 100,
	FDSET_BACKING = 200,
	FDSET_MEMORY = 300,
	FDSET_CODE,
	FDSET_NVRAM,
	FDSET_VOLUME = 400
};

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

#define SCREEN "VGA,vgamem_mb=8"

static const struct machine {
	const char *arch, *name; /* name: of the desired guest, "" for the default */
	const char *options;     /* of -machine */
	const char *transport;   /* suffix of virtio devices */
	bool panic_device;
	const char *screen;
} machines[] = {
	{ "x86_64", "", "q35,vmport=off,dump-guest-core=off", "pci", true, SCREEN },
	{ "x86_64", "q35", "q35,vmport=off,dump-guest-core=off", "pci", true, SCREEN },
	/* Without pit, pic and rtc kernels hang when they calibrate their clocks under TCG. */
	{ "x86_64", "microvm",
	  "microvm,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=off,dump-guest-core=off",
	  "device", false, NULL },
	{ "aarch64", "", "virt,gic-version=max,dump-guest-core=off", "pci", true,
	  "virtio-gpu-pci" },
	{ "aarch64", "q35", "virt,gic-version=max,dump-guest-core=off", "pci", true,
	  "virtio-gpu-pci" },
	{ "aarch64", "virt", "virt,gic-version=max,dump-guest-core=off", "pci", true,
	  "virtio-gpu-pci" },
};

static const struct machine *machine_find(const char *arch, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(machines); i++)
		if (strcmp(machines[i].arch, arch) == 0 && strcmp(machines[i].name, name) == 0)
			return &machines[i];
	return NULL;
}

static bool machine_has_pci(const struct machine *machine)
{
	return strcmp(machine->transport, "pci") == 0;
}

bool qemu_has_slots(const char *arch, const char *name)
{
	const struct machine *machine = machine_find(arch, name);

	return machine != NULL && machine_has_pci(machine);
}

static void add_processors(struct line *line, const struct guest *guest)
{
	const struct guest_hardware *hardware = &guest->hardware;
	uint32_t sockets = hardware->sockets, cores = hardware->cores, threads = hardware->threads;

	if ((uint64_t)sockets * cores * threads != guest->vcpus) {
		sockets = guest->vcpus;
		cores = threads = 1;
	}
	add(line, "-smp", "cpus=%u,sockets=%u,cores=%u,threads=%u", guest->vcpus, sockets, cores,
	    threads);
}

/* By these names cloud-init and its like know which metadata to look for: they are Nova's. */
static void add_identity(struct line *line, const struct guest *guest,
			 const struct machine *machine)
{
	if (machine_has_pci(machine))
		add(line, "-smbios",
		    "type=1,manufacturer=OpenStack Foundation,product=OpenStack Nova,serial=%s,"
		    "uuid=%s,family=Virtual Machine",
		    guest->id, guest->id);
}

static void add_machine(struct line *line, const struct qemu_plan *plan,
			const struct machine *machine)
{
	const struct guest *guest = plan->guest;

	add(line, plan->binary, NULL);
	add(line, "-name", "guest=%s", escape(line->arena, guest->name));
	add(line, "-uuid", "%s", guest->id);
	add_identity(line, guest, machine);
	add(line, "-nodefaults", NULL);
	add(line, "-no-user-config", NULL);
	add(line, "-display", "none");
	add(line, "-L", "%s", plan->share);
	add(line, "-machine", "%s%s%s", machine->options,
	    plan->code_fd >= 0 ? ",pflash0=code,pflash1=nvram" : "",
	    guest->hardware.secure_boot ? ",smm=on" : "");
	if (plan->kvm)
		add(line, "-accel", "kvm");
	else
		add(line, "-accel", "tcg,thread=multi,tb-size=%d", TCG_BUFFER_MIB);
	add(line, "-cpu", "%s", plan->kvm ? "host" : "max");
	add_processors(line, guest);
	add(line, "-m", "size=%uM", guest->memory_mib);
	add(line, "-rtc", "base=utc");
	add(line, "-boot", "strict=on,menu=off");
	/* A guest that powers itself off or panics stays as a paused process until vmm has seen it,
	 * so that the end of the process alone always means a crash of QEMU. */
	add(line, "-action", "shutdown=pause,panic=pause");
	add(line, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void add_flash(struct line *line, const char *name, int fd, int fdset, bool read_only)
{
	const char *flag = read_only ? "on" : "off";

	add(line, "-add-fd", "fd=%d,set=%d", fd, fdset);
	add(line, "-blockdev",
	    "driver=file,node-name=%s-file,filename=/dev/fdset/%d,read-only=%s,auto-read-only=off",
	    name, fdset, flag);
	add(line, "-blockdev", "driver=raw,node-name=%s,file=%s-file,read-only=%s", name, name,
	    flag);
}

/* Where the firmware checks what it boots, its variables are written in system management mode
 * alone. */
static void add_firmware(struct line *line, const struct qemu_plan *plan)
{
	if (plan->code_fd < 0)
		return;
	add_flash(line, "code", plan->code_fd, FDSET_CODE, true);
	add_flash(line, "nvram", plan->nvram_fd, FDSET_NVRAM, false);
	if (plan->guest->hardware.secure_boot)
		add(line, "-global", "driver=cfi.pflash01,property=secure,value=on");
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

/* In Nova's words. */
static int unsupported(const char *model, struct error *error)
{
	return error_set(error, -EINVAL,
			 "Requested hardware '%s' is not supported by the 'qemu' virt driver",
			 model);
}

/* A plain VGA, which every firmware and system knows how to drive; VNC waits for descriptors. */
static void add_screen(struct line *line, const struct qemu_plan *plan,
		       const struct machine *machine)
{
	if (!machine_has_pci(machine) || plan->guest->hardware.no_screen)
		return;
	add(line, "-vnc", "none");
	add(line, "-device", "%s", machine->screen);
}

static int add_agent(struct line *line, const struct qemu_plan *plan, const struct machine *machine,
		     struct error *error)
{
	if (plan->agent_fd < 0)
		return 0;
	if (!machine_has_pci(machine))
		return unsupported("virtio-serial", error);
	add(line, "-chardev", "socket,id=agent,fd=%d,server=on,wait=off", plan->agent_fd);
	add(line, "-device", "virtio-serial-pci,max_ports=2");
	add(line, "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0");
	return 0;
}

static void add_memory(struct line *line, const struct qemu_plan *plan)
{
	if (plan->memory_fd < 0)
		return;
	add(line, "-add-fd", "fd=%d,set=%d", plan->memory_fd, FDSET_MEMORY);
	add(line, "-incoming", "file:/dev/fdset/%d", FDSET_MEMORY);
}

static void add_rng(struct line *line, const struct guest_hardware *hardware,
		    const struct machine *machine)
{
	const char *bound = "";

	if (hardware->no_rng)
		return;
	if (hardware->rng_bytes != 0)
		bound = arena_printf(line->arena, ",max-bytes=%llu,period=%u",
				     (unsigned long long)hardware->rng_bytes,
				     hardware->rng_period != 0 ? hardware->rng_period : 1000);
	add(line, "-object", "rng-random,id=rng0,filename=/dev/urandom");
	add(line, "-device", "virtio-rng-%s,rng=rng0%s", machine->transport,
	    bound != NULL ? bound : "");
}

static int add_watchdog(struct line *line, const char *action, const struct machine *machine,
			struct error *error)
{
	static const char *const actions[] = { "none", "pause", "poweroff", "reset" };
	size_t i = 0;

	if (action[0] == '\0')
		return 0;
	if (!machine_has_pci(machine))
		return unsupported("i6300esb", error);
	while (i < ARRAY_LENGTH(actions) && strcmp(actions[i], action) != 0)
		i++;
	if (i == ARRAY_LENGTH(actions))
		return error_set(error, -EINVAL, "Provided watchdog action (%s) is not supported.",
				 action);
	add(line, "-device", "i6300esb");
	add(line, "-action", "watchdog=%s", action);
	return 0;
}

/* QEMU gives what is plugged in while it runs a root port of its own, and only there. Without windows
 * for I/O, of which there are 16 in all: what is plugged in needs none. */
static void add_slots(struct line *line, const struct machine *machine)
{
	for (unsigned i = 0; machine_has_pci(machine) && i < GUEST_SLOTS; i++)
		add(line, "-device",
		    "pcie-root-port,id=slot%u,bus=pcie.0,addr=0x%x.%u,multifunction=on,chassis=%u,"
		    "io-reserve=0",
		    i, SLOT_ADDRESS + i / 8, i % 8, i + 1);
}

static void add_helpers(struct line *line, const struct qemu_plan *plan,
			const struct machine *machine)
{
	add_rng(line, &plan->guest->hardware, machine);
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

static const struct disk_bus {
	const char *name, *device; /* the disk's number or the machine's transport follows */
	bool numbered;             /* and is there with PCI alone */
	size_t most;
} disk_buses[] = {
	{ "", "virtio-blk-", false, GUEST_DISKS_MAX + 1 },
	{ "virtio", "virtio-blk-", false, GUEST_DISKS_MAX + 1 },
	{ "scsi", "scsi-hd,bus=scsi.0,scsi-id=", true, GUEST_DISKS_MAX + 1 },
	{ "sata", "ide-hd,bus=ide.", true, 6 },
};

static const struct disk_bus *disk_bus_find(const struct machine *machine, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(disk_buses); i++)
		if (strcmp(disk_buses[i].name, name) == 0 &&
		    (machine_has_pci(machine) || !disk_buses[i].numbered))
			return &disk_buses[i];
	return NULL;
}

static void add_disk_controller(struct line *line, const struct qemu_plan *plan,
				const struct machine *machine)
{
	for (size_t i = 0; i < plan->disk_count; i++) {
		if (strcmp(plan->disks[i].bus, "scsi") != 0)
			continue;
		add(line, "-device", "virtio-scsi-%s,id=scsi", machine->transport);
		return;
	}
}

/* What the guest was not made with: raw, in a slot, never to boot from. */
static void add_volume(struct line *line, const struct qemu_plan *plan,
		       const struct qemu_disk *disk)
{
	unsigned k = disk->slot;

	add(line, "-add-fd", "fd=%d,set=%u", disk->fd, FDSET_VOLUME + k);
	add(line, "-blockdev",
	    "driver=file,node-name=volume%u-file,filename=/dev/fdset/%u,aio=%s,cache.direct=%s,"
	    "discard=unmap,read-only=off,auto-read-only=off",
	    k, FDSET_VOLUME + k, plan->io_uring ? "io_uring" : "threads",
	    disk->direct ? "on" : "off");
	add(line, "-blockdev", "driver=raw,node-name=volume%u,file=volume%u-file,discard=unmap", k,
	    k);
	add(line, "-device", "virtio-blk-pci,drive=volume%u,serial=%.20s,id=volume%u-%s,bus=slot%u",
	    k, disk->serial, k, disk->serial, k);
}

static int add_disk_device(struct line *line, const struct machine *machine,
			   const struct qemu_disk *disk, size_t i, const char *node,
			   struct error *error)
{
	const struct disk_bus *bus = disk_bus_find(machine, disk->bus);
	const char *serial = escape(line->arena, disk->serial);
	const char *boot = "", *device;

	if (bus == NULL || i >= bus->most)
		return unsupported(disk->bus, error);
	if (!disk->read_only)
		boot = arena_printf(line->arena, ",bootindex=%u", disk->boot_index);
	if (bus->numbered)
		device = arena_printf(line->arena, "%s%zu", bus->device, i);
	else
		device = arena_printf(line->arena, "%s%s", bus->device, machine->transport);
	if (boot == NULL || device == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	add(line, "-device", "%s,drive=%s,serial=%.20s%s", device, node, serial, boot);
	return 0;
}

/* What QEMU calls the bounds, beside where they are. */
static const struct {
	const char *name;
	size_t offset;
} throttle_limits[] = {
	{ "bps-read", offsetof(struct guest_throttle, read_bytes) },
	{ "bps-write", offsetof(struct guest_throttle, write_bytes) },
	{ "bps-total", offsetof(struct guest_throttle, total_bytes) },
	{ "iops-read", offsetof(struct guest_throttle, read_requests) },
	{ "iops-write", offsetof(struct guest_throttle, write_requests) },
	{ "iops-total", offsetof(struct guest_throttle, total_requests) },
};

/* Returns the node that the device is to use: below it is the disk itself, which copies read. */
static const char *add_throttle(struct line *line, const struct guest_throttle *throttle, size_t i)
{
	const char *limits = "";

	for (size_t k = 0; k < ARRAY_LENGTH(throttle_limits); k++) {
		uint64_t limit =
			*(const uint64_t *)((const char *)throttle + throttle_limits[k].offset);

		if (limit != 0 && limits != NULL)
			limits = arena_printf(line->arena, "%s%s\"%s\":%llu", limits,
					      limits[0] != '\0' ? "," : "", throttle_limits[k].name,
					      (unsigned long long)limit);
	}
	if (limits == NULL || limits[0] == '\0')
		return arena_printf(line->arena, "disk%zu", i);
	add(line, "-object",
	    "{\"qom-type\":\"throttle-group\",\"id\":\"throttle%zu\",\"limits\":{%s}}", i, limits);
	add(line, "-blockdev",
	    "driver=throttle,node-name=disk%zu-throttle,throttle-group=throttle%zu,file=disk%zu", i,
	    i, i);
	return arena_printf(line->arena, "disk%zu-throttle", i);
}

/* Formats are stated, never probed: what a guest writes into its disk can't become a backing
 * file. */
static int add_disk(struct line *line, const struct qemu_plan *plan, const struct machine *machine,
		    size_t i, struct error *error)
{
	const struct qemu_disk *disk = &plan->disks[i];
	const char *node;

	if (disk->attached && !machine_has_pci(machine))
		return unsupported("volume", error);
	if (disk->attached) {
		add_volume(line, plan, disk);
		return 0;
	}
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
	node = add_throttle(line, &plan->guest->hardware.throttle, i);
	return add_disk_device(line, machine, disk, i, node, error);
}

/* ---- network ---- */

static int add_nic(struct line *line, const struct machine *machine, const struct qemu_nic *nic,
		   struct error *error)
{
	struct arena *arena = line->arena;
	bool plain = nic->model != NULL && strcmp(nic->model, "e1000e") == 0;
	const char *vhost = "", *mtu = "", *place = "", *device = "e1000e";

	if (nic->model != NULL && nic->model[0] != '\0' && strcmp(nic->model, "virtio") != 0 &&
	    !(plain && machine_has_pci(machine)))
		return unsupported(nic->model, error);
	if (!plain)
		device = arena_printf(arena, "virtio-net-%s", machine->transport);
	if (nic->vhost_fd >= 0 && !plain)
		vhost = arena_printf(arena, ",vhost=on,vhostfd=%d", nic->vhost_fd);
	if (nic->mtu != 0 && !plain)
		mtu = arena_printf(arena, ",host_mtu=%u", nic->mtu);
	/* No boot ROM: guests boot from their disks. A virtio-mmio device has none anyway. */
	if (machine_has_pci(machine))
		place = arena_printf(arena, ",romfile=,id=nic%u-%s,bus=slot%u", nic->slot,
				     nic->port_id, nic->slot);
	if (device == NULL || vhost == NULL || mtu == NULL || place == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	add(line, "-netdev", "tap,id=net%u,fd=%d%s", nic->slot, nic->tap_fd, vhost);
	add(line, "-device", "%s,netdev=net%u,mac=%s%s%s", device, nic->slot,
	    escape(arena, nic->mac), mtu, place);
	return 0;
}

int qemu_argv(struct arena *arena, const struct qemu_plan *plan, char ***argv, struct error *error)
{
	const struct machine *machine = machine_find(plan->arch, plan->guest->machine);
	struct line line = { arena, arena_alloc(arena, ARGUMENTS_MAX * sizeof(char *)), 0 };
	int result = 0;

	if (machine == NULL)
		return error_set(error, -EINVAL, "Machine type %s is not supported on %s",
				 plan->guest->machine, plan->arch);
	if (plan->code_fd >= 0 && strcmp(machine->name, "microvm") == 0)
		return error_set(error, -EINVAL, "UEFI is not supported");
	if (line.argv == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	add_machine(&line, plan, machine);
	add_lines(&line, plan);
	add_memory(&line, plan);
	add_firmware(&line, plan);
	add_slots(&line, machine);
	add_helpers(&line, plan, machine);
	add_screen(&line, plan, machine);
	result = add_agent(&line, plan, machine, error);
	if (result == 0)
		result = add_watchdog(&line, plan->guest->hardware.watchdog, machine, error);
	add_disk_controller(&line, plan, machine);
	for (size_t i = 0; i < plan->disk_count && result == 0; i++)
		result = add_disk(&line, plan, machine, i, error);
	for (size_t i = 0; i < plan->nic_count && result == 0; i++)
		result = add_nic(&line, machine, &plan->nics[i], error);
	if (result == 0 && arena->failed)
		result = error_set(error, -ENOMEM, "Out of memory");
	*argv = line.argv;
	return result;
}
