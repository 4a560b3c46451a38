/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/dhcp6.h"

#include <errno.h>
#include <string.h>

enum {
	OPTION_CLIENT = 1,
	OPTION_SERVER = 2,
	OPTION_ASSOCIATION = 3, /* IA_NA */
	OPTION_ADDRESS = 5,
	OPTION_PREFERENCE = 7,
	OPTION_STATUS = 13,
	OPTION_RAPID = 14,
	OPTION_DNS = 23,
	OPTION_DOMAINS = 24,
	OPTION_REFRESH = 32, /* RFC 8415, 21.23 */
};

enum { STATUS_SUCCESS = 0, STATUS_NONE_AVAILABLE = 2, STATUS_NOT_ON_LINK = 4 };

#define HEADER_SIZE 4
#define ASSOCIATION_SIZE 12 /* without its options */
#define ADDRESS_OPTION_SIZE 24
#define SERVER_ID_SIZE 10
#define PREFERENCE_MOST 255 /* a client need not wait for other servers */

static unsigned read16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

/* --- in --- */

/* The next option at *at; false at the end, with *at behind it when all was sound. */
static bool option_next(const uint8_t *data, size_t size, size_t *at, unsigned *code,
			const uint8_t **value, size_t *length)
{
	if (*at + 4 > size)
		return false;
	*code = read16(data + *at);
	*length = read16(data + *at + 2);
	if (*length > size - *at - 4)
		return false;
	*value = data + *at + 4;
	*at += 4 + *length;
	return true;
}

static int association_take(struct dhcp6_message *message, const uint8_t *data, size_t size)
{
	struct dhcp6_association *association;
	size_t at = ASSOCIATION_SIZE, length;
	const uint8_t *value;
	unsigned code;

	if (size < ASSOCIATION_SIZE)
		return -EBADMSG;
	if (message->association_count == DHCP6_ASSOCIATIONS)
		return 0;
	association = &message->associations[message->association_count++];
	memcpy(association->id, data, sizeof(association->id));
	while (option_next(data, size, &at, &code, &value, &length))
		if (code == OPTION_ADDRESS && length >= ADDRESS_OPTION_SIZE &&
		    association->asked_count < DHCP6_ASKED)
			memcpy(association->asked[association->asked_count++], value, 16);
	return at == size ? 0 : -EBADMSG;
}

static int identifier_take(const uint8_t **place, size_t *place_size, const uint8_t *value,
			   size_t size)
{
	if (*place != NULL || size < 3 || size > DHCP6_DUID_MAX)
		return -EBADMSG;
	*place = value;
	*place_size = size;
	return 0;
}

static int option_take(struct dhcp6_message *message, unsigned code, const uint8_t *value,
		       size_t size)
{
	switch (code) {
	case OPTION_CLIENT:
		return identifier_take(&message->client, &message->client_size, value, size);
	case OPTION_SERVER:
		return identifier_take(&message->server, &message->server_size, value, size);
	case OPTION_ASSOCIATION:
		return association_take(message, value, size);
	case OPTION_RAPID:
		message->rapid = true;
		return 0;
	default:
		return 0;
	}
}

int dhcp6_parse(const uint8_t *data, size_t size, struct dhcp6_message *message)
{
	size_t at = HEADER_SIZE, length;
	const uint8_t *value;
	unsigned code;

	memset(message, 0, sizeof(*message));
	if (size < HEADER_SIZE || data[0] == DHCP6_NONE || data[0] > DHCP6_INFORMATION)
		return -EBADMSG;
	message->type = data[0];
	memcpy(message->transaction, data + 1, sizeof(message->transaction));
	while (option_next(data, size, &at, &code, &value, &length))
		if (option_take(message, code, value, length) < 0)
			return -EBADMSG;
	return at == size ? 0 : -EBADMSG;
}

/* --- deciding --- */

/* DUID-LL (RFC 8415, 11.4), Ethernet. */
static void server_id(const struct dhcp6_binding *binding, uint8_t id[static SERVER_ID_SIZE])
{
	static const uint8_t kind[4] = { 0, 3, 0, 1 };

	memcpy(id, kind, sizeof(kind));
	memcpy(id + sizeof(kind), binding->server_mac, MAC_SIZE);
}

