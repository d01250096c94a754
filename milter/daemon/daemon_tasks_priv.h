/*
 * daemon_tasks - the daemon's periodic tasks
 *
 * Called from the thread that waits for signals, and from no other.
 */
#ifndef MILLGATE_DAEMON_TASKS_H
#define MILLGATE_DAEMON_TASKS_H

struct services;
struct setup;

/* Set the time of day of `sv`; before the first session. */
void	daemon_tasks_clock(struct services *sv);
/*
 * Let those pending keys of `st` sign whose record was seen before. Call it
 * before the first session that uses `st`.
 */
void	daemon_tasks_recall(struct services *sv, struct setup *st);
void	daemon_tasks_start(struct services *sv);
/* After a reload: tasks that depend on the setup run at once. */
void	daemon_tasks_reloaded(void);
/*
 * Run the tasks that are due. Returns the milliseconds until the next one, for
 * poll(2).
 */
int	daemon_tasks_run(struct services *sv);
/* Write out data that would be lost with the process. */
void	daemon_tasks_last(struct services *sv);

#endif
