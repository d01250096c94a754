/*
 * users_file - read the lines of users-file
 *
 * A line is "login key=value ...". A value with blanks is in double quotes,
 * commas separate the items of a list, a backslash at the end continues the
 * line, # begins a comment. All errors are collected; a line with an error
 * adds no user.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/reach.h"
#include "base/safe_open.h"
#include "conf/users.h"
#include "conf_tree_priv.h"

#define KEYS		7
#define BLANKS		" \t\r\n"
#define LINE_MAX_OCTETS	(1024 * 1024)

struct reader {
	struct users	*users;
	struct arena	*arena;
	const struct users_plans *plans;
	struct conf_place place;	/* where the current line begins */
	bool		 seen[KEYS];	/* keys of the current line */
	struct complaints bad;
};

static void
complain_key(struct reader *r, const char *key, const char *value,
    const char *error)
{
	conf_complain(&r->bad, r->place, "%s=%s %s", key,
	    conf_shown(r->arena, value), error);
}

static void
read_plan(struct reader *r, char *value, struct user_rules *user)
{
	size_t i;

	for (i = 0; i < r->plans->n; i++) {
		if (strcasecmp(r->plans->plan[i].name, value) == 0) {
			user->plan = &r->plans->plan[i];
			return;
		}
	}
	complain_key(r, "plan", value, "is not a plan; write a plan section "
	    "of that name into the configuration");
}

