/*
 * password_file - a password in a file of its own
 *
 * The file may be a symbolic link: secrets that a container mounts are.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/password_file.h"
#include "base/reach.h"
#include "base/why.h"

static bool
password_refused(const char *path, const char *fault, struct buf *remedy,
    char **why)
{
	why_set(why, "%s: %s%s", path, fault, buf_str(remedy));
	buf_free(remedy);
	return false;
}

static bool
password_is_secret(const char *path, int fd, char **why)
{
	struct buf	remedy = BUF_INIT;
	struct stat	st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return why_set(why, "%s: is not a regular file; write the "
		    "password into one", path);
	if ((st.st_mode & S_IRWXO) == 0)
		return true;
	reach_close(&remedy, path, st.st_uid);
	return password_refused(path, "everyone may read this password; run: ",
	    &remedy, why);
}

static bool
password_closed(const char *path, int error, char **why)
{
	struct buf remedy = BUF_INIT;

	if (error == EACCES)
		reach_advice(&remedy, path, REACH_SECRET);
	else
		buf_addstr(&remedy, "; write the password into it");
	return password_refused(path, strerror(error), &remedy, why);
}

bool
password_file_read(const char *path, struct buf *password, char **why)
{
	char	text[PASSWORD_FILE_MAX + 1];
	int	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t	n;

	if (fd == -1)
		return password_closed(path, errno, why);
	if (!password_is_secret(path, fd, why)) {
		close(fd);
		return false;
	}
	n = read(fd, text, sizeof(text));
	close(fd);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n <= 0 || n > PASSWORD_FILE_MAX)
		return why_set(why, "%s: is empty or too long; write the "
		    "password into it, one line of up to %d octets", path,
		    PASSWORD_FILE_MAX);
	buf_add(password, text, (size_t)n);
	explicit_bzero(text, sizeof(text));
	return true;
}
