/*
 * log - syslog's mail facility or stderr
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/buf.h"
#include "base/log.h"

#define LINE_MAX_BYTES	8191

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

static void
log_record(enum log_level level, const char *text, int len)
{
	if (use_syslog)
		syslog(priority(level), "%s%.*s", level_word(level), len,
		    text);
	else	/* one call, so that stdio's lock keeps the line together */
		fprintf(stderr, "%s: %s%.*s\n", program, level_word(level),
		    len, text);
}

void
log_text(enum log_level level, const char *text)
{
	size_t len;

	do {
		len = strcspn(text, "\n");
		log_record(level, text, len < LINE_MAX_BYTES ? (int)len :
		    LINE_MAX_BYTES);
		text += len;
	} while (*text != '\0' && *++text != '\0');
}

void
log_printf(enum log_level level, const char *fmt, ...)
{
	struct buf	 text = BUF_INIT;
	va_list		 ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	log_text(level, buf_str(&text));
	buf_free(&text);
}
