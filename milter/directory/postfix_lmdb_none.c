/*
 * postfix_lmdb_none - a build without liblmdb
 */
#include <stddef.h>

#include "postfix_lmdb_priv.h"

postfix_lmdb_reader *const postfix_lmdb_read = NULL;
