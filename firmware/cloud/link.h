/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link to another process that survives that process: messages go to whichever instance is
 * there now. Reconcilers register for messages and for 'up', upon which they send all of the
 * desired state anew.
 */
#ifndef CUMULET_CLOUD_LINK_H
#define CUMULET_CLOUD_LINK_H

#include "firmware/cloud/cloud.h"

struct link;

struct link_observer {
	/* A fresh instance of the peer is there: send it everything. Loop's thread. */
	void (*on_up)(struct link *link, void *context);
	void (*on_down)(struct link *link, void *context);
	/* A message that is not the reply to a call; every observer sees it. Returns true when it
	 * was of use: what is of use to nobody is noted in the log. */
	bool (*on_message)(struct link *link, struct message *message, void *context);
	void *context;
	struct link_observer *next;
};

void link_observe(struct link *link, struct link_observer *observer);
bool link_is_up(struct link *link);
/* From the loop's thread. */
int64_t link_send(struct link *link, uint16_t type, const struct field *fields, const void *value,
		  int fd);
int64_t link_reply(struct link *link, const struct message *to, uint16_t type,
		   const struct field *fields, const void *value, int fd);

/*
 * From a worker: sends and waits for the reply whose reply_to is this message's serial.
 * -ENOTCONN: the peer is not there; -ETIMEDOUT. The reply's body is copied into the arena; its
 * descriptor (or -1) goes to *reply_fd when that is not NULL, otherwise it is closed.
 */
int link_call(struct link *link, struct arena *arena, uint16_t type, const struct field *fields,
	      const void *value, int fd, unsigned timeout_ms, struct message *reply, int *reply_fd,
	      struct error *error);

/* The same in two steps, for who has something to do in between: link_answer() frees the call,
 * whether or not there was an answer in time. */
struct call;
int link_ask(struct link *link, uint16_t type, const struct field *fields, const void *value,
	     int fd, struct call **call, struct error *error);
int link_answer(struct call *call, unsigned timeout_ms, struct arena *arena, struct message *reply,
		struct error *error);

/* --- for main.c alone */
struct link *link_new(struct loop *loop, enum role peer);
void link_attach(struct link *link,
		 int fd);          /* takes the descriptor; a former instance is dropped */
void link_free(struct link *link); /* NULL is fine */

#endif
