/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The role. Started by netd, not by init: descriptor 3 is the channel to netd, descriptor 4 the
 * network's tap. There is nothing else that it could lose, and when netd goes it goes.
 */
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"
#include "netstack/svc/svc.h"

#define FD_TAP (ROLE_CONTROL_FD + 1)
#define EMPTY_ROOT PATH_RUN "/empty" /* made by netd, root's own, nothing in it */

/* What tenants send is parsed here: no capability, no file, no system call but those few. */
static int confine(struct error *error)
{
	struct stat status;
	const char *root = stat(EMPTY_ROOT, &status) == 0 ? EMPTY_ROOT : NULL;
	int result = role_confine(root, UID_SVC, UID_SVC, 0, error);

	return result < 0 ? result : svc_sandbox(error);
}

/* A page of the program that only the start needed is not this process's any more: what it goes on
 * with comes back from the page cache, which all roles share. */
static int segment_forget(struct dl_phdr_info *program, size_t size, void *context)
{
	long page = sysconf(_SC_PAGESIZE);

	(void)size;
	(void)context;
	for (size_t i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
		uintptr_t begin = (program->dlpi_addr + segment->p_vaddr) & -(uintptr_t)page;
		uintptr_t end = program->dlpi_addr + segment->p_vaddr + segment->p_memsz;

		/* What was ever written to (relocated data) would be lost. */
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
	return 1; /* the program itself comes first, and is all there is */
}

int svc_main(int argc, char **argv)
{
	static struct svc svc;
	struct error error = { 0 };
	struct loop *loop;
	int result = loop_new(&loop);

	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	fcntl(FD_TAP, F_SETFL, O_NONBLOCK);
	if (result == 0)
		result = confine(&error);
	if (result == 0)
		result = svc_init(&svc, loop);
	if (result == 0)
		result = svc_netd_attach(&svc, ROLE_CONTROL_FD);
	if (result < 0) {
		log_error("svc", "not started", "reason=%s errno=%d", log_quote(error.message),
			  -result);
		return 1;
	}
	svc_tap_set(&svc, FD_TAP);
	dl_iterate_phdr(segment_forget, NULL);
	result = loop_run(loop);
	svc_free(&svc);
	loop_free(loop);
	return result;
}
