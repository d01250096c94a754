/*
 * html - text for an HTML page
 */
#ifndef MILLGATE_HTML_H
#define MILLGATE_HTML_H

#include <stddef.h>

struct buf;

/*
 * Append a text, escaped for an element or for an attribute in double quotes.
 * Characters that are not visible, or change the order of others, become
 * visible: controls, bidirectional and zero-width characters are written as
 * "\u{202e}", octets that are not UTF-8 as "\x{ff}". After about `max` octets
 * of the text, the rest is "...".
 */
void	html_text(struct buf *b, const char *text, size_t max);

#endif
