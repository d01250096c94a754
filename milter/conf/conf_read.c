/*
 * conf_read - parse a configuration file into a tree: the door to libconfuse
 *
 * libconfuse parses sections, lists and quotes. Its lexer is global, so one
 * load runs at a time. Every value is stored with its file and line. include()
 * is our own: that of libconfuse opens paths relative to the working directory
 * and, after an error in an included file, keeps its stack of open files for
 * the rest of the process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "base/arena.h"
#include "base/reach.h"
#include "conf/conf_options.h"
#include "conf_tree_priv.h"

#define INCLUDE_DEPTH	8
#define INCLUDE_FILES	100
/* libconfuse compares each title with all before it */
#define TITLED_MAX	20000
/* A hidden option: this name cannot be written without quotes. */
#define BEGIN_NAME	"(begin)"
#define BEGIN_TEXT	"begin"
/* Our own flag beside libconfuse's: the option has been written before. */
#define SEEN		(1 << 24)

struct load {
	struct arena	*arena;
	struct complaints *bad;
	const char	*file;		/* being read */
	unsigned	 depth, files, titled;
	struct unknown_options unknown;
	bool		 again;		/* one of them is new */
	bool		 may_read_files;
};

/* libconfuse's callbacks have no argument for data of the caller. */
static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static struct load	*current;

static struct conf_place
here(const cfg_t *cfg)
{
	struct conf_place at = { current->file, (unsigned)cfg->line };

	return at;
}

/* --- errors of libconfuse ---------------------------------------------- */

/* libconfuse's name of the section; "" is outside of sections. */
static const char *
section_name(const cfg_t *cfg)
{
	return strcmp(cfg->name, "root") == 0 ? "" : cfg->name;
}

static void
complain_unknown(cfg_t *cfg, const char *name)
{
	conf_complain(current->bad, here(cfg), "%s", conf_hint_unknown(
	    current->arena, section_name(cfg), name));
}

/*
 * libconfuse stops at an unknown option. It is only noted, and read_once parses
 * the file again. An unknown section then lacks the equal sign of an option.
 */
static void
__attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	const char	*text, *name = NULL;
	va_list		 copy;

	if (strstr(fmt, "option '%s'") != NULL) {
		va_copy(copy, ap);
		name = va_arg(copy, const char *);
		va_end(copy);
	}
	if (strcmp(fmt, "no such option '%s'") == 0 &&
	    conf_unknown_add(&current->unknown, current->arena,
	    section_name(cfg), name)) {
		current->again = true;
		return;
	}
	if (name != NULL && (strncmp(fmt, "no such", 7) == 0 ||
	    conf_unknown_has(&current->unknown, section_name(cfg), name))) {
		complain_unknown(cfg, name);
		return;
	}
	text = arena_vprintf(current->arena, fmt, ap);
	conf_complain(current->bad, here(cfg), "%s; %s",
	    conf_shown(current->arena, text), conf_hint_syntax(text));
}

/* --- callbacks --------------------------------------------------------- */

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return true;
	return false;
}

/* One value of an option; nvalues is 1 for the first of an assignment. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct conf_value	*v = arena_alloc(current->arena, sizeof(*v));
	int			 len = (int)strcspn(opt->name, CONF_USER_MARK);

	v->text = arena_strdup(current->arena, text);
	v->place = here(cfg);
	*(struct conf_value **)result = v;
	if (has_control(text))
		conf_complain(current->bad, v->place, "control character in "
		    "the value of %.*s; remove it", len, opt->name);
	if (opt->nvalues == 1 && (opt->flags & SEEN) != 0)
		conf_complain(current->bad, v->place, "%.*s is set twice; "
		    "remove one of the two", len, opt->name);
	opt->flags |= SEEN;
	return 0;
}

/*
 * libconfuse does not store the line on which a section begins. It parses
 * default values at that moment, so a hidden option with a default gets the
 * line. To return an error here would end the process: libconfuse takes it
 * for a mistake in our table.
 */
static int
on_begin(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct conf_place *at = arena_alloc(current->arena, sizeof(*at));

	*at = here(cfg);
	if (strcmp(text, BEGIN_TEXT) != 0)
		complain_unknown(cfg, opt->name);
	*(struct conf_place **)result = at;
	return 0;
}

static int
on_unknown(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	(void)text;
	*(void **)result = NULL;
	if (opt->nvalues == 1)
		complain_unknown(cfg, opt->name);
	return 0;
}

static int
on_titled_end(cfg_t *cfg, cfg_opt_t *opt)
{
	if (++current->titled <= TITLED_MAX)
		return 0;
	conf_complain(current->bad, here(cfg), "more than %d sections; move "
	    "%ss to a users-file", TITLED_MAX, opt->name);
	return -1;
}

static int	 on_include(cfg_t *, cfg_opt_t *, int, const char **);

/* --- libconfuse's form of the option table ----------------------------- */

/* The option `user` has the name of a section, so it gets a mark. */
static const char *
name_for_libconfuse(const struct conf_option *o)
{
	return o->section[0] == '\0' && strcmp(o->name, "user") == 0 ?
	    "user" CONF_USER_MARK : o->name;
}

