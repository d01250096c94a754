/*
 * postconf - ask postconf(1) for the configuration of Postfix
 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/program.h"
#include "doctor/postfix_setup.h"
#include "status/postconf.h"

#define TEXT_BYTES	(4 * 1024 * 1024)	/* more is not read */

const char *
postconf_run(struct arena *a, const struct postconf *pc,
    const char *const *args, const char **why)
{
	char		*argv[32] = { arena_strdup(a, "postconf"),
			    arena_strdup(a, "-c"), arena_strdup(a, pc->dir) };
	struct program	 p = { argv, pc->env, pc->quiet, pc->seconds,
			    TEXT_BYTES };
	struct buf	 out = BUF_INIT;
	const char	*got = NULL;
	char		 text[PROGRAM_WHY];
	size_t		 n = 3;

	for (; *args != NULL && n < 31; args++)
		argv[n++] = arena_strdup(a, *args);
	if (program_output(&p, &out, text))
		got = arena_strdup(a, buf_str(&out));
	else
		*why = arena_printf(a, "%s (postconf -c %s %s)%s", text,
		    pc->dir, argv[3], strstr(text, strerror(ENOENT)) != NULL ?
		    "; is Postfix installed on this host?" : "");
	buf_free(&out);
	return got;
}

bool
postconf_read(struct arena *a, const struct postconf *pc,
    struct postfix_setup *p, const char **why)
{
	enum postfix_question	 q;
	const char		*text;

	for (q = POSTFIX_MAIN; q <= POSTFIX_OWN; q++) {
		text = postconf_run(a, pc, postfix_question(q), why);
		if (text == NULL)
			return false;
		postfix_read(a, p, q, text);
	}
	return true;
}
