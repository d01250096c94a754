/*
 * key_process_site - a key process of a test, and keys in files
 */
#ifndef MILLGATE_KEY_PROCESS_SITE_H
#define MILLGATE_KEY_PROCESS_SITE_H

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/key_process.h"
#include "temp_dir.h"

static atomic_uint failures;

static void
count_failure(void)
{
	failures++;
}

/* A new key, and its file below the directory of the test. */
static struct crypto_key *
key_in_file(enum crypto_type type, const char *name, char path[128])
{
	const char		*why;
	struct crypto_key	*key = crypto_key_generate(type, 2048, &why);
	struct buf		 pem = BUF_INIT;
	FILE			*f;

	assert_non_null(key);
	assert_true(crypto_key_pem(key, &pem));
	snprintf(path, 128, "%s/%s", temp_dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(buf_str(&pem), 1, pem.len, f), pem.len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	buf_free(&pem);
	return key;
}

struct process {
	pid_t		 pid;
	struct key_channels ours;
};

/*
 * `serve` runs in the child and returns its exit status. For asker_ms see
 * key_channels_open.
 */
static struct process
start(int (*serve)(const struct key_channels *c), unsigned asker_ms)
{
	struct key_channels	theirs;
	struct process		p;

	assert_true(key_channels_open(&p.ours, &theirs, asker_ms));
	p.pid = fork();
	assert_int_not_equal(p.pid, -1);
	if (p.pid == 0) {
		key_channels_close(&p.ours);
		_exit(serve(&theirs));
	}
	key_channels_close(&theirs);
	failures = 0;
	key_process_use(&p.ours, count_failure);
	return p;
}

/* Close our ends; the exit status of the process. */
static int
end(struct process *p)
{
	int status;

	key_channels_close(&p->ours);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
