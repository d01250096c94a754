/*
 * keycycle - pending keys start to sign when the DNS shows them
 */
#ifndef MILLGATE_KEYCYCLE_H
#define MILLGATE_KEYCYCLE_H

#include <stdbool.h>
#include <stddef.h>

struct keyring;
struct resolver;

/*
 * Ask for the records of the pending keys from key *next on, at most 256 at
 * the same time, and activate those that are published; *next moves on. Waits
 * for the answers, five seconds at most; never in a session. Each key that
 * starts to sign is logged. False when it was the last of them: *next is 0
 * again.
 */
bool	keycycle_check(struct keyring *k, struct resolver *r, size_t *next);

#endif
