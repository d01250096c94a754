/*
 * metrics - all metrics of the daemon as a text
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/why.h"
#include "session/services.h"
#include "status/status.h"
#include "metrics_priv.h"

void
metrics_write(struct services *sv, const struct status_start *start,
    enum metrics_format format, struct buf *b)
{
	struct metrics_source	 s = { sv, start, services_setup(sv) };
	struct metrics_text	 t = { b, format, NULL };
	const struct metrics_row *row;

	for (row = metrics_rows; row->metric.name != NULL; row++) {
		metrics_family(&t, &row->metric);
		if (row->write != NULL)
			row->write(&s, &t);
		else
			metrics_sample(&t, NULL, counter_read(
			    (atomic_uint_fast64_t *)((char *)sv + row->at)));
	}
	metrics_end(&t);
	setup_unref(&s.setup);
}

static bool
metrics_put(int fd, const struct buf *b)
{
	size_t	done = 0;
	ssize_t	n;

	while (done < b->len) {
		n = write(fd, b->data + done, b->len - done);
		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

/* The mode is right whatever the umask is: node_exporter is another user. */
static bool
metrics_put_beside(const char *name, const struct buf *b)
{
	int	fd, error;
	bool	ok;

	unlink(name);		/* of a daemon that was killed */
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	if (fd == -1)
		return false;
	ok = metrics_put(fd, b) && fchmod(fd, 0644) == 0;
	error = errno;
	close(fd);
	errno = error;
	return ok;
}

/* node_exporter reads files that end in ".prom" only, so not this one. */
bool
metrics_file_write(const char *path, struct services *sv,
    const struct status_start *start, char **why)
{
	struct buf	 text = BUF_INIT, name = BUF_INIT;
	bool		 ok;

	metrics_write(sv, start, METRICS_PROMETHEUS, &text);
	buf_printf(&name, "%s.new", path);
	ok = metrics_put_beside(buf_str(&name), &text) &&
	    rename(buf_str(&name), path) == 0;
	if (!ok) {
		why_set(why, "metrics-file \"%s\": cannot be written; check "
		    "that its directory exists and the daemon's user may "
		    "write to it: %s", path, strerror(errno));
		unlink(buf_str(&name));
	}
	buf_free(&name);
	buf_free(&text);
	return ok;
}
