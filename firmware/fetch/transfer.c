/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET with HTTP/1.1 (RFC 9110, RFC 9112): redirections are followed as far as the rules let them. */
#include "firmware/fetch/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/chunked.h"
#include "firmware/fetch/reply.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define INTERIM_MAX 8 /* replies 1xx before the one that counts */

struct exchange {
	struct transfer *transfer;
	struct peer peer;
	struct url url;
	struct reply_head head;
	char *data;        /* TRANSFER_CHUNK: the head, then pieces of the body */
	size_t have, used; /* of the data */
};

/* --- the question */

static int question_send(struct exchange *exchange, struct error *error)
{
	char authority[sizeof(exchange->url.host) + 16], text[FETCH_URL_MAX + 512];

	url_authority(&exchange->url, authority, sizeof(authority));
	snprintf(text, sizeof(text),
		 "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: cumulet\r\nAccept: */*\r\n"
		 "Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
		 exchange->url.target, authority);
	return peer_write(&exchange->peer, exchange->transfer, text, strlen(text), error);
}

/* --- the head of the reply */

static int malformed(struct error *error)
{
	return error_set(error, -EBADMSG, "the server's reply is no HTTP");
}

/* The next head stands at data + used and is 'size' bytes long. */
static int head_receive(struct exchange *exchange, size_t *size, struct error *error)
{
	ssize_t got;

	for (;;) {
		char *at = exchange->data + exchange->used;

		*size = reply_head_length(at, exchange->have - exchange->used);
		if (*size > 0)
			return 0;
		if (exchange->have - exchange->used >= REPLY_HEAD_MAX ||
		    exchange->have == TRANSFER_CHUNK)
			return malformed(error);
		got = peer_read(&exchange->peer, exchange->transfer,
				exchange->data + exchange->have, TRANSFER_CHUNK - exchange->have,
				error);
		if (got < 0)
			return (int)got;
		if (got == 0)
			return error_set(error, -EPROTO, "the server hung up without a reply");
		exchange->have += (size_t)got;
	}
}

static int reply_receive(struct exchange *exchange, struct error *error)
{
	size_t size = 0;

	for (int i = 0; i < INTERIM_MAX; i++) {
		int result = head_receive(exchange, &size, error);

		if (result < 0)
			return result;
		if (reply_head_parse(&exchange->head, exchange->data + exchange->used, size) < 0)
			return malformed(error);
		exchange->used += size;
		if (exchange->head.status >= 200)
			return 0;
	}
	return malformed(error);
}

/* --- the body */

static int too_large(struct error *error)
{
	return error_set(error, -EFBIG, "the file is larger than it may be");
}

static int bytes_take(struct exchange *exchange, const char *data, size_t size, struct error *error)
{
	if (size > exchange->transfer->begin->size_most - exchange->transfer->size)
		return too_large(error);
	return transfer_write(exchange->transfer, data, size, error);
}

/* More of the body at data + used; 0: the connection's end. */
static ssize_t body_read(struct exchange *exchange, struct error *error)
{
	ssize_t got;

	if (exchange->used < exchange->have)
		return (ssize_t)(exchange->have - exchange->used);
	got = peer_read(&exchange->peer, exchange->transfer, exchange->data, TRANSFER_CHUNK, error);
	exchange->used = 0;
	exchange->have = got > 0 ? (size_t)got : 0;
	return got;
}

static int cut_off(struct error *error)
{
	return error_set(error, -EPROTO, "the server hung up in the middle of the file");
}

static int body_by_length(struct exchange *exchange, struct error *error)
{
	uint64_t left = exchange->head.length;

	if (left > exchange->transfer->begin->size_most)
		return too_large(error);
	while (left > 0) {
		ssize_t got = body_read(exchange, error);
		size_t size = (size_t)got < left ? (size_t)got : (size_t)left;
		int result;

		if (got <= 0)
			return got < 0 ? (int)got : cut_off(error);
		result = bytes_take(exchange, exchange->data + exchange->used, size, error);
		if (result < 0)
			return result;
		exchange->used += size;
		left -= size;
	}
	return 0;
}

