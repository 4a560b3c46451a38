/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cloud and vmm say to each other. cloud sends what is desired; vmm makes it so and reports
 * what is. There is no command: a reboot is a counter in the desired state.
 *
 *	cloud -> vmm                       vmm -> cloud
 *	VMM_GUEST_SET     desired guest    VMM_HOST         facts of the host, upon link and change
 *	VMM_GUEST_DELETE  by id            VMM_GUEST_STATE  what is, upon each change and after SYNC
 *	VMM_SYNC          that was all     VMM_IMAGE_GET    asks for an image's descriptor
 *	VMM_IMAGE         + descriptor     VMM_CONSOLE_LOG  reply
 *	VMM_IMAGE_INSPECT + descriptor     VMM_IMAGE_FACTS  reply
 *	VMM_CONSOLE_LOG_GET                VMM_REPLY        reply of everything else
 *	VMM_DISK_EXPORT   + descriptor     VMM_REPLY        when the file is an image of the disk
 *	VMM_PASSWORD_SET                   VMM_REPLY        when the guest's agent has answered
 *	VMM_DIAGNOSTICS_GET                VMM_DIAGNOSTICS  reply
 *	VMM_VNC_OPEN                       VMM_REPLY + descriptor of the guest's screen (vnc.h)
 *	VMM_SERIAL_OPEN (console as well)  VMM_REPLY + descriptor of the guest's serial line
 *
 * Upon a fresh link cloud sends VMM_GUEST_SET for every guest, then VMM_SYNC; guests that vmm
 * knows and that were not named are then removed, disks included.
 */
#ifndef CUMULET_HYPERVISOR_MESSAGE_H
#define CUMULET_HYPERVISOR_MESSAGE_H

#include "firmware/lib/message.h"
#include "firmware/lib/uuid.h"

#define GUEST_NICS_MAX 16
#define GUEST_DISKS_MAX 16
#define GUEST_STUCK_SIZE (16 * UUID_SIZE)
/* Of the box's memory, for everything that is no guest: kernel, control plane, caches. Admission leaves
 * it alone, and the guests' control group holds them to it. */
#define HOST_RESERVED_MIB 128

enum vmm_type {
	VMM_GUEST_SET = 1,
	VMM_GUEST_DELETE,
	VMM_SYNC,
	VMM_IMAGE,
	VMM_CONSOLE_LOG_GET,
	VMM_SERIAL_OPEN,
	VMM_DISK_EXPORT,
	VMM_IMAGE_INSPECT,
	VMM_PASSWORD_SET = 20,
	VMM_VNC_OPEN,
	VMM_DIAGNOSTICS_GET = 30, /* struct guest_id */
	VMM_HOST = 64,
	VMM_GUEST_STATE,
	VMM_IMAGE_GET,
	VMM_CONSOLE_LOG,
	VMM_REPLY,
	VMM_IMAGE_FACTS,
	VMM_DIAGNOSTICS = 90,
};

enum guest_power { GUEST_RUN = 1, GUEST_STOP, GUEST_PAUSE, GUEST_SUSPEND };

/* A disk of a guest: cloned from an image, or empty when image_id is "". */
struct guest_disk {
	char id[UUID_SIZE]; /* names the file; stable */
	char image_id[UUID_SIZE];
	char image_format[16]; /* what the image claims to be: "raw", "qcow2", ... */
	uint64_t image_size;   /* bytes of the image's file, to notice a different one */
	uint64_t size;         /* bytes, at least; 0: as the image's virtual size */
	char bus[16];          /* "virtio", "scsi", "sata"; "": virtio */
	uint32_t boot_index;   /* 0 boots first */
	bool attached;         /* a volume: not the guest's own, it comes and goes while it runs */
};

struct guest_nic {
	char port_id[UUID_SIZE];
	char mac[18];
	uint32_t mtu;
	char model[16]; /* "virtio", "e1000e"; "": virtio */
};

/* Most of each in a second, for every disk of the guest; 0: no bound. */
struct guest_throttle {
	uint64_t read_bytes, write_bytes, total_bytes, read_requests, write_requests,
		total_requests;
};

/* What flavors and images may ask of the machine beyond its size. */
struct guest_hardware {
	bool secure_boot;                 /* with UEFI alone */
	uint32_t sockets, cores, threads; /* their product is vcpus; 0: each one a socket */
	char watchdog[16];                /* what QEMU does when it barks; "": there is none */
	bool no_rng;
	uint64_t rng_bytes;  /* at most so many in a period; 0: no bound */
	uint32_t rng_period; /* ms; 0: a second */
	/* Control group: share against others (1 to 10,000), and µs of a period for each
	 * virtual processor; 0: the default, no bound, 100 ms. */
	uint32_t cpu_weight, cpu_quota, cpu_period;
	struct guest_throttle throttle;
	bool agent;     /* a port for the QEMU guest agent */
	bool no_screen; /* neither graphics nor VNC */
};

struct guest {
	char id[UUID_SIZE];
	char name[256];      /* for logs and -name; not trusted: vmm escapes it */
	uint64_t generation; /* revision of the record; echoed in the state */
	uint32_t power;      /* enum guest_power */
	uint32_t vcpus;
	uint32_t memory_mib;
	char machine[16];                    /* "q35", "microvm" */
	char firmware[16];                   /* "bios", "uefi" */
	uint32_t reboots_soft, reboots_hard; /* counters: each raise is one reboot */
	uint32_t interrupts;                 /* counter: each raise is a non-maskable interrupt */
	uint32_t stop_timeout; /* seconds that a guest has to react to ACPI; 0: pull */
	struct guest_hardware hardware;
	bool config_drive;
	struct message_bytes config_drive_iso; /* the drive's content, when config_drive */
	struct message_list disks;             /* struct guest_disk */
	struct message_list nics;              /* struct guest_nic */
};

