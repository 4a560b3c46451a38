/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that hears cloud's wishes and gives each transfer a process of its own, so that what a
 * server does to one of them is done to nobody else. States of a job:
 *
 *	free     FETCH_BEGIN                      running  a child is started
 *	running  the child has said how it ended  free     FETCH_END
 *	running  the child is gone without a word free     FETCH_END: EIO
 *	running  it is long overdue               running  the child is killed
 *	running  cloud has gone                   free     the child is killed
 */
#ifndef CUMULET_FETCH_FETCH_H
#define CUMULET_FETCH_FETCH_H

#include "firmware/fetch/message.h"
#include "firmware/lib/loop.h"

#define FETCH_JOBS_MAX 8

struct fetch;

struct fetch_job {
	struct fetch *fetch;
	pid_t pid; /* 0: free */
	uint32_t reply_to;
	int answer_fd; /* the child's word, a struct fetch_end and no more */
	struct loop_fd handle;
	struct loop_timer overdue;
	struct fetch_end answer;
	size_t have; /* bytes of it */
};

struct fetch {
	struct loop *loop;
	struct channel cloud; /* fd -1: not there */
	int authorities_fd;   /* certificates of the image; -1: none */
	uint16_t dns_port;
	struct fetch_job jobs[FETCH_JOBS_MAX];
};

void fetch_init(struct fetch *fetch, struct loop *loop);
/* Takes the descriptor; jobs of a former link end. */
void fetch_cloud_attach(struct fetch *fetch, int fd);
void fetch_free(struct fetch *fetch);

/* child.c: the pid of a child that runs the transfer, which has the descriptors as its own then. */
pid_t fetch_child_start(const struct fetch *fetch, const struct fetch_begin *begin, int output,
			int answer);

/* sandbox.c: what is left to the process, and to its children. */
int fetch_sandbox(struct error *error);
int fetch_child_sandbox(void);

#endif
