/*
 * status_mta: advice about Postfix's configuration, if it can be read
 */
#include "config.h"

#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "session/observed.h"
#include "session/session_site.h"
#include "status/status_priv.h"

static const struct status_start begun = { NOW - 3600, 0 };
static char	top[] = "/tmp/millgate-status-mta-XXXXXX";

static void
put(const char *name, const char *text, mode_t mode)
{
	char	 path[200];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

/* A postconf(1) that says what we want. */
static int
set_up(void **state)
{
	char path[4096];

	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	put("main.cf", "", 0644);
	snprintf(path, sizeof(path), "%s:%s", top, getenv("PATH"));
	return setenv("PATH", path, 1);
}

static int
tear_down(void **state)
{
	char command[100];

	(void)state;
	status_mta_end();
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

#define POSTCONF "#!/bin/sh\ncase $3 in\n" \
    "-x) echo 'smtpd_milters = inet:127.0.0.1:8899'\n" \
    "echo 'milter_default_action = accept';;\n" \
    "-M) echo 'smtp inet n - y - - smtpd';;\nesac\n"

/* The page after a look must hold the text, and `advice`, if `advises`. */
static void
expect_mta(struct services *sv, const char *dir, const char *cf,
    const char *text, const char *advice, bool advises)
{
	struct buf	 b = BUF_INIT;
	struct status	*s;

	status_mta_look(sv, dir, cf);
	s = status_gather(sv, &begun);
	status_write_page(s, &b);
	if (strstr(buf_str(&b), text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, buf_str(&b));
	if ((strstr(buf_str(&b), advice) != NULL) != advises)
		fail_msg("\"%s\":\n%s", advice, buf_str(&b));
	status_free(&s);
	buf_free(&b);
}

static void
expect(struct services *sv, const char *dir, const char *text, bool advises)
{
	expect_mta(sv, dir, "/nonexistent/sendmail.cf", text,
	    "milter_default_action = tempfail", advises);
}

static void
postfix_is_judged_if_it_can_be_read(void **state)
{
	struct services	*sv = open_services("socket = "
	    "\"inet:8899@127.0.0.1\"\n"), *other;
	struct buf	 b = BUF_INIT;
	struct status	*s;

	(void)state;
	expect(sv, "/nonexistent", "No configuration of an MTA was read.",
	    false);
	put("postconf", POSTCONF, 0755);
	expect(sv, top, "The configuration of the MTA was read ", true);
	expect(sv, top, ": <bdi>Postfix in /tmp/", true);
	s = status_gather(sv, &begun);
	status_write_json(s, &b);
	assert_non_null(strstr(buf_str(&b), "\"mta\":{\"read\":\"Postfix in "));
	status_free(&s);
	buf_free(&b);
	/* what another daemon has read is not ours */
	other = open_services("");
	s = status_gather(other, &begun);
	assert_null(s->mta_read);
	status_free(&s);
	services_free(&other);
	put("postconf", "#!/bin/sh\nexit 1\n", 0755);
	expect(sv, top, "could not be read (<bdi>postconf failed (postconf",
	    false);
	services_free(&sv);
}

#define CF	"DZ8.18.1\nO InputMailFilters=millgate\n" \
		"O DaemonPortOptions=Name=MTA, Family=inet, Port=25\n" \
		"Xmillgate, S=inet:8899@127.0.0.1"

/* A session of this MTA, as {v} names it. */
static void
see(struct services *sv, const char *version)
{
	const struct mta_facts mta = { .version = version };

	observed_session(observed_listener(sv->observed, "mx"), &mta);
}

static void
sendmail_is_judged_if_it_can_be_read(void **state)
{
	static const char	*const good = ", F=T, T=C:10s;S:30s;R:30s;E:60s\n";
	struct services		*sv = open_services("socket = "
				    "\"inet:8899@127.0.0.1\"\n");
	char			 cf[200], text[1000];

	(void)state;
	snprintf(cf, sizeof(cf), "%s/sendmail.cf", top);
	put("sendmail.cf", CF "\n", 0644);
	expect_mta(sv, "/nonexistent", cf, cf, "the filter has no F=T", true);
	snprintf(text, sizeof(text), "%s%s", CF, good);
	put("sendmail.cf", text, 0644);
	expect_mta(sv, "/nonexistent", cf, cf, "the filter has no F=T", false);
	/* both are installed, and no mail has come */
	put("sendmail.cf", CF "\n", 0644);
	put("postconf", POSTCONF, 0755);
	snprintf(text, sizeof(text), "Postfix in %s and %s", top, cf);
	expect_mta(sv, top, cf, text, "the filter has no F=T", true);
	/* advice is for the one that sends mail */
	see(sv, "Postfix 3.7.11");
	expect_mta(sv, top, cf, "Postfix in ", "the filter has no F=T", false);
	see(sv, "8.17.1.9");
	expect_mta(sv, top, cf, cf, "milter_default_action = tempfail", false);
	/* a directory, as root may read each file */
	assert_int_equal(unlink(cf), 0);
	assert_int_equal(mkdir(cf, 0755), 0);
	expect_mta(sv, "/nonexistent", cf, "sendmail.cf", "cannot be read",
	    true);
	assert_int_equal(rmdir(cf), 0);
	services_free(&sv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(postfix_is_judged_if_it_can_be_read),
		cmocka_unit_test(sendmail_is_judged_if_it_can_be_read),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
