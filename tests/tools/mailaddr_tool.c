/*
 * mailaddr_tool - parse values of address fields, for the Python tests
 *
 * stdin: one value a line, in hexadecimal. stdout, one line a value:
 * "unparsable", or "ok" and for each mailbox TAB, its local part in
 * hexadecimal, "@" and its domain.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mail/mailaddr.h"

static void
unhex(char *line)
{
	char	*to = line, code[3] = "";

	for (; line[0] > ' ' && line[1] > ' '; line += 2) {
		memcpy(code, line, 2);
		*to = (char)strtoul(code, NULL, 16);
		if (*to++ == '\0')
			errx(2, "a value holds a NUL");
	}
	*to = '\0';
}

static void
answer(const char *value)
{
	struct arena		*a = arena_new(4096);
	struct mailbox_list	 list;
	const char		*p;
	size_t			 i;

	if (!mailaddr_list(a, value, &list)) {
		printf("unparsable\n");
		arena_free(&a);
		return;
	}
	printf("ok");
	for (i = 0; i < list.n; i++) {
		printf("\t");
		for (p = list.box[i].local; *p != '\0'; p++)
			printf("%02x", (unsigned char)*p);
		printf("@%s", list.box[i].domain);
	}
	printf("\n");
	arena_free(&a);
}

int
main(void)
{
	char	*line = NULL;
	size_t	 size = 0;

	while (getline(&line, &size, stdin) > 0) {
		unhex(line);
		answer(line);
		fflush(stdout);
	}
	free(line);
	return 0;
}
