/*
 * The identity matrix: each login with each identity in each place and syntax,
 * as complete messages through the session. An identity that the table does
 * not allow is neither accepted nor signed. An identity that it allows is
 * accepted, and signed with the key of the author's domain, never with the key
 * of another tenant.
 *
 * The senders are logins, logins with a tier that restricts their addresses,
 * and clients of relays. All messages go through one session, in which logins
 * and client addresses change.
 */
#include "test.h"

#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "dkim/crypto.h"
#include "mta/replay.h"
#include "dns/resolver.h"
#include "session/services.h"
#include "store/store.h"

static const char users[] =
    "user alice@example.org {\n"
    "  senders = {\"alice@example.org\", \"@shop.example.org\"} }\n"
    "user bob@example.org {\n"
    "  senders = {\"@.customers.example\", \"@m\303\274ller.example\"} }\n"
    "user gus@example.org {\n"
    "  senders = {\"@.customers.example\", \"@customers.example\"} }\n"
    "user erin@example.org { senders = {\"desk@other.example\"} }\n"
    "user admin { senders = {\"*\"} }\n"
    "user mallory@example.org { senders = {\"*\"}  block = yes }\n"
    "listener s { daemon-ports = {587}  direction = submission\n"
    "  relay-for = {\"desk\", \"any\"} }\n"
    "relay desk { networks = {\"198.51.100.0/24\"}\n"
    "  senders = {\"alice@example.org\", \"@shop.example.org\"} }\n"
    "relay any { networks = {\"203.0.113.9\"}  senders = {\"*\"} }\n"
    "tier own { mechanisms = {\"LOGIN\"}  senders = {\"login\"} }\n"
    "tier some { mechanisms = {\"scram\"}\n"
    "  senders = {\"login\", \"@.customers.example\"} }\n"
    "plan free { recipients-per-hour = unlimited }\n"
    "default-plan = free\n";

enum { ALICE = 1, BOB = 2, ERIN = 4, ADMIN = 8, CAROL = 16, DAVE = 32,
    GUS = 64, ALICE_OWN = 128, GUS_SOME = 256, DESK = 512 };

/*
 * All may use `own` except dave, whose login is not an address, and mallory,
 * who is blocked. No identity is allowed for bit 0.
 */
static const struct login {
	const char	*login;
	unsigned	 bit;
	const char	*own, *own_key;
	const char	*mechanism;	/* NULL: PLAIN, which has no tier */
	const char	*client;	/* of a relay, without a login */
} logins[] = {
	{ "alice@example.org", ALICE, "alice@example.org", "example.org" },
	{ "ALICE@Example.ORG", ALICE, "alice@example.org", "example.org" },
	/* not bound to customers.example itself, so not to its key */
	{ "bob@example.org", BOB, "b@a.customers.example", NULL },
	{ "gus@example.org", GUS, "g@a.customers.example",
	    "customers.example" },
	{ "erin@example.org", ERIN, "desk@other.example", "other.example" },
	{ "admin", ADMIN, "root@example.org", "example.org" },
	{ "carol@example.org", CAROL, "carol@example.org", "example.org" },
	{ "desk@m\303\274ller.example", DESK, "desk@xn--mller-kva.example",
	    "xn--mller-kva.example" },
	{ "dave", DAVE, "dave@example.org", NULL },
	{ "mallory@example.org", 0, "mallory@example.org", NULL },
	{ "Mallory@EXAMPLE.org", 0, "alice@example.org", NULL },
	{ "relay desk", ALICE, "alice@example.org", "example.org",
	    .client = "198.51.100.200" },
	{ "relay any", ADMIN, "root@example.org", "example.org",
	    .client = "203.0.113.9" },
	{ "no relay's client", 0, "alice@example.org", NULL,
	    .client = "203.0.113.10" },
	{ "alice@example.org", ALICE_OWN, "alice@example.org", "example.org",
	    .mechanism = "LOGIN" },
	/* the tier allows the login itself only, which the table does not */
	{ "bob@example.org", 0, "b@a.customers.example", NULL,
	    .mechanism = "LOGIN" },
	{ "admin", 0, "root@example.org", NULL, .mechanism = "LOGIN" },
	/* its tier does not allow the key's domain */
	{ "gus@example.org", GUS_SOME, "g@a.customers.example", NULL,
	    .mechanism = "SCRAM-SHA-256" },
};

