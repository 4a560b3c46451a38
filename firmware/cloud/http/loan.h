/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection on loan. While the bytes of an upload or of a file go through, the thread that has
 * them works the connection's transport itself: TLS is done beside the loop, which others wait for,
 * and nothing is handed over byte by byte.
 *
 *	NONE -> ASKED      by the worker, who waits
 *	ASKED -> LENT      by the loop, once all that is to be sent before is sent; from then on
 *	                   it leaves transport, 'in' and what stands of the body alone
 *	LENT -> RETURNED   by the worker, at the body's end, at an error, or with his job
 *	RETURNED -> NONE   by the loop, which goes on where the worker stopped
 *
 * The loop never waits for a worker. When it stops, it shuts the socket of a connection on loan,
 * so that the worker's next step fails; the connection is freed with the server (server_free).
 */
#ifndef CUMULET_HTTP_LOAN_H
#define CUMULET_HTTP_LOAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct connection;
struct exchange;

enum loan { LOAN_NONE, LOAN_ASKED, LOAN_LENT, LOAN_RETURNED };

/* The worker's side. 0 when the connection is lent, at once if it was already; -EPIPE: it has gone. */
int loan_take(struct exchange *exchange);
void loan_return(struct exchange *exchange); /* nothing happens when it is not lent */
/* With the loan. Of the body, until 'size' bytes are there or it ends; 0: it has ended. -ETIMEDOUT after
 * silence, -EPIPE, -EBADMSG, -EMSGSIZE; an error behind bytes is told with the next call. */
ssize_t loan_read(struct exchange *exchange, void *data, size_t size);
int loan_write(struct exchange *exchange, const void *data, size_t size); /* all of it */

/* The loop's side. */
bool loan_give(struct connection *connection);      /* true: it is lent now */
bool loan_take_back(struct connection *connection); /* false: it is lent still */

#endif