static bool server_is_us(const struct dhcp6_message *message, const struct dhcp6_binding *binding)
{
	uint8_t id[SERVER_ID_SIZE];

	server_id(binding, id);
	return message->server_size == sizeof(id) && memcmp(message->server, id, sizeof(id)) == 0;
}

static bool asks_for_any(const struct dhcp6_message *message)
{
	for (size_t i = 0; i < message->association_count; i++)
		if (message->associations[i].asked_count > 0)
			return true;
	return false;
}

enum need { NEED_NO_SERVER = 1, NEED_US = 2, NEED_CLIENT = 4, NEED_ADDRESS = 8, NEED_NONE = 16 };

/* RFC 8415, section 16: what a message has to have, and what answers it. */
static const struct {
	unsigned need;
	enum dhcp6_type answer;
} rules[DHCP6_INFORMATION + 1] = {
	[DHCP6_SOLICIT] = { NEED_NO_SERVER | NEED_CLIENT, DHCP6_ADVERTISE },
	[DHCP6_REQUEST] = { NEED_US | NEED_CLIENT, DHCP6_REPLY },
	[DHCP6_CONFIRM] = { NEED_NO_SERVER | NEED_CLIENT | NEED_ADDRESS, DHCP6_REPLY },
	[DHCP6_RENEW] = { NEED_US | NEED_CLIENT, DHCP6_REPLY },
	[DHCP6_REBIND] = { NEED_NO_SERVER | NEED_CLIENT, DHCP6_REPLY },
	[DHCP6_RELEASE] = { NEED_US | NEED_CLIENT, DHCP6_REPLY },
	[DHCP6_DECLINE] = { NEED_US | NEED_CLIENT, DHCP6_REPLY },
	[DHCP6_INFORMATION] = { NEED_NONE, DHCP6_REPLY },
};

enum dhcp6_type dhcp6_decide(const struct dhcp6_message *message,
			     const struct dhcp6_binding *binding)
{
	unsigned need = rules[message->type].need;
	bool us = message->server != NULL && server_is_us(message, binding);

	if ((need & NEED_NO_SERVER && message->server != NULL) || (need & NEED_US && !us) ||
	    (message->server != NULL && !us) || (need & NEED_CLIENT && message->client == NULL) ||
	    (need & NEED_ADDRESS && !asks_for_any(message)) ||
	    (need & NEED_NONE && message->association_count > 0))
		return DHCP6_NONE;
	if (message->type == DHCP6_SOLICIT && message->rapid && binding->address_count > 0)
		return DHCP6_REPLY;
	return rules[message->type].answer;
}

/* --- out --- */

struct writer {
	uint8_t *data;
	size_t size;
};

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* Room for an option's value, zeros; NULL when there is none. */
static uint8_t *option(struct writer *writer, unsigned code, size_t size)
{
	uint8_t *at = writer->data + writer->size;

	if (writer->size + 4 + size > DHCP6_MESSAGE_MAX)
		return NULL;
	put16(at, code);
	put16(at + 2, size);
	memset(at + 4, 0, size);
	writer->size += 4 + size;
	return at + 4;
}

static void option_copy(struct writer *writer, unsigned code, const void *value, size_t size)
{
	uint8_t *at = size > 0 ? option(writer, code, size) : NULL;

	if (at != NULL)
		memcpy(at, value, size);
}

static void status_put(struct writer *writer, unsigned status)
{
	uint8_t *at = option(writer, OPTION_STATUS, 2);

	if (at != NULL)
		put16(at, status);
}

static void address_put(struct writer *writer, const uint8_t *address, uint32_t seconds)
{
	uint8_t *at = option(writer, OPTION_ADDRESS, ADDRESS_OPTION_SIZE);

	if (at == NULL)
		return;
	memcpy(at, address, 16);
	put32(at + 16, seconds);
	put32(at + 20, seconds);
}

static bool is_bound(const struct dhcp6_binding *binding, const uint8_t *address)
{
	for (size_t i = 0; i < binding->address_count; i++)
		if (memcmp(binding->addresses[i], address, 16) == 0)
			return true;
	return false;
}

