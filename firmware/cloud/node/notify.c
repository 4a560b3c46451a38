/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the console that something has changed, so that its screen follows without asking. */
#include "firmware/cloud/node/internal.h"
#include "firmware/lib/cleanup.h"

#define PAUSE_MS 200

const struct field node_changed_fields[] = {
	FIELD(1, FIELD_U64, struct node_changed, revision, true),
	FIELD_END,
};

static void send_change(struct node *node)
{
	struct link *console = node->cloud->links[ROLE_CONSOLE];
	struct node_changed changed = { store_revision(node->cloud->store) };

	if (link_is_up(console))
		link_send(console, NODE_CHANGED, node_changed_fields, &changed, -1);
}

static void on_pause_end(struct loop_timer *timer)
{
	struct node *node = container_of(timer, struct node, notify);

	if (!node->changed)
		return;
	node->changed = false;
	send_change(node);
	loop_timer_start(node->cloud->loop, timer, PAUSE_MS, on_pause_end);
}

/* The first change is told at once, those that follow within the pause together at its end. */
static void note_change(struct node *node)
{
	if (node->notify.running) {
		node->changed = true;
		return;
	}
	send_change(node);
	loop_timer_start(node->cloud->loop, &node->notify, PAUSE_MS, on_pause_end);
}

static void on_change(struct store_watch *watch, const char *key, uint64_t revision, bool deleted)
{
	(void)key;
	(void)revision;
	(void)deleted;
	note_change(container_of(watch, struct node_watch, watch)->node);
}

static void on_console_up(struct link *link, void *context)
{
	(void)link;
	send_change(context);
}

int node_notify_start(struct node *node)
{
	static const char *const prefixes[NODE_WATCHES] = { "/compute/", "/network/", "/image/",
							    "/node/" };
	int result = 0;

	for (size_t i = 0; result == 0 && i < NODE_WATCHES; i++) {
		node->watches[i] = (struct node_watch){
			.watch = { .prefix = prefixes[i], .changed = on_change },
			.node = node,
		};
		result = store_watch_start(node->cloud->store, &node->watches[i].watch, 0);
	}
	node->console = (struct link_observer){ .on_up = on_console_up, .context = node };
	link_observe(node->cloud->links[ROLE_CONSOLE], &node->console);
	return result;
}
