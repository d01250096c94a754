/*
 * log - syslog or stderr, as text or as JSON
 *
 * Any thread may log. Lines of several threads are never mixed.
 */
#ifndef MILLGATE_LOG_H
#define MILLGATE_LOG_H

#include <stdbool.h>

struct record;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/*
 * Call once, before any thread is started; before that, messages go to
 * stderr. `ident` must stay valid.
 */
void	log_open(const char *ident, bool to_stderr);
/*
 * Write JSON, one object a line, or text, the default. Call it before any
 * thread is started.
 */
void	log_use_json(bool json);
/*
 * One record, or one for each line of the text, for example of all complaints
 * about a configuration. A line of more than 8 KB is cut.
 */
void	log_printf(enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The same, for a text that is complete. */
void	log_text(enum log_level level, const char *text);
/* The pairs of an event, as a line or as an object. */
void	log_event(enum log_level level, const struct record *r);

#endif
