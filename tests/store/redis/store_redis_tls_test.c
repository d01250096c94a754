/*
 * store_redis: rediss://, against a real server with a certificate made here
 */
#include "test.h"

#include <time.h>

#include "redis_server.h"
#include "store/store.h"
#include "store/store_one.h"

static struct redis_process	 redis;
static char			 ca[128], key[128], other[128], other_key[128];

/* A self-signed certificate for these names. */
static bool
make_certificate(const char *names, char crt[128], char pem[128], int number)
{
	char command[768];

	snprintf(crt, 128, "%s/%d.crt", redis.dir, number);
	snprintf(pem, 128, "%s/%d.key", redis.dir, number);
	snprintf(command, sizeof(command), "openssl req -x509 -newkey ec "
	    "-pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=test "
	    "-addext subjectAltName=%s -keyout %s -out %s 2>/dev/null", names,
	    pem, crt);
	return system(command) == 0;
}

/* The server again, on the same port, with TLS. */
static void
serve_tls(const char *crt, const char *pem)
{
	char		 port[16];
	const char	*const more[] = {
		"--port", "0", "--tls-port", port, "--tls-cert-file", crt,
		"--tls-key-file", pem, "--tls-ca-cert-file", crt,
		"--tls-auth-clients", "no", NULL
	};

	snprintf(port, sizeof(port), "%u", redis.port);
	redis_kill(&redis);
	redis_start(&redis, more);
}

static unsigned	patience = 60000;	/* state-timeout, ms */

/* A recipient and its commit; "" if it works, else the error. */
static const char *
ask(const char *lead, const char *ca_file)
{
	static char		 error[STORE_ERROR];
	const struct store_limits limits = STORE_LIMITS_HOUR(10, 10);
	char			 url[64], *why = NULL;
	struct store_place	 place = {
		.spec = url, .ca_file = ca_file, .timeout = patience
	};
	struct reservation	*r;
	struct store_usage	 u;
	struct store		*s;
	unsigned		 i;

	snprintf(url, sizeof(url), "%s:%u", lead, redis.port);
	s = store_open_at(&place, STORE_KEEP, &why);
	if (s == NULL)
		fail_msg("%s", why);
	for (i = 0; i < 3; i++) {
		r = reservation_on(s, "alice", limits);
		if (store_reserve(r, 0, &u) == STORE_UNKNOWN)
			store_give_back(&r);
		else
			store_commit(&r, 0, &u);
	}
	snprintf(error, sizeof(error), "%s", u.error);
	store_close(&s);
	return error;
}

static void
expect(const char *lead, const char *ca_file, const char *want)
{
	const char *error = ask(lead, ca_file);

	if (want == NULL ? error[0] != '\0' : strstr(error, want) == NULL)
		row_fail(lead, "\"%s\", not \"%s\"", error,
		    want != NULL ? want : "");
}

static void
certificates(void **state)
{
	(void)state;
	serve_tls(ca, key);
	expect("rediss://127.0.0.1", ca, NULL);
	expect("rediss://localhost", ca, NULL);
	expect("rediss://127.0.0.1", NULL, "TLS: self-signed certificate");
	expect("rediss://127.0.0.1", other, "TLS: self-signed certificate");
	serve_tls(other, other_key);
	expect("rediss://127.0.0.1", other, "TLS: IP address mismatch");
	expect("rediss://localhost", other, "TLS: hostname mismatch");
}

static void
one_side_without_tls(void **state)
{
	(void)state;
	serve_tls(ca, key);
	expect("redis://127.0.0.1", NULL, "redis://127.0.0.1");
	redis_kill(&redis);
	redis_start(&redis, NULL);
	/* the server waits for the end of a line */
	patience = 2000;
	expect("rediss://127.0.0.1", ca, "does not answer in time");
	patience = 60000;
	expect("redis://127.0.0.1", NULL, NULL);
}

static void
authorities_that_are_none(void **state)
{
	struct store_place	 place = {
		.spec = "rediss://127.0.0.1", .ca_file = key
	};
	char			*why = NULL;

	(void)state;
	assert_null(store_open_at(&place, STORE_KEEP, &why));
	assert_non_null(strstr(why, "contains no readable certificate"));
	free(why);
	place.ca_file = "/nonexistent/ca.pem";
	assert_null(store_open_at(&place, STORE_KEEP, &why));
	assert_non_null(strstr(why, "/nonexistent/ca.pem"));
	free(why);
}

static int
finish(void **state)
{
	(void)state;
	unlink(ca);
	unlink(key);
	unlink(other);
	unlink(other_key);
	redis_end(&redis);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates),
		cmocka_unit_test(one_side_without_tls),
		cmocka_unit_test(authorities_that_are_none),
	};

	if (!redis_is_possible())
		return 77;		/* automake: skipped */
	redis_start(&redis, NULL);
	if (!make_certificate("DNS:localhost,IP:127.0.0.1", ca, key, 1) ||
	    !make_certificate("DNS:other.example", other, other_key, 2)) {
		print_message("[  SKIPPED ] there is no openssl(1)\n");
		finish(NULL);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, finish);
}
