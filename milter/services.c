/*
 * services - what sessions share
 */
#include "arena.h"
#include "services.h"

int services_placeholder;
