/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The box's own certificate authority and the certificate of its API.
 *
 * Made at first boot, when the clock may be wrong by decades and nobody is there to set it: both
 * are valid from 2020 to the end of 2049, whatever the box believes the date is. The authority
 * and the server's key stay for good, so that a client that trusts them once always does; the
 * server's certificate is issued anew when the box is reached under a name that it does not have.
 *
 *	ca.pem ca.key server.pem (with ca.pem behind it) server.key    keys: mode 0600
 */
#ifndef CUMULET_HTTP_CERTIFICATE_H
#define CUMULET_HTTP_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/lib/error.h"

#define CERTIFICATE_NAMES_MAX 24
#define CERTIFICATE_FINGERPRINT_SIZE 96 /* "AB:CD:...": 32 bytes of SHA-256, and NUL */

struct certificate_names {
	const char *names[CERTIFICATE_NAMES_MAX]; /* host names and addresses as text */
	size_t count;
};

/* Adds a name that is not there yet; more than fit are dropped. The string is not copied. */
void certificate_name_add(struct certificate_names *names, const char *name);

/* Makes what is missing in the directory (which exists); '*changed' when server.pem is new. One that is
 * there stays, with a warning, when a new one can't be written. */
int certificate_ensure(const char *directory, const struct certificate_names *names, bool *changed,
		       struct error *error);

/* SHA-256 of the first certificate in the file. */
int certificate_fingerprint(const char *directory, const char *file,
			    char fingerprint[static CERTIFICATE_FINGERPRINT_SIZE],
			    struct error *error);

#endif
