/*
 * log - syslog's mail facility or stderr
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/log.h"

#define LINE_MAX_BYTES	8192

static bool		 use_syslog;
static const char	*program = "millgate";

void
log_open(const char *ident, bool to_stderr)
{
	program = ident;
	use_syslog = !to_stderr;
	if (use_syslog)
		openlog(ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

static int
priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:	return LOG_ERR;
	case LOG_LEVEL_WARNING:	return LOG_WARNING;
	case LOG_LEVEL_INFO:	break;
	}
	return LOG_INFO;
}

static const char *
level_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:	return "error: ";
	case LOG_LEVEL_WARNING:	return "warning: ";
	case LOG_LEVEL_INFO:	break;
	}
	return "";
}

void
log_printf(enum log_level level, const char *fmt, ...)
{
	char	 line[LINE_MAX_BYTES];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (use_syslog)
		syslog(priority(level), "%s%s", level_word(level), line);
	else	/* one call, so that stdio's lock keeps the line together */
		fprintf(stderr, "%s: %s%s\n", program, level_word(level),
		    line);
}
