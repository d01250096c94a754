/*
 * sandbox - the daemon closes itself in before it reads a byte of a stranger
 *
 * Files and TCP ports: Landlock. System calls: seccomp, through libseccomp.
 * Then limits (setrlimit(2)), and no_new_privs. A kernel or a build without a
 * part gets a warning, and the other parts.
 */
#ifndef MILLGATE_SANDBOX_PRIV_H
#define MILLGATE_SANDBOX_PRIV_H

#include <stdbool.h>

struct conf;
struct notifier;

/*
 * Files, ports and limits, for this thread and all that it starts; so call it
 * before the first thread. What needs more, like the helper, is started before
 * it. Does nothing for sandbox = no.
 */
void		 sandbox_close_files(const struct conf *c);
/*
 * System calls, for all threads; before the first connection is accepted. The
 * helper logs the calls that are refused. Does nothing for sandbox = no.
 */
void		 sandbox_close_calls(const struct conf *c,
		    struct notifier *helper);
/* The helper's part: refuse one call, and log its name. */
void		 sandbox_refuse(int fd);

/* What is not limited, "files and TCP ports"; "": all is. Static. */
const char	*sandbox_gaps(void);
/*
 * For a reload: does the sandbox allow what `c` needs? False with *why
 * (malloced; the caller frees).
 */
bool		 sandbox_allows(const struct conf *c, char **why);
/* A reload has failed with that text: NULL, or a hint that follows it. */
const char	*sandbox_hint(const char *why);

#endif
