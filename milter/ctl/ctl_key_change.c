/*
 * ctl_key_change - millgatectl key new, activate, retire and prune
 *
 * A key file is complete before it gets its name, and never overwrites another
 * one. It belongs to the group of the key directory if that group may read
 * there: so a daemon that does not run as root reads keys. States are marker
 * files; see keydir.h.
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

#define SELECTORS_MAX	100	/* of one type, made on one day */
#define DAY		86400

/* Report errno, and return false. */
static bool
file_error(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

static void
remind_of_reload(void)
{
	fputs("reload the daemon to apply this (systemctl reload millgate)\n",
	    stderr);
}

/* --- files --------------------------------------------------------------- */

/* The owner and group that files below the key directory get. */
struct owner {
	uid_t	uid;
	gid_t	gid;
	bool	shared;		/* the group may read keys */
};

static bool
owner_of(const char *directory, struct owner *o)
{
	struct stat st;

	if (stat(directory, &st) != 0)
		return file_error(directory);
	o->uid = geteuid() == 0 ? st.st_uid : (uid_t)-1;
	o->gid = st.st_gid;
	o->shared = st.st_gid != getegid() &&
	    (st.st_mode & (S_IRGRP | S_IXGRP)) == (S_IRGRP | S_IXGRP);
	return true;
}

/* Make a directory unless it exists. Its mode does not depend on the umask. */
static bool
make_directory(const char *path, const struct owner *o)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST || file_error(path);
	if (chmod(path, 0750) != 0)
		return file_error(path);
	if (o != NULL && chown(path, o->uid, o->gid) != 0)
		return file_error(path);
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

/* Write and sync the whole text; the mode becomes 0600 or 0640. */
static bool
fill_file(int fd, const struct buf *text, const struct owner *o)
{
	return fchown(fd, o->uid, o->gid) == 0 &&
	    fchmod(fd, o->shared ? 0640 : 0600) == 0 &&
	    write_all(fd, text->data, text->len) && fsync(fd) == 0;
}

/* fsync(2) of a file does not save its name; that of the directory does. */
static bool
sync_names(const char *path)
{
	int	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool	ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok || file_error(path);
}

/* Create `path` with this text; an existing file is an error. */
static bool
write_new(struct arena *a, const char *path, const struct buf *text,
    const struct owner *o)
{
	char	*temporary = arena_printf(a, "%s.XXXXXX", path);
	int	 fd = mkstemp(temporary);
	bool	 ok;

	if (fd < 0)
		return file_error(temporary);
	ok = fill_file(fd, text, o);
	if (!ok)
		file_error(temporary);
	/* link(2), unlike rename(2), never replaces a file */
	else if (link(temporary, path) != 0)
		ok = file_error(path);
	close(fd);
	unlink(temporary);
	return ok;
}

/* Create a marker file, or set its time to now. */
static bool
set_marker(struct arena *a, const char *path, const char *suffix,
    const struct owner *o)
{
	const char	*marker = keydir_beside(a, path, suffix);
	int		 fd;

	fd = open(marker, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0 || fchown(fd, o->uid, o->gid) != 0 || futimens(fd, NULL)) {
		file_error(marker);
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

	return unlink(marker) == 0 || errno == ENOENT || file_error(marker);
}

/* --- new ----------------------------------------------------------------- */

static const char *
path_of(const struct key_command *c, const char *selector)
{
	return arena_printf(c->arena, "%s/%s/%s" KEYDIR_PRIVATE, c->directory,
	    c->domain, selector);
}

/* "20261123r"; if that file exists, "20261123r2" and so on. */
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

/* With --selector and --type both, each key needs a selector of its own. */
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

/* The pending marker of a new key must not stop an existing key. */
static bool
is_free(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || file_error(path);
	return ctl_complain("%s: this key exists; choose another selector",
	    path);
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

/* Does the name of the record fit into the DNS (RFC 1035 2.3.4)? */
static bool
name_fits(const struct key_command *c, const char *selector)
{
	const char *name = keyrecord_name(c->arena, selector, c->domain);

	if (strlen(name) <= DOMAIN_MAX)
		return true;
	return ctl_complain("%s: a name in the DNS has at most %d octets; "
	    "choose a shorter selector", name, DOMAIN_MAX);
}

static bool
make_key(struct key_command *c, enum crypto_type type, const struct owner *o)
{
	struct key_item	 k = { .domain = c->domain };
	const char	*why = "";
	bool		 ok;

	k.selector = selector_for(c, type);
	if (!name_fits(c, k.selector))
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
		remind_of_reload();
	return ok ? CTL_GOOD : CTL_TROUBLE;
}

/* --- activate ------------------------------------------------------------ */

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
 * The older keys retire first. If this is interrupted, the daemon still has the
 * pending key, and signs with it because its record is published.
 */
static int
activate_one(struct key_command *c, struct key_items *items,
    const struct key_item *k, const struct dns_answer *answer)
{
	struct owner	 o;
	const char	*why = "";

	if (keyrecord_compare(answer, k->key, &why) != KEYRECORD_PUBLISHED) {
		printf("%s of %s: still pending: %s\n", k->selector,
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
	ctl_complain("%s has no pending key", c->domain);
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

	c->selector = NULL;	/* load the older keys too */
	if (key_items_load(c, &items))
		r = ctl_resolver(c->conf, c->zone);
	if (r != NULL) {
		l = lookups_new(r, &key_lookup_limits);
		status = activate_pending(c, &items, selector, l);
		lookups_free(&l);
		resolver_free(&r);
		if (status == CTL_GOOD)
			remind_of_reload();
	}
	key_items_free(&items);
	return status;
}

/* --- retire, prune ------------------------------------------------------- */

int
ctl_key_retire(struct key_command *c)
{
	struct key_items	items;
	struct owner		o;
	int			status = CTL_TROUBLE;

	if (key_items_load(c, &items) && owner_of(c->directory, &o)) {
		status = CTL_NO;
		if (items.n == 0)
			ctl_complain("%s has no key with selector %s",
			    c->domain, c->selector);
		else if (items.item[0].state == KEY_RETIRED)
			ctl_complain("%s is retired already",
			    items.item[0].path);
		else if (set_marker(c->arena, items.item[0].path,
		    KEYDIR_RETIRED, &o))
			status = CTL_GOOD;
		else
			status = CTL_TROUBLE;
	}
	if (status == CTL_GOOD)
		remind_of_reload();
	key_items_free(&items);
	return status;
}

/* The key is deleted first; markers without a key mean nothing. */
static bool
prune_one(struct key_command *c, const struct key_item *k)
{
	if (unlink(k->path) != 0)
		return file_error(k->path);
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