/* The first association has the port's addresses; what a client holds besides has to go. */
static void association_put(struct writer *writer, const struct dhcp6_message *message,
			    const struct dhcp6_binding *binding, size_t index)
{
	const struct dhcp6_association *association = &message->associations[index];
	size_t begin = writer->size, given = index == 0 ? binding->address_count : 0;
	uint8_t *at = option(writer, OPTION_ASSOCIATION, ASSOCIATION_SIZE);

	if (at == NULL)
		return;
	memcpy(at, association->id, sizeof(association->id));
	put32(at + 4, DHCP6_LEASE_SECONDS / 2);
	put32(at + 8, DHCP6_LEASE_SECONDS / 5 * 4);
	for (size_t i = 0; i < given; i++)
		address_put(writer, binding->addresses[i], DHCP6_LEASE_SECONDS);
	for (size_t i = 0; message->type != DHCP6_SOLICIT && i < association->asked_count; i++)
		if (given == 0 || !is_bound(binding, association->asked[i]))
			address_put(writer, association->asked[i], 0);
	if (given == 0)
		status_put(writer, STATUS_NONE_AVAILABLE);
	put16(writer->data + begin + 2, writer->size - begin - 4);
}

static bool on_link(const struct dhcp6_binding *binding, const uint8_t *bytes)
{
	struct address address = { .family = AF_INET6, .prefix = 128 };

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	for (size_t i = 0; i < binding->link_count; i++)
		if (address_contains(&binding->links[i], &address))
			return true;
	return false;
}

static unsigned confirm_status(const struct dhcp6_message *message,
			       const struct dhcp6_binding *binding)
{
	for (size_t i = 0; i < message->association_count; i++)
		for (size_t j = 0; j < message->associations[i].asked_count; j++)
			if (!on_link(binding, message->associations[i].asked[j]))
				return STATUS_NOT_ON_LINK;
	return STATUS_SUCCESS;
}

/* RFC 1035 labels, as one domain to search. */
static void domain_put(struct writer *writer, const char *name)
{
	size_t length = strlen(name);
	uint8_t *at =
		length > 0 && length < 254 ? option(writer, OPTION_DOMAINS, length + 2) : NULL;

	while (at != NULL && *name != '\0') {
		size_t label = strcspn(name, ".");

		*at++ = (uint8_t)label;
		memcpy(at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
}

static void settings_put(struct writer *writer, const struct dhcp6_message *message,
			 const struct dhcp6_binding *binding)
{
	uint8_t *at;

	option_copy(writer, OPTION_DNS, binding->dns, binding->dns_count * 16);
	domain_put(writer, binding->domain);
	at = message->type == DHCP6_INFORMATION ? option(writer, OPTION_REFRESH, 4) : NULL;
	if (at != NULL)
		put32(at, DHCP6_LEASE_SECONDS);
}

static void body_put(struct writer *writer, const struct dhcp6_message *message,
		     const struct dhcp6_binding *binding)
{
	if (message->type == DHCP6_CONFIRM) {
		status_put(writer, confirm_status(message, binding));
		return;
	}
	if (message->type == DHCP6_RELEASE || message->type == DHCP6_DECLINE) {
		status_put(writer, STATUS_SUCCESS);
		return;
	}
	for (size_t i = 0; i < message->association_count; i++)
		association_put(writer, message, binding, i);
	settings_put(writer, message, binding);
}

size_t dhcp6_build(enum dhcp6_type type, const struct dhcp6_message *message,
		   const struct dhcp6_binding *binding, uint8_t answer[static DHCP6_MESSAGE_MAX])
{
	struct writer writer = { .data = answer, .size = HEADER_SIZE };
	uint8_t id[SERVER_ID_SIZE], preference = PREFERENCE_MOST;

	answer[0] = (uint8_t)type;
	memcpy(answer + 1, message->transaction, sizeof(message->transaction));
	server_id(binding, id);
	option_copy(&writer, OPTION_CLIENT, message->client, message->client_size);
	option_copy(&writer, OPTION_SERVER, id, sizeof(id));
	if (type == DHCP6_ADVERTISE)
		option_copy(&writer, OPTION_PREFERENCE, &preference, 1);
	if (type == DHCP6_REPLY && message->type == DHCP6_SOLICIT)
		option(&writer, OPTION_RAPID, 0);
	body_put(&writer, message, binding);
	return writer.size;
}
