/*
 * bench_keyring - time to load the keys of very many domains, the memory that
 * they need, and the time to find one
 *
 * usage: bench_keyring [DOMAINS], 20,000 by default. It measures three sites:
 * a directory with an RSA 2048 key file for each domain; OpenDKIM's tables with
 * one key for all domains; OpenDKIM's tables with patterns and a key file for
 * each domain. The files are copies of 16 keys, since only loading is measured.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/dkim_sign.h"
#include "dkim/keyring.h"
#include "seconds.h"

#define KEYS	16
#define FINDS	200000

static char		top[] = "/tmp/bench_keyring.XXXXXX";
static struct buf	pem[KEYS];
static unsigned		ndomains = 20000;

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_keyring: %s failed\n", what);
		exit(1);
	}
}

static void
write_file(const char *path, const struct buf *text)
{
	FILE *f = fopen(path, "w");

	must(f != NULL && fwrite(text->data, 1, text->len, f) == text->len,
	    path);
	fclose(f);
	chmod(path, 0600);
}

static void
make_site(void)
{
	struct crypto_key *key;
	const char	*why;
	char		 path[256];
	unsigned	 i;

	must(mkdtemp(top) != NULL, "mkdtemp");
	for (i = 0; i < KEYS; i++) {
		key = crypto_key_generate(CRYPTO_RSA, 2048, &why);
		must(key != NULL && crypto_key_pem(key, &pem[i]), "a key");
		crypto_key_free(&key);
	}
	snprintf(path, sizeof(path), "%s/keys", top);
	mkdir(path, 0700);
	for (i = 0; i < ndomains; i++) {
		snprintf(path, sizeof(path), "%s/keys/d%u.example", top, i);
		mkdir(path, 0700);
		snprintf(path, sizeof(path), "%s/keys/d%u.example/s.private",
		    top, i);
		write_file(path, &pem[i % KEYS]);
	}
}

/* `own`: each domain has its own key file. */
static void
make_tables(bool own)
{
	struct buf	keys = BUF_INIT, authors = BUF_INIT;
	char		path[256];
	unsigned	i;

	for (i = 0; i < ndomains; i++) {
		buf_printf(&keys, "k%u d%u.example:s:%s/keys/d%u.example/"
		    "s.private\n", i, i, top, own ? i : 0);
		buf_printf(&authors, "*@d%u.example k%u\n", i, i);
	}
	snprintf(path, sizeof(path), "%s/key.table", top);
	write_file(path, &keys);
	snprintf(path, sizeof(path), "%s/signing.table", top);
	write_file(path, &authors);
	buf_free(&keys);
	buf_free(&authors);
}

static struct keyring *
load(bool tables, char **why)
{
	char path[256], authors[256];

	snprintf(path, sizeof(path), "%s/%s", top,
	    tables ? "key.table" : "keys");
	snprintf(authors, sizeof(authors), "refile:%s/signing.table", top);
	return tables ? keyring_load_tables(path, authors, why) :
	    keyring_load(path, why);
}

static double
find_ns(const struct keyring *k)
{
	struct arena	*a = arena_new(65536);
	char		 domain[64];
	double		 start = seconds(CLOCK_PROCESS_CPUTIME_ID);
	unsigned	 i;

	for (i = 0; i < FINDS; i++) {
		snprintf(domain, sizeof(domain), "d%u.example",
		    (i * 7919u) % ndomains);
		must(keyring_find_author(k, &sign_default_rules, "user",
		    domain, a).n == 1, domain);
		arena_reset(a);
	}
	arena_free(&a);
	return (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) / FINDS * 1e9;
}

static void
measure(const char *name, bool tables)
{
	size_t		 before = mallinfo2().uordblks + mallinfo2().hblkhd;
	double		 wall = seconds(CLOCK_MONOTONIC);
	double		 cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	char		*why = NULL;
	struct keyring	*k = load(tables, &why);
	size_t		 after;

	if (k == NULL) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	printf("%-34s %7zu keys %6.2f s (CPU %5.2f s) %6.0f MB %6.0f ns/find\n",
	    name, keyring_count(k), wall, cpu,
	    (double)(after - before) / 1e6, find_ns(k));
	keyring_free(&k);
}

int
main(int argc, char **argv)
{
	char		command[64];
	unsigned	i;

	if (argc > 1)
		ndomains = (unsigned)atoi(argv[1]);
	must(ndomains > 0, "the number of domains");
	make_site();
	measure("directory, a key each", false);
	make_tables(false);
	measure("tables, one key for all", true);
	make_tables(true);
	measure("tables, a key each", true);
	for (i = 0; i < KEYS; i++)
		buf_free(&pem[i]);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) != 0;
}