/*
 * Which logins may use it besides admin, and which key signs for it. Logins in
 * `unbound` may use the address, but not the parent domain that the key is of.
 */
static const struct identity {
	const char	*address;
	unsigned	 allowed, unbound;
	const char	*key;
} identities[] = {
	{ "alice@example.org", ALICE | ALICE_OWN, 0, "example.org" },
	{ "Alice@EXAMPLE.org", ALICE | ALICE_OWN, 0, "example.org" },
	{ "alice+news@example.org", ALICE | ALICE_OWN, 0, "example.org" },
	{ "\"alice\"@example.org", ALICE | ALICE_OWN, 0, "example.org" },
	{ "\"alice \"@example.org", 0, 0, "example.org" },
	{ "+alice@example.org", 0, 0, "example.org" },
	{ "ceo+alice@example.org", 0, 0, "example.org" },
	{ "\"alice+<ceo\"@example.org", 0, 0, "example.org" },
	{ "\"alice+ ceo\"@example.org", 0, 0, "example.org" },
	{ "\"alice+ <ceo@other.example>\"@example.org", 0, 0, "example.org" },
	{ "\"ceo@other.example> \"@shop.example.org", 0, 0,
	    "shop.example.org" },
	{ "\"ceo@other.example\"@one.customers.example", 0, 0,
	    "customers.example" },
	{ "\"o, <c\"@shop.example.org", ALICE, 0, "shop.example.org" },
	{ "ceo@example.org", 0, 0, "example.org" },
	{ "bob@example.org", 0, 0, "example.org" },
	{ "erin@example.org", 0, 0, "example.org" },
	{ "carol@example.org", CAROL, 0, "example.org" },
	{ "carol@example.net", 0, 0, NULL },
	{ "dave@example.org", 0, 0, "example.org" },
	{ "orders@shop.example.org", ALICE, 0, "shop.example.org" },
	{ "x@eu.shop.example.org", 0, 0, "shop.example.org" },
	{ "x@one.customers.example", BOB | GUS | GUS_SOME, BOB | GUS_SOME,
	    "customers.example" },
	{ "x@a.b.customers.example", BOB | GUS | GUS_SOME, BOB | GUS_SOME,
	    "customers.example" },
	{ "x@customers.example", GUS, 0, "customers.example" },
	{ "x@evilcustomers.example", 0, 0, NULL },
	{ "x@m\303\274ller.example", BOB, 0, "xn--mller-kva.example" },
	{ "x@xn--mller-kva.example", BOB, 0, "xn--mller-kva.example" },
	{ "desk@m\303\274ller.example", BOB | DESK, 0,
	    "xn--mller-kva.example" },
	{ "Desk+x@XN--Mller-KVA.example", BOB | DESK, 0,
	    "xn--mller-kva.example" },
	{ "desk@other.example", ERIN, 0, "other.example" },
	{ "ceo@other.example", 0, 0, "other.example" },
	{ "alice%example.org@other.example", 0, 0, "other.example" },
	{ "alice@example.org.other.example", 0, 0, "other.example" },
};

static const char *const key_domains[] = { "example.org", "shop.example.org",
    "customers.example", "other.example", "xn--mller-kva.example" };

/* Where the identity is in the message. */
enum place {
	ALONE,		/* the one author */
	BESIDE,		/* in another field; the author is the login's own */
	TOGETHER,	/* an author, and the login's own is another one */
	NEVER		/* refused for every login */
};

