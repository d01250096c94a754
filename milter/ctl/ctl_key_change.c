/*
 * ctl_key_change - millgatectl key new, activate, retire and prune
 *
 * A key file is complete before it has its name, never overwrites another one,
 * and belongs to the group of the key directory if that is there for a daemon
 * that does not run as root. States are marker files; see keydir.h.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"
#include "dkim/keyrecord.h"
#include "dns/resolver.h"
#include "mail/domain.h"
#include "ctl_common_priv.h"
#include "ctl_key_priv.h"

#define SELECTORS_MAX	100	/* made on one day */
#define DAY		86400

static bool
fails(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

static void
say_reload(void)
{
	fputs("the daemon takes this over when it is reloaded (systemctl "
	    "reload millgate)\n", stderr);
}

/* --- files ------------------------------------------------------------- */

/* The owner and group that files below the key directory get. */
struct owner {
	uid_t	uid;
	gid_t	gid;
	bool	shared;		/* the group reads keys */
};

static bool
owner_of(const char *directory, struct owner *o)
{
	struct stat st;

	if (stat(directory, &st) != 0)
		return fails(directory);
	o->uid = geteuid() == 0 ? st.st_uid : (uid_t)-1;
	o->gid = st.st_gid;
	o->shared = st.st_gid != getegid() &&
	    (st.st_mode & (S_IRGRP | S_IXGRP)) == (S_IRGRP | S_IXGRP);
	return true;
}

/* A directory that may be there already; its mode is no matter of umask. */
static bool
make_directory(const char *path, const struct owner *o)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST || fails(path);
	if (chmod(path, 0750) != 0)
		return fails(path);
	if (o != NULL && chown(path, o->uid, o->gid) != 0)
		return fails(path);
	return true;
}

static bool
write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len > 0; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

/* The whole text, on disk, in a file of mode 0600 or 0640. */
static bool
fill_file(int fd, const struct buf *text, const struct owner *o)
{
	return fchown(fd, o->uid, o->gid) == 0 &&
	    fchmod(fd, o->shared ? 0640 : 0600) == 0 &&
	    write_all(fd, text->data, text->len) && fsync(fd) == 0;
}

/* So that the new name is on disk, too. */
static bool
sync_names(const char *path)
{
	int	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool	ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok || fails(path);
}

static bool
write_new(struct arena *a, const char *path, const struct buf *text,
    const struct owner *o)
{
	char	*temporary = arena_printf(a, "%s.XXXXXX", path);
	int	 fd = mkstemp(temporary);
	bool	 ok;

	if (fd < 0)
		return fails(temporary);
	ok = fill_file(fd, text, o);
	if (!ok)
		fails(temporary);
	/* unlike rename, link never takes the place of another file */
	else if (link(temporary, path) != 0)
		ok = fails(path);
	close(fd);
	unlink(temporary);
	return ok;
}