enum guest_state {
	GUEST_BUILDING = 1, /* disks are cloned, the process starts */
	GUEST_RUNNING,
	GUEST_STOPPED, /* by desire, or the guest powered itself off */
	GUEST_PAUSED,
	GUEST_CRASHED,   /* QEMU died or the guest panicked; reason says how */
	GUEST_FAILED,    /* could not be built or started; reason for the API's fault */
	GUEST_GONE,      /* deleted: nothing is left */
	GUEST_SUSPENDED, /* its memory is on the disk, it goes on from there when it is to run */
};

struct guest_status {
	char id[UUID_SIZE];
	uint64_t generation; /* of the desired state that this is about */
	uint32_t state;      /* enum guest_state */
	uint32_t code;       /* HTTP-like code of a fault: 400, 500; 0: none */
	char reason[512];    /* GUEST_CRASHED, GUEST_FAILED: in Nova's words where it has some */
	bool self;           /* the change came from inside (guest powered off or rebooted) */
	uint32_t pid;
	char accelerator[8]; /* "kvm", "tcg" */
	uint64_t started;    /* Unix ms of QEMU's exec, 0: not running */
	uint64_t
		overhead; /* highest so far of QEMU's own memory beyond the guest's RAM, bytes; 0: not known */
	/* Generation of the desired state whose interfaces and volumes it has, but for those in
	 * 'stuck': ids of ports and volumes, a space between two, that it could not be given or
	 * did not let go of. They are tried again with the next generation. */
	uint64_t devices;
	char stuck[GUEST_STUCK_SIZE];
	char stuck_reason[128];
};

struct guest_id {
	char id[UUID_SIZE];
};

/* VMM_DISK_EXPORT: the descriptor is that of an empty file, open to read and write. EAGAIN: the
 * guest is on its way somewhere, ask again. */
struct vmm_export {
	char id[UUID_SIZE];
	char disk_id[UUID_SIZE];
	/* The guest's agent, if it has one, is asked to bring its file systems to rest for the moment
	 * that is copied; 'required': there is no copy when it does not. */
	bool quiesce, quiesce_required;
};

/* Of a user inside a guest. The reply's code: ESRCH: it does not run; ENOTSUP: it has no port for an
 * agent; EBUSY: others are being asked; ETIMEDOUT: nobody
 * answers there; EIO: the agent's refusal, with its reason. */
struct vmm_password {
	char id[UUID_SIZE];
	char user[64];
	char password[256];
};

struct vmm_host {
	uint32_t cpus;
	uint64_t memory, memory_available; /* bytes */
	uint64_t disk, disk_free;          /* bytes of the file system with guests */
	char accelerator[8];               /* found by trying: "kvm" or "tcg" */
	char cpu_model[64];
	char arch[16]; /* "x86_64", "aarch64" */
	char qemu_version[32];
	bool reflink;
};

struct vmm_image_get {
	char image_id[UUID_SIZE];
};

/* Answers VMM_IMAGE_GET (reply_to), with the descriptor unless code is not 0. */
struct vmm_image {
	char image_id[UUID_SIZE];
	char format[16];
	uint64_t size;
	uint32_t code; /* errno, positive; 0: a descriptor is there */
	char reason[256];
};

/* VMM_IMAGE_INSPECT, which has the descriptor of an image's bytes, and its answer
 * VMM_IMAGE_FACTS. */
struct vmm_image_inspect {
	char format[16]; /* what the image claims to be */
};

struct vmm_image_facts {
	uint32_t code;         /* errno, positive; 0: it is what it claims */
	uint64_t virtual_size; /* bytes of the disk that it makes */
	char reason[256];
};

struct vmm_console_log_get {
	char id[UUID_SIZE];
	uint32_t lines; /* 0: all that is kept */
};

struct vmm_console_log {
	uint32_t code;             /* errno; 0: fine */
	struct message_bytes text; /* raw bytes of the guest, at most 100 KiB */
};

/* What a guest has used since its QEMU began. */
struct vmm_cpu_time {
	uint32_t id;
	uint64_t time; /* ns */
};

struct vmm_disk_counters {
	char name[16]; /* "vda" */
	uint64_t read_requests, read_bytes, write_requests, write_bytes, errors;
};

struct vmm_diagnostics {
	uint32_t code;          /* errno; ESRCH: it does not run; EBUSY */
	uint64_t memory_actual; /* bytes that it has, without what its balloon took; 0: not known */
	uint64_t memory_resident;  /* bytes of its QEMU, all in all */
	struct message_list cpus;  /* struct vmm_cpu_time */
	struct message_list disks; /* struct vmm_disk_counters */
};

struct vmm_reply {
	uint32_t code; /* errno, positive; 0: fine */
	char reason[512];
};

extern const struct field guest_fields[], guest_status_fields[], guest_id_fields[],
	vmm_host_fields[], vmm_image_get_fields[], vmm_image_fields[], vmm_console_log_get_fields[],
	vmm_image_inspect_fields[], vmm_image_facts_fields[], vmm_console_log_fields[],
	vmm_reply_fields[], vmm_diagnostics_fields[], vmm_export_fields[], vmm_password_fields[];

#endif
