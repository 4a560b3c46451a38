/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network service with a store of its own, called through router and policy. Included by one test
 * program each. */
#ifndef CUMULET_NETWORK_TEST_API_H
#define CUMULET_NETWORK_TEST_API_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/http/direct.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/cloud/network/resource.h"
#include "firmware/cloud/network/start.h"

static struct {
	char path[64];
	struct cloud cloud;
	struct arena arena;
	yyjson_val *body;
	int status;
} box;

static const struct service *const services_here[] = { &network_service, NULL };

static int setup(void **state)
{
	static struct store_index indexes[160];
	const struct store_index *lists[] = { identity_service.indexes, network_service.indexes };
	struct store_options options = { .path = box.path,
					 .map_size = 64 << 20,
					 .indexes = indexes };
	struct error error = { 0 };
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (const struct store_index *index = lists[i]; index->prefix; index++)
			indexes[count++] = *index;
	strcpy(box.path, "/tmp/cumulet-network-XXXXXX");
	assert_non_null(mkdtemp(box.path));
	box.cloud = (struct cloud){ .directory = box.path };
	if (store_open(&box.cloud.store, &options, &error) || identity_start(&box.cloud, &error) ||
	    network_first_boot(&box.cloud, &error))
		fail_msg("%s", error.message);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	identity_stop(&box.cloud);
	store_close(box.cloud.store);
	arena_free(&box.arena);
	snprintf(command, sizeof(command), "rm -rf %s", box.path);
	return system(command);
}

/* Sends as the operator; the reply's status is returned, its body is in box.body. */
static inline int call(const char *method, const char *target, const char *format, ...)
{
	struct direct_request request = { .method = method, .target = target, .operator= true };
	struct direct_reply reply = { 0 };
	char body[2000];
	va_list arguments;

	if (format) {
		va_start(arguments, format);
		vsnprintf(body, sizeof(body), format, arguments);
		va_end(arguments);
		request.body = body;
		request.body_size = strlen(body);
	}
	assert_int_equal(direct_run(&box.cloud, services_here, &box.arena, &request, &reply), 0);
	box.body = reply.body ? json_parse(&box.arena, reply.body, reply.body_size) : NULL;
	return reply.status;
}

static inline const char *at(const char *pointer)
{
	return yyjson_get_str(yyjson_ptr_get(box.body, pointer));
}

static inline const char *fault(void)
{
	return at("/NeutronError/type");
}

static inline const char *path(const char *format, const char *id)
{
	return arena_printf(&box.arena, "/network/v2.0/%s/%s", format, id);
}

static inline const char *make_network(const char *name)
{
	assert_int_equal(
		call("POST", "/network/v2.0/networks", "{\"network\":{\"name\":\"%s\"}}", name),
		201);
	return at("/network/id");
}

static inline const char *make_subnet(const char *network, const char *cidr)
{
	assert_int_equal(call("POST", "/network/v2.0/subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"cidr\":\"%s\"}}",
			      network, cidr),
			 201);
	return at("/subnet/id");
}

static inline const char *make_port(const char *network)
{
	assert_int_equal(
		call("POST", "/network/v2.0/ports", "{\"port\":{\"network_id\":\"%s\"}}", network),
		201);
	return at("/port/id");
}

#endif
