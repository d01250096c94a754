/*
 * daemon_tasks - what the daemon does by itself, every so many seconds
 */
#ifndef MILLGATE_DAEMON_TASKS_H
#define MILLGATE_DAEMON_TASKS_H

struct services;

/* Services' time of day is ours from now on; before any session. */
void	daemon_tasks_clock(struct services *sv);
void	daemon_tasks_start(struct services *sv);
/* A new setup is there: some tasks look at it at once. */
void	daemon_tasks_reloaded(void);
/* What is due. The milliseconds until the next task is, for poll(2). */
int	daemon_tasks_run(struct services *sv);
/* What must not be lost when the process ends. */
void	daemon_tasks_last(struct services *sv);

#endif
