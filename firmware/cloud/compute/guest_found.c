/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what vmm found to the record: the guest half of the table in state.c. */
#include <string.h>

#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/compute/server_plug.h"
#include "firmware/cloud/compute/state.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/placement/placement.h"

struct finding {
	struct store_view *view;
	struct arena *arena;
	struct store_txn *txn;
	yyjson_val *record;
	uint64_t revision;
	const struct guest_status *status;
	const struct guest_rule *rule;
	yyjson_mut_doc *doc;
	yyjson_mut_val *edited;
	enum vm_state vm_state;
	enum task_state task;
};

static bool power_differs(const struct finding *finding)
{
	return finding->rule->power && !json_is(finding->record, "_power", finding->rule->power);
}

static enum vm_state vm_state_next(const struct finding *finding)
{
	return finding->rule->vm_state == VM_KEEP ? finding->vm_state : finding->rule->vm_state;
}

static enum task_state task_next(const struct finding *finding)
{
	return finding->rule->next == TASK_KEEP ? finding->task : finding->rule->next;
}

/* Idle means idle: a report that says what is known already writes nothing. */
static bool nothing_new(const struct finding *finding)
{
	return vm_state_next(finding) == finding->vm_state && task_next(finding) == finding->task &&
	       json_integer(finding->record, "OS-EXT-STS:power_state", -1) ==
		       (int64_t)finding->rule->power_state &&
	       !power_differs(finding);
}

static const char *failure_of(const struct finding *finding)
{
	return finding->rule->vm_state == VM_ERROR || finding->rule->failed
		       ? finding->status->reason
		       : NULL;
}

static void fault_set(struct finding *finding)
{
	const struct guest_status *status = finding->status;
	yyjson_mut_val *fault;

	if (finding->rule->vm_state != VM_ERROR)
		return;
	fault = yyjson_mut_obj(finding->doc);
	json_set_integer(finding->doc, fault, "code", status->code ? status->code : 500);
	json_set_string(finding->doc, fault, "created", time_now(finding->arena));
	json_set_string(finding->doc, fault, "message",
			*status->reason ? status->reason : "The guest stopped without a reason.");
	json_set(finding->doc, finding->edited, "_fault", fault);
}

static void launched_set(struct finding *finding)
{
	if (finding->rule->vm_state != VM_ERROR &&
	    !json_string(finding->record, "OS-SRV-USG:launched_at"))
		json_set_string(finding->doc, finding->edited, "OS-SRV-USG:launched_at",
				time_now(finding->arena));
}

/* Ends the action that led here. A guest that stops while nobody asked for it ends none. */
static int action_finish(struct finding *finding)
{
	const char *action = json_string(finding->record, "_action");
	int result;

	if (!action || finding->task == TASK_NONE || task_next(finding) != TASK_NONE)
		return 0;
	result = action_end(finding->view, finding->arena, finding->txn,
			    json_string(finding->record, "id"), action, failure_of(finding));
	json_set_string(finding->doc, finding->edited, "_action", NULL);
	return result;
}

/* A server that was stopped when its rebuild began is stopped again, as Nova does it: at once. */
static void afterwards(struct finding *finding)
{
	if (!json_is(finding->record, "_then", "stop"))
		return;
	json_set_string(finding->doc, finding->edited, "_then", NULL);
	if (finding->rule->vm_state != VM_ACTIVE)
		return;
	json_set_string(finding->doc, finding->edited, "OS-EXT-STS:task_state",
			task_state_name(TASK_POWERING_OFF));
	json_set_string(finding->doc, finding->edited, "_power", "stop");
	json_set_bool(finding->doc, finding->edited, "_pull", true);
	server_desire(finding->doc, finding->edited);
}

/* The image that a server was shelved into has done its work. */
static void shelved_image_drop(struct finding *finding)
{
	const char *image = json_string(finding->record, "_shelved_image");

	if (!image || finding->task != TASK_UNSHELVING || finding->rule->vm_state != VM_ACTIVE)
		return;
	image_drop(finding->arena, finding->txn, image);
	json_set_string(finding->doc, finding->edited, "_shelved_image", NULL);
}

/* vmm keeps a crash in mind until it is told that it was heard of. */
static void desire_set(struct finding *finding)
{
	if (!power_differs(finding) && finding->status->state != GUEST_CRASHED)
		return;
	json_set_string(finding->doc, finding->edited, "_power", finding->rule->power);
	server_desire(finding->doc, finding->edited);
}

