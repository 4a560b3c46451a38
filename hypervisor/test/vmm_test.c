/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole of vmm with a real QEMU: a guest of one sector lives through what guests live through.
 * CUMULET_QEMU and CUMULET_QEMU_SHARE choose another QEMU than Debian's. */
#include "hypervisor/test/harness.h"

#include <sys/stat.h>

#include "hypervisor/socket_path.h"

#ifdef __x86_64__
#include "hypervisor/test/guest_sector.h"
#else
static const char guest_sector[512];
#endif

#define GUEST "11111111-2222-4333-8444-555555555555"
#define OTHER "22222222-2222-4333-8444-555555555555"
#define IMAGE "aaaaaaaa-2222-4333-8444-555555555555"
#define BAD_IMAGE "bbbbbbbb-2222-4333-8444-555555555555"
#define PORT_ID "cccccccc-2222-4333-8444-555555555555"
#define PORT_2 "eeeeeeee-2222-4333-8444-555555555555"
#define VOLUME "ffffffff-2222-4333-8444-555555555555"
#define IMAGE_SIZE (1024 * 1024)

#define SKIP_UNLESS_POSSIBLE                                                                       \
	do {                                                                                       \
		if (((struct harness *)*state)->loop == NULL)                                      \
			skip();                                                                    \
	} while (0)

static struct guest_disk disk = {
	.id = "dddddddd-2222-4333-8444-555555555555",
	.image_id = IMAGE,
	.image_format = "raw",
	.size = 4 * IMAGE_SIZE,
	.bus = "virtio",
};

static struct guest_nic nic = { .port_id = PORT_ID, .mac = "fa:16:3e:00:00:01", .mtu = 1450 };

static struct guest desired = {
	.id = GUEST,
	.name = "first, of many",
	.generation = 1,
	.power = GUEST_RUN,
	.vcpus = 1,
	.memory_mib = 64,
	.machine = "q35",
	.firmware = "bios",
	.stop_timeout = 20,
	.disks = { &disk, 1 },
	.nics = { &nic, 1 },
};

static void image_write(struct harness *h, const char *name, const void *data, size_t size,
			off_t length)
{
	CLEANUP_FD int fd = -1;

	snprintf(h->image_path, sizeof(h->image_path), "%.31s/%s", h->directory, name);
	fd = open(h->image_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(ftruncate(fd, length), 0);
}

/* Sets the desire with the next generation. */
static uint64_t desire(struct harness *h)
{
	desired.generation++;
	guest_set(h, &desired);
	return desired.generation;
}

static bool path_exists(const struct harness *h, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", h->directory, path);
	return access(full, F_OK) == 0;
}

static void guest_boots(void **state)
{
	struct harness *h = *state;
	struct guest_status status;
	char path[64];
	struct stat process;

	SKIP_UNLESS_POSSIBLE;
	image_write(h, "sector", guest_sector, sizeof(guest_sector), IMAGE_SIZE);
	h->tap_code = ENOENT; /* the port is late */
	guest_set(h, &desired);
	sync_send(h);
	await(h, GUEST, GUEST_BUILDING, 1);
	status = await(h, GUEST, GUEST_RUNNING, 1);
	assert_true(status.pid > 0 && status.started > 0);
	assert_string_equal(status.accelerator, h->host.accelerator);
	assert_int_equal(h->images_asked, 1);
	assert_int_equal(h->taps_opened, 3);
	snprintf(path, sizeof(path), "/proc/%u", status.pid);
	assert_int_equal(stat(path, &process), 0);
	assert_int_equal(process.st_uid, UID_GUEST_FIRST);
	await_console(h, GUEST, "BOOT", 1);
}

/* No privileges, no other file system, no network: as the kernel tells it. */
static void guest_is_confined(void **state)
{
	struct harness *h = *state;
	uint32_t pid = 0;
	const char *const hidden[] = { "etc", "proc", "sys", "run", "var", "root", "dev/tty" };
	char path[96], line[256];
	unsigned seen = 0;
	FILE *file;

	SKIP_UNLESS_POSSIBLE;
	pid = status_last(h, GUEST)->pid;
	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		seen += strcmp(line, "CapEff:\t0000000000000000\n") == 0;
		seen += strcmp(line, "CapBnd:\t0000000000000000\n") == 0;
		seen += strcmp(line, "NoNewPrivs:\t1\n") == 0;
		seen += strcmp(line, "Seccomp:\t2\n") == 0;
	}
	fclose(file);
	assert_int_equal(seen, 4);
	for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++) {
		snprintf(path, sizeof(path), "/proc/%u/root/%s", pid, hidden[i]);
		assert_int_equal(access(path, F_OK), -1);
	}
	snprintf(path, sizeof(path), "/proc/%u/root/dev/urandom", pid);
	assert_int_equal(access(path, F_OK), 0);
	/* The kernel ends it before anything of ours. */
	snprintf(path, sizeof(path), "/proc/%u/oom_score_adj", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_string_equal(line, "500\n");
}

