/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/host_load.h"

static int servers_read(struct request *request, struct host_load *load, struct error *error)
{
	struct record_list *list = &load->servers;
	size_t kept = 0;
	int result;

	*list = (struct record_list){ .request = request };
	result = record_list_range(request, list, KEY_SERVER, error);
	for (size_t i = 0; result == 0 && i < list->count; i++) {
		if (!json_string(list->items[i], "OS-EXT-SRV-ATTR:host"))
			continue;
		load->running += json_is(list->items[i], "OS-EXT-STS:vm_state", "active");
		list->items[kept++] = list->items[i];
	}
	list->count = kept;
	return result;
}

int host_load_read(struct request *request, struct host_load *load, struct error *error)
{
	struct store_view *view;
	int result;

	load->running = 0;
	result = servers_read(request, load, error);
	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = placement_provider_read(request->cloud, view, request->arena,
						 &load->provider, error);
	return result;
}
