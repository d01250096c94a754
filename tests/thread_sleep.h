/*
 * thread_sleep - wait until other threads wait
 *
 * A test that wants a thread to be blocked somewhere cannot see that from
 * outside, and a sleep of the test is too short on a busy machine. The kernel
 * knows it.
 */
#ifndef MILLGATE_THREAD_SLEEP_H
#define MILLGATE_THREAD_SLEEP_H

#include <sys/syscall.h>

#include <unistd.h>

#define THREAD_SLEEP_TRIES	60000	/* a minute at least */

static inline pid_t
thread_self(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* How often the thread gave its processor away; 0: it is running. */
static inline unsigned long
thread_slept(pid_t thread)
{
	char		 path[64], line[128], state = 'R';
	unsigned long	 n, sum = 0;
	FILE		*f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status",
	    (long)thread);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		sscanf(line, "State: %c", &state);
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			sum += n;
	}
	if (f != NULL)
		fclose(f);
	return state == 'S' ? sum : 0;
}

/*
 * Until all of them slept at the same moment: each has the same count in two
 * looks at all. So none of them is between two waits. False: they did not.
 */
static inline bool
threads_sleep(const pid_t *thread, size_t n)
{
	unsigned long	count[64] = { 0 }, now;
	unsigned	tries;
	size_t		i, same = 0;

	for (tries = 0; tries < THREAD_SLEEP_TRIES && same < n; tries++) {
		usleep(1000);
		for (i = same = 0; i < n; i++) {
			now = thread_slept(thread[i]);
			same += now != 0 && now == count[i];
			count[i] = now;
		}
	}
	return same == n;
}

#endif