/* A QEMU takes a few MiB at least, and its guest's memory is not counted. */
static void overhead_is_told(void **state)
{
	struct harness *h = *state;
	time_t end = time(NULL) + PATIENCE_S;

	SKIP_UNLESS_POSSIBLE;
	while (status_last(h, GUEST)->overhead == 0 && time(NULL) < end)
		loop_once(h->loop, 100);
	assert_in_range(status_last(h, GUEST)->overhead, 4 << 20, 150 << 20);
}

/* ---- interfaces and volumes that come and go ---- */

static struct guest_nic two_nics[2] = {
	{ .port_id = PORT_ID, .mac = "fa:16:3e:00:00:01", .mtu = 1450 },
	{ .port_id = PORT_2, .mac = "fa:16:3e:00:00:02", .mtu = 1450 },
};

static struct guest_disk with_volume[2];

/* Waits for the guest to have what that generation desires, or what it can't have to be told. */
static struct guest_status await_devices(struct harness *h, uint64_t generation)
{
	time_t end = time(NULL) + PATIENCE_S;
	const struct guest_status *status;

	do {
		status = status_last(h, GUEST);
		if (status != NULL && status->devices >= generation)
			return *status;
		loop_once(h->loop, 100);
	} while (time(NULL) < end);
	fail_msg("devices: %llu", (unsigned long long)status->devices);
	return (struct guest_status){ 0 };
}

/* What QEMU itself says: vmm is killed, so that its line is free, and started again. */
static const char *qemu_says(struct harness *h, const char *command)
{
	static char text[65536];
	char path[128];
	CLEANUP_FD int fd = -1;
	size_t size = 0;
	ssize_t part;

	vmm_kill(h);
	snprintf(path, sizeof(path), "%.63s/guests/" GUEST "/qmp.sock", h->run);
	fd = socket_path_connect(path);
	assert_true(fd >= 0 && fcntl(fd, F_SETFL, 0) == 0);
	assert_true(dprintf(fd, "{\"execute\":\"qmp_capabilities\"}{\"execute\":%s,\"id\":77}",
			    command) > 0);
	do {
		text[size] = '\0';
		part = strstr(text, "\"id\": 77") != NULL
			       ? 0
			       : read(fd, text + size, sizeof(text) - 1 - size);
		size += part > 0 ? (size_t)part : 0;
	} while (part > 0);
	cleanup_close(&fd);
	fd = -1;
	vmm_start(h);
	guest_set(h, &desired);
	sync_send(h);
	return text;
}

#define DEVICES "\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}"

static void interface_is_attached_live(void **state)
{
	struct harness *h = *state;
	unsigned opened = h->taps_opened;
	struct guest_status status;
	const char *devices;

	SKIP_UNLESS_POSSIBLE;
	desired.nics = (struct message_list){ two_nics, 2 };
	status = await_devices(h, desire(h));
	assert_string_equal(status.stuck, "");
	assert_int_equal(status.state, GUEST_RUNNING);
	assert_int_equal(h->taps_opened, opened + 1);
	devices = qemu_says(h, DEVICES);
	assert_non_null(strstr(devices, "\"nic0-" PORT_ID "\""));
	assert_non_null(strstr(devices, "\"nic1-" PORT_2 "\""));
}

/* The guest of one sector lets go of nothing, until it is reset. */
static void interface_that_is_held_is_told(void **state)
{
	struct harness *h = *state;
	unsigned closed = h->taps_closed;
	struct guest_status status;
	uint64_t generation;
	const char *devices;

	SKIP_UNLESS_POSSIBLE;
	desired.nics.count = 1;
	generation = desire(h);
	status = await_devices(h, generation);
	assert_string_equal(status.stuck, PORT_2);
	assert_string_equal(status.stuck_reason, "The guest did not let go of the device in time");
	assert_int_equal(h->taps_closed, closed);
	serial_type(h, GUEST, 'r');
	while (status_last(h, GUEST)->stuck[0] != '\0' || h->taps_closed == closed)
		loop_once(h->loop, 100);
	devices = qemu_says(h, DEVICES);
	assert_non_null(strstr(devices, "\"nic0-" PORT_ID "\""));
	assert_null(strstr(devices, PORT_2));
	await_devices(h, generation);
}

