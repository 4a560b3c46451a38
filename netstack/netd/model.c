/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/model.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

static const struct kind {
	const struct field *fields;
	size_t size, offset, desired_size;
} kinds[OBJECT_KINDS] = {
	[OBJECT_NETWORK] = { net_network_fields, sizeof(struct network),
			     offsetof(struct network, desired), sizeof(struct net_network) },
	[OBJECT_PORT] = { net_port_fields, sizeof(struct port), offsetof(struct port, desired),
			  sizeof(struct net_port) },
	[OBJECT_GROUP] = { net_group_fields, sizeof(struct group), offsetof(struct group, desired),
			   sizeof(struct net_group) },
	[OBJECT_ADDRESSES] = { net_addresses_fields, sizeof(struct addresses),
			       offsetof(struct addresses, desired), sizeof(struct net_addresses) },
	[OBJECT_ROUTER] = { net_router_fields, sizeof(struct router),
			    offsetof(struct router, desired), sizeof(struct net_router) },
};

static void *object_desired(const struct object *object, enum object_kind kind)
{
	return (char *)object + kinds[kind].offset;
}

static const char *object_id(const struct object *object, enum object_kind kind)
{
	return object_desired(object, kind); /* the first member of each */
}

struct object *model_find(const struct model *model, enum object_kind kind, const char *id)
{
	model_each(model, kind, object) if (strcmp(object_id(object, kind), id) == 0) return object;
	return NULL;
}

static bool number_is_taken(const struct model *model, uint16_t number)
{
	model_each(model, OBJECT_PORT,
		   object) if (((const struct port *)object)->number == number) return true;
	return false;
}

/* A port keeps its number, so that others' coming and going changes no rule of its own. 0: all are
 * taken. */
static uint16_t number_new(struct model *model)
{
	for (unsigned tries = 0; tries < PORT_NUMBER_LAST; tries++) {
		model->number = model->number % PORT_NUMBER_LAST + 1;
		if (!number_is_taken(model, model->number))
			return model->number;
	}
	return 0;
}

static struct object *object_new(struct model *model, enum object_kind kind)
{
	struct object *object = calloc(1, kinds[kind].size);

	if (object == NULL)
		return NULL;
	if (kind == OBJECT_PORT) {
		((struct port *)object)->number = number_new(model);
		if (((struct port *)object)->number == 0) {
			free(object);
			return NULL;
		}
	}
	object->next = model->objects[kind];
	model->objects[kind] = object;
	return object;
}

/* Ids become names of links and chains: nothing but a UUID will do. */
static int decode(const struct kind *kind, struct arena *arena, const struct message *message,
		  void *desired, struct error *error)
{
	int result = message_decode(arena, message, kind->fields, desired, error);

	if (result == 0 && !uuid_valid(desired))
		result = error_set(error, -EBADMSG, "not an id");
	return result;
}

int model_set(struct model *model, enum object_kind kind, const struct message *message,
	      struct object **object, struct error *error)
{
	CLEANUP_FREE void *desired = calloc(1, kinds[kind].desired_size);
	struct arena arena = ARENA_INIT;
	struct object *found = NULL;
	int result =
		desired == NULL ? -ENOMEM : decode(&kinds[kind], &arena, message, desired, error);

	if (result == 0) {
		found = model_find(model, kind, desired);
		if (found == NULL)
			found = object_new(model, kind);
		if (found == NULL)
			result = error_set(error, -ENOMEM, "no memory");
	}
	if (result < 0) {
		arena_free(&arena);
		return result;
	}
	arena_free(&found->arena);
	found->arena = arena;
	memcpy(object_desired(found, kind), desired, kinds[kind].desired_size);
	found->dirty = true;
	found->stale = found->doomed = false;
	*object = found;
	return 0;
}

void model_remove(struct model *model, enum object_kind kind, struct object *object)
{
	struct object **place = &model->objects[kind];

	while (*place != object)
		place = &(*place)->next;
	*place = object->next;
	if (kind == OBJECT_ROUTER) {
		rules_forget(&((struct router *)object)->rules);
		rules_forget(&((struct router *)object)->qos);
	}
	arena_free(&object->arena);
	free(object);
}

void model_stale(struct model *model)
{
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		model_each(model, kind, object) object->stale = true;
}

void model_sync(struct model *model)
{
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		model_each(model, kind, object) object->doomed |= object->stale;
	model->synced = true;
}

void model_free(struct model *model)
{
	for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
		while (model->objects[kind] != NULL)
			model_remove(model, kind, model->objects[kind]);
}

static struct object *find_alive(const struct model *model, enum object_kind kind, const char *id)
{
	struct object *object = model_find(model, kind, id);

	return object != NULL && !object->doomed ? object : NULL;
}

struct network *model_network(const struct model *model, const char *id)
{
	return (struct network *)find_alive(model, OBJECT_NETWORK, id);
}

struct port *model_port(const struct model *model, const char *id)
{
	return (struct port *)find_alive(model, OBJECT_PORT, id);
}

struct group *model_group(const struct model *model, const char *id)
{
	return (struct group *)find_alive(model, OBJECT_GROUP, id);
}

struct addresses *model_addresses(const struct model *model, const char *id)
{
	return (struct addresses *)find_alive(model, OBJECT_ADDRESSES, id);
}

const struct net_subnet *network_subnet(const struct net_network *network, const char *id)
{
	const struct net_subnet *subnets = network->subnets.items;

	for (size_t i = 0; i < network->subnets.count; i++)
		if (strcmp(subnets[i].id, id) == 0)
			return &subnets[i];
	return NULL;
}

bool network_has_dhcp(const struct net_network *network)
{
	const struct net_subnet *subnets = network->subnets.items;

	for (size_t i = 0; i < network->subnets.count; i++)
		if (subnets[i].dhcp && subnets[i].dhcp_address[0] != '\0')
			return true;
	return false;
}
