/*
 * postfix_table_tool - look keys up in a table, as "postmap -q - TABLE" does:
 * keys on standard input, one a line; "key<TAB>value" for each that is found.
 * A lookup that fails ends it with status 2. MILLIS is users-timeout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/monotonic.h"
#include "directory/postfix_table_priv.h"

static int
look_up(const struct postfix_table *t, const char *key)
{
	struct arena		*a = arena_new(0);
	struct postfix_found	 f = postfix_table_find(t,
				     arena_strlower(a, key), monotonic_ms(), a);

	if (f.result == DIRECTORY_FOUND)
		printf("%s\t%s\n", key, f.value);
	else if (f.result == DIRECTORY_UNKNOWN)
		fprintf(stderr, "%s: %s\n", f.server, f.why);
	arena_free(&a);
	return f.result == DIRECTORY_UNKNOWN ? 2 : 0;
}

int
main(int argc, char **argv)
{
	struct sender_maps_rules rules = { .timeout = 10000,
				     .may_read_files = true };
	struct arena		*a = arena_new(0);
	struct postfix_table	 t;
	const char		*wrong;
	char			 line[4096];
	int			 status = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: postfix_table_tool TABLE [MILLIS]\n");
		return 2;
	}
	if (argc > 2)
		rules.timeout = (unsigned)atoi(argv[2]);
	wrong = postfix_table_open(argv[1], &rules, a, &t);
	if (wrong != NULL) {
		fprintf(stderr, "%s\n", wrong);
		return 2;
	}
	while (status == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '\0')
			status = look_up(&t, line);
	}
	postfix_table_close(&t);
	arena_free(&a);
	return status;
}