static void volume_write(const struct harness *h, const char *id)
{
	char path[128];
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof(path), "%.63s/%s.raw", h->volumes, id);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, IMAGE_SIZE), 0);
}

static void volume_is_attached_live(void **state)
{
	struct harness *h = *state;
	struct guest_status status;
	const char *text;

	SKIP_UNLESS_POSSIBLE;
	with_volume[0] = disk;
	with_volume[1] = (struct guest_disk){ .id = VOLUME, .attached = true };
	desired.disks = (struct message_list){ with_volume, 2 };
	status = await_devices(h, desire(h));
	assert_string_equal(status.stuck, VOLUME);
	assert_non_null(strstr(status.stuck_reason, "Failed to open volume"));
	volume_write(h, VOLUME);
	status = await_devices(h, desire(h));
	assert_string_equal(status.stuck, "");
	text = qemu_says(h, DEVICES);
	assert_non_null(strstr(text, "\"volume1-" VOLUME "\""));
	text = qemu_says(h, "\"query-block\"");
	assert_non_null(strstr(text, "\"volume1\""));
	assert_non_null(strstr(text, "\"virtual-size\": 1048576"));
	text = qemu_says(h,
			 "\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/volume1-" VOLUME
			 "\",\"property\":\"serial\"}");
	assert_non_null(strstr(text, "\"ffffffff-2222-4333-8\""));
}

/* Half-way: a back end is there, the device is not. What a killed vmm leaves is used or cleaned. */
static void half_a_device_is_made_whole(void **state)
{
	struct harness *h = *state;
	struct guest_status status;
	char path[160];
	CLEANUP_FD int fd = -1;

	SKIP_UNLESS_POSSIBLE;
	desired.nics.count = 2;
	vmm_kill(h);
	snprintf(path, sizeof(path), "%.63s/" GUEST "/slots", h->guests);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "2 nic %s\n", PORT_2) > 0);
	vmm_start(h);
	status = await_devices(h, desire(h));
	assert_string_equal(status.stuck, "");
	assert_non_null(strstr(qemu_says(h, DEVICES), "-" PORT_2 "\""));
}

/* Where a device is stays the same: in the file, and after a fresh start in QEMU. */
static void devices_keep_their_slots(void **state)
{
	struct harness *h = *state;
	struct guest_status status;
	const char *text;

	SKIP_UNLESS_POSSIBLE;
	desired.reboots_hard++;
	await(h, GUEST, GUEST_RUNNING, desire(h));
	text = qemu_says(h, DEVICES);
	assert_non_null(strstr(text, "\"nic0-" PORT_ID "\""));
	assert_non_null(strstr(text, "\"nic2-" PORT_2 "\""));
	assert_non_null(strstr(text, "\"volume1-" VOLUME "\""));
	desired.disks = (struct message_list){ &disk, 1 };
	desired.nics = (struct message_list){ &nic, 1 };
	desired.reboots_hard++;
	await(h, GUEST, GUEST_RUNNING, desire(h));
	status = await_devices(h, desired.generation);
	assert_string_equal(status.stuck, "");
	text = qemu_says(h, DEVICES);
	assert_null(strstr(text, "nic2-"));
	assert_null(strstr(text, "volume1-"));
	assert_true(path_exists(h, "volumes/" VOLUME ".raw"));
}

static void guest_resets_itself_and_goes_on(void **state)
{
	struct harness *h = *state;
	uint32_t pid;

	SKIP_UNLESS_POSSIBLE;
	pid = status_last(h, GUEST)->pid;
	serial_type(h, GUEST, 'r');
	await_console(h, GUEST, "BOOT", 2);
	assert_int_equal(status_last(h, GUEST)->state, GUEST_RUNNING);
	assert_int_equal(status_last(h, GUEST)->pid, pid);
	assert_string_equal(console_text(h, GUEST, 1), "BOOT\r\n");
}

