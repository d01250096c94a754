/*
 * conf_value - parse the values of options into structs
 *
 * A wrong value is an error with its file and line, and leaves the struct as
 * it is. Also prints the allowed values of an option.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/size.h"
#include "conf/conf.h"
#include "conf/conf_options.h"
#include "conf_tree_priv.h"

_Static_assert(sizeof(size_t) == sizeof(uint64_t) &&
    CONF_UNLIMITED == STORE_UNLIMITED, "a limit of bytes is a size");
/* Words are stored as their index, through a type of the enum's size. */
_Static_assert(sizeof(enum action) == sizeof(unsigned), "enums are unsigned");

/* Digits only: no sign, no blanks, no hexadecimal. */
static const char *
set_number(struct arena *a, const struct conf_option *o, const char *text,
    long *number)
{
	size_t	len = strlen(text);
	bool	digits = len > 0 && strspn(text, "0123456789") == len;

	*number = !digits || len > 15 ? o->max + 1 : strtol(text, NULL, 10);
	if (*number >= o->min && *number <= o->max)
		return NULL;
	return arena_printf(a, "%s between %ld and %ld%s", digits ?
	    "must be" : "is not a number; write one", o->min, o->max,
	    o->type == OPT_LIMIT ? ", or unlimited" : "");
}

static const char *
set_limit(struct arena *a, const struct conf_option *o, const char *text,
    uint64_t *limit)
{
	const char	*complaint;
	long		 number = 0;

	if (strcasecmp(text, "unlimited") == 0) {
		*limit = STORE_UNLIMITED;
		return NULL;
	}
	complaint = set_number(a, o, text, &number);
	if (complaint == NULL)
		*limit = (uint64_t)number;
	return complaint;
}

static bool
may_be_unlimited(const struct conf_option *o)
{
	return o->type == OPT_LIMIT || (o->def != NULL &&
	    strcmp(o->def, "unlimited") == 0);
}

static const char *
set_size(struct arena *a, const struct conf_option *o, const char *text,
    size_t *size)
{
	uint64_t	 number = 0;
	char		 min[SIZE_TEXT], max[SIZE_TEXT];
	bool		 is_size;

	if (may_be_unlimited(o) && strcasecmp(text, "unlimited") == 0) {
		*size = CONF_UNLIMITED;
		return NULL;
	}
	is_size = size_parse(text, &number);
	if (is_size && number >= (uint64_t)o->min &&
	    number <= (uint64_t)o->max) {
		*size = (size_t)number;
		return NULL;
	}
	return arena_printf(a, "%s between %s and %s%s", is_size ?
	    "must be" : "is not a size; write a number of bytes, or one with "
	    "K, M or G after it,", size_text(min, (uint64_t)o->min),
	    size_text(max, (uint64_t)o->max),
	    may_be_unlimited(o) ? ", or unlimited" : "");
}

static const char *
set_octal(const char *text, unsigned *mode)
{
	size_t len = strlen(text);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len ||
	    strtol(text, NULL, 8) > 0777)
		return "is not a file mode; write it like \"0660\"";
	*mode = (unsigned)strtol(text, NULL, 8);
	return NULL;
}

static const char *
set_bool(const char *text, bool *value)
{
	if (strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0 ||
	    strcasecmp(text, "on") == 0)
		*value = true;
	else if (strcasecmp(text, "no") == 0 ||
	    strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0)
		*value = false;
	else
		return "must be yes or no";
	return NULL;
}

static const char *
set_word(struct arena *a, const struct conf_option *o, const char *text,
    unsigned *value)
{
	struct buf	 list = BUF_INIT;
	const char	*complaint;
	unsigned	 i;

	for (i = 0; i <= (unsigned)o->max; i++) {
		if (o->words[i] == NULL)
			continue;
		if (strcasecmp(text, o->words[i]) == 0) {
			*value = i;
			buf_free(&list);
			return NULL;
		}
		buf_printf(&list, "%s%s", list.len > 0 ? ", " : "",
		    o->words[i]);
	}
	complaint = arena_printf(a, "must be one of: %s", buf_str(&list));
	buf_free(&list);
	return complaint;
}

static const char *
set_char(const char *text, char *value)
{
	if (text[0] != '\0' && (text[1] != '\0' ||
	    strchr("!#$%&'*+-/=?^_`{|}~.", text[0]) == NULL))
		return "is not a delimiter; write one character, for example + "
		    "or -, or an empty string";
	*value = text[0];
	return NULL;
}