static size_t
count_items(const char *list)
{
	size_t n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

static void
read_senders(struct reader *r, char *value, struct user_rules *user)
{
	const char	**list, *pattern;
	char		 *item;

	list = arena_array(r->arena, count_items(value) + 1, sizeof(*list));
	user->senders = list;
	while ((item = strsep(&value, ",")) != NULL) {
		pattern = users_sender_pattern(r->arena, item);
		if (pattern != NULL)
			list[user->nsenders++] = pattern;
		else
			complain_key(r, "senders", item, "is not a sender; "
			    "write user@domain, @domain, @.domain or *");
	}
}

static void
read_networks(struct reader *r, char *value, struct user_rules *user)
{
	struct netblock	*list;
	char		*item;

	list = arena_array(r->arena, count_items(value), sizeof(*list));
	user->networks = list;
	while ((item = strsep(&value, ",")) != NULL) {
		if (netblock_parse(item, &list[user->nnetworks]))
			user->nnetworks++;
		else
			complain_key(r, "networks", item, "is not a network; "
			    "write 192.0.2.0/24, 2001:db8::/32 or an address");
	}
}

static bool
read_bool(struct reader *r, const char *key, const char *value)
{
	bool yes = strcasecmp(value, "yes") == 0;

	if (!yes && strcasecmp(value, "no") != 0)
		complain_key(r, key, value, "must be yes or no");
	return yes;
}

static void
read_second_factor(struct reader *r, char *value, struct user_rules *user)
{
	user->second_factor = read_bool(r, "second-factor", value);
}

static void
read_block(struct reader *r, char *value, struct user_rules *user)
{
	user->block = read_bool(r, "block", value);
}

static void
read_certificates(struct reader *r, char *value, struct user_rules *user)
{
	const char	**list, *complaint;
	char		 *item;

	list = arena_array(r->arena, count_items(value) + 1, sizeof(*list));
	user->certificates = list;
	while ((item = strsep(&value, ",")) != NULL) {
		complaint = users_certificate(item);
		if (complaint == NULL)
			list[user->ncertificates++] = arena_strdup(r->arena,
			    item);
		else
			complain_key(r, "certificates", item, complaint);
	}
}

static void
read_issuer(struct reader *r, char *value, struct user_rules *user)
{
	const char *complaint = users_issuer(value);

	if (complaint == NULL)
		user->certificate_issuer = arena_strdup(r->arena, value);
	else
		complain_key(r, "certificate-issuer", value, complaint);
}

static const struct {
	const char	*name;
	void		(*read)(struct reader *r, char *value,
			    struct user_rules *user);
} keys[KEYS] = {
	{ "plan", read_plan }, { "senders", read_senders },
	{ "networks", read_networks }, { "second-factor", read_second_factor },
	{ "certificates", read_certificates },
	{ "certificate-issuer", read_issuer },
	{ "block", read_block },
};

/* One "key=value". */
static void
users_read_key(struct reader *r, char *word, struct user_rules *user)
{
	char	*value = strchr(word, '=');
	size_t	 k = 0;

	if (value == NULL) {
		conf_complain(&r->bad, r->place, "%s is not key=value; a login "
		    "has no blanks", conf_shown(r->arena, word));
		return;
	}
	*value++ = '\0';
	while (k < KEYS && strcmp(word, keys[k].name) != 0)
		k++;
	if (k == KEYS) {
		conf_complain(&r->bad, r->place, "unknown key \"%s\"; use "
		    "plan, senders, networks, second-factor, certificates, "
		    "certificate-issuer or block",
		    conf_shown(r->arena, word));
	} else if (r->seen[k]) {
		conf_complain(&r->bad, r->place, "%s= is set twice; remove one "
		    "of the two", word);
	} else {
		r->seen[k] = true;
		keys[k].read(r, value, user);
	}
}

/*
 * The next word of a line; NULL at its end or at a comment. Quotes in a value
 * keep blanks and are removed.
 */
static char *
next_word(struct reader *r, char **line)
{
	char	*in = *line + strspn(*line, BLANKS), *word = in, *out = in;
	bool	 value = false, quoted = false;

	if (*in == '\0' || *in == '#')
		return NULL;
	for (; *in != '\0' && (quoted || strchr(BLANKS, *in) == NULL); in++) {
		value = value || *in == '=';
		if (value && *in == '"')
			quoted = !quoted;
		else
			*out++ = *in;
	}
	*line = *in != '\0' ? in + 1 : in;
	*out = '\0';
	if (quoted)
		conf_complain(&r->bad, r->place, "a quote is not closed; write "
		    "one at the end of the value");
	return word;
}

/*
 * A byte order mark before the first line, or a no-break space between two
 * words, is invisible and would make another login of this one.
 */
static bool
has_invisible(const char *word)
{
	return strstr(word, "\xef\xbb\xbf") != NULL ||
	    strstr(word, "\xc2\xa0") != NULL;
}

static void
read_line(struct reader *r, char *line)
{
	struct user_rules	*user;
	unsigned		 bad = r->bad.n;
	char			*word;

	word = next_word(r, &line);
	if (word == NULL)
		return;
	user = arena_alloc(r->arena, sizeof(*user));
	user->file = r->place.file;
	user->line = r->place.line;
	user->login = users_login(r->arena, word);
	if (user->login == NULL) {
		conf_complain(&r->bad, r->place, "%s is not a valid login; "
		    "write it without blanks, at most 255 characters long",
		    conf_shown(r->arena, word));
		return;
	}
	user->login = users_qualify(r->users, r->arena, user->login);
	if (has_invisible(word))
		conf_complain(&r->bad, r->place, "%s has a byte order mark or "
		    "a no-break space; save the file as plain text, with "
		    "ordinary blanks", conf_shown(r->arena, word));
	memset(r->seen, 0, sizeof(r->seen));
	while ((word = next_word(r, &line)) != NULL)
		users_read_key(r, word, user);
	if (r->bad.n == bad && !users_add(r->users, user))
		conf_complain(&r->bad, r->place, "%s has an entry already "
		    "(case does not matter); remove one of the two",
		    conf_shown(r->arena, user->login));
}

/* False: the line continues on the next one. */
static bool
ends_line(struct buf *line)
{
	while (line->len > 0 && (line->data[line->len - 1] == '\n' ||
	    line->data[line->len - 1] == '\r'))
		line->data[--line->len] = '\0';
	if (line->len == 0 || line->data[line->len - 1] != '\\')
		return true;
	line->data[line->len - 1] = ' ';
	return false;
}

static bool
is_text(struct reader *r, const struct buf *line)
{
	if (memchr(line->data, '\0', line->len) != NULL)
		conf_complain(&r->bad, r->place,
		    "NUL character; this is not a text file");
	else if (line->len > LINE_MAX_OCTETS)
		conf_complain(&r->bad, r->place, "line of more than %d octets; "
		    "make it shorter", LINE_MAX_OCTETS);
	else
		return true;
	return false;
}

static void
users_read_lines(struct reader *r, FILE *in)
{
	struct buf	 line = BUF_INIT;
	char		*part = NULL;
	size_t		 size = 0;
	ssize_t		 len;
	unsigned	 number = 0;

	r->place.line = 1;
	while ((len = getline(&part, &size, in)) > 0) {
		number++;
		buf_add(&line, part, (size_t)len);
		if (!is_text(r, &line))
			break;
		if (!ends_line(&line))
			continue;
		read_line(r, line.data);
		buf_reset(&line);
		r->place.line = number + 1;
	}
	/* half a file is no file: who is blocked may be in the other half */
	if (len <= 0 && !feof(in))
		conf_complain(&r->bad, r->place, "cannot be read: %s",
		    strerror(errno));
	else if (len <= 0 && line.len > 0)
		read_line(r, line.data);
	free(part);
	buf_free(&line);
}

static bool
users_finish(struct reader *r, char **why)
{
	bool ok = r->bad.n == 0;

	if (ok) {
		buf_free(&r->bad.text);
	} else {
		complaints_end(&r->bad);
		*why = r->bad.text.data;
	}
	return ok;
}

bool
users_set(const struct users_origin *o, struct user_rules *user,
    const char *key, char *value, char **why)
{
	struct reader	 r = { .arena = o->arena, .plans = o->plans,
	    .place = { o->name, 0 } };
	size_t		 k = 0;

	while (strcmp(key, keys[k].name) != 0)
		k++;
	keys[k].read(&r, value, user);
	return users_finish(&r, why);
}

static struct reader
reader_of(struct users *u, const char *name, const struct users_plans *plans)
{
	struct reader r = { .users = u, .arena = users_arena(u),
	    .plans = plans, .place = { name, 0 } };

	return r;
}

bool
users_load_text(struct users *u, const char *name, const char *text,
    const struct users_plans *plans, char **why)
{
	struct reader	 r = reader_of(u, name, plans);
	FILE		*in;

	if (*text == '\0')
		return true;
	in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	if (in == NULL) {
		conf_complain(&r.bad, r.place, "%s", strerror(errno));
	} else {
		users_read_lines(&r, in);
		fclose(in);
	}
	return users_finish(&r, why);
}

static void
complain_closed(struct reader *r, const char *wrong, int error)
{
	struct buf remedy = BUF_INIT;

	if (error == EACCES)
		reach_advice(&remedy, r->place.file, REACH_FILE);
	else if (error != 0)
		buf_addstr(&remedy, "; create the file or remove users-file");
	conf_complain(&r->bad, r->place, "%s%s", wrong, buf_str(&remedy));
	buf_free(&remedy);
}

bool
users_load_file(struct users *u, const char *path,
    const struct users_plans *plans, char **why)
{
	struct reader	 r = reader_of(u, path, plans);
	const char	*wrong = NULL;
	int		 fd = safe_open_read(path, &wrong);
	FILE		*in = fd != -1 ? fdopen(fd, "r") : NULL;

	if (in == NULL) {
		complain_closed(&r, wrong != NULL ? wrong : strerror(errno),
		    errno);
		if (fd != -1)
			close(fd);
		return users_finish(&r, why);
	}
	users_read_lines(&r, in);
	fclose(in);
	return users_finish(&r, why);
}