/* RFB greets, and a second viewer is as welcome as the first. */
#include "hypervisor/test/watched.h"

static void guest_survives_vmm(void **state)
{
	struct harness *h = *state;
	uint32_t pid;

	SKIP_UNLESS_POSSIBLE;
	pid = status_last(h, GUEST)->pid;
	vmm_kill(h);
	h->status_count = 0;
	vmm_start(h);
	guest_set(h, &desired);
	sync_send(h);
	assert_int_equal(await(h, GUEST, GUEST_RUNNING, desired.generation).pid, pid);
	serial_type(h, GUEST, 'r'); /* QMP and the serial line are there again, too */
	await_console(h, GUEST, "BOOT", 3);
}

static void guest_powers_itself_off(void **state)
{
	struct harness *h = *state;
	struct guest_status status;

	SKIP_UNLESS_POSSIBLE;
	serial_type(h, GUEST, 'o');
	status = await(h, GUEST, GUEST_STOPPED, desired.generation);
	assert_true(status.self);
	assert_int_equal(status.pid, 0);
	assert_true(h->taps_closed > 0);
	/* The same desire again does not start it; a new one does. */
	guest_set(h, &desired);
	sync_send(h);
	assert_int_equal(status_last(h, GUEST)->state, GUEST_STOPPED);
	await(h, GUEST, GUEST_RUNNING, desire(h));
	assert_int_equal(h->images_asked, 1);
}

static void guest_stops_at_the_power_button(void **state)
{
	struct harness *h = *state;
	struct guest_status status;

	SKIP_UNLESS_POSSIBLE;
	await_console(h, GUEST, "BOOT", 4);
	desired.power = GUEST_STOP;
	status = await(h, GUEST, GUEST_STOPPED, desire(h));
	assert_false(status.self);
	await_console(h, GUEST, "BYE", 2);
	desired.power = GUEST_RUN;
	await(h, GUEST, GUEST_RUNNING, desire(h));
	await_console(h, GUEST, "BOOT", 5);
}

static void guest_pauses(void **state)
{
	struct harness *h = *state;

	SKIP_UNLESS_POSSIBLE;
	desired.power = GUEST_PAUSE;
	await(h, GUEST, GUEST_PAUSED, desire(h));
	desired.power = GUEST_RUN;
	await(h, GUEST, GUEST_RUNNING, desire(h));
}

/* A copy of its disk, and where the image requires a guest at rest, none without an agent. */
static void disk_is_copied_live(void **state)
{
	struct harness *h = *state;
	struct vmm_export wish = { 0 };
	char path[96];

	SKIP_UNLESS_POSSIBLE;
	snprintf(wish.id, sizeof(wish.id), GUEST);
	snprintf(wish.disk_id, sizeof(wish.disk_id), "%s", disk.id);
	snprintf(path, sizeof(path), "%.31s/copy", h->directory);
	for (int i = 0; i < 2; i++) {
		CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		wish.quiesce = wish.quiesce_required = i == 0;
		h->has_reply = false;
		assert_true(channel_send_struct(&h->cloud, VMM_DISK_EXPORT, 7, vmm_export_fields,
						&wish, fd) > 0);
		assert_true(until(h, &h->has_reply, PATIENCE_S));
		assert_int_equal(h->reply.code, i == 0 ? EIO : 0);
		assert_string_equal(h->reply.reason,
				    i == 0 ? "Failed to quiesce instance: QEMU guest agent is not "
					     "enabled"
					   : "");
	}
}

/* It stands still and says nothing: what was wanted of it is given up, and said so. */
static void hung_qemu_is_noticed(void **state)
{
	struct harness *h = *state;
	struct guest_status status;
	pid_t pid;

	SKIP_UNLESS_POSSIBLE;
	pid = (pid_t)status_last(h, GUEST)->pid;
	kill(pid, SIGSTOP);
	desired.power = GUEST_PAUSE;
	status = await(h, GUEST, GUEST_RUNNING, desire(h));
	assert_string_equal(status.reason, "QEMU does not answer");
	kill(pid, SIGCONT);
	desired.power = GUEST_RUN;
	await(h, GUEST, GUEST_RUNNING, desire(h));
	/* The plug works whatever it does. */
	kill(pid, SIGSTOP);
	desired.reboots_hard++;
	assert_int_not_equal(await(h, GUEST, GUEST_RUNNING, desire(h)).pid, pid);
	await_console(h, GUEST, "BOOT", 6);
}

