/*
 * ctl_ask - one command to the running daemon, over its control socket
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "daemon/control_ask.h"
#include "ctl_ask_priv.h"
#include "ctl_common_priv.h"

static enum daemon_answer
unanswered(int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return DAEMON_DOWN;
	return error == EACCES ? DAEMON_DENIED : DAEMON_SILENT;
}

enum daemon_answer
ctl_ask_quietly(const struct conf *c, const char *command, struct buf *text,
    struct json *answer)
{
	struct json	 error;
	int		 fault;

	if (strcmp(c->control_socket, CONF_NO_SOCKET) == 0)
		return DAEMON_OFF;
	fault = control_ask(c->control_socket, command, text);
	if (fault != 0)
		return unanswered(fault);
	if (!json_parse(buf_str(text), text->len, answer))
		return DAEMON_SILENT;
	return json_get(*answer, "error", &error) ? DAEMON_OLD :
	    DAEMON_ANSWERED;
}

bool
ctl_ask(const struct conf *c, const char *command, struct buf *text,
    struct json *answer)
{
	static const char *const reasons[] = {
		[DAEMON_DOWN] = "it is not running, or uses another "
		    "control-socket",
		[DAEMON_DENIED] = "permission denied; run millgatectl as root, "
		    "or as the user of the daemon",
		[DAEMON_SILENT] = "it is too busy, or has stopped",
		[DAEMON_OLD] = "it does not know this command; restart it "
		    "after an update",
	};
	enum daemon_answer said = ctl_ask_quietly(c, command, text, answer);

	if (said == DAEMON_ANSWERED)
		return true;
	if (said == DAEMON_OFF)
		return ctl_complain("%s: control-socket = none: the daemon "
		    "cannot be asked", c->path);
	return ctl_complain("no answer from the daemon at %s: %s",
	    c->control_socket, reasons[said]);
}
