/*
 * ctl_common_probe - what a database said when it was asked
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "session/services.h"
#include "ctl_common_priv.h"

void
ctl_print_probe(const struct probed *p)
{
	printf("%s \"%s\": %s answers (%" PRIu64 " ms)\n", p->option, p->place,
	    p->server, p->ms);
}

void
ctl_json_probe(struct buf *b, const struct probed *p)
{
	buf_addch(b, '{');
	ctl_json_text(b, "option", p->option);
	ctl_json_text(b, "place", p->place);
	ctl_json_text(b, "server", p->server);
	ctl_json_text(b, "error", p->why);
	ctl_json_number(b, "ms", p->ms);
	buf_addch(b, '}');
}