static void guest_reboots(void **state)
{
	struct harness *h = *state;
	uint32_t first, second;

	SKIP_UNLESS_POSSIBLE;
	await_console(h, GUEST, "BOOT", 6);
	first = status_last(h, GUEST)->pid;
	desired.reboots_soft++;
	second = await(h, GUEST, GUEST_RUNNING, desire(h)).pid;
	assert_int_not_equal(first, second);
	await_console(h, GUEST, "BYE", 3);
	await_console(h, GUEST, "BOOT", 7);
	desired.reboots_hard++;
	assert_int_not_equal(await(h, GUEST, GUEST_RUNNING, desire(h)).pid, second);
	await_console(h, GUEST, "BOOT", 8);
	await_console(h, GUEST, "BYE", 3);
}

/* Deaf to the button: when its time is over, the plug is pulled. */
static void guest_that_does_not_listen_is_pulled(void **state)
{
	struct harness *h = *state;

	SKIP_UNLESS_POSSIBLE;
	serial_type(h, GUEST, 'd');
	await_console(h, GUEST, "DEAF", 1);
	desired.power = GUEST_STOP;
	desired.stop_timeout = 1;
	assert_false(await(h, GUEST, GUEST_STOPPED, desire(h)).self);
	await_console(h, GUEST, "BYE", 3);
	desired.power = GUEST_RUN;
	desired.stop_timeout = 20;
	await(h, GUEST, GUEST_RUNNING, desire(h));
}

static void qemu_kill(const struct harness *h)
{
	uint32_t pid = status_last(h, GUEST)->pid;

	assert_true(pid > 1);
	kill((pid_t)pid, SIGKILL);
}

static void guest_crashes(void **state)
{
	struct harness *h = *state;
	struct guest_status status;

	SKIP_UNLESS_POSSIBLE;
	qemu_kill(h);
	status = await(h, GUEST, GUEST_CRASHED, desired.generation);
	assert_string_equal(status.reason, "QEMU was ended by signal 9 (Killed)");
	assert_int_equal(status.code, 500);
	/* Whoever wished something meanwhile hears of it, and only a reboot brings it back. */
	status = await(h, GUEST, GUEST_CRASHED, desire(h));
	assert_string_equal(status.reason, "QEMU was ended by signal 9 (Killed)");
	desired.reboots_hard++;
	await(h, GUEST, GUEST_RUNNING, desire(h));
}

/* QEMU dies while nobody looks. */
static void guest_crashes_without_vmm(void **state)
{
	struct harness *h = *state;

	SKIP_UNLESS_POSSIBLE;
	vmm_kill(h);
	qemu_kill(h);
	h->status_count = 0;
	vmm_start(h);
	guest_set(h, &desired);
	sync_send(h);
	await(h, GUEST, GUEST_CRASHED, desired.generation);
	desired.reboots_hard++;
	await(h, GUEST, GUEST_RUNNING, desire(h));
}

static void guest_fails(struct harness *h, const char *reason)
{
	struct guest_disk bad_disk = disk;
	struct guest bad = desired;
	struct guest_status status;

	snprintf(bad_disk.image_id, sizeof(bad_disk.image_id), BAD_IMAGE);
	bad_disk.size = 2 * IMAGE_SIZE;
	snprintf(bad_disk.image_format, sizeof(bad_disk.image_format), "qcow2");
	snprintf(bad.id, sizeof(bad.id), OTHER);
	bad.disks.items = &bad_disk;
	bad.generation = ++desired.generation;
	guest_set(h, &bad);
	status = await(h, OTHER, GUEST_FAILED, bad.generation);
	assert_string_equal(status.reason, reason);
	assert_int_equal(status.code, 400);
	assert_false(path_exists(h, "guests/" OTHER));
	assert_false(path_exists(h, "guests/.base/" BAD_IMAGE ".part"));
	assert_false(path_exists(h, "guests/.base/" BAD_IMAGE ".raw"));
}

/* Refused before anything is started, and what was built for it goes again. */
static void guest_larger_than_the_box_fails(void **state)
{
	struct harness *h = *state;
	struct guest large = desired;
	struct guest_status status;

	SKIP_UNLESS_POSSIBLE;
	snprintf(large.id, sizeof(large.id), OTHER);
	large.memory_mib = 1 << 30;
	large.generation = ++desired.generation;
	guest_set(h, &large);
	status = await(h, OTHER, GUEST_FAILED, large.generation);
	assert_non_null(strstr(status.reason, "Insufficient compute resources: Free memory "));
	assert_int_equal(status.code, 500);
	assert_false(path_exists(h, "guests/" OTHER));
}

