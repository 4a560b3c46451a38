/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating IPs, port forwardings and extra routes, as clients see them. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/desired.h"

#define V2 "/network/v2.0/"

/* A network with a router to the outside, and an external network with addresses. */
static struct {
	const char *external, *network, *subnet, *router, *port, *address;
} place;

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static void place_make(void)
{
	if (place.external)
		return;
	assert_int_equal(call("GET", V2 "networks?name=public", NULL), 200);
	place.external = keep("/networks/0/id");
	assert_int_equal(call("POST", V2 "subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"cidr\":\"192.0.2.0/24\",\"enable_dhcp\":false,"
			      "\"allocation_pools\":[{\"start\":\"192.0.2.100\","
			      "\"end\":\"192.0.2.120\"}]}}",
			      place.external),
			 201);
	place.network = make_network("inside");
	place.subnet = make_subnet(place.network, "10.5.0.0/24");
	assert_int_equal(call("POST", V2 "routers",
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\"}}}",
			      place.external),
			 201);
	place.router = keep("/router/id");
	assert_non_null(at("/router/external_gateway_info/external_fixed_ips/0/ip_address"));
	assert_int_equal(
		call("PUT",
		     arena_printf(&box.arena, V2 "routers/%s/add_router_interface", place.router),
		     "{\"subnet_id\":\"%s\"}", place.subnet),
		200);
	place.port = make_port(place.network);
	place.address = keep("/port/fixed_ips/0/ip_address");
}

static const char *make_floating(const char *port)
{
	assert_int_equal(
		call("POST", V2 "floatingips",
		     "{\"floatingip\":{\"floating_network_id\":\"%s\",\"port_id\":%s%s%s}}",
		     place.external, port ? "\"" : "", port ? port : "null", port ? "\"" : ""),
		201);
	return keep("/floatingip/id");
}

static void remove_floating(const char *id)
{
	assert_int_equal(call("DELETE", path("floatingips", id), NULL), 204);
}

/* What netd is told of the router. */
static struct net_router *told(void)
{
	static struct net_router router;
	struct store_view *view;
	yyjson_val *record;

	memset(&router, 0, sizeof(router));
	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(
		resource_get(view, &box.arena, &resource_router, place.router, &record, NULL), 0);
	assert_int_equal(desired_router(view, &box.arena, record, &router, NULL), 0);
	store_view_close(view);
	return &router;
}

static void a_free_one_waits(void **state)
{
	const char *id;

	(void)state;
	place_make();
	id = make_floating(NULL);
	assert_string_equal(at("/floatingip/status"), "DOWN");
	assert_null(at("/floatingip/port_id"));
	assert_null(at("/floatingip/router_id"));
	assert_non_null(at("/floatingip/floating_ip_address"));
	assert_int_equal(told()->floatings.count, 0);
	remove_floating(id);
	assert_int_equal(call("GET", path("floatingips", id), NULL), 404);
	assert_string_equal(fault(), "FloatingIPNotFound");
}

static void it_stands_for_a_port(void **state)
{
	const struct net_floating *item;
	const char *id, *address;

	(void)state;
	place_make();
	id = make_floating(place.port);
	address = keep("/floatingip/floating_ip_address");
	assert_string_equal(at("/floatingip/status"), "ACTIVE");
	assert_string_equal(at("/floatingip/router_id"), place.router);
	assert_string_equal(at("/floatingip/fixed_ip_address"), place.address);
	assert_string_equal(at("/floatingip/port_details/network_id"), place.network);
	assert_int_equal(told()->floatings.count, 1);
	item = told()->floatings.items;
	assert_string_equal(item->address, address);
	assert_string_equal(item->fixed, place.address);
	/* The same fixed address has no second one there. */
	assert_int_equal(
		call("POST", V2 "floatingips",
		     "{\"floatingip\":{\"floating_network_id\":\"%s\",\"port_id\":\"%s\"}}",
		     place.external, place.port),
		409);
	assert_string_equal(fault(), "FloatingIPPortAlreadyAssociated");
	assert_int_equal(
		call("PUT", path("floatingips", id), "{\"floatingip\":{\"port_id\":null}}"), 200);
	assert_string_equal(at("/floatingip/status"), "DOWN");
	assert_int_equal(told()->floatings.count, 0);
	/* An empty update lets go, another does not. */
	call("PUT", path("floatingips", id), "{\"floatingip\":{\"port_id\":\"%s\"}}", place.port);
	call("PUT", path("floatingips", id), "{\"floatingip\":{\"description\":\"mine\"}}");
	assert_string_equal(at("/floatingip/port_id"), place.port);
	assert_int_equal(call("PUT", path("floatingips", id), "{\"floatingip\":{}}"), 200);
	assert_null(at("/floatingip/port_id"));
	remove_floating(id);
}

