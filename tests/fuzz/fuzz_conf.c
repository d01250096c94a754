/*
 * fuzz_conf: any text is either a configuration or refused with reasons. An
 * accepted one that is printed and read again is the same. No other file is
 * opened.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
printed(const struct conf *c)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*out = open_memstream(&text, &len);

	if (out == NULL)
		abort();
	conf_print(c, out);
	fclose(out);
	return text;
}

static struct conf *
load_again(const char *text)
{
	char		*why = NULL;
	struct conf	*c = conf_load_text("printed", text, &why);

	if (c == NULL) {
		fprintf(stderr, "%s\n%s", why, text);
		abort();
	}
	return c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*text = malloc(size + 1), *why = NULL, *first, *second;
	struct conf	*c;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	c = conf_load_text("fuzz", text, &why);
	if ((c == NULL) != (why != NULL) || (why != NULL && why[0] == '\0'))
		abort();
	if (c != NULL) {
		first = printed(c);
		conf_unref(&c);
		c = load_again(first);
		second = printed(c);
		if (strcmp(first, second) != 0)
			abort();
		conf_unref(&c);
		free(first);
		free(second);
	}
	free(why);
	free(text);
	return 0;
}
