/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/microversion.h"

#include <string.h>
#include <strings.h>

#define NOVA_HEADER "X-OpenStack-Nova-API-Version"
#define DIGITS_MAX 6

static bool is_compute(const struct service *service)
{
	return strcmp(service->version_name, "compute") == 0;
}

/* "compute 2.96, volume 3.0": the version behind the service's name, NULL if it is not there. */
static const char *asked_version(struct request *request, const char *name)
{
	const char *header = request_header(request, "OpenStack-API-Version");
	size_t length = strlen(name);

	while (header && *header) {
		header += strspn(header, " \t,");
		if (strncasecmp(header, name, length) == 0 && strchr(" \t", header[length])) {
			header += length + strspn(header + length, " \t");
			return arena_strndup(request->arena, header, strcspn(header, " \t,"));
		}
		header = strchr(header, ',');
	}
	return NULL;
}

static bool take_number(const char **cursor, unsigned *number)
{
	size_t digits = strspn(*cursor, "0123456789");

	if (!digits || digits > DIGITS_MAX || (digits > 1 && **cursor == '0'))
		return false;
	*number = 0;
	for (; digits; digits--)
		*number = *number * 10 + (unsigned)(*(*cursor)++ - '0');
	return true;
}

static bool parse_version(const char *text, unsigned *major, unsigned *minor)
{
	return take_number(&text, major) && *text++ == '.' && take_number(&text, minor) && !*text;
}

static int malformed(const struct request *request, const char *text, struct error *error)
{
	if (is_compute(request->service))
		return error_fault(error, -EINVAL, 400, NULL,
				   "API Version String %s is of invalid format. Must be of format "
				   "MajorNum.MinorNum.",
				   text);
	return error_fault(error, -EINVAL, 400, NULL,
			   "Invalid microversion: invalid version string: %s", text);
}

static int unacceptable(const struct request *request, const char *text, struct error *error)
{
	const struct service *service = request->service;

	if (is_compute(service))
		return error_fault(error, -EINVAL, 406, NULL,
				   "Version %s is not supported by the API. Minimum is %u.%u and "
				   "maximum is %u.%u.",
				   text, service->version_major, service->version_first,
				   service->version_major, service->version_last);
	return error_fault(error, -EINVAL, 406, NULL,
			   "Invalid microversion: Unacceptable version header: %s", text);
}

int microversion_negotiate(struct request *request, struct error *error)
{
	const struct service *service = request->service;
	const char *text;
	unsigned major, minor;

	if (!service->version_name)
		return 0;
	request->microversion = service->version_first;
	text = asked_version(request, service->version_name);
	if (!text && is_compute(service))
		text = request_header(request, NOVA_HEADER);
	if (!text)
		return 0;
	if (strcasecmp(text, "latest") == 0) {
		request->microversion = service->version_last;
		return 0;
	}
	if (!parse_version(text, &major, &minor))
		return malformed(request, text, error);
	if (major != service->version_major || minor < service->version_first ||
	    minor > service->version_last)
		return unacceptable(request, text, error);
	request->microversion = minor;
	return 0;
}

void microversion_echo(struct request *request)
{
	const struct service *service = request->service;

	if (!service->version_name)
		return;
	reply_header(request, "OpenStack-API-Version", "%s %u.%u", service->version_name,
		     service->version_major, request->microversion);
	if (!is_compute(service)) {
		reply_header(request, "Vary", "openstack-api-version");
		return;
	}
	reply_header(request, NOVA_HEADER, "%u.%u", service->version_major, request->microversion);
	reply_header(request, "Vary", "OpenStack-API-Version, " NOVA_HEADER);
}