/* In the text, # is the identity and ~ the login's own address. */
static const struct form {
	enum place	 place;
	const char	*header;
} forms[] = {
	{ ALONE, "From: #" },
	{ ALONE, "From: <#>" },
	{ ALONE, "From:Name<#>" },
	{ ALONE, "from: \"Carroll, Alice\" <#>" },
	{ ALONE, "FROM: Alice B. Carroll <#>" },
	{ ALONE, "From: =?utf-8?q?ceo=40other.example?= <#>" },
	{ ALONE, "From: \"ceo@other.example\" <#>" },
	{ ALONE, "From: \"<alice@example.org>\" <#>" },
	{ ALONE, "From: (alice@example.org) # (ceo@other.example)" },
	{ ALONE, "From: Staff: #;" },
	{ ALONE, "From: <@alice.example,@carol.example:#>" },
	{ ALONE, "From: A\n <#>" },
	{ ALONE, "From:\n\t#\n\t(x)" },
	{ ALONE, "From: #\nReply-To: ceo@other.example" },
	{ ALONE, "From: #\nSender: #\nResent-From: <#>" },
	{ BESIDE, "From: ~\nSender: #" },
	{ BESIDE, "Sender: Name <#>\nFrom: ~" },
	{ BESIDE, "From: ~\nResent-From: #" },
	{ BESIDE, "From: ~\nResent-From: ~\nResent-From: \"x\" <#>" },
	{ BESIDE, "From: ~\nResent-From: ~, #" },
	{ BESIDE, "From: ~\nSender: ~\nResent-From: #" },
	{ TOGETHER, "From: ~, #" },
	{ TOGETHER, "From: #, ~" },
	{ TOGETHER, "From: A <~>,\n B <#>" },
	{ TOGETHER, "From: Staff: ~, #;" },
	{ TOGETHER, "From: Staff: ~;, <#>" },
	{ TOGETHER, "From: ~, #\nSender: ~" },
	{ NEVER, "Subject: #" },
	{ NEVER, "From: ~\nFrom: #" },
	{ NEVER, "From: #\nSubject: x\nFrom: ~" },
	{ NEVER, "From: #\nfrom: #" },
	{ NEVER, "From:" },
	{ NEVER, "From: undisclosed:;" },
	{ NEVER, "From: <#" },
	{ NEVER, "From: #>" },
	{ NEVER, "From: <<#>>" },
	{ NEVER, "From: nobody@nowhere.example <#>" },
	{ NEVER, "From: <#> nobody@nowhere.example" },
	{ NEVER, "From: <#> <nobody@nowhere.example>" },
	{ NEVER, "From: nobody@nowhere.example #" },
	{ NEVER, "From: #; nobody@nowhere.example" },
	{ NEVER, "From: #@nowhere.example" },
	{ NEVER, "From: (#)" },
	{ NEVER, "From: =?utf-8?q?ceo=40other.example?=" },
	{ NEVER, "From: \"Alice <#>" },
	{ NEVER, "From: ~\nSender: <#" },
	{ NEVER, "From: ~\nResent-From: # #" },
};

/* Envelope senders, with the same two marks. */
static const struct form paths[] = {
	{ ALONE, "<#>" },
	{ ALONE, "#" },
	{ ALONE, "<@alice.example:#>" },
	{ NEVER, "<#" },
	{ NEVER, "#>" },
	{ NEVER, "<#,nobody@nowhere.example>" },
	{ NEVER, "<#><nobody@nowhere.example>" },
	{ NEVER, "<#@nowhere.example>" },
};

static char		 top[] = "/tmp/identity_matrix_test.XXXXXX";
static struct services	*sv;
static struct replay	*replay;
static unsigned		 combinations, accepted, signed_ones;