static bool
canon_parse(const char *text, size_t len, enum canonicalization *canon)
{
	const char *name;

	for (*canon = CANON_SIMPLE; *canon <= CANON_RELAXED; (*canon)++) {
		name = canon_name(*canon);
		if (strlen(name) == len && strncasecmp(text, name, len) == 0)
			return true;
	}
	return false;
}

static const char *
set_canon(const char *text, enum canonicalization *header,
    enum canonicalization *body)
{
	const char		*slash = strchr(text, '/');
	enum canonicalization	 h, b;

	if (slash == NULL || !canon_parse(text, (size_t)(slash - text), &h) ||
	    !canon_parse(slash + 1, strlen(slash + 1), &b))
		return "is not a canonicalization; use relaxed/relaxed, "
		    "relaxed/simple, simple/relaxed or simple/simple";
	*header = h;
	*body = b;
	return NULL;
}

/* An empty text means no plan, where the default is empty, too. */
static const char *
set_plan(struct conf_builder *b, const struct conf_option *o, const char *text,
    const struct plan_rules **plan)
{
	size_t i;

	if (text[0] == '\0' && o->def != NULL && o->def[0] == '\0') {
		*plan = NULL;
		return NULL;
	}
	for (i = 0; i < b->conf->nplans; i++) {
		if (strcasecmp(b->conf->plans[i].name, text) == 0) {
			*plan = &b->conf->plans[i];
			return NULL;
		}
	}
	return "is not a plan; write a plan section of that name";
}

/* An empty text is NULL, where the default is empty or not fixed. */
static const char *
set_text(struct conf_builder *b, const struct conf_option *o, const char *text,
    const char **value)
{
	const char *complaint = NULL;

	if (text[0] == '\0' && (o->def == NULL || o->def[0] == '\0')) {
		*value = NULL;
		return NULL;
	}
	if (o->syntax != NULL)
		complaint = o->syntax(b->arena, &text);
	if (complaint == NULL)
		*value = text;
	return complaint;
}

static const char *
set_scalar(struct conf_builder *b, const struct conf_option *o,
    const char *text, void *base)
{
	void		*at = (char *)base + o->at;
	void		*more = (char *)base + o->more;
	const char	*complaint;
	long		 number = 0;

	switch (o->type) {
	case OPT_TEXT:	return set_text(b, o, text, at);
	case OPT_BOOL:	return set_bool(text, at);
	case OPT_LIMIT:	return set_limit(b->arena, o, text, at);
	case OPT_OCTAL:	return set_octal(text, at);
	case OPT_CHAR:	return set_char(text, at);
	case OPT_WORD:	return set_word(b->arena, o, text, at);
	case OPT_CANON:	return set_canon(text, at, more);
	case OPT_PLAN:	return set_plan(b, o, text, at);
	case OPT_SIZE:	return set_size(b->arena, o, text, at);
	case OPT_UINT:
		complaint = set_number(b->arena, o, text, &number);
		if (complaint == NULL)
			*(unsigned *)at = (unsigned)number;
		return complaint;
	case OPT_LIST:
	case OPT_NETWORKS:
	case OPT_PERCENTS:
		break;
	}
	return "is a list";
}

static void
complain_value(struct conf_builder *b, const struct conf_section *section,
    const struct conf_option *o, const struct conf_value *v,
    const char *complaint)
{
	conf_complain_in(b->bad, section, v->place, "%s = \"%s\" %s",
	    o->name, conf_shown(b->arena, v->text), complaint);
}

static void
set_list(struct conf_builder *b, const struct conf_option *o,
    const struct conf_section *section, const struct conf_setting *s,
    void *base)
{
	const char	**list = arena_array(b->arena, s->n + 1, sizeof(*list));
	const char	 *text, *complaint;
	size_t		  i, n = 0;

	for (i = 0; i < s->n; i++) {
		text = s->value[i].text;
		complaint = o->syntax(b->arena, &text);
		if (complaint == NULL)
			list[n++] = text;
		else
			complain_value(b, section, o, &s->value[i], complaint);
	}
	*(const char *const **)((char *)base + o->at) = list;
	if (o->more != 0)
		*(size_t *)((char *)base + o->more) = n;
}

