/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a guest's processors are told to it, by Nova's rules (its admin guide, "CPU topologies"). */
#include "firmware/cloud/compute/hardware.h"

#include <errno.h>

#include "firmware/lib/cleanup.h"

#define UNBOUNDED 65536

struct topology {
	uint64_t sockets, cores, threads; /* 0: not said */
};

static int topology_read(yyjson_val *object, const char *const names[3], struct topology *topology,
			 struct error *error)
{
	int result = hardware_number(object, names[0], &topology->sockets, error);

	if (result == 0)
		result = hardware_number(object, names[1], &topology->cores, error);
	if (result == 0)
		result = hardware_number(object, names[2], &topology->threads, error);
	return result;
}

static bool exceeds(const struct topology *topology, const struct topology *bounds)
{
	return (bounds->sockets && topology->sockets > bounds->sockets) ||
	       (bounds->cores && topology->cores > bounds->cores) ||
	       (bounds->threads && topology->threads > bounds->threads);
}

static int too_much(const char *what, const char *whose, const struct topology *image,
		    const struct topology *bounds, struct error *error)
{
	return error_set(error, -EINVAL,
			 "Image vCPU topology%s (sockets=%llu, cores=%llu, threads=%llu) exceeds "
			 "the limits of the %s (sockets=%llu, cores=%llu, threads=%llu)",
			 what, (unsigned long long)image->sockets, (unsigned long long)image->cores,
			 (unsigned long long)image->threads, whose,
			 (unsigned long long)bounds->sockets, (unsigned long long)bounds->cores,
			 (unsigned long long)bounds->threads);
}

static uint64_t first_said(uint64_t image, uint64_t flavor)
{
	return image ? image : flavor ? flavor : UNBOUNDED;
}

/* An image may lower what its flavor bounds, never raise it. */
static int bounds_read(yyjson_val *specs, yyjson_val *properties, struct topology *bounds,
		       struct error *error)
{
	static const char *const of_flavor[] = { "hw:cpu_max_sockets", "hw:cpu_max_cores",
						 "hw:cpu_max_threads" };
	static const char *const of_image[] = { "hw_cpu_max_sockets", "hw_cpu_max_cores",
						"hw_cpu_max_threads" };
	struct topology flavor = { 0 }, image = { 0 };
	int result = topology_read(specs, of_flavor, &flavor, error);

	if (result == 0)
		result = topology_read(properties, of_image, &image, error);
	if (result < 0)
		return result;
	if (exceeds(&image, &flavor))
		return too_much(" limits", "flavor", &image, &flavor, error);
	*bounds = (struct topology){
		.sockets = first_said(image.sockets, flavor.sockets),
		.cores = first_said(image.cores, flavor.cores),
		.threads = first_said(image.threads, flavor.threads),
	};
	return 0;
}

/* What the image prefers counts as a whole, or else what the flavor does. */
static int preference_read(yyjson_val *specs, yyjson_val *properties, const struct topology *bounds,
			   struct topology *preferred, struct error *error)
{
	static const char *const of_flavor[] = { "hw:cpu_sockets", "hw:cpu_cores",
						 "hw:cpu_threads" };
	static const char *const of_image[] = { "hw_cpu_sockets", "hw_cpu_cores",
						"hw_cpu_threads" };
	struct topology image = { 0 };
	int result = topology_read(specs, of_flavor, preferred, error);

	if (result == 0)
		result = topology_read(properties, of_image, &image, error);
	if (result < 0)
		return result;
	if (exceeds(preferred, bounds))
		*preferred = (struct topology){ 0 };
	if (exceeds(&image, bounds))
		return too_much("", "flavor or image", &image, bounds, error);
	if (image.sockets || image.cores || image.threads)
		*preferred = image;
	return 0;
}

static int likeness(const struct topology *topology, const struct topology *preferred)
{
	return (topology->sockets == preferred->sockets) + (topology->cores == preferred->cores) +
	       (topology->threads == preferred->threads);
}

/* Few threads before many, then many sockets. */
static bool is_better(const struct topology *topology, const struct topology *other,
		      const struct topology *preferred)
{
	int order = likeness(topology, preferred) - likeness(other, preferred);

	if (order != 0)
		return order > 0;
	if (topology->threads != other->threads)
		return topology->threads < other->threads;
	return topology->sockets > other->sockets;
}

static struct topology best_topology(uint64_t vcpus, const struct topology *bounds,
				     const struct topology *preferred)
{
	struct topology best = { 0 };

	for (uint64_t sockets = 1; sockets <= vcpus && sockets <= bounds->sockets; sockets++) {
		if (vcpus % sockets)
			continue;
		for (uint64_t cores = 1; cores <= vcpus / sockets && cores <= bounds->cores;
		     cores++) {
			struct topology topology = { sockets, cores, vcpus / sockets / cores };

			if (vcpus / sockets % cores || topology.threads > bounds->threads)
				continue;
			if (!best.sockets || is_better(&topology, &best, preferred))
				best = topology;
		}
	}
	return best;
}

static uint64_t at_most(uint64_t number, uint64_t most)
{
	return number < most ? number : most;
}

int hardware_topology(yyjson_val *flavor, yyjson_val *properties, struct guest_hardware *guest,
		      struct error *error)
{
	yyjson_val *specs = yyjson_obj_get(flavor, "extra_specs");
	uint64_t vcpus = (uint64_t)json_integer(flavor, "vcpus", 1);
	struct topology bounds = { 0 }, preferred = { 0 }, best;
	int result = bounds_read(specs, properties, &bounds, error);

	if (result == 0)
		result = preference_read(specs, properties, &bounds, &preferred, error);
	if (result < 0)
		return result;
	best = best_topology(vcpus, &bounds, &preferred);
	if (!best.sockets)
		return error_set(error, -EINVAL,
				 "Requested vCPU limits %llu:%llu:%llu are impossible to satisfy "
				 "for vcpus count %llu",
				 (unsigned long long)at_most(bounds.sockets, vcpus),
				 (unsigned long long)at_most(bounds.cores, vcpus),
				 (unsigned long long)at_most(bounds.threads, vcpus),
				 (unsigned long long)vcpus);
	guest->sockets = (uint32_t)best.sockets;
	guest->cores = (uint32_t)best.cores;
	guest->threads = (uint32_t)best.threads;
	return 0;
}
