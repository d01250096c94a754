/*
 * fnv - FNV-1a, a 64-bit hash for short strings
 *
 * Not for secrets: anyone can compute it. Every step is a bijection of the
 * 64 bits, so two inputs of the same length that differ in one octet never
 * have the same hash; it also serves as a checksum.
 */
#ifndef MILLGATE_FNV_H
#define MILLGATE_FNV_H

#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"

#define FNV_START	14695981039346656037u
#define FNV_PRIME	1099511628211u

/* Continue from `h`: FNV_START, or the hash of the preceding octets. */
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

/* The two halves combined into 32 bits. */
static inline uint32_t
fnv_fold(uint64_t h)
{
	return (uint32_t)(h ^ (h >> 32));
}

#endif