static int chunk_take(struct exchange *exchange, struct chunked *chunked, struct error *error)
{
	const char *data = NULL;
	size_t size = 0;
	ssize_t used = chunked_decode(chunked, exchange->data + exchange->used,
				      exchange->have - exchange->used, &data, &size);

	if (used < 0)
		return malformed(error);
	exchange->used += (size_t)used;
	return size ? bytes_take(exchange, data, size, error) : 0;
}

static int body_by_chunks(struct exchange *exchange, struct error *error)
{
	struct chunked chunked = { 0 };

	while (!chunked_done(&chunked)) {
		ssize_t got = body_read(exchange, error);
		int result;

		if (got <= 0)
			return got < 0 ? (int)got : cut_off(error);
		result = chunk_take(exchange, &chunked, error);
		if (result < 0)
			return result;
	}
	return 0;
}

static int body_to_end(struct exchange *exchange, struct error *error)
{
	ssize_t got;

	while ((got = body_read(exchange, error)) > 0) {
		int result =
			bytes_take(exchange, exchange->data + exchange->used, (size_t)got, error);

		if (result < 0)
			return result;
		exchange->used = exchange->have;
	}
	return (int)got;
}

static int body_receive(struct exchange *exchange, struct error *error)
{
	if (exchange->head.chunked)
		return body_by_chunks(exchange, error);
	if (exchange->head.has_length)
		return body_by_length(exchange, error);
	return body_to_end(exchange, error);
}

/* --- one after the other */

static bool is_redirection(const struct reply_head *head)
{
	return head->location &&
	       (head->status == 301 || head->status == 302 || head->status == 303 ||
		head->status == 307 || head->status == 308);
}

/* The server's words are a stranger's: what is not plain text is left out. */
static int status_refused(const struct reply_head *head, struct error *error)
{
	char words[64];
	size_t length = 0;

	for (const char *c = head->reason; *c && length < sizeof(words) - 1; c++)
		if (*c >= ' ' && *c <= '~')
			words[length++] = *c;
	words[length] = '\0';
	return error_set(error, -EPROTO, "HTTP Error %u: %s", head->status, words);
}

/* 1: go on with the new URL. */
static int reply_take(struct exchange *exchange, struct error *error)
{
	const struct url from = exchange->url;

	if (exchange->head.status == 200)
		return body_receive(exchange, error);
	if (!is_redirection(&exchange->head))
		return status_refused(&exchange->head, error);
	if (url_join(&from, exchange->head.location, &exchange->url) < 0)
		return error_set(error, -EINVAL, "the server redirects to what is no URL");
	if (!rules_allow(&exchange->transfer->begin->rules, &exchange->url))
		return error_set(error, -EACCES, "Redirect to disallowed URL: %s://%s:%u",
				 exchange->url.scheme, exchange->url.host, exchange->url.port);
	return 1;
}

static int exchange_run(struct exchange *exchange, struct error *error)
{
	int result = peer_open(&exchange->peer, exchange->transfer, &exchange->url, error);

	exchange->have = exchange->used = 0;
	if (result == 0)
		result = question_send(exchange, error);
	if (result == 0)
		result = reply_receive(exchange, error);
	if (result == 0)
		result = reply_take(exchange, error);
	peer_close(&exchange->peer);
	return result;
}

int transfer_run(struct transfer *transfer, struct error *error)
{
	CLEANUP_FREE char *data = malloc(TRANSFER_CHUNK);
	struct exchange exchange = { .transfer = transfer, .data = data };
	uint32_t redirects = 0;
	int result;

	if (!data)
		return error_set(error, -ENOMEM, "out of memory");
	if (url_parse(transfer->begin->url, &exchange.url) < 0 ||
	    !rules_allow(&transfer->begin->rules, &exchange.url))
		return error_set(error, -EACCES, "the URL does not pass filtering");
	while ((result = exchange_run(&exchange, error)) > 0)
		if (redirects++ == transfer->begin->redirects_most)
			return error_set(error, -ELOOP, "too many redirections");
	if (result == -ETIMEDOUT && transfer_now() >= transfer->end_ms)
		error_set(error, result, "the transfer took too long");
	return result;
}
