/*
 * drain - complete what has begun before the daemon ends
 */
#include "config.h"

#include <stdint.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "mta/mfi.h"
#include "drain_priv.h"
#include "signals_priv.h"

#define DRAIN_SECONDS		60
#define HANDOVER_SECONDS	15
#define HANDOVER_QUIET_SECONDS	5
#define HANDOVER_LAST_SECONDS	5

/* False: a signal to stop has arrived again. During a stop no reload. */
static bool
drain_pause(void)
{
	enum signals_request request = signals_wait(20);

	if (request == SIGNALS_RELOAD)
		log_printf(LOG_LEVEL_INFO, "not reloaded: the daemon stops "
		    "after the messages in progress");
	return request != SIGNALS_STOP;
}

/* New messages of open sessions are judged as before. False: stop at once. */
static bool
drain_sessions(void)
{
	uint64_t	now = monotonic_ms();
	uint64_t	end = now + HANDOVER_SECONDS * 1000;
	uint64_t	quiet = now;

	while (mfi_open_sessions() > 0 && now < end &&
	    now < quiet + HANDOVER_QUIET_SECONDS * 1000) {
		if (!drain_pause())
			return false;
		now = monotonic_ms();
		if (mfi_open_messages() > 0)
			quiet = now;
	}
	return true;
}

static void
drain_messages(unsigned seconds)
{
	uint64_t end = monotonic_ms() + seconds * 1000;

	while (mfi_open_messages() > 0 && monotonic_ms() < end)
		if (!drain_pause())
			return;
}

void
daemon_drain(bool handover)
{
	bool go_on = true;

	handover = handover && mfi_stop_listening();
	log_printf(LOG_LEVEL_INFO, "stopping: sessions=%u messages=%u%s",
	    mfi_open_sessions(), mfi_open_messages(), handover ?
	    "; new connections wait for the next process" : "");
	if (handover)
		go_on = drain_sessions();
	mfi_drain();
	if (go_on)
		drain_messages(handover ? HANDOVER_LAST_SECONDS :
		    DRAIN_SECONDS);
	if (mfi_open_messages() > 0)
		log_printf(LOG_LEVEL_WARNING, "%u messages were not "
		    "completed; the MTA handles them by its default action",
		    mfi_open_messages());
}