static void
make_key(const char *domain)
{
	struct crypto_key	*key;
	const char		*why;
	struct buf		 pem = BUF_INIT, path = BUF_INIT;
	FILE			*f;

	key = crypto_key_generate(CRYPTO_ED25519, 0, &why);
	assert_non_null(key);
	crypto_key_pem(key, &pem);
	crypto_key_free(&key);
	buf_printf(&path, "%s/%s", top, domain);
	assert_int_equal(mkdir(buf_str(&path), 0700), 0);
	buf_addstr(&path, "/s.private");
	f = fopen(buf_str(&path), "w");
	assert_non_null(f);
	fputs(buf_str(&pem), f);
	fclose(f);
	assert_int_equal(chmod(buf_str(&path), 0600), 0);
	buf_free(&pem);
	buf_free(&path);
}

static int
set_up(void **state)
{
	struct buf	 text = BUF_INIT;
	struct conf	*c;
	struct setup	*st;
	char		*why = NULL;
	size_t		 i;

	(void)state;
	assert_non_null(mkdtemp(top));
	for (i = 0; i < NELEM(key_domains); i++)
		make_key(key_domains[i]);
	buf_printf(&text, "%ssigning { key-directory = \"%s\" }\n", users,
	    top);
	c = conf_load_text("test", buf_str(&text), &why);
	if (c == NULL)
		fail_msg("%s", why);
	buf_free(&text);
	st = setup_new(c, &why);
	if (st == NULL)
		fail_msg("%s", why);
	sv = services_new(st, resolver_zone_new("", &why),
	    store_open_memory(), "mx.example.net");
	replay = replay_new(sv);
	replay_macro(replay, "{daemon_port}", "587");
	replay_macro(replay, "{tls_version}", "TLSv1.3");
	replay_macro(replay, "{cipher_bits}", "256");
	return 0;
}

static int
tear_down(void **state)
{
	struct buf	command = BUF_INIT;
	int		failed;

	(void)state;
	replay_free(&replay);
	services_free(&sv);
	buf_printf(&command, "rm -rf %s", top);
	failed = system(buf_str(&command));
	buf_free(&command);
	return failed;
}

static void
fill_in(struct buf *out, const char *text, const struct login *l,
    const struct identity *id)
{
	for (; *text != '\0'; text++) {
		if (*text == '#')
			buf_addstr(out, id->address);
		else if (*text == '~')
			buf_addstr(out, l->own);
		else
			buf_addch(out, *text);
	}
}

static bool
allowed(const struct login *l, const struct identity *id, enum place place)
{
	if (place == NEVER || l->bit == DAVE)
		return false;
	return l->bit == ADMIN || (id->allowed & l->bit) != 0;
}

/* The domain in A-labels. */
static const char *
domain_of(const char *address)
{
	const char *domain = strrchr(address, '@') + 1;

	return strcmp(domain, "m\303\274ller.example") == 0 ?
	    "xn--mller-kva.example" : domain;
}

static bool
same_domain(const char *a, const char *b)
{
	return strcasecmp(domain_of(a), domain_of(b)) == 0;
}

/* The domain that signs an accepted message; NULL: it is not signed. */
static const char *
key_of(const struct login *l, const struct identity *id, enum place place)
{
	if (place == ALONE)
		return (id->unbound & l->bit) != 0 ? NULL : id->key;
	if (place == BESIDE || same_domain(l->own, id->address))
		return l->own_key;
	return NULL;
}

/* The outcome must be as in the table. */
static void
compare(const char *what, const struct login *l, enum action action,
    bool want, const char *key)
{
	const char	*outcome = replay_outcome(replay), *sig;
	struct buf	 d = BUF_INIT;

	combinations++;
	if ((action == ACTION_ACCEPT) != want)
		row_fail(l->login, "%s\nwant %s, got:\n%s", what,
		    want ? "accepted" : "refused", outcome);
	accepted += want;
	sig = strstr(outcome, "insert DKIM-Signature:");
	if ((sig != NULL) != (want && key != NULL))
		row_fail(l->login, "%s\nsigned, or not, against the table:\n"
		    "%s", what, outcome);
	if (sig != NULL) {
		signed_ones++;
		buf_printf(&d, " d=%s;", key);
		if (strstr(sig, buf_str(&d)) == NULL ||
		    strstr(sig + 1, "insert DKIM-Signature:") != NULL)
			row_fail(l->login, "%s\nwant one by %s, got:\n%s",
			    what, key, outcome);
	}
	buf_free(&d);
	replay_clear(replay);
}

