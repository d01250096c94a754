/*
 * import_opendkim - how options of OpenDKIM are carried over
 */
#ifndef MILLGATE_IMPORT_OPENDKIM_H
#define MILLGATE_IMPORT_OPENDKIM_H

#include "import_priv.h"

import_take_fn	opendkim_take_canonicalization, opendkim_take_mode,
		opendkim_take_signed, opendkim_take_omitted,
		opendkim_take_domains, opendkim_take_addresses,
		opendkim_take_safe_keys, opendkim_take_internal,
		opendkim_take_peers, opendkim_take_daemons,
		opendkim_take_macros, opendkim_take_header_bytes,
		opendkim_take_required, opendkim_take_required_headers,
		opendkim_take_servers, opendkim_take_anchor;

/* The keys, which several options decide. */
void		 opendkim_finish(struct import *im);

#endif
