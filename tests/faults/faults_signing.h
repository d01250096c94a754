/*
 * faults_signing - a scenario that signs, for which keys are made
 */
#ifndef MILLGATE_FAULTS_SIGNING_H
#define MILLGATE_FAULTS_SIGNING_H

#include <stdbool.h>

#define SIGNING_PATH	64

/* Make keys and the scenario below `top`; its path is in `path`. */
bool	 signing_make(const char *top, char path[SIGNING_PATH]);

#endif
