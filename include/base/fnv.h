/*
 * fnv - FNV-1a, a hash and a checksum for short strings; not for secrets
 *
 * Every step is a bijection of the 64 bits, so that two inputs of the same
 * length that differ in one octet never have the same sum.
 */
#ifndef MILLGATE_FNV_H
#define MILLGATE_FNV_H

#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"

#define FNV_START	14695981039346656037u
#define FNV_PRIME	1099511628211u

/* Go on from `h`: FNV_START, or what the octets before gave. */
static inline uint64_t
fnv_add(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len-- > 0)
		h = (h ^ *p++) * FNV_PRIME;
	return h;
}

/* The same with ASCII letters in lower case. */
static inline uint64_t
fnv_add_lower(uint64_t h, const char *text, size_t len)
{
	for (; len > 0; len--, text++)
		h = (h ^ (unsigned char)ascii_lower(*text)) * FNV_PRIME;
	return h;
}

/* Both halves in 32 bits. */
static inline uint32_t
fnv_fold(uint64_t h)
{
	return (uint32_t)(h ^ (h >> 32));
}

#endif
