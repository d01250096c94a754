/*
 * conf_http: which addresses http-listen takes, and which need a token
 */
#include "test.h"

#include "conf/conf.h"
#include "conf/conf_http.h"

static void
places_are_parsed(void **state)
{
	static const struct {
		const char	*text;
		bool		 good, local;
		unsigned	 port;
	} rows[] = {
		{ "127.0.0.1:8898", true, true, 8898 },
		{ "127.9.9.9:1", true, true, 1 },
		{ "[::1]:65535", true, true, 65535 },
		{ "unix:/run/millgate/http.sock", true, true, 0 },
		{ "192.0.2.1:80", true, false, 80 },
		{ "0.0.0.0:80", true, false, 80 },
		{ "[::]:80", true, false, 80 },
		{ "[2001:db8::1]:80", true, false, 80 },
		{ "", false }, { ":", false }, { ":80", false },
		{ "127.0.0.1", false }, { "127.0.0.1:", false },
		{ "127.0.0.1:0", false }, { "127.0.0.1:65536", false },
		{ "127.0.0.1:99999999999", false }, { "127.0.0.1: 80", false },
		{ "127.0.0.1:+80", false }, { "127.0.0.1:80x", false },
		{ "::1:80", false }, { "[127.0.0.1]:80", false },
		{ "[::1:80", false }, { "::1]:80", false }, { "[::1]", false },
		{ "localhost:80", false }, { "8898", false },
		{ "unix:", false }, { "unix:run/http.sock", false },
		{ "[]:1", false }, { "[:1", false },
	};
	struct http_place	p;
	size_t			i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (http_place_parse(rows[i].text, &p) != rows[i].good)
			row_fail(rows[i].text, "%s", rows[i].good ?
			    "refused" : "taken");
		if (rows[i].good && (http_place_is_local(&p) !=
		    rows[i].local || p.port != rows[i].port))
			row_fail(rows[i].text, "another place");
	}
}

static void
other_hosts_need_a_token(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "http-listen = \"127.0.0.1:8898\"", NULL },
		{ "http-listen = \"unix:/run/x/http.sock\"\n"
		    "http-token-file = \"/etc/millgate/token\"", NULL },
		{ "http-listen = \"192.0.2.1:8898\"\n"
		    "http-token-file = \"/etc/millgate/token\"", NULL },
		{ "http-listen = \"0.0.0.0:8898\"",
		    "t:1: http-listen = \"0.0.0.0:8898\" is not a loopback "
		    "address: every host that reaches it could read logins "
		    "and domains; set http-token-file, or write "
		    "\"127.0.0.1:8898\"" },
		{ "mode = monitor\nhttp-token-file = \"/etc/millgate/token\"",
		    "t:2: http-token-file has no effect without http-listen; "
		    "set http-listen" },
		{ "http-listen = 8898",
		    "t:1: http-listen = \"8898\" is not an address; write for "
		    "example \"127.0.0.1:8898\", \"[::1]:8898\" or "
		    "\"unix:/run/millgate/http.sock\"" },
		{ "metrics-file = \"millgate.prom\"",
		    "t:1: metrics-file = \"millgate.prom\" is not an absolute "
		    "path; begin it with /" },
	};
	struct conf	*c;
	char		*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		why = NULL;
		c = conf_load_text("t", rows[i].text, &why);
		if ((c != NULL) != (rows[i].want == NULL))
			row_fail(rows[i].text, "%s", why != NULL ? why :
			    "taken");
		if (c == NULL)
			assert_string_equal(why, rows[i].want);
		conf_unref(&c);
		free(why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_parsed),
		cmocka_unit_test(other_hosts_need_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
