/*
 * log - syslog or stderr
 *
 * One message at a time reaches the log whole, from any thread.
 */
#ifndef MILLGATE_LOG_H
#define MILLGATE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* Once, before threads. Without it messages go to stderr. */
void	log_open(const char *ident, bool to_stderr);
void	log_printf(enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
