/*
 * state_wal - checks the write-ahead log: complete after a kill, still there
 * while in use
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "state_wal_priv.h"

#define WAL_MAGIC	0x377f0682u	/* last bit: words are big-endian */
#define WAL_HEADER	32
#define FRAME_HEADER	24
#define PAGE_MIN	512u
#define PAGE_MAX	65536u

/* The start of the index, in the byte order of the machine; twice. */
struct index_header {
	uint32_t	version, unused, change;
	uint8_t		is_init, big_endian;
	uint16_t	page_size;
	uint32_t	frames, pages;
	uint32_t	frame_sum[2];
	unsigned char	salt[8];	/* as in the log */
	uint32_t	sum[2];
};

/* The start of the index. */
struct index {
	struct index_header header[2];
	uint32_t	in_file;	/* frames copied by checkpoints */
};

struct checksum {
	uint32_t	 a, b;
	bool		 big_endian;
};

static uint32_t
big32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
little32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}

/* SQLite's checksum; len is a multiple of 8. */
static void
checksum_add(struct checksum *c, const unsigned char *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8) {
		c->a += (c->big_endian ? big32(p) : little32(p)) + c->b;
		c->b += (c->big_endian ? big32(p + 4) : little32(p + 4)) +
		    c->a;
	}
}

static bool
checksum_is(const struct checksum *c, const unsigned char *p)
{
	return c->a == big32(p) && c->b == big32(p + 4);
}

/* False: the file ends before (errno 0), or cannot be read. */
static bool
read_at(int fd, void *data, size_t len, off_t at)
{
	errno = 0;
	return pread(fd, data, len, at) == (ssize_t)len;
}

/* The index's own checksum, over words in the machine's order. */
static bool
index_is_right(const struct index_header *h)
{
	uint32_t	word[10], a = 0, b = 0;
	size_t		i;

	memcpy(word, h, sizeof(word));
	for (i = 0; i < 10; i += 2) {
		a += word[i] + b;
		b += word[i + 1] + a;
	}
	return a == h->sum[0] && b == h->sum[1] && h->is_init == 1;
}

static bool
index_read(const char *shm, struct index *x)
{
	int	fd;
	bool	ok;

	fd = open(shm, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = read_at(fd, x, sizeof(*x), 0);
	close(fd);
	return ok && memcmp(&x->header[0], &x->header[1],
	    sizeof(x->header[0])) == 0 && index_is_right(&x->header[0]);
}

/* Checks the log's header; *page_size 0: it is wrong, or errno is set. */
static void
log_begin(int fd, const struct index_header *h, struct checksum *c,
    size_t *page_size)
{
	unsigned char	head[WAL_HEADER];
	uint32_t	magic;

	*page_size = 0;
	if (!read_at(fd, head, sizeof(head), 0))
		return;
	magic = big32(head);
	*c = (struct checksum){ 0, 0, (magic & 1) != 0 };
	checksum_add(c, head, 24);
	if ((magic & ~1u) != WAL_MAGIC || !checksum_is(c, head + 24) ||
	    memcmp(head + 16, h->salt, sizeof(h->salt)) != 0)
		return;
	*page_size = big32(head + 8);
	if (*page_size < PAGE_MIN || *page_size > PAGE_MAX ||
	    (*page_size & (*page_size - 1)) != 0)
		*page_size = 0;
}

/*
 * How many frames from the first are valid; at most those committed. If errno
 * is not 0, the next one cannot be read.
 */
static uint32_t
frames_right(int fd, const struct index_header *h)
{
	struct checksum	 c;
	size_t		 page_size;
	unsigned char	*frame;
	uint32_t	 n;
	off_t		 at = WAL_HEADER;
	int		 saved;

	log_begin(fd, h, &c, &page_size);
	if (page_size == 0)
		return 0;
	frame = xmalloc(FRAME_HEADER + page_size);
	for (n = 0; n < h->frames; n++) {
		if (!read_at(fd, frame, FRAME_HEADER + page_size, at) ||
		    memcmp(frame + 8, h->salt, sizeof(h->salt)) != 0)
			break;
		checksum_add(&c, frame, 8);
		checksum_add(&c, frame + FRAME_HEADER, page_size);
		if (!checksum_is(&c, frame + 16))
			break;
		at += (off_t)(FRAME_HEADER + page_size);
	}
	saved = errno;
	free(frame);
	errno = saved;
	return n;
}

static enum state_wal_answer
frames_check(int fd, const struct index_header *h, uint32_t *have)
{
	errno = 0;
	*have = frames_right(fd, h);
	if (*have >= h->frames)
		return STATE_WAL_COMPLETE;
	return errno != 0 ? STATE_WAL_UNREADABLE : STATE_WAL_DAMAGED;
}

enum state_wal_answer
state_wal_check(const char *wal, const char *shm, uint32_t *have,
    uint32_t *want)
{
	struct index		x;
	enum state_wal_answer	answer;
	int			fd, saved;

	*have = *want = 0;
	if (!index_read(shm, &x) || x.header[0].frames == 0)
		return STATE_WAL_COMPLETE;
	*want = x.header[0].frames;
	fd = open(wal, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return STATE_WAL_UNREADABLE;
	if (fd < 0)
		return x.in_file >= *want ? STATE_WAL_COMPLETE :
		    STATE_WAL_DAMAGED;
	answer = frames_check(fd, &x.header[0], have);
	saved = errno;
	close(fd);
	errno = saved;
	return answer;
}

/* --- in use -------------------------------------------------------------- */

static const char *const suffixes[] = { "-wal", "-shm" };

static bool
wal_look(const char *path, size_t i, struct stat *st)
{
	char	name[4096];
	int	len = snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);

	return (size_t)len < sizeof(name) && lstat(name, st) == 0;
}

void
state_log_note(struct state_log *l, const char *path)
{
	struct stat	st;
	size_t		i;

	memset(l, 0, sizeof(*l));
	for (i = 0; i < 2; i++) {
		if (wal_look(path, i, &st)) {
			l->part[i].dev = st.st_dev;
			l->part[i].ino = st.st_ino;
		}
	}
}

const char *
state_log_gone(const struct state_log *l, const char *path)
{
	struct stat	st;
	size_t		i;

	for (i = 0; i < 2; i++)
		if (l->part[i].ino != 0 && (!wal_look(path, i, &st) ||
		    st.st_ino != l->part[i].ino ||
		    st.st_dev != l->part[i].dev))
			return suffixes[i];
	return NULL;
}
