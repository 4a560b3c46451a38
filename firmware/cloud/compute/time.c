/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

const char *time_now(struct arena *arena)
{
	struct timeval now;
	struct tm tm;

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &tm);
	return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%06ld", tm.tm_year + 1900,
			    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			    (long)now.tv_usec);
}

const char *time_seconds(struct arena *arena, const char *precise)
{
	return precise ? arena_printf(arena, "%.19sZ", precise) : NULL;
}

/* Behind the seconds: a fraction, then 'Z', an offset, or nothing. */
static int zone_parse(const char *text, long *offset)
{
	int hours, minutes = 0, used = 0;

	*offset = 0;
	if (*text == '.' || *text == ',')
		for (text++; isdigit((unsigned char)*text); text++)
			;
	if (!*text || !strcmp(text, "Z"))
		return 0;
	if (*text != '+' && *text != '-' && *text != ' ') /* a '+' that was not escaped */
		return -EINVAL;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) < 2 &&
	    sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &used) < 2 &&
	    sscanf(text + 1, "%2d%n", &hours, &used) < 1)
		return -EINVAL;
	if (text[1 + used])
		return -EINVAL;
	*offset = (hours * 3600L + minutes * 60L) * (*text == '-' ? -1 : 1);
	return 0;
}

int time_parse(const char *text, time_t *seconds)
{
	struct tm tm = { 0 };
	long offset = 0;
	int used = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) < 3)
		return -EINVAL;
	text += used;
	if (*text == 'T' || *text == ' ') {
		used = 0;
		if (sscanf(text + 1, "%2d:%2d%n:%2d%n", &tm.tm_hour, &tm.tm_min, &used, &tm.tm_sec,
			   &used) < 2)
			return -EINVAL;
		text += 1 + used;
	}
	if (zone_parse(text, &offset) < 0 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*seconds = timegm(&tm) - offset;
	return 0;
}
