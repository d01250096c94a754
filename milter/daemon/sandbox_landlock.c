/*
 * sandbox_landlock - files, TCP ports and signals, by the kernel's Landlock
 *
 * glibc has no functions for it. The numbers are those of <linux/landlock.h> of
 * version 6 of the interface (Linux 6.12); Debian 12's header ends at version
 * 2, and the running kernel says which it knows.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/why.h"
#include "sandbox_landlock_priv.h"
#include "sandbox_needs_priv.h"

#define CREATE_VERSION		1u
#define RULE_PATH		1
#define RULE_PORT		2

#define BIT(n)			(UINT64_C(1) << (n))
#define FS_WRITE_FILE		BIT(1)
#define FS_READ_FILE		BIT(2)
#define FS_READ_DIR		BIT(3)
#define FS_REMOVE_FILE		BIT(5)
#define FS_MAKE_REG		BIT(8)
#define FS_MAKE_SOCK		BIT(9)
#define FS_TRUNCATE		BIT(14)		/* version 3 */
#define FS_FIRST_VERSION	(BIT(13) - 1)	/* all bits of it */
#define FS_ALL			(BIT(16) - 1)
/* A rule for a file may have no others. */
#define FS_OF_FILES		(BIT(0) | FS_WRITE_FILE | FS_READ_FILE | \
				FS_TRUNCATE)

#define NET_BIND_TCP		BIT(0)		/* version 4 */
#define NET_CONNECT_TCP		BIT(1)
#define SCOPE_ABSTRACT		BIT(0)		/* version 6 */
#define SCOPE_SIGNAL		BIT(1)

/* The kernel takes a longer one than it knows, if the rest is zero. */
struct ruleset {
	uint64_t	 fs, net, scoped;
};

struct rule_path {
	uint64_t	 access;
	int32_t		 fd;
} __attribute__((packed));

struct rule_port {
	uint64_t	 access, port;
};

int
sandbox_landlock_abi(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    CREATE_VERSION);

	return version > 0 ? (int)version : 0;
}

/* What is forbidden unless a rule allows it. */
static struct ruleset
ruleset_of(int abi, bool abstract)
{
	static const uint64_t	fs[] = { 0, FS_FIRST_VERSION, BIT(14) - 1,
	    BIT(15) - 1, BIT(15) - 1, FS_ALL };
	struct ruleset		r = { fs[abi < 5 ? abi : 5], 0, 0 };

	if (abi >= 4)
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 6)
		r.scoped = SCOPE_SIGNAL | (abstract ? 0 : SCOPE_ABSTRACT);
	return r;
}

static uint64_t
fs_bits(unsigned access)
{
	uint64_t bits = 0;

	if ((access & SANDBOX_LIST) != 0)
		bits |= FS_READ_DIR;
	if ((access & SANDBOX_READ) == SANDBOX_READ)
		bits |= FS_READ_FILE;
	if ((access & SANDBOX_WRITE) != 0)
		bits |= FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG |
		    FS_MAKE_SOCK | FS_REMOVE_FILE;
	if ((access & SANDBOX_REMOVE) != 0)
		bits |= FS_REMOVE_FILE;
	return bits;
}

/* What does not exist or cannot be reached needs no rule. */
static bool
allow_path(int set, const struct ruleset *r, const struct sandbox_need *w)
{
	struct rule_path	rule = { fs_bits(w->access) & r->fs, -1 };
	struct stat		st;
	bool			ok = true;

	rule.fd = open(w->path, O_PATH | O_CLOEXEC);
	if (rule.fd == -1)
		return true;
	if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.access &= FS_OF_FILES;
	if (rule.access != 0)
		ok = syscall(SYS_landlock_add_rule, set, RULE_PATH, &rule,
		    0) == 0;
	close(rule.fd);
	return ok;
}

static bool
allow_port(int set, uint64_t access, uint64_t port)
{
	struct rule_port rule = { access, port };

	return syscall(SYS_landlock_add_rule, set, RULE_PORT, &rule, 0) == 0;
}

static bool
allow_all(int set, const struct ruleset *r, const struct sandbox_needs *n)
{
	size_t i;

	for (i = 0; i < n->n; i++)
		if (!allow_path(set, r, &n->need[i]))
			return false;
	for (i = 0; i < n->nports && r->net != 0; i++)
		if (!allow_port(set, n->port[i].listens ? NET_BIND_TCP :
		    NET_CONNECT_TCP, n->port[i].port))
			return false;
	return true;
}

bool
sandbox_landlock(const struct sandbox_needs *n, bool abstract, char **why)
{
	int		abi = sandbox_landlock_abi();
	struct ruleset	r = ruleset_of(abi, abstract);
	int		set;
	bool		ok;

	if (abi == 0)
		return why_set(why, "the kernel has no Landlock, or it is "
		    "switched off (lsm=landlock,... at its start)");
	set = (int)syscall(SYS_landlock_create_ruleset, &r, sizeof(r), 0);
	ok = set != -1 && allow_all(set, &r, n) &&
	    syscall(SYS_landlock_restrict_self, set, 0) == 0;
	if (!ok)
		why_set(why, "Landlock: %s", strerror(errno));
	if (set != -1)
		close(set);
	if (ok && abi < 4)
		log_printf(LOG_LEVEL_WARNING, "sandbox: the kernel cannot "
		    "limit TCP connections (Linux 6.7 can)");
	return ok;
}