static void
come_as(const struct login *l)
{
	static const char	*before = "";
	const char		*client = l->client;

	if (client == NULL)
		client = "192.0.2.7";
	if (strcmp(client, before) != 0) {
		assert_true(replay_connect(replay, client, NULL));
		replay_helo(replay, "client");
		before = client;
	}
	replay_macro(replay, "{auth_authen}", l->client != NULL ? NULL :
	    l->login);
	replay_macro(replay, "{auth_type}", l->client != NULL ? NULL :
	    l->mechanism != NULL ? l->mechanism : "PLAIN");
}

/* One message; the worst answer to any of its events. */
static enum action
send_message(const struct login *l, const char *path, const char *header)
{
	struct buf	 text = BUF_INIT;
	struct verdict	 v;

	come_as(l);
	v = replay_mail(replay, path);
	v = verdict_worse(v, replay_rcpt(replay, "<to@example.net>"));
	buf_printf(&text, "%s\nTo: to@example.net\n\nHello.\n", header);
	/* after a refused MAIL there is no message to judge */
	if (v.action == ACTION_ACCEPT)
		v = replay_message(replay, buf_str(&text), text.len);
	buf_free(&text);
	return v.action;
}

static void
try_envelope(const struct login *l, const struct identity *id,
    const struct form *f)
{
	struct buf	path = BUF_INIT, header = BUF_INIT;
	enum action	action;

	fill_in(&path, f->header, l, id);
	fill_in(&header, "From: ~", l, id);
	action = send_message(l, buf_str(&path), buf_str(&header));
	compare(buf_str(&path), l, action, allowed(l, id, f->place),
	    l->own_key);
	buf_free(&path);
	buf_free(&header);
}

/* With the null sender the header must still have an allowed address. */
static void
try_header(const struct login *l, const struct identity *id,
    const struct form *f, bool null_sender)
{
	struct buf	path = BUF_INIT, header = BUF_INIT;
	enum action	action;

	fill_in(&path, null_sender ? "<>" : "<~>", l, id);
	fill_in(&header, f->header, l, id);
	action = send_message(l, buf_str(&path), buf_str(&header));
	compare(buf_str(&header), l, action, allowed(l, id, f->place),
	    key_of(l, id, f->place));
	buf_free(&path);
	buf_free(&header);
}

static void
every_envelope_sender(void **state)
{
	size_t i, j, k;

	(void)state;
	for (i = 0; i < NELEM(logins); i++)
		for (j = 0; j < NELEM(identities); j++)
			for (k = 0; k < NELEM(paths); k++)
				try_envelope(&logins[i], &identities[j],
				    &paths[k]);
}

static void
every_author(void **state)
{
	size_t i, j, k;

	(void)state;
	for (i = 0; i < NELEM(logins); i++) {
		for (j = 0; j < NELEM(identities); j++) {
			for (k = 0; k < NELEM(forms); k++) {
				try_header(&logins[i], &identities[j],
				    &forms[k], false);
				try_header(&logins[i], &identities[j],
				    &forms[k], true);
			}
		}
	}
}

/* The table allows enough combinations, and refuses enough. */
static void
the_matrix_is_large(void **state)
{
	(void)state;
	print_message("%u combinations, %u accepted, %u signed\n",
	    combinations, accepted, signed_ones);
	assert_true(combinations >= 200);
	assert_true(accepted >= 200 && signed_ones >= 200);
	assert_true(combinations - accepted >= 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_envelope_sender),
		cmocka_unit_test(every_author),
		cmocka_unit_test(the_matrix_is_large),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