static bool
set_marker(struct arena *a, const char *path, const char *suffix,
    const struct owner *o)
{
	const char	*marker = keydir_beside(a, path, suffix);
	int		 fd;

	fd = open(marker, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0 || fchown(fd, o->uid, o->gid) != 0 || futimens(fd, NULL)) {
		fails(marker);
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	return true;
}

static bool
remove_marker(struct arena *a, const char *path, const char *suffix)
{
	const char *marker = keydir_beside(a, path, suffix);

	return unlink(marker) == 0 || errno == ENOENT || fails(marker);
}

/* --- new --------------------------------------------------------------- */

static const char *
path_of(const struct key_command *c, const char *selector)
{
	return arena_printf(c->arena, "%s/%s/%s" KEYDIR_PRIVATE, c->directory,
	    c->domain, selector);
}

/* "20261123r", and if there is one already "20261123r2", ... */
static const char *
dated_selector(const struct key_command *c, enum crypto_type type)
{
	struct stat	 st;
	struct tm	 tm;
	char		 day[16];
	const char	*selector;
	int		 n;

	gmtime_r(&c->now, &tm);
	strftime(day, sizeof(day), "%Y%m%d", &tm);
	for (n = 1; n < SELECTORS_MAX; n++) {
		selector = arena_printf(c->arena, n == 1 ? "%s%c" : "%s%c%d",
		    day, type == CRYPTO_RSA ? 'r' : 'e', n);
		if (stat(path_of(c, selector), &st) != 0)
			break;
	}
	return selector;
}

/* --selector with two kinds: each has to have its own name. */
static const char *
selector_for(const struct key_command *c, enum crypto_type type)
{
	if (c->selector == NULL)
		return dated_selector(c, type);
	if (c->kinds != KINDS_BOTH)
		return c->selector;
	return arena_printf(c->arena, "%s-%s", c->selector,
	    type == CRYPTO_RSA ? "rsa" : "ed25519");
}

/* A key that is there must not become pending by the marker of a new one. */
static bool
is_free(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || fails(path);
	fprintf(stderr, "%s: there is a key already; choose another selector\n",
	    path);
	return false;
}

static bool
store_key(struct key_command *c, const struct key_item *k,
    const struct owner *o)
{
	struct buf	pem = BUF_INIT;
	bool		ok;

	ok = is_free(k->path) && crypto_key_pem(k->key, &pem) &&
	    remove_marker(c->arena, k->path, KEYDIR_RETIRED) &&
	    (c->active ? remove_marker(c->arena, k->path, KEYDIR_PENDING) :
	    set_marker(c->arena, k->path, KEYDIR_PENDING, o)) &&
	    write_new(c->arena, k->path, &pem, o) &&
	    sync_names(arena_printf(c->arena, "%s/%s", c->directory,
	    c->domain));
	if (pem.data != NULL)
		explicit_bzero(pem.data, pem.len);
	buf_free(&pem);
	return ok;
}

static void
show_new(struct key_command *c, const struct key_item *k)
{
	struct record r;

	if (!c->json) {
		printf("; key in %s, %s\n", k->path, c->active ? "active" :
		    "pending until this record is published");
		key_print_record(c, k);
		return;
	}
	record_init(&r, c->arena);
	record_str(&r, "domain", k->domain);
	record_str(&r, "selector", k->selector);
	record_str(&r, "type", key_type_name(k->key));
	record_num(&r, "bits", crypto_key_bits(k->key));
	record_str(&r, "state", key_state_name(c->active ? KEY_ACTIVE :
	    KEY_PENDING));
	record_str(&r, "path", k->path);
	record_str(&r, "name", keyrecord_name(c->arena, k->selector,
	    k->domain));
	record_str(&r, "text", keyrecord_text(c->arena, k->key));
	key_print_json(c, &r);
}

/* One that is too long has no place in the DNS. */
static bool
has_name(const struct key_command *c, const char *selector)
{
	const char *name = keyrecord_name(c->arena, selector, c->domain);

	if (strlen(name) <= DOMAIN_MAX)
		return true;
	fprintf(stderr, "millgatectl: key: %s: longer than the %d octets of a "
	    "name; choose a shorter selector\n", name, DOMAIN_MAX);
	return false;
}

static bool
make_key(struct key_command *c, enum crypto_type type, const struct owner *o)
{
	struct key_item	 k = { .domain = c->domain };
	const char	*why = "";
	bool		 ok;

	k.selector = selector_for(c, type);
	if (!has_name(c, k.selector))
		return false;
	k.path = path_of(c, k.selector);
	k.key = crypto_key_generate(type, c->bits, &why);
	if (k.key == NULL) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	ok = store_key(c, &k, o);
	if (ok)
		show_new(c, &k);
	crypto_key_free(&k.key);
	return ok;
}

int
ctl_key_new(struct key_command *c)
{
	struct owner	o;
	bool		ok;

	if (!make_directory(c->directory, NULL) ||
	    !owner_of(c->directory, &o) ||
	    !make_directory(arena_printf(c->arena, "%s/%s", c->directory,
	    c->domain), &o))
		return CTL_TROUBLE;
	fputs(c->json ? "[" : "", stdout);
	ok = c->kinds == KINDS_ED25519 || make_key(c, CRYPTO_RSA, &o);
	ok = ok && (c->kinds == KINDS_RSA ||
	    make_key(c, CRYPTO_ED25519, &o));
	fputs(c->json ? "]\n" : "", stdout);
	if (ok)
		say_reload();
	return ok ? CTL_GOOD : CTL_TROUBLE;
}

/* --- activate ---------------------------------------------------------- */

static bool
retire_older(struct key_command *c, struct key_items *items,
    const struct key_item *new, const struct owner *o)
{
	struct key_item *k;

	for (k = items->item; k < items->item + items->n; k++) {
		if (k->state != KEY_ACTIVE || k->key == NULL ||
		    crypto_key_type(k->key) != crypto_key_type(new->key))
			continue;
		if (!set_marker(c->arena, k->path, KEYDIR_RETIRED, o))
			return false;
		k->state = KEY_RETIRED;
		printf("%s of %s: retired\n", k->selector, k->domain);
	}
	return true;
}

/*
 * Older ones retire first: if this stops half-way, the daemon still has the
 * pending one to ask the DNS for.
 */
static int
activate_one(struct key_command *c, struct key_items *items,
    const struct key_item *k, const struct dns_answer *answer)
{
	struct owner	 o;
	const char	*why = "";

	if (keyrecord_compare(answer, k->key, &why) != KEYRECORD_PUBLISHED) {
		printf("%s of %s: stays pending: %s\n", k->selector,
		    k->domain, why);
		return CTL_NO;
	}
	if (!owner_of(c->directory, &o) || !retire_older(c, items, k, &o) ||
	    !remove_marker(c->arena, k->path, KEYDIR_PENDING))
		return CTL_TROUBLE;
	printf("%s of %s: active\n", k->selector, k->domain);
	return CTL_GOOD;
}

static int
activate_pending(struct key_command *c, struct key_items *items,
    const char *selector, struct lookups *l)
{
	const struct key_item	*k;
	int			 status = CTL_GOOD, one, n = 0;

	for (k = items->item; k < items->item + items->n; k++) {
		if (k->state != KEY_PENDING || k->key == NULL ||
		    (selector != NULL && strcmp(k->selector, selector) != 0))
			continue;
		one = activate_one(c, items, k, lookups_ask(l,
		    keyrecord_name(c->arena, k->selector, k->domain),
		    DNS_TXT));
		status = one > status ? one : status;
		n++;
	}
	if (n > 0)
		return status;
	fprintf(stderr, "no key of %s is pending\n", c->domain);
	return CTL_NO;
}

int
ctl_key_activate(struct key_command *c)
{
	const char		*selector = c->selector;
	struct key_items	 items;
	struct resolver		*r = NULL;
	struct lookups		*l;
	int			 status = CTL_TROUBLE;

	c->selector = NULL;	/* older ones have others */
	if (key_items_load(c, &items) && (r = ctl_resolver(c->conf, c->zone)) != NULL) {
		l = lookups_new(r, &key_lookup_limits);
		status = activate_pending(c, &items, selector, l);
		lookups_free(&l);
		resolver_free(&r);
		if (status == CTL_GOOD)
			say_reload();
	}
	key_items_free(&items);
	return status;
}

/* --- retire, prune ----------------------------------------------------- */

int
ctl_key_retire(struct key_command *c)
{
	struct key_items	items;
	struct owner		o;
	int			status = CTL_TROUBLE;

	if (key_items_load(c, &items) && owner_of(c->directory, &o)) {
		status = CTL_NO;
		if (items.n == 0)
			fprintf(stderr, "there is no key %s of %s\n",
			    c->selector, c->domain);
		else if (items.item[0].state == KEY_RETIRED)
			fprintf(stderr, "%s has retired already\n",
			    items.item[0].path);
		else if (set_marker(c->arena, items.item[0].path,
		    KEYDIR_RETIRED, &o))
			status = CTL_GOOD;
		else
			status = CTL_TROUBLE;
	}
	if (status == CTL_GOOD)
		say_reload();
	key_items_free(&items);
	return status;
}

/* The key goes first: without it the markers mean nothing. */
static bool
prune_one(struct key_command *c, const struct key_item *k)
{
	if (unlink(k->path) != 0)
		return fails(k->path);
	printf("%s: deleted; remove the record of %s from the DNS\n", k->path,
	    keyrecord_name(c->arena, k->selector, k->domain));
	return remove_marker(c->arena, k->path, KEYDIR_PENDING) &&
	    remove_marker(c->arena, k->path, KEYDIR_RETIRED);
}

int
ctl_key_prune(struct key_command *c)
{
	struct key_items	 items;
	const struct key_item	*k;
	int			 status = CTL_TROUBLE;
	size_t			 i;

	if (key_items_load(c, &items))
		status = CTL_GOOD;
	for (i = 0; i < items.n; i++) {
		k = &items.item[i];
		if (k->state == KEY_RETIRED &&
		    k->since + (time_t)c->keep * DAY <= c->now &&
		    !prune_one(c, k))
			status = CTL_TROUBLE;
	}
	key_items_free(&items);
	return status;
}
