/*
 * bench_keybase - keys of a database beside those in files, in one run: time to
 * find one, to sign 4 KB, to read one for the first time; and the memory that
 * the cache takes beside what it counts
 *
 * usage: bench_keybase [DOMAINS], 100,000 by default. The database is a
 * function, so only our own part is measured. RSA 2048; the rows are copies of
 * 16 keys.
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
#include "dkim/keybase_priv.h"
#include "seconds.h"

#define KEYS	16
#define INUSE	2000		/* domains, of files and of the cache */
#define FINDS	200000
#define SIGNS	2000
#define ROUNDS	5

static char		top[] = "/tmp/bench_keybase.XXXXXX";
static struct buf	pem[KEYS];
static struct keyring	*files, *none;
static struct keybase	*base;
static char		body[4096];

static void
must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_keybase: %s failed\n", what);
		exit(1);
	}
}

static struct directory_reply
answer(void *arg, const char *domain, uint64_t now, struct arena *a)
{
	struct directory_reply	 r = { .result = DIRECTORY_FOUND,
		.server = "bench", .nrows = 1, .ncells = 2 };
	static const char *const column[] = { "selector", "key" };
	struct directory_cell	*cell = arena_array(a, 2, sizeof(*cell));

	(void)arg;
	(void)now;
	cell[0].column = "selector";
	cell[0].value = "s";
	cell[1].column = "key";
	cell[1].value = arena_strdup(a,
	    buf_str(&pem[(unsigned)atoi(domain + 1) % KEYS]));
	r.cell = cell;
	r.column = column;
	r.ncolumns = 2;
	return r;
}

static void
make_site(void)
{
	struct crypto_key *key;
	const char	*why;
	char		 path[256], *error = NULL;
	unsigned	 i;
	FILE		*f;

	must(mkdtemp(top) != NULL, "mkdtemp");
	for (i = 0; i < KEYS; i++) {
		key = crypto_key_generate(CRYPTO_RSA, 2048, &why);
		must(key != NULL && crypto_key_pem(key, &pem[i]), "a key");
		crypto_key_free(&key);
	}
	for (i = 0; i < INUSE; i++) {
		snprintf(path, sizeof(path), "%s/d%u.example", top, i);
		mkdir(path, 0700);
		snprintf(path, sizeof(path), "%s/d%u.example/s.private", top,
		    i);
		f = fopen(path, "w");
		must(f != NULL && fputs(buf_str(&pem[i % KEYS]), f) >= 0,
		    path);
		fclose(f);
		chmod(path, 0600);
	}
	files = keyring_load(top, &error);
	must(files != NULL, "keyring_load");
	none = keyring_empty();
}

static struct keybase_reply
find(bool in_base, unsigned i, struct arena *a)
{
	char			 domain[64];
	struct keybase_author	 who = { .ring = in_base ? none : files,
		.base = in_base ? base : NULL, .rules = &sign_default_rules,
		.local = "user", .domain = domain, .now = 1 };
	struct keybase_reply	 r;

	snprintf(domain, sizeof(domain), "d%u.example", i);
	r = keybase_find_author(&who, a);
	must(r.keys.n == 1, domain);
	return r;
}

static double
find_ns(bool in_base, unsigned times, unsigned domains)
{
	struct arena		*a = arena_new(65536);
	struct keybase_reply	 r;
	double			 start = seconds(CLOCK_PROCESS_CPUTIME_ID);
	unsigned		 i;

	for (i = 0; i < times; i++) {
		r = find(in_base, (i * 7919u) % domains, a);
		keybase_release(&r.held);
		arena_reset(a);
	}
	arena_free(&a);
	return (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) / times * 1e9;
}

static double
sign_us(bool in_base)
{
	struct arena		*a = arena_new(65536);
	struct keybase_reply	 r;
	struct dkim_signer	*s;
	const char		*why;
	double			 start = seconds(CLOCK_PROCESS_CPUTIME_ID);
	unsigned		 i;

	for (i = 0; i < SIGNS; i++) {
		r = find(in_base, i % INUSE, a);
		s = dkim_signer_new(&sign_default_rules, r.keys.key, r.keys.n,
		    a, 1790000000);
		dkim_signer_header(s, "From", " user@example.org");
		dkim_signer_header(s, "Subject", " a message");
		dkim_signer_body(s, body, sizeof(body));
		must(dkim_signer_finish(s, &why) != NULL, "signing");
		dkim_signer_free(&s);
		keybase_release(&r.held);
		arena_reset(a);
	}
	arena_free(&a);
	return (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) / SIGNS * 1e6;
}

/* The best of several rounds, in turns: the machine may be shared. */
static void
compare(void)
{
	double		file[2] = { 1e12, 1e12 }, db[2] = { 1e12, 1e12 }, t;
	unsigned	i;

	for (i = 0; i < ROUNDS; i++) {
		file[0] = (t = find_ns(false, FINDS, INUSE)) < file[0] ? t :
		    file[0];
		db[0] = (t = find_ns(true, FINDS, INUSE)) < db[0] ? t : db[0];
		file[1] = (t = sign_us(false)) < file[1] ? t : file[1];
		db[1] = (t = sign_us(true)) < db[1] ? t : db[1];
	}
	printf("find a key: file %.0f ns, cached key of a database %.0f ns\n",
	    file[0], db[0]);
	printf("sign 4 KB: file %.1f us, cached key of a database %.1f us, "
	    "ratio %.3f\n", file[1], db[1], db[1] / file[1]);
}

static size_t
in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

int
main(int argc, char **argv)
{
	struct keybase_place	 place = { .database = "bench", .query = "q",
		.cache = 60000 };
	struct keybase_counts	 c;
	unsigned		 domains = argc > 1 ?
				     (unsigned)atoi(argv[1]) : 100000;
	char			 command[64];
	size_t			 before;
	double			 ns;

	must(domains >= INUSE, "the number of domains");
	memset(body, 'x', sizeof(body));
	make_site();
	before = in_use();
	base = keybase_new_with(&place, answer, NULL);
	ns = find_ns(true, INUSE, INUSE);
	sign_us(true);
	keybase_count(base, &c);
	printf("%u domains, after a signature each: %.1f MB, counted %.1f MB;"
	    " first lookup %.0f us\n", INUSE,
	    (double)(in_use() - before) / 1e6, (double)c.kept / 1e6, ns / 1e3);
	compare();
	find_ns(true, domains, domains);
	keybase_count(base, &c);
	printf("%u domains: %.1f MB, counted %.1f MB of at most %.1f MB, %llu"
	    " domains kept, %llu dropped\n", domains,
	    (double)(in_use() - before) / 1e6, (double)c.kept / 1e6,
	    (double)KEYBASE_KEPT / 1e6, (unsigned long long)c.domains,
	    (unsigned long long)c.evicted);
	keybase_free(&base);
	keyring_free(&files);
	keyring_free(&none);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) != 0;
}