static cfg_opt_t
option_of(const struct conf_option *o)
{
	cfg_opt_t one = CFG_PTR_CB(name_for_libconfuse(o), NULL,
	    CFGF_NODEFAULT, on_value, NULL);

	if (conf_option_is_list(o))
		one.flags |= CFGF_LIST;
	return one;
}

static cfg_opt_t
unknown_option(const char *name)
{
	cfg_opt_t one = CFG_PTR_CB(name, NULL, CFGF_NODEFAULT | CFGF_LIST,
	    on_unknown, NULL);

	return one;
}

/* The options of a section, with room for `more` others after them. */
static cfg_opt_t *
options_of(struct arena *a, const char *section, size_t more, size_t *n)
{
	const struct conf_option	*o;
	cfg_opt_t			*opts;
	size_t				 i;

	opts = arena_array(a, conf_options_count() + UNKNOWN_MAX + more + 1,
	    sizeof(*opts));
	*n = 0;
	for (i = 0; i < current->unknown.n; i++)
		if (strcmp(current->unknown.option[i].section, section) == 0)
			opts[(*n)++] = unknown_option(
			    current->unknown.option[i].name);
	for (i = 0; (o = conf_option(i)) != NULL; i++)
		if (strcmp(o->section, section) == 0)
			opts[(*n)++] = option_of(o);
	return opts;
}

static cfg_opt_t
section_option(struct arena *a, const struct conf_kind *kind)
{
	static char	 text[] = BEGIN_TEXT;
	cfg_opt_t	 begin = CFG_PTR_CB(BEGIN_NAME, text, CFGF_NONE,
			     on_begin, NULL);
	size_t		 n;
	cfg_opt_t	*opts = options_of(a, kind->name, 1, &n);
	cfg_opt_t	 section = CFG_SEC(kind->name, opts, CFGF_NONE);

	if (kind->titled) {
		opts[n] = begin;
		section.flags = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
		section.validcb = on_titled_end;
	}
	return section;
}

static cfg_t *
parser_new(struct arena *a)
{
	cfg_opt_t	 include = CFG_FUNC("include", on_include);
	cfg_opt_t	*opts;
	cfg_t		*cfg;
	size_t		 n, i;

	opts = options_of(a, "", conf_nkinds + 1, &n);
	for (i = 1; i < conf_nkinds; i++)
		opts[n++] = section_option(a, &conf_kinds[i]);
	opts[n] = include;
	cfg = cfg_init(opts, CFGF_NONE);
	if (cfg == NULL)
		abort();		/* out of memory */
	cfg_set_error_function(cfg, on_error);
	return cfg;
}

/* --- files ------------------------------------------------------------- */

static bool
fail_at(struct conf_place at, const char *error)
{
	conf_complain(current->bad, at, "%s", error);
	return false;
}

static bool
parse_text(cfg_t *cfg, const char *file, const char *text, size_t len)
{
	struct buf		 clean = BUF_INIT;
	struct conf_place	 at = { file, 0 };
	const char		*error, *outer = current->file;
	int			 line = cfg->line;
	bool			 ok;
	FILE			*in;

	if (!conf_text_clean(text, len, &clean, &at.line, &error)) {
		buf_free(&clean);
		return fail_at(at, error);
	}
	buf_addch(&clean, '\n');	/* fmemopen needs one octet */
	in = fmemopen(clean.data, clean.len, "r");
	if (in == NULL)
		abort();		/* out of memory */
	current->file = file;
	ok = cfg_parse_fp(cfg, in) == CFG_SUCCESS;
	current->file = outer;
	cfg->line = line;
	fclose(in);
	buf_free(&clean);
	return ok;
}

static void
complain_file(const char *path, struct conf_place from, const char *wrong,
    int error)
{
	bool		included = strcmp(path, from.file) != 0;
	struct buf	remedy = BUF_INIT;

	if (error == EACCES)
		reach_advice(&remedy, path, REACH_FILE);
	else if (error == ENOENT && !included)
		buf_addstr(&remedy, "; name another file with -c");
	conf_complain(current->bad, from, "%s%s%s%s%s",
	    included ? "include: " : "", included ? path : "",
	    included ? ": " : "", wrong != NULL ? wrong : strerror(error),
	    buf_str(&remedy));
	buf_free(&remedy);
}

/* `from` is the place of include(), or the file itself. */
static bool
parse_file(cfg_t *cfg, const char *path, struct conf_place from)
{
	struct buf	 text = BUF_INIT;
	bool		 included = strcmp(path, from.file) != 0, ok = false;
	const char	*wrong;
	FILE		*in = conf_text_open(path, included, &wrong);

	if (in == NULL || !conf_text_read(in, &text)) {
		complain_file(path, from, wrong, errno);
	} else {
		ok = parse_text(cfg, path, buf_str(&text), text.len);
	}
	if (in != NULL)
		fclose(in);
	buf_free(&text);
	return ok;
}

