/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structured log: one line an event, 'key=value' fields behind a short text in lower case.
 *
 *	log_info("guest", "guest started", "id=%s pid=%d accel=%s", id, pid, accel);
 *
 * becomes  2026-11-22T10:00:00.123Z info  vmm/guest guest started id=... pid=... accel=kvm
 *
 * Lines go to standard error (which init collects into its ring in memory and to
 * /data/log only when the operator asks for it: idle writes nothing). Values with blanks are
 * quoted by the caller with %s of log_quote(). Levels can be changed for each module at run
 * time. Thread-safe. Never log secrets: passwords, tokens, keys, user-data.
 */
#ifndef CUMULET_LIB_LOG_H
#define CUMULET_LIB_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_open(const char *role); /* the name before the slash; static string */
/* 'module' "*": all. Returns -EINVAL for an unknown level name. */
int log_level_set(const char *module, const char *level);
int log_enabled(const char *module, enum log_level level);
void log_write(enum log_level level, const char *module, const char *event, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Quotes and escapes into one of a few thread-local buffers, at most 512 bytes of the value. */
const char *log_quote(const char *value);

#define log_error(module, event, ...) log_write(LOG_ERROR, module, event, __VA_ARGS__)
#define log_warning(module, event, ...) log_write(LOG_WARNING, module, event, __VA_ARGS__)
#define log_info(module, event, ...) log_write(LOG_INFO, module, event, __VA_ARGS__)
#define log_debug(module, event, ...)                                                              \
	do {                                                                                       \
		if (log_enabled(module, LOG_DEBUG))                                                \
			log_write(LOG_DEBUG, module, event, __VA_ARGS__);                          \
	} while (0)

#endif
