/*
 * replay_main - run a fuzz target once over its corpus, without a fuzzer
 *
 * Linked with fuzz_NAME.c, it runs every file below
 * $srcdir/tests/fuzz/corpus/NAME, or the files given as arguments (findings of
 * the fuzzer). An empty corpus is a failure, since nothing was tested.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	FILE		*f = fopen(path, "rb");
	struct buf	 b = BUF_INIT;
	char		 chunk[4096];
	uint8_t		*exact;
	size_t		 n;

	if (f == NULL) {
		perror(path);
		return 0;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	fclose(f);
	/* a block of exact size: a sanitizer sees a read after its end */
	exact = malloc(b.len > 0 ? b.len : 1);
	if (exact == NULL)
		abort();
	memcpy(exact, buf_str(&b), b.len);
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	buf_free(&b);
	return 1;
}

static int
replay_corpus(void)
{
	const char	*srcdir = getenv("srcdir");
	char		 dir[1024], path[2048];
	struct dirent	*entry;
	int		 n = 0;
	DIR		*d;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/" FUZZ_NAME,
	    srcdir != NULL ? srcdir : ".");
	d = opendir(dir);
	if (d == NULL) {
		perror(dir);
		return 0;
	}
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n += replay(path);
	}
	closedir(d);
	return n;
}

int
main(int argc, char **argv)
{
	int i, n = 0;

	for (i = 1; i < argc; i++)
		n += replay(argv[i]);
	if (argc == 1)
		n = replay_corpus();
	printf("%s: %d inputs\n", FUZZ_NAME, n);
	return n > 0 ? 0 : 1;
}