static void what_it_needs_stays(void **state)
{
	const char *id;

	(void)state;
	place_make();
	id = make_floating(place.port);
	assert_int_equal(call("PUT", path("routers", place.router),
			      "{\"router\":{\"external_gateway_info\":{}}}"),
			 409);
	assert_string_equal(fault(), "RouterExternalGatewayInUseByFloatingIp");
	assert_int_equal(call("PUT",
			      arena_printf(&box.arena, V2 "routers/%s/remove_router_interface",
					   place.router),
			      "{\"subnet_id\":\"%s\"}", place.subnet),
			 409);
	assert_string_equal(fault(), "RouterInterfaceInUseByFloatingIP");
	remove_floating(id);
}

static void it_lets_go_of_a_port_that_goes(void **state)
{
	const char *port, *id;

	(void)state;
	place_make();
	port = make_port(place.network);
	id = make_floating(port);
	assert_int_equal(call("DELETE", path("ports", port), NULL), 204);
	assert_int_equal(call("GET", path("floatingips", id), NULL), 200);
	assert_null(at("/floatingip/port_id"));
	assert_null(at("/floatingip/router_id"));
	assert_int_equal(told()->floatings.count, 0);
	remove_floating(id);
}

static void unreachable_ports_are_refused(void **state)
{
	const char *network = make_network("island"), *port;

	(void)state;
	place_make();
	make_subnet(network, "10.6.0.0/24");
	port = make_port(network);
	assert_int_equal(
		call("POST", V2 "floatingips",
		     "{\"floatingip\":{\"floating_network_id\":\"%s\",\"port_id\":\"%s\"}}",
		     place.external, port),
		404);
	assert_string_equal(fault(), "ExternalGatewayForFloatingIPNotFound");
	assert_int_equal(call("POST", V2 "floatingips",
			      "{\"floatingip\":{\"floating_network_id\":\"%s\"}}", network),
			 400);
	assert_string_equal(at("/NeutronError/message"),
			    arena_printf(&box.arena,
					 "Bad floatingip request: Network %s is not a valid "
					 "external network.",
					 network));
}

static void the_gateway_keeps_its_address(void **state)
{
	const char *address;

	(void)state;
	place_make();
	call("GET", path("routers", place.router), NULL);
	address = keep("/router/external_gateway_info/external_fixed_ips/0/ip_address");
	assert_int_equal(call("PUT", path("routers", place.router),
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\","
			      "\"enable_snat\":false}}}",
			      place.external),
			 200);
	assert_string_equal(at("/router/external_gateway_info/external_fixed_ips/0/ip_address"),
			    address);
	assert_false(told()->snat);
	assert_int_equal(call("PUT", path("routers", place.router),
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\","
			      "\"enable_snat\":true,\"external_fixed_ips\":[{\"ip_address\":"
			      "\"192.0.2.1\"}]}}}",
			      place.external),
			 400);
	assert_int_equal(call("PUT", path("routers", place.router),
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\","
			      "\"enable_snat\":true,\"external_fixed_ips\":[{\"ip_address\":"
			      "\"192.0.2.77\"}]}}}",
			      place.external),
			 200);
	assert_string_equal(told()->external_address, "192.0.2.77/24");
	assert_true(told()->snat);
}

static const char *make_forward(const char *floating, const char *ports, int status)
{
	assert_int_equal(
		call("POST",
		     arena_printf(&box.arena, V2 "floatingips/%s/port_forwardings", floating),
		     "{\"port_forwarding\":{\"protocol\":\"tcp\",%s,"
		     "\"internal_ip_address\":\"%s\",\"internal_port_id\":\"%s\"}}",
		     ports, place.address, place.port),
		status);
	return status == 201 ? keep("/port_forwarding/id") : NULL;
}

