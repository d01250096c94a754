/*
 * postfix_source - what the file of a pgsql:, mysql:, ldap: or sqlite: table
 * of Postfix says
 *
 * Pure. Every setting of Postfix 3.7 to 3.10 is used, has no effect here, or
 * is refused with what to do instead; so is a name that is none of these.
 * Nothing in a file can switch the check of a server's certificate off.
 */
#ifndef MILLGATE_POSTFIX_SOURCE_H
#define MILLGATE_POSTFIX_SOURCE_H

#include "directory/directory.h"
#include "postfix_template_priv.h"

struct arena;

/* The names of the columns that LDAP's attributes become. */
#define POSTFIX_RESULT		"result"
#define POSTFIX_TERMINAL	"terminal"	/* hides the others */

struct postfix_source {
	/* timeout, cache and stale are the caller's */
	struct directory_place place;
	const char	*query;		/* SQL, or the filter */
	const char	*base;		/* LDAP */
	const char	*result_format;
	struct postfix_needs needs;
	unsigned	 expansion_limit;	/* results; 0: no limit */
	unsigned	 size_limit;		/* entries of LDAP; 0: none */
	const char	**domain;	/* the keys' domains, in lower case */
	size_t		 ndomains;	/* 0: all keys */
	enum directory_scope scope;
	struct directory_attribute *attribute; size_t nattributes;
};

/*
 * Read the text of the file `path`; strings are in the arena, also a password.
 * A connection to another host uses TLS unless `tls_off`. NULL, or "path:line:
 * error; what to do" in the arena.
 */
const char	*postfix_source_parse(enum directory_kind kind,
		    const char *path, const char *text, bool tls_off,
		    struct arena *a, struct postfix_source *s);
/* Does the `domain` setting let this key through? */
bool		 postfix_source_takes(const struct postfix_source *s,
		    const char *key);
/* False: Postfix would not ask for this key. */
bool		 postfix_source_question(const struct postfix_source *s,
		    const char *key, struct arena *a,
		    struct directory_question *q);

#endif
