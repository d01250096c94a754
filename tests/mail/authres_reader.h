/*
 * authres_reader - a reader of Authentication-Results for the tests
 *
 * Written from RFC 8601 2.2 alone and without the writer's code, so it reads
 * the field as a foreign program would. It refuses anything outside the
 * grammar, long lines and control characters.
 */
#ifndef MILLGATE_AUTHRES_READER_H
#define MILLGATE_AUTHRES_READER_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define READER_RESULTS	64
#define READER_PROPS	8
#define READER_TEXT	600

struct reader_prop {
	char	name[32];
	char	value[READER_TEXT];
};

struct reader_result {
	char	method[16], result[16];
	size_t	nprops;
	struct reader_prop prop[READER_PROPS];
};

struct reader {
	const char *p;
	char	id[READER_TEXT];
	size_t	n;
	struct reader_result result[READER_RESULTS];
};

/* Blanks, folds and comments. */
static inline bool
reader_cfws(struct reader *r)
{
	int depth = 0;

	for (; *r->p != '\0'; r->p++) {
		if (*r->p == '\n' && r->p[1] != '\t' && r->p[1] != ' ')
			return false;
		if (*r->p == '(')
			depth++;
		else if (*r->p == ')' && depth > 0)
			depth--;
		else if (*r->p == '\\' && depth > 0)
			return false;	/* the writer does not use it */
		else if (depth == 0 && strchr(" \t\n", *r->p) == NULL)
			return true;
	}
	return depth == 0;
}

static inline bool
reader_add(char *to, size_t size, char c)
{
	size_t len = strlen(to);

	if (len + 1 >= size)
		return false;
	to[len] = c;
	to[len + 1] = '\0';
	return true;
}

/* value, or local-part "@" domain, with its quotes removed. */
static inline bool
reader_value(struct reader *r, char *to, size_t size)
{
	bool	any = false;

	to[0] = '\0';
	if (*r->p == '"') {
		for (r->p++; *r->p != '"'; r->p++) {
			if (*r->p == '\\')
				r->p++;
			if (*r->p == '\0' || *r->p == '\n' ||
			    !reader_add(to, size, *r->p))
				return false;
		}
		r->p++;
		any = true;
	}
	while (*r->p != '\0' && strchr(" \t\n;()\"", *r->p) == NULL) {
		if (!reader_add(to, size, *r->p++))
			return false;
		any = true;
	}
	return any && (*r->p == '\0' || strchr(" \t\n;", *r->p) != NULL);
}

static inline bool
reader_keyword(struct reader *r, char *to, size_t size, const char *also)
{
	to[0] = '\0';
	while (isalnum((unsigned char)*r->p) ||
	    (*r->p != '\0' && strchr(also, *r->p) != NULL))
		if (!reader_add(to, size, *r->p++))
			return false;
	return to[0] != '\0';
}

static inline bool
reader_props(struct reader *r, struct reader_result *to)
{
	struct reader_prop *prop;

	for (;;) {
		if (!reader_cfws(r))
			return false;
		if (*r->p == '\0' || *r->p == ';')
			return true;
		if (to->nprops == READER_PROPS)
			return false;
		prop = &to->prop[to->nprops++];
		if (!reader_keyword(r, prop->name, sizeof(prop->name), ".-") ||
		    strchr(prop->name, '.') == NULL || *r->p++ != '=' ||
		    !reader_value(r, prop->value, sizeof(prop->value)))
			return false;
	}
}

static inline bool
reader_is_utf8(const char *p, size_t len)
{
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = utf8_length(p, len);
		if (n == 0)
			return false;
	}
	return true;
}

static inline bool
reader_lines_are_sound(const char *value)
{
	const char	*line = value, *p;

	if (value[0] != ' ' || !reader_is_utf8(value, strlen(value)))
		return false;
	for (p = value; *p != '\0'; p++) {
		if (*p == '\n') {
			/* some programs end the header at a blank line */
			if (p[1] != '\t' || p[2] <= ' ')
				return false;
			line = p + 1;
		}
		if ((*p < ' ' && *p >= 0 && *p != '\n' && *p != '\t') ||
		    *p == '\177')
			return false;
		if (p - line + (line == value ? 23 : 0) > 998)
			return false;
	}
	return p > value && p[-1] != ' ' && p[-1] != '\t' && p[-1] != '\n';
}

static inline bool
reader_parse(struct reader *r, const char *value)
{
	struct reader_result *to;

	memset(r, 0, sizeof(*r));
	r->p = value;
	if (!reader_lines_are_sound(value) || !reader_cfws(r) ||
	    !reader_value(r, r->id, sizeof(r->id)) || !reader_cfws(r))
		return false;
	while (*r->p == ';') {
		r->p++;
		if (!reader_cfws(r) || r->n == READER_RESULTS)
			return false;
		if (r->n == 0 && strcmp(r->p, "none") == 0)
			return true;
		to = &r->result[r->n++];
		if (!reader_keyword(r, to->method, sizeof(to->method), "-") ||
		    *r->p++ != '=' ||
		    !reader_keyword(r, to->result, sizeof(to->result), "") ||
		    !reader_props(r, to))
			return false;
	}
	return *r->p == '\0' && r->n > 0;
}

#endif