static void ports_are_forwarded(void **state)
{
	const struct net_forward *item;
	const char *floating, *forward;

	(void)state;
	place_make();
	floating = make_floating(NULL);
	forward = make_forward(floating, "\"external_port\":8080,\"internal_port\":80", 201);
	assert_string_equal(at("/port_forwarding/external_port_range"), "8080:8080");
	assert_null(yyjson_ptr_get(box.body, "/port_forwarding/project_id"));
	make_forward(floating, "\"external_port\":8080,\"internal_port\":81", 400);
	make_forward(floating, "\"external_port_range\":\"90:95\",\"internal_port_range\":\"1:4\"",
		     400);
	make_forward(floating,
		     "\"external_port_range\":\"90:95\",\"internal_port_range\":\"190:195\"", 201);
	assert_int_equal(told()->forwards.count, 2);
	item = told()->forwards.items;
	assert_int_equal(item->protocol, 6);
	assert_int_equal(call("GET", path("floatingips", floating), NULL), 200);
	assert_string_equal(at("/floatingip/router_id"), place.router);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/floatingip/port_forwardings")),
			 2);
	assert_int_equal(call("DELETE", path("floatingips", floating), NULL), 409);
	assert_string_equal(fault(), "FipInUseByPortForwarding");
	assert_int_equal(call("DELETE",
			      arena_printf(&box.arena, V2 "floatingips/%s/port_forwardings/%s",
					   floating, forward),
			      NULL),
			 204);
	/* The port takes those that lead to it along. */
	assert_int_equal(call("DELETE", path("ports", place.port), NULL), 204);
	assert_int_equal(call("GET", path("floatingips", floating), NULL), 200);
	assert_null(at("/floatingip/router_id"));
	remove_floating(floating);
	place.port = make_port(place.network);
	place.address = keep("/port/fixed_ips/0/ip_address");
}

static int routes_set(const char *action, const char *destination, const char *nexthop)
{
	return call("PUT", arena_printf(&box.arena, V2 "routers/%s%s", place.router, action),
		    "{\"router\":{\"routes\":[{\"destination\":\"%s\",\"nexthop\":\"%s\"}]}}",
		    destination, nexthop);
}

static void routes_lead_over_neighbours(void **state)
{
	(void)state;
	place_make();
	assert_int_equal(routes_set("", "10.9.0.0/16", "10.99.0.1"), 400);
	assert_string_equal(fault(), "InvalidRoutes");
	assert_int_equal(routes_set("", "10.9.0.0/16", "10.5.0.1"), 400);
	assert_int_equal(routes_set("", "10.9.0.0/16", "10.5.0.77"), 200);
	assert_int_equal(routes_set("/add_extraroutes", "10.10.0.0/16", "10.5.0.77"), 200);
	assert_int_equal(told()->routes.count, 2);
	assert_int_equal(routes_set("/remove_extraroutes", "10.9.0.0/16", "10.5.0.77"), 200);
	assert_int_equal(told()->routes.count, 1);
	assert_int_equal(call("PUT",
			      arena_printf(&box.arena, V2 "routers/%s/remove_router_interface",
					   place.router),
			      "{\"subnet_id\":\"%s\"}", place.subnet),
			 409);
	assert_string_equal(fault(), "RouterInterfaceInUseByRoute");
	assert_int_equal(routes_set("/remove_extraroutes", "10.10.0.0/16", "10.5.0.77"), 200);
}

static void a_network_takes_its_free_ones_along(void **state)
{
	const char *network, *id;

	(void)state;
	assert_int_equal(call("POST", V2 "networks", "{\"network\":{\"router:external\":true}}"),
			 201);
	network = keep("/network/id");
	make_subnet(network, "198.51.100.0/24");
	assert_int_equal(call("POST", V2 "floatingips",
			      "{\"floatingip\":{\"floating_network_id\":\"%s\"}}", network),
			 201);
	id = keep("/floatingip/id");
	assert_int_equal(call("DELETE", path("networks", network), NULL), 204);
	assert_int_equal(call("GET", path("floatingips", id), NULL), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_one_waits),
		cmocka_unit_test(it_stands_for_a_port),
		cmocka_unit_test(what_it_needs_stays),
		cmocka_unit_test(it_lets_go_of_a_port_that_goes),
		cmocka_unit_test(unreachable_ports_are_refused),
		cmocka_unit_test(the_gateway_keeps_its_address),
		cmocka_unit_test(ports_are_forwarded),
		cmocka_unit_test(routes_lead_over_neighbours),
		cmocka_unit_test(a_network_takes_its_free_ones_along),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
