/*
 * keyfile - one private key on disk: who may read it, and is it one
 *
 * Every refusal names the file and the command that mends it: it is read by
 * someone whose mail is not going out at this moment.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "dkim/crypto.h"
#include "dkim/keyfile.h"

#define THREADS_MAX	8
#define JOBS_PER_THREAD	256	/* below, a thread is not worth its start */

struct work {
	struct keyfile_job	*job;
	size_t			 n;
	atomic_size_t		 next;
};

/* Others nothing, the group no more than reading. */
static bool
mode_is_safe(const char *path, const struct stat *st, struct buf *why)
{
	const char *who = NULL;

	if (!S_ISREG(st->st_mode)) {
		buf_printf(why, "%s: not a regular file; put the key there,"
		    " or rename it", path);
		return false;
	}
	if ((st->st_mode & S_IRWXO) != 0)
		who = "everybody";
	else if ((st->st_mode & S_IWGRP) != 0)
		who = "the group";
	if (who == NULL)
		return true;
	buf_printf(why, "%s: %s may %s this private key; run: chmod 0600 '%s'",
	    path, who, who[0] == 'e' ? "use" : "change", path);
	return false;
}

/* Reads at most one octet more than a key may have. */
static bool
read_all(int fd, char *text, size_t size, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len < size) {
		n = read(fd, text + *len, size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		*len += (size_t)n;
	}
	return true;
}

static struct crypto_key *
load_open(int fd, const char *path, struct buf *why)
{
	char		 text[CRYPTO_KEY_TEXT_MAX + 1];
	struct crypto_key *key = NULL;
	struct stat	 st;
	const char	*wrong;
	size_t		 len;

	if (fstat(fd, &st) != 0) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!mode_is_safe(path, &st, why))
		return NULL;
	if (!read_all(fd, text, sizeof(text), &len))
		buf_printf(why, "%s: %s", path, strerror(errno));
	else if ((key = crypto_key_parse(text, len, &wrong)) == NULL)
		buf_printf(why, "%s: %s; restore it, or make a new one with:"
		    " millgatectl key new", path, wrong);
	explicit_bzero(text, len);
	return key;
}

void
keyfile_trouble(struct buf *why, const char *path, int error, bool directory)
{
	buf_printf(why, "%s: %s", path, strerror(error));
	if (error == EACCES)
		buf_printf(why, "; the user that millgate runs as has to read"
		    " it, for example: chgrp millgate '%s' && chmod %s '%s'",
		    path, directory ? "0750" : "0640", path);
	else if (error == ENOENT && directory)
		buf_printf(why, "; make it with: install -d -m 0750 '%s'",
		    path);
	else if (error == ENOENT)
		buf_addstr(why, "; restore it, or remove what names it");
}

struct crypto_key *
keyfile_load(const char *path, struct buf *why)
{
	/* not to wait for a writer, should it be a pipe */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct crypto_key *key;

	if (fd < 0) {
		keyfile_trouble(why, path, errno, false);
		return NULL;
	}
	key = load_open(fd, path, why);
	close(fd);
	return key;
}

static void *
work_off(void *arg)
{
	struct work	*w = arg;
	struct buf	 why;
	size_t		 i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n) {
		buf_init(&why);
		w->job[i].key = keyfile_load(w->job[i].path, &why);
		w->job[i].why = why.data;
	}
	return NULL;
}

void
keyfile_load_all(struct keyfile_job *job, size_t n)
{
	pthread_t	thread[THREADS_MAX];
	struct work	w = { .job = job, .n = n };
	long		cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t		i, threads = cpus > 0 ? (size_t)cpus : 1;

	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	if (threads > n / JOBS_PER_THREAD)
		threads = n / JOBS_PER_THREAD;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work_off, &w) != 0)
			threads = i;
	work_off(&w);
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

static bool
is_label_octet(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* Labels and dots; an underscore is no letter of RFC 6376's, but in use. */
bool
keyfile_is_selector(const char *text)
{
	const char	*p = text;
	size_t		 label = 0;

	for (; *p != '\0'; p++) {
		if (*p == '.' ? label == 0 : !is_label_octet(*p))
			return false;
		label = *p == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label > 0 && p - text <= 200;
}
