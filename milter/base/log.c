/*
 * log - syslog's mail facility or stderr, as text or as JSON
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/record.h"

#define LINE_MAX_BYTES	8191

static bool		 use_syslog, use_json;
static const char	*program = "millgate";

void
log_open(const char *ident, bool to_stderr)
{
	program = ident;
	use_syslog = !to_stderr;
	if (use_syslog)
		openlog(ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_use_json(bool json)
{
	use_json = json;
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
level_prefix(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:	return "error: ";
	case LOG_LEVEL_WARNING:	return "warning: ";
	case LOG_LEVEL_INFO:	break;
	}
	return "";
}

static const char *
level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:	return "error";
	case LOG_LEVEL_WARNING:	return "warning";
	case LOG_LEVEL_INFO:	break;
	}
	return "info";
}

/* One call of stdio, so that its lock keeps the line together. */
static void
log_line(enum log_level level, const char *text, int len)
{
	if (use_syslog)
		syslog(priority(level), "%s%.*s", level_prefix(level), len,
		    text);
	else
		fprintf(stderr, "%s: %s%.*s\n", program, level_prefix(level),
		    len, text);
}

static void
log_object(enum log_level level, const struct buf *object)
{
	if (use_syslog)
		syslog(priority(level), "%s", buf_str(object));
	else
		fprintf(stderr, "%s\n", buf_str(object));
}

/* Escapes may make it six times as long, so it may be cut further. */
static void
log_json_text(enum log_level level, const char *text, size_t len)
{
	struct buf b = BUF_INIT;

	do {
		buf_reset(&b);
		buf_printf(&b, "{\"level\":\"%s\",\"text\":",
		    level_name(level));
		json_string_of(&b, text, len);
		buf_addch(&b, '}');
		len -= len / 4;
	} while (b.len > RECORD_JSON);
	log_object(level, &b);
	buf_free(&b);
}

void
log_text(enum log_level level, const char *text)
{
	size_t len, used;

	do {
		len = strcspn(text, "\n");
		used = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES;
		if (use_json)
			log_json_text(level, text, used);
		else
			log_line(level, text, (int)used);
		text += len;
	} while (*text != '\0' && *++text != '\0');
}

void
log_event(enum log_level level, const struct record *r)
{
	struct buf b = BUF_INIT;

	if (use_json) {
		record_json_line(r, level_name(level), &b);
		log_object(level, &b);
	} else {
		record_line(r, &b);
		log_text(level, buf_str(&b));
	}
	buf_free(&b);
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
