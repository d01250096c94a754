/*
 * idna - the door to libidn2
 *
 * Lower-casing, normalisation and the forbidden code points need Unicode's
 * tables, which a maintained library keeps up to date. UTS 46 also maps other
 * dots (U+3002, U+FF0E, U+FF61), full-width letters and invisible code
 * points, so the name is judged in the form that mail programs would use.
 * Pure: libidn2 does no I/O.
 */
#include <stdint.h>

#include <idn2.h>

#include "base/arena.h"
#include "idna_priv.h"

const char *
idna_to_ascii(struct arena *a, const char *name)
{
	uint8_t		*ascii = NULL;
	const char	*copy;

	if (idn2_lookup_u8((const uint8_t *)name, &ascii,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	copy = arena_strdup(a, (const char *)ascii);
	idn2_free(ascii);
	return copy;
}
