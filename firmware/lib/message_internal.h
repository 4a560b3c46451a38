/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What message.c shares with channel.c and the tests of the wire format. */
#ifndef CUMULET_LIB_MESSAGE_INTERNAL_H
#define CUMULET_LIB_MESSAGE_INTERNAL_H

#include "firmware/lib/message.h"

#define MESSAGE_HEADER_SIZE 16
#define ATTRIBUTE_HEADER_SIZE 8

void message_header_write(const struct message *message, uint8_t header[MESSAGE_HEADER_SIZE]);

#endif
