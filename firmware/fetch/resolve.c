/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names to addresses by the box's resolvers, in the order in which they are set. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "firmware/fetch/transfer.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define TRIES 2
#define PATIENCE_MS 3000

/* Packets until one answers the question: others may come by mistake, or as forgeries. */
static int answer_wait(const struct transfer *transfer, int fd, const uint8_t *question,
		       size_t question_size, struct dns_addresses *addresses)
{
	int64_t end = transfer_now() + PATIENCE_MS;
	uint8_t packet[DNS_PACKET_MAX];
	ssize_t size;
	int result;

	do {
		result = transfer_wait(transfer, fd, POLLIN, end - transfer_now());
		if (result < 0)
			return result;
		size = recv(fd, packet, sizeof(packet), 0);
		if (size < 0)
			return -errno;
		result = dns_answer(packet, (size_t)size, question, question_size, addresses);
	} while (result == -EBADMSG);
	return result;
}

/* A socket for each question, so that the kernel chooses a port at random (RFC 5452). */
static int ask_once(const struct transfer *transfer, const char *resolver, const char *name,
		    enum dns_type type, struct dns_addresses *addresses)
{
	uint8_t question[DNS_PACKET_MAX];
	union fetch_address server;
	CLEANUP_FD int fd = -1;
	ssize_t size;
	uint16_t id;

	if (!fetch_address_parse(resolver, transfer->dns_port, &server))
		return -EINVAL;
	random_bytes(&id, sizeof(id));
	size = dns_question(question, id, name, type);
	if (size < 0)
		return -ENOENT;
	fd = socket(server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, &server.any, fetch_address_size(&server)) < 0 ||
	    send(fd, question, (size_t)size, 0) < 0)
		return -errno;
	return answer_wait(transfer, fd, question, (size_t)size, addresses);
}

/* The first resolver that knows has the say, -ENOENT included. */
static int ask(const struct transfer *transfer, const char *name, enum dns_type type,
	       struct dns_addresses *addresses)
{
	const struct fetch_word *resolvers = transfer->begin->resolvers.items;
	int result = -EHOSTUNREACH;

	for (int try = 0; try < TRIES; try++)
		for (size_t i = 0; i < transfer->begin->resolvers.count; i++) {
			result = ask_once(transfer, resolvers[i].text, name, type, addresses);
			if (result == 0 || result == -ENOENT || result == -EPIPE)
				return result;
		}
	return result;
}

static int name_resolve(const struct transfer *transfer, const char *name,
			struct dns_addresses *addresses, struct error *error)
{
	int result = ask(transfer, name, DNS_A, addresses);

	if (result == 0 && addresses->count == 0)
		result = ask(transfer, name, DNS_AAAA, addresses);
	if (result == 0 && addresses->count == 0)
		result = -ENOENT;
	if (result == -ENOENT)
		return error_set(error, -EHOSTUNREACH, "the name %s is not known", name);
	if (result < 0)
		return error_set(error, result, "no resolver answers for %s", name);
	return 0;
}

static void forbidden_drop(struct dns_addresses *addresses)
{
	size_t kept = 0;

	for (size_t i = 0; i < addresses->count; i++)
		if (!fetch_address_is_near(&addresses->list[i]) &&
		    !fetch_address_is_own(&addresses->list[i]))
			addresses->list[kept++] = addresses->list[i];
	addresses->count = kept;
}

int transfer_resolve(const struct transfer *transfer, const struct url *url,
		     struct dns_addresses *addresses, struct error *error)
{
	int result = 0;

	*addresses = (struct dns_addresses){ 0 };
	if (fetch_address_parse(url->host, url->port, &addresses->list[0]))
		addresses->count = 1;
	else
		result = name_resolve(transfer, url->host, addresses, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < addresses->count; i++)
		addresses->list[i].ipv4.sin_port =
			htons((uint16_t)url->port); /* IPv6: the same place */
	if (!rules_name_host(&transfer->begin->rules, url->host))
		forbidden_drop(addresses);
	if (addresses->count > 0)
		return 0;
	return error_set(error, -EACCES, "%s is an address of the box itself or of its own link",
			 url->host);
}