/* Relative to the file that includes it. */
static const char *
include_path(const char *name)
{
	const char *slash = strrchr(current->file, '/');

	if (name[0] == '/' || slash == NULL)
		return arena_strdup(current->arena, name);
	return arena_printf(current->arena, "%.*s/%s",
	    (int)(slash - current->file), current->file, name);
}

static int
on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct conf_place	at = here(cfg);
	bool			ok;

	(void)opt;
	(void)argc;		/* conf_text.c passes one string only */
	if (!current->may_read_files)
		return fail_at(at, "include() is not allowed here; write the "
		    "options themselves") ? 0 : -1;
	if (current->depth >= INCLUDE_DEPTH ||
	    current->files >= INCLUDE_FILES)
		return fail_at(at, "too many included files; does a file "
		    "include itself?") ? 0 : -1;
	current->depth++;
	current->files++;
	ok = parse_file(cfg, include_path(argv[0]), at);
	current->depth--;
	return ok ? 0 : -1;
}

/* --- from libconfuse's tree to ours ------------------------------------ */

static bool
read_setting(struct arena *a, cfg_t *cfg, const struct conf_option *o,
    struct conf_setting *s)
{
	cfg_opt_t		*opt = cfg_getopt(cfg, name_for_libconfuse(o));
	struct conf_value	*values;
	unsigned		 i;

	if (cfg_opt_size(opt) == 0 && (opt->flags & CFGF_MODIFIED) == 0)
		return false;
	values = arena_array(a, cfg_opt_size(opt), sizeof(*values));
	for (i = 0; i < cfg_opt_size(opt); i++)
		values[i] = *(struct conf_value *)cfg_opt_getnptr(opt, i);
	s->option = o;
	s->n = i;
	s->value = values;
	return true;
}

/* Are there unknown options in this section? */
static bool
has_unknown(cfg_t *cfg)
{
	size_t i;

	for (i = 0; i < current->unknown.n; i++)
		if (strcmp(current->unknown.option[i].section,
		    section_name(cfg)) == 0 &&
		    cfg_size(cfg, current->unknown.option[i].name) > 0)
			return true;
	return false;
}

static struct conf_section
read_section(struct arena *a, cfg_t *cfg, const char *name,
    struct conf_place at)
{
	struct conf_section		 s = { name, NULL, at, 0, NULL };
	struct conf_setting		*settings, *one;
	const struct conf_option	*o;
	size_t				 i;

	s.title = arena_strdup(a, cfg_title(cfg));
	if (s.title != NULL)
		s.place = *(struct conf_place *)cfg_getnptr(cfg, BEGIN_NAME,
		    0);
	settings = arena_array(a, conf_options_count(), sizeof(*settings));
	for (i = 0; (o = conf_option(i)) != NULL; i++) {
		one = &settings[s.n];
		if (strcmp(o->section, name) != 0 ||
		    !read_setting(a, cfg, o, one))
			continue;
		one->place = one->n > 0 ? one->value[0].place : s.place;
		s.n++;
	}
	s.setting = settings;
	return s;
}

static struct conf_tree
read_tree(struct arena *a, cfg_t *root, struct conf_place at)
{
	struct conf_section	*list;
	struct conf_tree	 t = { 0, NULL };
	cfg_t			*one;
	size_t			 k, n = 1;
	unsigned		 i;

	for (k = 1; k < conf_nkinds; k++)
		n += cfg_size(root, conf_kinds[k].name);
	list = arena_array(a, n, sizeof(*list));
	list[t.n++] = read_section(a, root, "", at);
	for (k = 1; k < conf_nkinds; k++)
		for (i = 0; i < cfg_size(root, conf_kinds[k].name); i++) {
			one = cfg_getnsec(root, conf_kinds[k].name, i);
			list[t.n] = read_section(a, one, conf_kinds[k].name,
			    at);
			if (has_unknown(one))
				complaints_note(current->bad, &list[t.n]);
			t.n++;
		}
	t.section = list;
	return t;
}

/* --- one load ---------------------------------------------------------- */

/* Parse it once. Of complaints only those of the last time are kept. */
static bool
read_once(const char *name, const char *text, struct conf_tree *tree)
{
	struct conf_place	 at = { name, 0 };
	cfg_t			*cfg = parser_new(current->arena);
	bool			 ok;

	current->again = false;
	current->depth = current->files = current->titled = 0;
	buf_reset(&current->bad->text);
	current->bad->n = 0;
	ok = text != NULL ? parse_text(cfg, name, text, strlen(text)) :
	    parse_file(cfg, name, at);
	if (ok)
		*tree = read_tree(current->arena, cfg, at);
	else if (current->bad->n == 0)
		fail_at(at, "syntax error; see millgate.conf(5)");
	cfg_free(cfg);
	return ok;
}

bool
conf_read(struct conf_builder *b, const char *name, const char *text,
    struct conf_tree *tree)
{
	struct load	 l = { .arena = b->arena, .bad = b->bad,
			    .file = name,
			    .may_read_files = b->may_read_files };
	bool		 ok;

	pthread_mutex_lock(&lock);
	current = &l;
	do
		ok = read_once(name, text, tree);
	while (!ok && l.again);
	current = NULL;
	pthread_mutex_unlock(&lock);
	return ok;
}