/* netd can't give a tap, and says so. */
static void guest_without_its_tap_fails(void **state)
{
	struct harness *h = *state;
	struct guest other = desired;

	SKIP_UNLESS_POSSIBLE;
	snprintf(other.id, sizeof(other.id), OTHER);
	other.generation = ++desired.generation;
	h->tap_code = EPERM;
	guest_set(h, &other);
	assert_string_equal(await(h, OTHER, GUEST_FAILED, other.generation).reason,
			    "Virtual Interface creation failed: Operation not permitted");
	h->tap_code = 0;
	assert_false(path_exists(h, "guests/" OTHER));
}

/* QEMU takes the lines that the golden texts only show. */
static void guest_has_what_is_asked_for(void **state)
{
	struct harness *h = *state;
	struct guest_disk other_disk = disk;
	struct guest_nic other_nic = nic;
	struct guest other = desired;

	SKIP_UNLESS_POSSIBLE;
	snprintf(other.id, sizeof(other.id), OTHER);
	snprintf(other_disk.bus, sizeof(other_disk.bus), "scsi");
	snprintf(other_nic.model, sizeof(other_nic.model), "e1000e");
	other.generation = ++desired.generation;
	other.disks.items = &other_disk;
	other.nics.items = &other_nic;
	other.hardware = (struct guest_hardware){
		.watchdog = "reset",
		.agent = true,
		.rng_bytes = 1024,
		.throttle = { .total_bytes = 100 << 20, .total_requests = 10000 },
	};
	guest_set(h, &other);
	await(h, OTHER, GUEST_RUNNING, other.generation);
	await_console(h, OTHER, "BOOT", 1);
	guest_delete(h, OTHER);
	await(h, OTHER, GUEST_GONE, other.generation);
}

/* Without UEFI nothing checks what boots. */
static void secure_boot_without_uefi_fails(void **state)
{
	struct harness *h = *state;
	struct guest other = desired;

	SKIP_UNLESS_POSSIBLE;
	snprintf(other.id, sizeof(other.id), OTHER);
	other.generation = ++desired.generation;
	other.hardware.secure_boot = true;
	guest_set(h, &other);
	assert_string_equal(await(h, OTHER, GUEST_FAILED, other.generation).reason,
			    "Secure Boot is not supported by host");
	assert_false(path_exists(h, "guests/" OTHER));
}

static void image_that_is_none_fails(void **state)
{
	struct harness *h = *state;

	SKIP_UNLESS_POSSIBLE;
	image_write(h, "lie", "no qcow2 at all", 15, IMAGE_SIZE);
	guest_fails(h, "Image " BAD_IMAGE
		       " is unacceptable: Image content does not match disk_format");
	h->image_path[0] = '\0';
	guest_fails(h, "Image " BAD_IMAGE " could not be found.");
}

static int qemu_img(const struct harness *h, const char *arguments)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && qemu-img %s >/dev/null", h->directory,
		 arguments);
	return system(command);
}

static void image_of_another_kind_is_converted(void **state)
{
	struct harness *h = *state;
	struct guest_disk other_disk = disk;
	struct guest other = desired;

	SKIP_UNLESS_POSSIBLE;
	image_write(h, "sector", guest_sector, sizeof(guest_sector), IMAGE_SIZE);
	assert_int_equal(qemu_img(h, "convert -c -O qcow2 sector sector.qcow2"), 0);
	assert_int_equal(qemu_img(h, "create -f qcow2 -b sector -F raw backed.qcow2"), 0);
	assert_int_equal(qemu_img(h, "create -f qcow2 bomb.qcow2 1T"), 0);
	snprintf(h->image_path, sizeof(h->image_path), "%s/backed.qcow2", h->directory);
	guest_fails(h, "Image " BAD_IMAGE " is unacceptable: Image has a backing file");
	snprintf(h->image_path, sizeof(h->image_path), "%s/bomb.qcow2", h->directory);
	guest_fails(h, "Flavor's disk is too small for requested image. Flavor disk is 2097152 "
		       "bytes, image is 1099511627776 bytes.");
	snprintf(h->image_path, sizeof(h->image_path), "%s/sector.qcow2", h->directory);
	snprintf(other_disk.image_id, sizeof(other_disk.image_id), BAD_IMAGE);
	snprintf(other_disk.image_format, sizeof(other_disk.image_format), "qcow2");
	snprintf(other.id, sizeof(other.id), OTHER);
	other.disks.items = &other_disk;
	other.nics.count = 0;
	other.config_drive = true;
	other.config_drive_iso = (struct message_bytes){ guest_sector, sizeof(guest_sector) };
	other.generation = ++desired.generation;
	guest_set(h, &other);
	await(h, OTHER, GUEST_RUNNING, other.generation);
	await_console(h, OTHER, "BOOT", 1);
	assert_true(path_exists(h, "guests/" OTHER "/config.iso"));
	/* The same drive again is not kept, and a start without its content uses what is there. */
	other.reboots_hard++;
	other.generation = ++desired.generation;
	guest_set(h, &other);
	await(h, OTHER, GUEST_RUNNING, other.generation);
	await_console(h, OTHER, "BOOT", 2);
}

