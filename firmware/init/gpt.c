/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/gpt.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define SIGNATURE "EFI PART"
#define ENTRIES_MOST 256 /* 128 is what everybody makes */
#define ENTRIES_LEAST_SIZE 16384
#define NAME_LENGTH 36
#define ALIGN_BYTES (UINT64_C(1) << 20)
#define SECTOR_MOST 4096

struct gpt_header {
	char signature[8];
	uint32_t revision, header_size, header_crc, reserved;
	uint64_t my_lba, alternate_lba, first_usable, last_usable;
	uint8_t disk_guid[16];
	uint64_t entries_lba;
	uint32_t entry_count, entry_size, entries_crc;
} __attribute__((packed));

struct gpt_entry {
	uint8_t type[16], guid[16];
	uint64_t first, last, attributes;
	uint16_t name[NAME_LENGTH];
} __attribute__((packed));

_Static_assert(sizeof(struct gpt_header) == 92, "as the specification says");
_Static_assert(sizeof(struct gpt_entry) == 128, "as the specification says");

/* Linux filesystem data: 0fc63daf-8483-4772-8e79-3d69d8477de4, mixed-endian. */
static const uint8_t type_linux[16] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
					0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };

struct gpt_disk {
	int fd;
	uint64_t sectors;
	unsigned sector_size;
	struct gpt_header header; /* little-endian, as on the disk */
	struct gpt_entry entries[ENTRIES_MOST];
};

