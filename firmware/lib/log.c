/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_SIZE 2048
#define MODULES_MAX 32
#define QUOTE_VALUE_MAX 512
#define QUOTE_BUFFERS 4

struct module_level {
	char name[32];
	enum log_level level;
};

static const char *const level_names[] = { "error", "warning", "info", "debug" };

static const char *role_label = "cumulet";
static pthread_mutex_t levels_lock = PTHREAD_MUTEX_INITIALIZER;
static struct module_level modules[MODULES_MAX];
static size_t module_count;
static enum log_level default_level = LOG_INFO;
/* The most talkative level of any module: most calls are decided by this alone. */
static atomic_int highest_level = LOG_INFO;

void log_open(const char *role)
{
	role_label = role;
}

static struct module_level *module_find(const char *name)
{
	for (size_t i = 0; i < module_count; i++)
		if (strcmp(modules[i].name, name) == 0)
			return &modules[i];
	return NULL;
}

static int level_by_name(const char *name)
{
	for (int i = 0; i <= LOG_DEBUG; i++)
		if (strcmp(level_names[i], name) == 0)
			return i;
	return -EINVAL;
}

static int module_set(const char *name, enum log_level level)
{
	struct module_level *module = module_find(name);

	if (module == NULL) {
		if (module_count == MODULES_MAX || strlen(name) >= sizeof(module->name))
			return -ENOSPC;
		module = &modules[module_count++];
		strcpy(module->name, name);
	}
	module->level = level;
	return 0;
}

static void highest_level_update(void)
{
	int highest = default_level;

	for (size_t i = 0; i < module_count; i++)
		if ((int)modules[i].level > highest)
			highest = modules[i].level;
	atomic_store(&highest_level, highest);
}

int log_level_set(const char *module, const char *level)
{
	int value = level_by_name(level), result = 0;

	if (value < 0)
		return value;
	pthread_mutex_lock(&levels_lock);
	if (strcmp(module, "*") == 0) {
		default_level = value;
		module_count = 0;
	} else {
		result = module_set(module, value);
	}
	highest_level_update();
	pthread_mutex_unlock(&levels_lock);
	return result;
}

int log_enabled(const char *module, enum log_level level)
{
	const struct module_level *found;
	enum log_level most;

	if ((int)level > atomic_load_explicit(&highest_level, memory_order_relaxed))
		return 0;
	pthread_mutex_lock(&levels_lock);
	found = module_find(module);
	most = found != NULL ? found->level : default_level;
	pthread_mutex_unlock(&levels_lock);
	return level <= most;
}

static size_t stamp_write(char *line, size_t size)
{
	struct timespec now;
	struct tm utc;
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return length +
	       (size_t)snprintf(line + length, size - length, ".%03ldZ ", now.tv_nsec / 1000000);
}

/* One event is one line, whatever the values hold. */
static void line_clean(char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
}

static size_t length_clip(size_t length, size_t most)
{
	return length < most ? length : most;
}

void log_write(enum log_level level, const char *module, const char *event, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	const size_t most = sizeof(line) - 1;
	va_list arguments;
	size_t length;
	int saved = errno;

	if (!log_enabled(module, level))
		return;
	length = stamp_write(line, sizeof(line));
	length += (size_t)snprintf(line + length, sizeof(line) - length, "%-7s %s/%s %s ",
				   level_names[level], role_label, module, event);
	length = length_clip(length, most);
	va_start(arguments, format);
	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, arguments);
	va_end(arguments);
	length = length_clip(length, most);
	while (length > 0 && line[length - 1] == ' ')
		length--;
	line_clean(line, length);
	line[length++] = '\n';
	while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
		;
	errno = saved;
}

static size_t escape_write(char *out, unsigned char byte)
{
	if (byte == '"' || byte == '\\')
		return (size_t)sprintf(out, "\\%c", byte);
	if (byte == '\n')
		return (size_t)sprintf(out, "\\n");
	if (byte < ' ' || byte == 0x7f)
		return (size_t)sprintf(out, "\\x%02x", byte);
	*out = (char)byte;
	return 1;
}

const char *log_quote(const char *value)
{
	static _Thread_local char buffers[QUOTE_BUFFERS][4 * QUOTE_VALUE_MAX + 3];
	static _Thread_local unsigned turn;
	char *buffer = buffers[turn++ % QUOTE_BUFFERS], *out = buffer;

	if (value == NULL)
		return "-";
	*out++ = '"';
	for (size_t i = 0; i < QUOTE_VALUE_MAX && value[i] != '\0'; i++)
		out += escape_write(out, (unsigned char)value[i]);
	*out++ = '"';
	*out = '\0';
	return buffer;
}
