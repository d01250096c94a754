/*
 * fault - one use of one kind of external step fails, in a process or in the
 * processes that share a plan
 *
 * A plan is shared memory: the test that set it reads the counts when the
 * process under test has ended, however it ended. fault_here() is called by
 * the doubles of doors (fault_doors.c) and of libc's and libmilter's calls
 * (fault_calls.c) before the real step. faults_daemon.py has the same layout.
 */
#ifndef MILLGATE_FAULT_H
#define MILLGATE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_LOOKUP,		/* the answer is a temporary failure */
	FAULT_STORE,		/* a call to the store is not done */
	FAULT_LOST,		/* a commit is done, and its answer is lost */
	FAULT_CRYPTO,		/* digest, key, signature, libopendkim */
	FAULT_OPEN,		/* a file: EMFILE */
	FAULT_READ,		/* EIO */
	FAULT_WRITE,		/* ENOSPC */
	FAULT_SYNC,		/* fsync, fdatasync: EIO */
	FAULT_NAME,		/* rename, link, unlink, chmod, chown: EACCES */
	FAULT_STAT,		/* stat and its kin: EACCES */
	FAULT_LOCK,		/* fcntl, ftruncate: EIO */
	FAULT_SOCKET,		/* socket, bind, listen, connect, epoll: ENOBUFS */
	FAULT_ACCEPT,		/* EMFILE */
	FAULT_RECEIVE,		/* of a socket: ECONNRESET */
	FAULT_SEND,		/* EPIPE */
	FAULT_THREAD,		/* thread or process: EAGAIN */
	FAULT_CLOCK,		/* EINVAL, and no time */
	FAULT_MILTER,		/* a call of libmilter: MI_FAILURE */
	FAULT_POLL,		/* ENOMEM */
	FAULT_PROCESS,		/* what confines or places a process: EPERM */
	FAULT_USER,		/* a name is not found, a change of user: EPERM */
	FAULT_SIGNAL,		/* EINTR, as if a signal came: nothing fails */
	FAULT_KINDS
};

struct fault_plan {
	atomic_int	armed;		/* 0: nothing is counted, nor fails */
	atomic_int	kind, nth;	/* what fails; nth from 1 */
	atomic_int	struck;		/* it has failed */
	atomic_int	used[FAULT_KINDS];
};

/* NULL: nothing fails. */
extern struct fault_plan *fault_plan;

/* Count one use; true: it must fail. */
bool	 fault_here(enum fault_kind kind);

#endif