static void guest_goes(void **state)
{
	struct harness *h = *state;

	SKIP_UNLESS_POSSIBLE;
	assert_true(path_exists(h, "guests/" OTHER));
	guest_delete(h, OTHER);
	await(h, OTHER, GUEST_GONE, desired.generation);
	assert_false(path_exists(h, "guests/" OTHER));
	assert_false(path_exists(h, "run/guests/" OTHER));
}

static void box_goes_down_and_comes_up(void **state)
{
	struct harness *h = *state;
	size_t count;

	SKIP_UNLESS_POSSIBLE;
	await(h, GUEST, GUEST_RUNNING, desire(h));
	count = count_of(console_text(h, GUEST, 0), "BOOT");
	await_console(h, GUEST, "BOOT", (unsigned)count);
	assert_int_equal(vmm_stop(h), 0);
	assert_int_equal(status_last(h, GUEST)->state, GUEST_RUNNING);
	vmm_start(h);
	guest_set(h, &desired);
	sync_send(h);
	await(h, GUEST, GUEST_RUNNING, desired.generation);
}

static void image_is_looked_into(void **state)
{
	struct harness *h = *state;
	char path[] = "/tmp/vmm-image-XXXXXX";
	CLEANUP_FD int fd = mkstemp(path);

	unlink(path);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(facts_of(h, fd, "raw")->virtual_size, 1 << 20);
	assert_int_equal(facts_of(h, fd, "vdi")->code, EINVAL);
	assert_string_equal(h->facts.reason, "Image content does not match disk_format");
	assert_int_equal(facts_of(h, -1, "raw")->code, EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest_boots),
		cmocka_unit_test(guest_is_confined),
		cmocka_unit_test(overhead_is_told),
		cmocka_unit_test(guest_resets_itself_and_goes_on),
		cmocka_unit_test(guest_shows_its_screen),
		cmocka_unit_test(guest_is_measured),
		cmocka_unit_test(guest_survives_vmm),
		cmocka_unit_test(guest_powers_itself_off),
		cmocka_unit_test(guest_stops_at_the_power_button),
		cmocka_unit_test(guest_pauses),
		cmocka_unit_test(disk_is_copied_live),
		cmocka_unit_test(hung_qemu_is_noticed),
		cmocka_unit_test(guest_reboots),
		cmocka_unit_test(interface_is_attached_live),
		cmocka_unit_test(interface_that_is_held_is_told),
		cmocka_unit_test(volume_is_attached_live),
		cmocka_unit_test(half_a_device_is_made_whole),
		cmocka_unit_test(devices_keep_their_slots),
		cmocka_unit_test(guest_that_does_not_listen_is_pulled),
		cmocka_unit_test(guest_crashes),
		cmocka_unit_test(guest_crashes_without_vmm),
		cmocka_unit_test(guest_larger_than_the_box_fails),
		cmocka_unit_test(guest_without_its_tap_fails),
		cmocka_unit_test(guest_has_what_is_asked_for),
		cmocka_unit_test(secure_boot_without_uefi_fails),
		cmocka_unit_test(image_that_is_none_fails),
		cmocka_unit_test(image_of_another_kind_is_converted),
		cmocka_unit_test(image_is_looked_into),
		cmocka_unit_test(guest_goes),
		cmocka_unit_test(box_goes_down_and_comes_up),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
