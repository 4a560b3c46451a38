/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/websocket.h"

#include <errno.h>
#include <string.h>

#define FIN 0x80
#define RESERVED 0x70
#define OPCODE 0x0f
#define MASKED 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127
#define MASK_SIZE 4

/* Of all the head, as far as its first two bytes tell. */
static size_t head_size(const struct websocket *websocket)
{
	unsigned length;

	if (websocket->head_length < 2)
		return 2;
	length = websocket->head[1] & LENGTH;
	return 2 +
	       (length == LENGTH_16   ? 2
		: length == LENGTH_64 ? 8
				      : 0) +
	       (websocket->head[1] & MASKED ? MASK_SIZE : 0);
}

static uint64_t payload_size(const struct websocket *websocket)
{
	const unsigned char *head = websocket->head;
	unsigned length = head[1] & LENGTH;
	size_t bytes = length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;
	uint64_t size = 0;

	if (!bytes)
		return length;
	for (size_t i = 0; i < bytes; i++)
		size = size << 8 | head[2 + i];
	return size;
}

static bool is_control(unsigned opcode)
{
	return opcode & 8;
}

static bool is_known(unsigned opcode)
{
	return opcode <= WEBSOCKET_BINARY ||
	       (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
}

/* Sections 5.2, 5.4 and 5.5. */
static int head_check(const struct websocket *websocket, uint64_t size)
{
	unsigned char first = websocket->head[0];
	unsigned opcode = first & OPCODE;

	if (first & RESERVED || !is_known(opcode) || !(websocket->head[1] & MASKED) || size >> 63)
		return -EBADMSG;
	if (is_control(opcode))
		return first & FIN && size <= WEBSOCKET_CONTROL_MAX ? 0 : -EBADMSG;
	return (opcode == WEBSOCKET_CONTINUATION) == websocket->in_message ? 0 : -EBADMSG;
}

static int frame_begin(struct websocket *websocket)
{
	uint64_t size = payload_size(websocket);
	int result = head_check(websocket, size);

	if (result < 0)
		return result;
	websocket->left = size;
	websocket->mask_at = websocket->control_length = 0;
	websocket->in_frame = true;
	if (!is_control(websocket->head[0] & OPCODE))
		websocket->in_message = !(websocket->head[0] & FIN);
	return 0;
}

/* Returns the bytes that were used. */
static ssize_t head_take(struct websocket *websocket, const char *data, size_t size)
{
	size_t used = 0;

	while (used < size && websocket->head_length < head_size(websocket))
		websocket->head[websocket->head_length++] = (unsigned char)data[used++];
	if (websocket->head_length < head_size(websocket))
		return (ssize_t)used;
	return frame_begin(websocket) < 0 ? -EBADMSG : (ssize_t)used;
}

static void unmask(struct websocket *websocket, char *data, size_t size)
{
	const unsigned char *mask = websocket->head + websocket->head_length - MASK_SIZE;

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(data[i] ^ (char)mask[websocket->mask_at++ % MASK_SIZE]);
}

static void frame_end(struct websocket *websocket)
{
	websocket->in_frame = false;
	websocket->head_length = 0;
}

static void control_take(struct websocket *websocket, const char *data, size_t size,
			 struct websocket_piece *piece)
{
	memcpy(websocket->control + websocket->control_length, data, size);
	websocket->control_length += size;
	if (websocket->left)
		return;
	*piece = (struct websocket_piece){ .opcode = websocket->head[0] & OPCODE,
					   .data = (char *)websocket->control,
					   .size = websocket->control_length };
}

static size_t payload_take(struct websocket *websocket, char *data, size_t size,
			   struct websocket_piece *piece)
{
	if (size > websocket->left)
		size = (size_t)websocket->left;
	unmask(websocket, data, size);
	websocket->left -= size;
	if (is_control(websocket->head[0] & OPCODE))
		control_take(websocket, data, size, piece);
	else if (size)
		*piece = (struct websocket_piece){ WEBSOCKET_BINARY, data, size };
	if (!websocket->left)
		frame_end(websocket);
	return size;
}

ssize_t websocket_decode(struct websocket *websocket, char *data, size_t size,
			 struct websocket_piece *piece)
{
	ssize_t used = 0;

	*piece = (struct websocket_piece){ 0 };
	if (!websocket->in_frame)
		used = head_take(websocket, data, size);
	if (used < 0 || !websocket->in_frame)
		return used;
	return used + (ssize_t)payload_take(websocket, data + used, size - (size_t)used, piece);
}

size_t websocket_head(unsigned char head[WEBSOCKET_HEAD_MAX], enum websocket_opcode opcode,
		      uint64_t size)
{
	size_t bytes = size < LENGTH_16 ? 0 : size <= UINT16_MAX ? 2 : 8;

	head[0] = (unsigned char)(FIN | opcode);
	head[1] = (unsigned char)(bytes == 0 ? size : bytes == 2 ? LENGTH_16 : LENGTH_64);
	for (size_t i = 0; i < bytes; i++)
		head[2 + i] = (unsigned char)(size >> 8 * (bytes - 1 - i));
	return 2 + bytes;
}
