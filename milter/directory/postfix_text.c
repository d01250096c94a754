/*
 * postfix_text - Postfix's tables in memory: texthash:, inline:, lmdb:
 *
 * A hash table of keys and values, at most half full. Postfix ignores a line
 * of a texthash: file that has no value; here it is an error, so that nobody
 * finds out later that an address has no owner.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/fnv.h"
#include "postfix_lines_priv.h"
#include "postfix_text_priv.h"

#define FIRST_SIZE	64	/* a power of two */
#define WHITE		" \t\r\n\f\v"
#define NAME_SHOWN	80

struct entry {
	const char	*key, *value;
};

struct postfix_text {
	struct arena	*arena;
	size_t		 n, size;
	struct entry	*slot;
};

struct postfix_text *
postfix_text_new(struct arena *a)
{
	struct postfix_text *t = arena_alloc(a, sizeof(*t));

	t->arena = a;
	t->size = FIRST_SIZE;
	t->slot = arena_array(a, t->size, sizeof(*t->slot));
	return t;
}

static struct entry *
text_slot(const struct postfix_text *t, const char *key)
{
	size_t i = fnv_fold(fnv_add(FNV_START, key, strlen(key)));

	for (i &= t->size - 1; t->slot[i].key != NULL; i = (i + 1) &
	    (t->size - 1))
		if (strcmp(t->slot[i].key, key) == 0)
			break;
	return &t->slot[i];
}

static void
text_grow(struct postfix_text *t)
{
	const struct entry	*old = t->slot;
	size_t			 size = t->size, i;

	t->size *= 2;
	t->slot = arena_array(t->arena, t->size, sizeof(*t->slot));
	for (i = 0; i < size; i++)
		if (old[i].key != NULL)
			*text_slot(t, old[i].key) = old[i];
}

bool
postfix_text_add(struct postfix_text *t, char *key, const char *value)
{
	struct entry	*e;
	char		*p;

	for (p = key; *p != '\0'; p++)
		*p = ascii_lower(*p);
	if (t->n >= t->size / 2)
		text_grow(t);
	e = text_slot(t, key);
	if (e->key != NULL)
		return false;
	*e = (struct entry){ key, value };
	t->n++;
	return true;
}

const char *
postfix_text_find(const struct postfix_text *t, const char *key)
{
	return text_slot(t, key)->value;
}

/* --- texthash: ---------------------------------------------------------- */

/* The end of the key: the first blank that is not in double quotes. */
static char *
key_end(char *line)
{
	bool quoted = false;

	for (; *line != '\0'; line++) {
		if (*line == '"')
			quoted = !quoted;
		else if (*line == '\\' && line[1] != '\0')
			line++;
		else if (!quoted && strchr(WHITE, *line) != NULL)
			break;
	}
	return quoted ? NULL : line;
}

static const char *
take_line(struct postfix_text *t, char *line)
{
	char *end = key_end(line), *value;

	if (strchr(WHITE, line[0]) != NULL)
		return "the line continues one that does not exist; remove "
		    "the blanks before it";
	if (end == NULL)
		return "the key has a double quote without its end; write "
		    "both";
	value = end + (*end != '\0');
	*end = '\0';
	value = postfix_trim(value);
	if (*value == '\0')
		return "the line has no value; write ADDRESS LOGIN,LOGIN";
	if (!postfix_text_add(t, line, value))
		return "the key has an entry already (case does not matter); "
		    "remove one of the two";
	return NULL;
}

const char *
postfix_texthash_parse(const char *path, const char *text, struct arena *a,
    struct postfix_text **t)
{
	struct postfix_lines	 r = { text, 0, 0 };
	const char		*wrong;
	char			*line;

	*t = postfix_text_new(a);
	while ((line = postfix_line(&r, a)) != NULL) {
		wrong = take_line(*t, line);
		if (wrong != NULL)
			return arena_printf(a, "%s:%u: %s", path, r.line,
			    wrong);
	}
	return NULL;
}

/* --- inline: ------------------------------------------------------------ */

/* The octet behind the brace that ends the one at `text`; NULL: none. */
static char *
brace_end(char *text)
{
	unsigned depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '{')
			depth++;
		else if (*text == '}' && --depth == 0)
			return text + 1;
	}
	return NULL;
}

/* Cut the next item off, without its braces. NULL: none, or *wrong. */
static char *
inline_item(char **rest, const char **wrong)
{
	char *item = *rest + strspn(*rest, "," WHITE), *end;

	if (*item == '\0')
		return NULL;
	if (*item != '{') {
		end = item + strcspn(item, "," WHITE);
		*rest = end + (*end != '\0');
		*end = '\0';
		return item;
	}
	end = brace_end(item);
	if (end == NULL || (*end != '\0' && strchr("," WHITE, *end) == NULL)) {
		*wrong = "has a brace without its pair";
		return NULL;
	}
	*rest = end + (*end != '\0');
	end[-1] = '\0';
	return item + 1;
}

static const char *
take_items(struct postfix_text *t, char *rest)
{
	const char	*wrong = NULL;
	char		*item, *key = NULL, *value = NULL;

	while ((item = inline_item(&rest, &wrong)) != NULL && wrong == NULL) {
		wrong = postfix_split(item, &key, &value);
		if (wrong == NULL && *value == '\0')
			wrong = "has an empty value";
		if (wrong == NULL && !postfix_text_add(t, key, value))
			wrong = "has two entries for one key";
	}
	if (wrong == NULL && t->n == 0)
		wrong = "is an empty table";
	return wrong;
}

const char *
postfix_inline_parse(const char *text, struct arena *a,
    struct postfix_text **t)
{
	char		*copy = arena_strdup(a, text), *end;
	const char	*wrong;

	*t = postfix_text_new(a);
	end = copy[0] == '{' ? brace_end(copy) : NULL;
	if (end == NULL || *end != '\0') {
		wrong = "is not in braces";
	} else {
		end[-1] = '\0';
		wrong = take_items(*t, copy + 1);
	}
	return wrong == NULL ? NULL : arena_printf(a, "inline:%.*s %s; write "
	    "inline:{ADDRESS=LOGIN, {ADDRESS = LOGIN, LOGIN}}", NAME_SHOWN,
	    text, wrong);
}