static int finding_apply(struct finding *finding)
{
	const struct guest_rule *rule = finding->rule;
	yyjson_mut_doc *doc = finding->doc = json_document(finding->arena);
	yyjson_mut_val *edited = finding->edited = yyjson_val_mut_copy(doc, finding->record);
	const char *key = arena_printf(finding->arena, KEY_SERVER "%s", finding->status->id);
	int result;

	json_set_string(doc, edited, "OS-EXT-STS:vm_state", vm_state_name(vm_state_next(finding)));
	json_set_string(doc, edited, "OS-EXT-STS:task_state", task_state_name(task_next(finding)));
	json_set_integer(doc, edited, "OS-EXT-STS:power_state", rule->power_state);
	json_set_string(doc, edited, "updated_at", time_now(finding->arena));
	fault_set(finding);
	launched_set(finding);
	desire_set(finding);
	afterwards(finding);
	shelved_image_drop(finding);
	result = resize_settle(finding->view, finding->arena, finding->txn, finding->record, doc,
			       edited, rule->vm_state == VM_ERROR);
	if (result == 0)
		result = action_finish(finding);
	if (result == 0 && plugs_are_due(finding->record, finding->status))
		result = plugs_settle(finding->view, finding->arena, finding->txn, finding->record,
				      finding->status, doc, edited);
	store_txn_compare(finding->txn, key, finding->revision);
	store_txn_put(finding->txn, key, json_write(finding->arena, edited));
	return result < 0 ? result : 1;
}

/* Nothing else is new than that devices came or went. */
static int plugs_apply(struct finding *finding)
{
	yyjson_mut_doc *doc = json_document(finding->arena);
	yyjson_mut_val *edited = yyjson_val_mut_copy(doc, finding->record);
	const char *key = arena_printf(finding->arena, KEY_SERVER "%s", finding->status->id);
	int result = plugs_settle(finding->view, finding->arena, finding->txn, finding->record,
				  finding->status, doc, edited);

	store_txn_compare(finding->txn, key, finding->revision);
	store_txn_put(finding->txn, key, json_write(finding->arena, edited));
	return result < 0 ? result : 1;
}

/* Its place is another's now; name, ports and quota stay its own. */
static int offloaded(struct finding *finding)
{
	static const char *const nulls[] = { "OS-EXT-STS:task_state", "OS-EXT-SRV-ATTR:host",
					     "OS-EXT-SRV-ATTR:hypervisor_hostname" };
	yyjson_mut_doc *doc = json_document(finding->arena);
	yyjson_mut_val *edited = yyjson_val_mut_copy(doc, finding->record);
	const char *key = arena_printf(finding->arena, KEY_SERVER "%s", finding->status->id);

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		json_set_string(doc, edited, nulls[i], NULL);
	json_set_string(doc, edited, "OS-EXT-STS:vm_state", vm_state_name(VM_SHELVED_OFFLOADED));
	json_set_integer(doc, edited, "OS-EXT-STS:power_state", POWER_SHUTDOWN);
	json_set_string(doc, edited, "OS-EXT-AZ:availability_zone", "");
	json_set_string(doc, edited, "updated_at", time_now(finding->arena));
	json_set_bool(doc, edited, "_placed", false);
	placement_release(finding->arena, finding->txn, finding->status->id);
	store_txn_compare(finding->txn, key, finding->revision);
	store_txn_put(finding->txn, key, json_write(finding->arena, edited));
	return 1;
}

static int guest_gone(struct finding *finding, struct error *error)
{
	int result;

	if (finding->task == TASK_SHELVING_OFFLOADING)
		return offloaded(finding);
	if (finding->task != TASK_DELETING)
		return 0;
	result = server_remove(finding->view, finding->arena, finding->txn, finding->record,
			       finding->revision, error);
	return result < 0 ? result : 1;
}

int guest_found(struct store_view *view, struct arena *arena, struct store_txn *txn,
		yyjson_val *record, uint64_t revision, const struct guest_status *status,
		struct error *error)
{
	struct finding finding = {
		.view = view,
		.arena = arena,
		.txn = txn,
		.record = record,
		.revision = revision,
		.status = status,
		.vm_state = vm_state_by_name(json_string(record, "OS-EXT-STS:vm_state")),
		.task = task_state_by_name(json_string(record, "OS-EXT-STS:task_state")),
	};

	if (status->state == GUEST_GONE)
		return guest_gone(&finding, error);
	/* What vmm says about an older wish is overtaken by the one that is on its way. */
	if (status->generation >= (uint64_t)json_integer(record, "_generation", 0))
		finding.rule = guest_rule_find(status->state, finding.vm_state, finding.task);
	if (finding.rule && !nothing_new(&finding))
		return finding_apply(&finding);
	return plugs_are_due(record, status) ? plugs_apply(&finding) : 0;
}
