/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One binary, many roles: 'cumulet <role> ...', or by the name it was started with. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} entries[] = {
	{ "init", init_main },   { "cloud", cloud_main }, { "vmm", vmm_main },
	{ "netd", netd_main },   { "svc", svc_main },     { "console", console_main },
	{ "fetch", fetch_main },
};

static int entry_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(entries); i++)
		if (strcmp(entries[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Of the linker (firmware/sections.ld), where the program is laid out by it. */
extern char cloud_tables_begin[] __attribute__((weak)), cloud_tables_end[] __attribute__((weak));

/* Tables of the control plane, which the start relocated in every process: they go back to what the file
 * holds. No other role looks at them; one that did would crash at once. */
static void cloud_tables_forget(void)
{
	if (cloud_tables_begin != NULL)
		madvise(cloud_tables_begin, (size_t)(cloud_tables_end - cloud_tables_begin),
			MADV_DONTNEED);
}

static int usage(void)
{
	fprintf(stderr, "usage: cumulet ROLE [ARGUMENT...]\nroles:");
	for (size_t i = 0; i < ARRAY_LENGTH(entries); i++)
		fprintf(stderr, " %s", entries[i].name);
	fprintf(stderr, "\n");
	return EX_USAGE;
}

/* The kernel starts PID 1 without arguments of ours: /sbin/init is a link to this binary. */
int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	int entry = argc > 0 ? entry_find(slash != NULL ? slash + 1 : argv[0]) : -1;

	if (entry < 0 && argc > 1) {
		entry = entry_find(argv[1]);
		argc--;
		argv++;
	}
	if (entry < 0)
		return usage();
	if (entries[entry].main != cloud_main)
		cloud_tables_forget();
	log_open(entries[entry].name);
	/* It was started by way of /proc/self/exe: ps(1) would call all of them 'exe'. */
	prctl(PR_SET_NAME, entries[entry].name);
	return entries[entry].main(argc, argv);
}
