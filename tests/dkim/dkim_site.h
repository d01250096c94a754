/*
 * dkim_site - the keys of a zone, and libopendkim, for all tests of a program
 */
#ifndef MILLGATE_DKIM_SITE_H
#define MILLGATE_DKIM_SITE_H

#include "dkim_message.h"

static struct dkim_lib	*lib;
static struct resolver	*resolver;

/* Frees the zone. */
static inline void
site_open(struct buf *zone)
{
	char *why = NULL;

	resolver = resolver_zone_new(buf_str(zone), &why);
	if (resolver == NULL)
		fail_msg("%s", why);
	lib = dkim_lib_new(NULL);
	assert_non_null(lib);
	buf_free(zone);
}

/* The tear-down of a group of tests. */
static inline int
site_close(void **state)
{
	(void)state;
	dkim_lib_free(&lib);
	resolver_free(&resolver);
	maker_forget_keys();
	return 0;
}

#endif