static void
set_networks(struct conf_builder *b, const struct conf_option *o,
    const struct conf_section *section, const struct conf_setting *s,
    void *base)
{
	struct netblock	*list = arena_array(b->arena, s->n, sizeof(*list));
	size_t		 i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (netblock_parse(s->value[i].text, &list[n]))
			n++;
		else
			complain_value(b, section, o, &s->value[i],
			    "is not a network; write 192.0.2.0/24, "
			    "2001:db8::/32 or an address");
	}
	*(const struct netblock **)((char *)base + o->at) = list;
	*(size_t *)((char *)base + o->more) = n;
}

static int
unsigned_cmp(const void *va, const void *vb)
{
	const unsigned *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

static void
set_percents(struct conf_builder *b, const struct conf_option *o,
    const struct conf_section *section, const struct conf_setting *s,
    void *base)
{
	unsigned	*list = arena_array(b->arena, s->n, sizeof(*list));
	const char	*complaint;
	size_t		 i, n = 0;
	long		 number;

	for (i = 0; i < s->n; i++) {
		if (n == WARN_SHARES)
			complaint = arena_printf(b->arena, "is one too many; "
			    "at most %d are allowed", WARN_SHARES);
		else
			complaint = set_number(b->arena, o, s->value[i].text,
			    &number);
		if (complaint == NULL)
			list[n++] = (unsigned)number;
		else
			complain_value(b, section, o, &s->value[i], complaint);
	}
	*(const unsigned **)((char *)base + o->at) = list;
	*(size_t *)((char *)base + o->more) = array_sort_unique(list, n,
	    sizeof(*list), unsigned_cmp);
}

bool
conf_option_is_list(const struct conf_option *o)
{
	return o->type == OPT_LIST || o->type == OPT_NETWORKS ||
	    o->type == OPT_PERCENTS;
}

/* The default as if it were in the file; ", " separates items of a list. */
static struct conf_setting
default_setting(struct arena *a, const struct conf_option *o)
{
	struct conf_setting	 s = { .option = o };
	struct conf_value	*value;
	const char		*p = o->def, *end;
	bool			 list = conf_option_is_list(o);

	value = arena_array(a, strlen(p) + 1, sizeof(*value));
	while (list && *p != '\0') {
		end = p + strcspn(p, ",");
		value[s.n++].text = arena_memdup(a, p, (size_t)(end - p));
		p = end + strspn(end, ", ");
	}
	if (!list)
		value[s.n++].text = o->def;
	s.value = value;
	return s;
}

void
conf_value_set(struct conf_builder *b, const struct conf_option *o,
    const struct conf_section *section, const struct conf_setting *s,
    void *base)
{
	struct conf_setting	 def;
	const char		*complaint;

	if (s == NULL) {
		if (o->def == NULL)
			return;
		def = default_setting(b->arena, o);
		s = &def;
	}
	if (o->type == OPT_LIST) {
		set_list(b, o, section, s, base);
	} else if (o->type == OPT_NETWORKS) {
		set_networks(b, o, section, s, base);
	} else if (o->type == OPT_PERCENTS) {
		set_percents(b, o, section, s, base);
	} else {
		complaint = set_scalar(b, o, s->value[0].text, base);
		if (complaint != NULL)
			complain_value(b, section, o, &s->value[0], complaint);
	}
}

void
conf_option_print_values(const struct conf_option *o, FILE *out)
{
	const char	*comma = "";
	char		 min[SIZE_TEXT], max[SIZE_TEXT];
	long		 i;

	if (o->type == OPT_OCTAL) {
		fprintf(out, "\"%04lo\" to \"%04lo\"", o->min, o->max);
		return;
	}
	if (o->type == OPT_SIZE) {
		fprintf(out, "%s to %s", size_text(min, (uint64_t)o->min),
		    size_text(max, (uint64_t)o->max));
	} else if (o->words == NULL)
		fprintf(out, "%ld to %ld", o->min, o->max);
	if (o->words == NULL) {
		fputs(may_be_unlimited(o) ? ", unlimited" : "", out);
		return;
	}
	for (i = 0; i <= o->max; i++) {
		if (o->words[i] == NULL)
			continue;
		fprintf(out, "%s%s", comma, o->words[i]);
		comma = ", ";
	}
}
