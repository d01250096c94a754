/*
 * background - leave the terminal, and report readiness to who waits for it
 */
#ifndef MILLGATE_BACKGROUND_PRIV_H
#define MILLGATE_BACKGROUND_PRIV_H

/*
 * Continue in a new process. The old one waits, and exits with status 0 when
 * background_report is called with the returned descriptor; it exits with 2
 * when the new process ends before. -1 with errno: there is no new process.
 */
int	background_fork(void);
/* Leave the directory and the terminal: there is no standard error then. */
void	background_enter(void);
/* Write a byte to `fd` and close it; -1: nobody waits. */
void	background_report(int fd);

#endif
