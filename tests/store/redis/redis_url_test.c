/*
 * redis_url: valid and invalid URLs of a server.
 */
#include "test.h"

#include "store/redis/redis_url.h"

static void
urls(void **state)
{
	static const struct {
		const char	*text;
		struct redis_url want;
	} cases[] = {
		{ "redis://localhost", { false, "", "localhost", "6379", 0 } },
		{ "redis://localhost/", { false, "", "localhost", "6379", 0 } },
		{ "redis://192.0.2.1:7000/3",
		    { false, "", "192.0.2.1", "7000", 3 } },
		{ "rediss://redis.example.net/15",
		    { true, "", "redis.example.net", "6379", 15 } },
		{ "redis://[2001:db8::1]:6380/0",
		    { false, "", "2001:db8::1", "6380", 0 } },
		{ "redis://[::1]", { false, "", "::1", "6379", 0 } },
		{ "redis://mail@host:1/2", { false, "mail", "host", "1", 2 } },
	};
	struct redis_url	 u;
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		why = redis_url_parse(cases[i].text, &u);
		if (why != NULL)
			row_fail(cases[i].text, "%s", why);
		if (u.tls != cases[i].want.tls ||
		    u.number != cases[i].want.number ||
		    strcmp(u.user, cases[i].want.user) != 0 ||
		    strcmp(u.host, cases[i].want.host) != 0 ||
		    strcmp(u.port, cases[i].want.port) != 0)
			row_fail(cases[i].text, "%d %s %s %s %u", u.tls,
			    u.user, u.host, u.port, u.number);
	}
}

static void
no_urls(void **state)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "", "is not a redis://" },
		{ "redis:", "is not a redis://" },
		{ "http://localhost", "is not a redis://" },
		{ "redis://", "has no valid host" },
		{ "redis:///0", "has no valid host" },
		{ "redis://:6379/0", "has no valid host" },
		{ "redis://[::1", "has no valid host" },
		{ "redis://[]:1/0", "has no valid host" },
		{ "redis://a b", "has no valid host" },
		{ "redis://h\xc3\xb6st", "has no valid host" },
		{ "redis://:secret@host", "state-password-file" },
		{ "redis://user:secret@host", "state-password-file" },
		{ "redis://@host", "user name" },
		{ "redis://host:", "no valid port" },
		{ "redis://host:0", "no valid port" },
		{ "redis://host:65536", "no valid port" },
		{ "redis://host:-1", "no valid port" },
		{ "redis://host:1:2", "no valid port" },
		{ "redis://host:6379x/0", "no valid port" },
		{ "redis://host/x", "number of a database" },
		{ "redis://host/-1", "number of a database" },
		{ "redis://host/1/2", "number of a database" },
		{ "redis://host/1000000", "number of a database" },
		{ "redis://host/0?x=y", "number of a database" },
		{ "redis://[::1]x", "number of a database" },
	};
	char			 longer[400] = "redis://";
	struct redis_url	 u;
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		why = redis_url_parse(cases[i].text, &u);
		if (why == NULL || strstr(why, cases[i].want) == NULL)
			row_fail(cases[i].text, "%s", why != NULL ? why :
			    "taken");
	}
	memset(longer + 8, 'a', 256);
	assert_non_null(redis_url_parse(longer, &u));
	longer[8 + 255] = '\0';
	assert_null(redis_url_parse(longer, &u));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(no_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