/* CRC-32 of IEEE 802.3, reflected, without a table: it runs over 16 KiB once a boot. */
uint32_t gpt_crc32(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint32_t crc = ~0u;

	while (size-- > 0) {
		crc ^= *byte++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* ---- reading ---- */

static int read_at(const struct gpt_disk *disk, uint64_t lba, void *data, size_t size,
		   struct error *error)
{
	ssize_t count = pread(disk->fd, data, size, (off_t)(lba * disk->sector_size));

	if (count < 0)
		return error_errno(error, "read the partition table");
	if ((size_t)count != size)
		return error_set(error, -EIO, "read the partition table: the disk is too short");
	return 0;
}

static bool header_is_valid(const struct gpt_header *header, uint64_t lba)
{
	struct gpt_header copy = *header;

	copy.header_crc = 0;
	return memcmp(header->signature, SIGNATURE, sizeof(header->signature)) == 0 &&
	       le32toh(header->header_size) == sizeof(*header) &&
	       le32toh(header->header_crc) == gpt_crc32(&copy, sizeof(copy)) &&
	       le64toh(header->my_lba) == lba;
}

static unsigned entry_count(const struct gpt_disk *disk)
{
	return le32toh(disk->header.entry_count);
}

/* What the entries take, or would if there were as many as the specification reserves room for
 * (UEFI 2.10, 5.3.1). */
static uint64_t entries_sectors(const struct gpt_disk *disk)
{
	size_t size = entry_count(disk) * sizeof(struct gpt_entry);

	if (size < ENTRIES_LEAST_SIZE)
		size = ENTRIES_LEAST_SIZE;
	return (size + disk->sector_size - 1) / disk->sector_size;
}

/* The last sector before the backup table, when that stands at the disk's very end. */
static uint64_t usable_end(const struct gpt_disk *disk)
{
	return disk->sectors - 2 - entries_sectors(disk);
}

/* Where the entries lie and how many there are, within what the disk has. The primary's are
 * written back to sector 2, which must have the room. */
static bool geometry_is_valid(const struct gpt_disk *disk)
{
	const struct gpt_header *header = &disk->header;
	uint64_t entries = le64toh(header->entries_lba);
	uint64_t first = le64toh(header->first_usable);
	uint32_t count = entry_count(disk);

	return le32toh(header->entry_size) == sizeof(struct gpt_entry) && count > 0 &&
	       count <= ENTRIES_MOST && entries > 1 && entries < disk->sectors &&
	       first >= 2 + entries_sectors(disk) && first <= usable_end(disk);
}

static bool entry_is_used(const struct gpt_entry *entry)
{
	static const uint8_t none[16];

	return memcmp(entry->type, none, sizeof(none)) != 0;
}

/* A partition that reached into the table would be overwritten by it, and the other way round. */
static bool entries_are_valid(const struct gpt_disk *disk)
{
	for (unsigned i = 0; i < entry_count(disk); i++) {
		const struct gpt_entry *entry = &disk->entries[i];

		if (entry_is_used(entry) &&
		    (le64toh(entry->first) > le64toh(entry->last) ||
		     le64toh(entry->first) < le64toh(disk->header.first_usable) ||
		     le64toh(entry->last) > usable_end(disk)))
			return false;
	}
	return true;
}

static int table_read(struct gpt_disk *disk, uint64_t lba, struct error *error)
{
	size_t size;
	int result = read_at(disk, lba, &disk->header, sizeof(disk->header), error);

	if (result < 0)
		return result;
	if (!header_is_valid(&disk->header, lba) || !geometry_is_valid(disk))
		return error_set(error, -EBADMSG, "no valid partition table");
	size = le32toh(disk->header.entry_count) * sizeof(struct gpt_entry);
	result = read_at(disk, le64toh(disk->header.entries_lba), disk->entries, size, error);
	if (result == 0 && gpt_crc32(disk->entries, size) != le32toh(disk->header.entries_crc))
		return error_set(error, -EBADMSG, "the partition table is damaged");
	if (result == 0 && !entries_are_valid(disk))
		return error_set(error, -EBADMSG, "a partition lies outside of its disk");
	return result;
}

/* ---- entries ---- */

static bool entry_has_name(const struct gpt_entry *entry, const char *name)
{
	for (size_t i = 0; i < NAME_LENGTH; i++) {
		if (le16toh(entry->name[i]) != (unsigned char)name[i])
			return false;
		if (name[i] == '\0')
			return true;
	}
	return false;
}

static void entry_set_name(struct gpt_entry *entry, const char *name)
{
	for (size_t i = 0; i < NAME_LENGTH && name[i] != '\0'; i++)
		entry->name[i] = htole16((unsigned char)name[i]);
}

/* The one that ends last, or NULL. */
static struct gpt_entry *entry_last(struct gpt_disk *disk)
{
	struct gpt_entry *last = NULL;

	for (unsigned i = 0; i < entry_count(disk); i++) {
		struct gpt_entry *entry = &disk->entries[i];

		if (entry_is_used(entry) &&
		    (last == NULL || le64toh(entry->last) > le64toh(last->last)))
			last = entry;
	}
	return last;
}

static struct gpt_entry *entry_named(struct gpt_disk *disk, const char *name)
{
	for (unsigned i = 0; i < entry_count(disk); i++)
		if (entry_is_used(&disk->entries[i]) && entry_has_name(&disk->entries[i], name))
			return &disk->entries[i];
	return NULL;
}

static struct gpt_entry *entry_unused(struct gpt_disk *disk)
{
	for (unsigned i = 0; i < entry_count(disk); i++)
		if (!entry_is_used(&disk->entries[i]))
			return &disk->entries[i];
	return NULL;
}

/* ---- where things go ---- */

static uint64_t align_sectors(const struct gpt_disk *disk)
{
	return ALIGN_BYTES / disk->sector_size;
}

/* The last sector of a partition that ends as late as an aligned one can. */
static uint64_t aligned_end(const struct gpt_disk *disk)
{
	return (usable_end(disk) + 1) / align_sectors(disk) * align_sectors(disk) - 1;
}

static int partition_create(struct gpt_disk *disk, const char *name, uint64_t behind,
			    struct gpt_entry **created, struct error *error)
{
	uint64_t align = align_sectors(disk), first = (behind + align) / align * align;
	struct gpt_entry *entry = entry_unused(disk);

	if (entry == NULL || first + GPT_LEAST / disk->sector_size > aligned_end(disk) + 1)
		return error_set(error, -ENOSPC, "no room for the partition '%s'", name);
	*entry = (struct gpt_entry){ .first = htole64(first), .last = htole64(aligned_end(disk)) };
	memcpy(entry->type, type_linux, sizeof(type_linux));
	random_bytes(entry->guid, sizeof(entry->guid));
	entry->guid[7] = (entry->guid[7] & 0x0f) | 0x40; /* version 4, in the mixed order */
	entry->guid[8] = (entry->guid[8] & 0x3f) | 0x80;
	entry_set_name(entry, name);
	*created = entry;
	return 0;
}

static int partition_extend(struct gpt_disk *disk, const char *name,
			    struct gpt_partition *partition, struct error *error)
{
	struct gpt_entry *last = entry_last(disk), *entry = entry_named(disk, name);
	uint64_t end = aligned_end(disk);

	if (entry != NULL && entry != last)
		return error_set(error, -EEXIST, "the partition '%s' is not the last one", name);
	if (entry == NULL) {
		uint64_t behind =
			last != NULL ? le64toh(last->last) : le64toh(disk->header.first_usable) - 1;
		int result = partition_create(disk, name, behind, &entry, error);

		if (result < 0)
			return result;
		partition->created = true;
	} else if (le64toh(entry->last) < end) {
		entry->last = htole64(end);
		partition->grown = true;
	}
	partition->number = (unsigned)(entry - disk->entries) + 1;
	partition->first = le64toh(entry->first);
	partition->last = le64toh(entry->last);
	return 0;
}

/* ---- writing ---- */

static int write_at(const struct gpt_disk *disk, uint64_t lba, const void *data, size_t size,
		    struct error *error)
{
	ssize_t count = pwrite(disk->fd, data, size, (off_t)(lba * disk->sector_size));

	if (count == (ssize_t)size)
		return 0;
	if (count >= 0)
		errno = EIO;
	return error_errno(error, "write the partition table");
}

static int header_write(const struct gpt_disk *disk, uint64_t lba, uint64_t alternate,
			uint64_t entries_lba, struct error *error)
{
	union {
		struct gpt_header header;
		uint8_t sector[SECTOR_MOST];
	} block = { .sector = { 0 } };
	size_t size = entry_count(disk) * sizeof(struct gpt_entry);

	block.header = disk->header;
	block.header.my_lba = htole64(lba);
	block.header.alternate_lba = htole64(alternate);
	block.header.entries_lba = htole64(entries_lba);
	block.header.last_usable = htole64(usable_end(disk));
	block.header.entries_crc = htole32(gpt_crc32(disk->entries, size));
	block.header.header_crc = 0;
	block.header.header_crc = htole32(gpt_crc32(&block.header, sizeof(block.header)));
	return write_at(disk, lba, block.sector, disk->sector_size, error);
}

/* One copy of the table: entries first, and on the disk before the header that vouches for
 * them. */
static int table_write(const struct gpt_disk *disk, uint64_t lba, uint64_t alternate,
		       uint64_t entries_lba, struct error *error)
{
	size_t size = entry_count(disk) * sizeof(struct gpt_entry);
	int result = write_at(disk, entries_lba, disk->entries, size, error);

	if (result == 0 && fsync(disk->fd) < 0)
		result = error_errno(error, "write the partition table");
	if (result == 0)
		result = header_write(disk, lba, alternate, entries_lba, error);
	if (result == 0 && fsync(disk->fd) < 0)
		result = error_errno(error, "write the partition table");
	return result;
}

/* The protective MBR's one partition covers the whole disk, as far as 32 bits can say. */
static int mbr_write(const struct gpt_disk *disk, struct error *error)
{
	uint64_t sectors = disk->sectors - 1;
	uint32_t size = htole32(sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors);
	uint8_t mbr[512];
	int result = read_at(disk, 0, mbr, sizeof(mbr), error);

	if (result < 0 || mbr[510] != 0x55 || mbr[511] != 0xaa || mbr[446 + 4] != 0xee ||
	    memcmp(mbr + 446 + 12, &size, sizeof(size)) == 0)
		return result;
	memcpy(mbr + 446 + 12, &size, sizeof(size));
	return write_at(disk, 0, mbr, sizeof(mbr), error);
}

/* What lay there before must not be taken for the new partition's content. */
static int partition_wipe(const struct gpt_disk *disk, const struct gpt_partition *partition,
			  struct error *error)
{
	static const uint8_t zeros[GPT_WIPE_BYTES];
	int result = write_at(disk, partition->first, zeros, sizeof(zeros), error);

	if (result == 0 && fsync(disk->fd) < 0)
		result = error_errno(error, "write to the new partition");
	return result;
}

static int disk_write(const struct gpt_disk *disk, struct error *error)
{
	uint64_t last = disk->sectors - 1;
	int result = table_write(disk, last, 1, usable_end(disk) + 1, error);

	if (result == 0)
		result = table_write(disk, 1, last, 2, error);
	if (result == 0)
		result = mbr_write(disk, error);
	if (result == 0 && fsync(disk->fd) < 0)
		result = error_errno(error, "write the partition table");
	return result;
}

/* ---- */

int gpt_extend(int fd, uint64_t sectors, unsigned sector_size, const char *name,
	       struct gpt_partition *partition, struct error *error)
{
	static struct gpt_disk disk; /* 32 KiB: not for the stack of a role */
	int result;
	bool primary;

	disk = (struct gpt_disk){ .fd = fd, .sectors = sectors, .sector_size = sector_size };
	*partition = (struct gpt_partition){ 0 };
	if ((sector_size != 512 && sector_size != SECTOR_MOST) || sectors < 2048)
		return error_set(error, -EINVAL, "not a disk with a partition table");
	result = table_read(&disk, 1, error);
	primary = result == 0;
	/* The backup at the very end: that is where a write that was cut off has put it. */
	if (result == -EBADMSG)
		result = table_read(&disk, sectors - 1, error);
	if (result == 0)
		result = partition_extend(&disk, name, partition, error);
	if (result < 0)
		return result;
	if (primary && !partition->created && !partition->grown)
		return 0;
	if (partition->created)
		result = partition_wipe(&disk, partition, error);
	return result < 0 ? result : disk_write(&disk, error);
}
