/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What leads from one rule set to another: only what differs, as text of the same language
 * ('change table', see nft_text.h), so that a change costs what it changes and not what there is.
 */
#ifndef CUMULET_NETD_NFT_CHANGE_H
#define CUMULET_NETD_NFT_CHANGE_H

#include "firmware/lib/buffer.h"

/* Both texts define tables and do nothing else. Appends the change, NUL-terminated; "": there is
 * none. -ENOTSUP: they differ in more than elements, rules, chains and sets, so that the tables are
 * to be replaced as a whole. -ENOMEM, -ENOBUFS. */
int nft_change(const char *before, const char *after, struct buffer *change);

#endif
