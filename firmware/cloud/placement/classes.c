/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource classes and traits: the standard ones that mean something here. */
#include <string.h>
#include <strings.h>

#include "firmware/cloud/placement/internal.h"

static const char *const resource_classes[] = {
	"VCPU",
	"MEMORY_MB",
	"DISK_GB",
	"PCI_DEVICE",
	"SRIOV_NET_VF",
	"NUMA_SOCKET",
	"NUMA_CORE",
	"NUMA_THREAD",
	"NUMA_MEMORY_MB",
	"IPV4_ADDRESS",
	"VGPU",
	"VGPU_DISPLAY_HEAD",
	"NET_BW_EGR_KILOBIT_PER_SEC",
	"NET_BW_IGR_KILOBIT_PER_SEC",
	"PCPU",
	"MEM_ENCRYPTION_CONTEXT",
	"FPGA",
	"PGPU",
	NULL,
};

#if defined(__x86_64__)
#define ARCH_TRAIT "HW_ARCH_X86_64"
#else
#define ARCH_TRAIT "HW_ARCH_AARCH64"
#endif

#define BOX_TRAITS "COMPUTE_IMAGE_TYPE_QCOW2", "COMPUTE_IMAGE_TYPE_RAW", "COMPUTE_NODE", ARCH_TRAIT
static const char *const box_traits[] = { BOX_TRAITS, NULL };
static const char *const box_disabled_traits[] = { BOX_TRAITS, "COMPUTE_STATUS_DISABLED", NULL };

static const char *const other_traits[] = {
	"COMPUTE_ACCELERATORS",
	"COMPUTE_DEVICE_TAGGING",
	"COMPUTE_NET_ATTACH_INTERFACE",
	"COMPUTE_RESCUE_BFV",
	"COMPUTE_STATUS_DISABLED",
	"COMPUTE_TRUSTED_CERTS",
	"COMPUTE_VOLUME_ATTACH_WITH_TAG",
	"COMPUTE_VOLUME_EXTEND",
	"COMPUTE_VOLUME_MULTI_ATTACH",
	"HW_ARCH_AARCH64",
	"HW_ARCH_X86_64",
	"HW_CPU_HYPERTHREADING",
	"HW_CPU_X86_VMX",
	"HW_CPU_X86_SVM",
	"STORAGE_DISK_SSD",
	"STORAGE_DISK_HDD",
	NULL,
};

static bool list_has(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

const char *const *traits_of_box(const struct placement_provider *provider)
{
	return provider->disabled ? box_disabled_traits : box_traits;
}

static bool trait_is_known(const char *name)
{
	return list_has(box_traits, name) || list_has(other_traits, name);
}

bool resource_class_is_known(const char *name)
{
	return list_has(resource_classes, name);
}

bool placement_class_known(const char *name)
{
	return resource_class_is_known(name);
}

int resource_class_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);

	(void)error;
	for (const char *const *name = resource_classes; *name; name++) {
		yyjson_mut_val *shown = yyjson_mut_arr_add_obj(doc, list);
		yyjson_mut_val *links = yyjson_mut_arr(doc);
		yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

		json_set_string(doc, shown, "name", *name);
		json_set_string(doc, link, "rel", "self");
		json_set_string(doc, link, "href",
				arena_printf(request->arena, "%s/resource_classes/%s",
					     request->service->prefix, *name));
		json_set(doc, shown, "links", links);
	}
	json_set(doc, root, "resource_classes", list);
	return reply_fresh(request, 200, doc, root);
}

int resource_class_show(struct request *request, struct error *error)
{
	const char *name = request_param(request, "name");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *links = yyjson_mut_arr(doc), *link;

	if (!resource_class_is_known(name))
		return error_set(error, -ENOENT, "No such resource class %.255s.", name);
	json_set_string(doc, root, "name", name);
	link = yyjson_mut_arr_add_obj(doc, links);
	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href",
			arena_printf(request->arena, "%s/resource_classes/%s",
				     request->service->prefix, name));
	json_set(doc, root, "links", links);
	return reply_fresh(request, 200, doc, root);
}

/* --- traits */

/* ?name=in:A,B or startswith:PREFIX */
static bool name_is_wanted(const char *filter, const char *name)
{
	size_t length = strlen(name);

	if (!filter)
		return true;
	if (!strncmp(filter, "startswith:", 11))
		return !strncmp(filter + 11, name, strlen(filter + 11));
	if (strncmp(filter, "in:", 3))
		return false;
	for (const char *item = filter + 3; *item; item += strcspn(item, ","), item += *item == ',')
		if (strcspn(item, ",") == length && !strncmp(item, name, length))
			return true;
	return false;
}

static void add_traits(const char *const *traits, const char *filter, yyjson_mut_doc *doc,
		       yyjson_mut_val *list)
{
	for (; *traits; traits++)
		if (name_is_wanted(filter, *traits))
			yyjson_mut_arr_add_strcpy(doc, list, *traits);
}

int trait_list(struct request *request, struct error *error)
{
	const char *filter = request_query(request, "name");
	const char *associated = request_query(request, "associated");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	bool here = !associated || !strcasecmp(associated, "true");
	bool elsewhere = !associated || !here;

	(void)error;
	if (here)
		add_traits(box_traits, filter, doc, list);
	for (const char *const *trait = other_traits; elsewhere && *trait; trait++)
		if (!list_has(box_traits, *trait) && name_is_wanted(filter, *trait))
			yyjson_mut_arr_add_strcpy(doc, list, *trait);
	json_set(doc, root, "traits", list);
	return reply_fresh(request, 200, doc, root);
}

int trait_show(struct request *request, struct error *error)
{
	const char *name = request_param(request, "name");

	if (!trait_is_known(name))
		return error_set(error, -ENOENT, "No such trait: %.255s.", name);
	return reply_empty(request, 204);
}

int provider_trait_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct placement_provider provider;
	int result = provider_of_path(request, &provider, error);

	if (result < 0)
		return result;
	add_traits(traits_of_box(&provider), NULL, doc, list);
	json_set(doc, root, "traits", list);
	json_set_integer(doc, root, "resource_provider_generation", provider.generation);
	return reply_fresh(request, 200, doc, root);
}

/* One item of ?required: "A", or "!A". */
static int trait_check(const char *const *own, const char *item, size_t length, bool *satisfied,
		       struct error *error)
{
	bool forbidden = *item == '!';
	char name[256];

	item += forbidden;
	length -= forbidden;
	if (length >= sizeof(name))
		length = sizeof(name) - 1;
	memcpy(name, item, length);
	name[length] = '\0';
	if (!trait_is_known(name))
		return error_set(error, -EINVAL, "No such trait(s): %s.", name);
	*satisfied &= list_has(own, name) != forbidden;
	return 0;
}

int traits_check(const struct request *request, const struct placement_provider *provider,
		 bool *satisfied, struct error *error)
{
	const char *item = request_query(request, "required");
	int result = 0;

	*satisfied = true;
	while (item && *item && result == 0) {
		size_t length = strcspn(item, ",");

		result = trait_check(traits_of_box(provider), item, length, satisfied, error);
		item += length;
		item += *item == ',';
	}
	return result;
}
