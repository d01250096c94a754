/*
 * ctl_run - a subcommand of millgatectl in this process, and what it prints
 */
#ifndef MILLGATE_CTL_RUN_H
#define MILLGATE_CTL_RUN_H

#include <fcntl.h>

#include "ctl/ctl_priv.h"
#include "store/store_test.h"

/*
 * Run the command with these words, the first of them its name, and the
 * configuration beside the state file that ends in `conf`. Its output is in
 * `out`; returns its exit status.
 */
static inline int
ctl_run(int (*command)(struct ctl *c, int argc, char **argv),
    const char *conf, const char *words, char *out, size_t size)
{
	struct ctl	 c = { .conf_path = NULL };
	char		 line[256], path_of_conf[128], *argv[16], *save;
	int		 argc = 0, saved = dup(STDOUT_FILENO), fd, status;
	ssize_t		 n;

	snprintf(path_of_conf, sizeof(path_of_conf), "%s", beside(conf));
	c.conf_path = path_of_conf;
	snprintf(line, sizeof(line), "%s", words);
	for (argv[argc] = strtok_r(line, " ", &save); argv[argc] != NULL;
	    argv[argc] = strtok_r(NULL, " ", &save))
		argc++;
	fflush(stdout);
	fd = open(beside(".out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	status = command(&c, argc, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	n = pread(fd, out, size - 1, 0);
	assert_true(n >= 0);
	out[n] = '\0';
	close(fd);
	unlink(beside(".out"));
	return status;
}

#endif
