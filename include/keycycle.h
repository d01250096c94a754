/*
 * keycycle - pending keys start to sign when the DNS shows them
 */
#ifndef MILLGATE_KEYCYCLE_H
#define MILLGATE_KEYCYCLE_H

#include <stddef.h>

struct keyring;
struct resolver;

/*
 * Ask for the records of all pending keys at the same time and activate those
 * that are published. Waits for the answers, a few seconds at most; never in a
 * session. Each key that starts to sign is logged. How many still wait.
 */
size_t	keycycle_check(struct keyring *k, struct resolver *r);

#endif
