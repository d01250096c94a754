/*
 * store_redis_none - for a build without hiredis: refuses redis:// URLs
 */
#include "base/why.h"
#include "store/store_priv.h"

struct store *
store_redis_open(const struct store_place *place, char **why)
{
	why_set(why, "state \"%s\": this millgate was built without Redis; "
	    "give the path of a file, or build it with hiredis (Debian "
	    "package: libhiredis-dev)", place->spec);
	return NULL;
}
