/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/instant.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t instant_now(void)
{
	return (uint64_t)time(NULL);
}

uint64_t instant_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void instant_format(uint64_t seconds, char text[static INSTANT_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm fields;

	gmtime_r(&when, &fields);
	strftime(text, INSTANT_SIZE, "%Y-%m-%dT%H:%M:%S.000000Z", &fields);
}

/* Behind the seconds: a fraction, then nothing, 'Z', or "+hh:mm"; -1 for anything else. */
static int zone_parse(const char *text, int *seconds)
{
	int hours, minutes, length = 0;
	char sign;

	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++)
			;
	*seconds = 0;
	if (!*text || !strcmp(text, "Z"))
		return 0;
	if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &length) != 3 || text[length] ||
	    (sign != '+' && sign != '-'))
		return -1;
	*seconds = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	return 0;
}

int64_t instant_parse(const char *text)
{
	struct tm fields = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &fields);
	int zone;

	if (!rest || zone_parse(rest, &zone) < 0)
		return -1;
	return (int64_t)timegm(&fields) - zone;
}

int64_t instant_parse_basic(const char *text)
{
	struct tm fields = { 0 };
	const char *rest = strptime(text, "%Y%m%dT%H%M%SZ", &fields);

	return rest && !*rest ? (int64_t)timegm(&fields) : -1;
}
