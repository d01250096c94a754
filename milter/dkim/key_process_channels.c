/*
 * key_process_channels - open the channels between the daemon and the key
 * process
 *
 * Each processor has channels for signatures. Their threads in the key process
 * stay on that processor, and the daemon takes a channel of the processor that
 * it runs on: to wake a thread of another processor, which may be asleep, takes
 * several times as long as the rest of a request. There is more than one, so
 * that a request need not wait for one that was interrupted.
 */
#include "config.h"

#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dkim/key_process.h"

#define PER_PROCESSOR	8

static bool
channel_pair(int *our, int *their)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	*our = fd[0];
	*their = fd[1];
	return true;
}

/* Each processor that we may use, once for each of its channels. */
static size_t
processors(int cpu[KEY_PROCESS_SIGNERS])
{
	cpu_set_t	set;
	size_t		n = 0;
	int		i;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		CPU_ZERO(&set);
	for (i = 0; i < CPU_SETSIZE * PER_PROCESSOR; i++)
		if (CPU_ISSET(i % CPU_SETSIZE, &set) && n < KEY_PROCESS_SIGNERS)
			cpu[n++] = i % CPU_SETSIZE;
	return n;
}

bool
key_channels_open(struct key_channels *ours, struct key_channels *theirs,
    unsigned asker_ms)
{
	size_t i, n;

	memset(ours, -1, sizeof(*ours));
	n = processors(ours->cpu);
	ours->nsigners = n > 0 ? n : PER_PROCESSOR;
	ours->naskers = asker_ms > 0 ? KEY_PROCESS_ASKERS : 0;
	ours->asker_ms = asker_ms;
	*theirs = *ours;
	for (i = 0; i < ours->nsigners; i++)
		if (!channel_pair(&ours->signer[i], &theirs->signer[i]))
			return false;
	for (i = 0; i < ours->naskers; i++)
		if (!channel_pair(&ours->asker[i], &theirs->asker[i]))
			return false;
	return true;
}

void
key_channels_close(const struct key_channels *c)
{
	size_t i;

	for (i = 0; i < KEY_PROCESS_SIGNERS; i++)
		if (c->signer[i] != -1)
			close(c->signer[i]);
	for (i = 0; i < KEY_PROCESS_ASKERS; i++)
		if (c->asker[i] != -1)
			close(c->asker[i]);
}
