/*
 * daemon - start, drop root privileges, serve, reload, stop
 *
 * Order at start: configuration, the keys as the daemon's user, the MTA's
 * socket, the pid file, then privileges are dropped, then the state file, the
 * resolver and the control socket are opened as the user that will use them.
 * libmilter runs in a thread of its own and gets no signals
 * (mfi_workarounds.c), because it would stop at SIGHUP. With auto-restart = yes
 * all this is done in a child of the process that was started (supervisor.c).
 *
 * SIGTERM: messages that have begun are completed (drain.c), then the process
 * ends. SIGHUP, or SIGUSR1 as with OpenDKIM: the configuration, users and keys
 * are read again, all of them or none.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/monotonic.h"
#include "base/why.h"
#include "daemon/privileges.h"
#include "doctor/mta_words.h"
#include "mta/mfi.h"
#include "session/notifier.h"
#include "session/services.h"
#include "status/status.h"
#include "status/http.h"
#include "background_priv.h"
#include "control_priv.h"
#include "daemon_priv.h"
#include "daemon_socket_priv.h"
#include "daemon_tasks_priv.h"
#include "drain_priv.h"
#include "file_limit_priv.h"
#include "helper_priv.h"
#include "key_process_start_priv.h"
#include "notify_priv.h"
#include "pid_file_priv.h"
#include "sandbox_priv.h"
#include "signals_priv.h"
#include "supervisor_priv.h"

#define STATUS_TROUBLE	2

/* One process that serves mail. */
struct life {
	const struct daemon_options	*options;
	const struct supervised		*supervised;	/* NULL: no parent */
	int				 waiting;	/* told when ready */
	int				 socket;	/* passed to us, or -1 */
};

static struct control	*control;	/* NULL: there is no control socket */
static struct http	*http;		/* NULL: there is no HTTP server */
static atomic_bool	broken;		/* it cannot serve any longer */
static bool		reported;	/* the parent knows that we are ready */

void
daemon_break(const char *what)
{
	log_printf(LOG_LEVEL_ERROR, "%s; the daemon stops", what);
	atomic_store(&broken, true);
	signals_stop();
}

/* What a reload must be able to read, root reads as the daemon's user. */
static struct setup *
load_first_setup(struct conf *c, char **why)
{
	struct privileges_acting	 acting;
	struct setup			*st;

	if (!privileges_act(c->user, &acting, why)) {
		conf_unref(&c);
		return NULL;
	}
	st = setup_new(c, why);
	privileges_act_end(&acting);
	return st;
}

static void *
serve_thread(void *arg)
{
	(void)mfi_run(arg);	/* it returns only if it has failed */
	daemon_break("libmilter has failed");
	return NULL;
}

/* Run the periodic tasks, and reload on request, until SIGTERM or SIGINT. */
static void
run_until_stopped(struct services *sv, const char *conf_path)
{
	enum signals_request request;

	daemon_tasks_start(sv);
	do {
		request = signals_wait(daemon_tasks_run(sv));
		if (request == SIGNALS_RELOAD)
			daemon_reload(sv, conf_path);
	} while (request != SIGNALS_STOP);
}

/* Does a parent start the next one? Then the pid file stays. */
static bool
goes_on(const struct supervised *s)
{
	return s != NULL && (s->again || reported);
}

/*
 * Ends the process while libmilter's threads still run. They hold nothing that
 * must be saved, and smfi_stop() would wait up to five seconds for the
 * listener's poll to end.
 */
static void
daemon_stop(const struct life *l, struct services *sv, const struct conf *c)
{
	const struct counters	*n = &sv->counters;
	bool			 failed = atomic_load(&broken);

	if (l->supervised == NULL)
		notify_stopping();
	if (!failed)
		daemon_drain(l->socket != -1);
	notifier_stop(sv->notifier);
	key_process_stop();
	http_close(&http);
	control_close(&control);
	daemon_tasks_last(sv);
	if (l->socket == -1)	/* or it belongs to the service manager */
		daemon_socket_remove(c);
	if (c->pid_file != NULL && !(failed && goes_on(l->supervised)))
		unlink(c->pid_file);
	log_printf(LOG_LEVEL_INFO, "stopped: connections=%llu messages=%llu "
	    "accepted=%llu held=%llu deferred=%llu rejected=%llu aborted=%llu",
	    (unsigned long long)atomic_load(&n->connections),
	    (unsigned long long)atomic_load(&n->messages),
	    (unsigned long long)atomic_load(&n->accepted),
	    (unsigned long long)atomic_load(&n->held),
	    (unsigned long long)atomic_load(&n->deferred),
	    (unsigned long long)atomic_load(&n->rejected),
	    (unsigned long long)atomic_load(&n->aborted));
	fflush(NULL);
	_exit(failed ? STATUS_TROUBLE : 0);
}

static bool
open_control(const struct conf *c, struct services *sv, char **why)
{
	if (strcmp(c->control_socket, CONF_NO_SOCKET) == 0)
		return true;
	control = control_open(c->control_socket, sv, why);
	return control != NULL;
}

static bool
open_http(const struct conf *c, struct services *sv, char **why)
{
	if (c->http_listen == NULL)
		return true;
	http = http_open(c, sv, why);
	return http != NULL;
}

/* Called after privileges are dropped: the daemon's user must remove them. */
static struct services *
open_own_sockets(struct services *sv, char **why)
{
	struct setup *st;

	if (sv == NULL)
		return NULL;
	st = services_setup(sv);
	if (!open_control(st->conf, sv, why) ||
	    !open_http(st->conf, sv, why)) {
		control_close(&control);
		services_free(&sv);
	}
	setup_unref(&st);
	return sv;
}

/* What needs no root any more. Takes over `setup`. */
static struct services *
start_confined(const struct life *l, struct setup *setup, char **why)
{
	struct notifier	*helper = helper_start(l->options, setup->conf,
			     why);
	struct services	*sv;

	if (helper == NULL) {
		setup_unref(&setup);
		return NULL;
	}
	if (setup->conf->sandbox)	/* later, no program can be run */
		status_mta_read(MTA_POSTFIX_DIR, MTA_SENDMAIL_CF);
	sandbox_close_files(setup->conf);
	sv = open_own_sockets(daemon_services(setup, why), why);
	if (sv != NULL)
		sv->notifier = helper;
	else
		notifier_free(&helper);
	return sv;
}

/* The part of the start as the daemon's user. Takes over `setup`. */
static struct services *
start_as_user(const struct life *l, struct setup *setup, int pid_fd,
    char **why)
{
	struct services *sv = NULL;

	if (!privileges_drop(setup->conf->user, why))
		setup_unref(&setup);
	else if (l->supervised != NULL && !supervisor_follow(l->supervised)) {
		why_set(why, "the process that starts the daemon has ended");
		setup_unref(&setup);
	} else
		sv = start_confined(l, setup, why);
	if (sv != NULL)
		pid_file_write(pid_fd, l->supervised != NULL ?
		    l->supervised->parent : getpid());
	return sv;
}

static void
keys_failed(void)
{
	daemon_break("no message can be signed");
}

/* Before the first key is read. */
static bool
start_key_process(const struct life *l, const struct conf *c, char **why)
{
	return !c->key_process || key_process_start(c, l->options->foreground,
	    keys_failed, why);
}

/*
 * A start that fails later leaves neither its socket nor its pid file. A pid
 * file that could not be opened is somebody else's.
 */
static void
start_remove(const struct life *l, const struct conf *c, bool pid_file)
{
	if (l->socket == -1)
		daemon_socket_remove(c);
	/* the parent's stays while it starts one child after the other */
	if (pid_file && c->pid_file != NULL && (l->supervised == NULL ||
	    !l->supervised->again))
		unlink(c->pid_file);
}

/* The part of the start that makes files. Takes over `setup`. */
static struct services *
start_with_files(const struct life *l, struct setup *setup, char **why)
{
	struct conf	*c = conf_ref(setup->conf);
	struct services	*sv = NULL;
	bool		 opened;
	int		 pid_fd;

	if (!daemon_socket_open(c, l->socket, why))
		setup_unref(&setup);
	else {
		opened = pid_file_open(c->pid_file, c->user, &pid_fd, why);
		if (opened)
			sv = start_as_user(l, setup, pid_fd, why);
		else
			setup_unref(&setup);
		if (sv == NULL)
			start_remove(l, c, opened);
	}
	conf_unref(&c);
	return sv;
}

/* Everything up to the point where mail can be served. Takes over `c`. */
static struct services *
daemon_start(const struct life *l, struct conf *c, char **why)
{
	struct setup *setup;

	if (c->warnings[0] != '\0')
		log_printf(LOG_LEVEL_WARNING, "%s", c->warnings);
	if (!privileges_known(c->user, why) ||
	    !privileges_may_connect(c->user, c->socket_group, why) ||
	    !start_key_process(l, c, why)) {
		conf_unref(&c);
		return NULL;
	}
	setup = load_first_setup(c, why);
	return setup != NULL ? start_with_files(l, setup, why) : NULL;
}

static void
report_ready(const struct life *l)
{
	if (l->supervised == NULL)
		notify_ready();
	if (!l->options->foreground)
		background_enter();
	background_report(l->waiting);
	reported = true;
}

/* Takes over `c`. Returns only when the start has failed. */
static int
daemon_live(const struct life *l, struct conf *c)
{
	char		*why = NULL;
	struct services	*sv = NULL;
	struct setup	*first;
	pthread_t	 thread;
	int		 error;

	/*
	 * Signals come first: SIGTERM may arrive as soon as the socket exists.
	 * The limit of files comes before all that depends on it.
	 */
	file_limit_raise();
	if (signals_open())
		sv = daemon_start(l, c, &why);
	else
		why_set(&why, "cannot catch signals: %s", strerror(errno));
	if (sv == NULL) {
		log_printf(LOG_LEVEL_ERROR, "%s", why);
		free(why);
		return STATUS_TROUBLE;
	}
	log_open("millgate", l->options->foreground);
	key_process_warn();
	first = services_setup(sv);
	/* it starts threads, which log, too */
	setup_probe_log(first);
	sandbox_close_calls(first->conf, sv->notifier);
	error = pthread_create(&thread, NULL, serve_thread, sv);
	if (error != 0) {
		log_printf(LOG_LEVEL_ERROR, "cannot start the libmilter "
		    "thread: %s", strerror(error));
		atomic_store(&broken, true);
		daemon_stop(l, sv, first->conf);
	}
	log_printf(LOG_LEVEL_INFO, "ready on %s: mode=%s listeners=%zu "
	    "users=%zu keys=%zu", first->conf->socket,
	    first->conf->mode == MODE_ENFORCE ? "enforce" : "monitor",
	    first->conf->nlisteners, users_count(first->conf->users),
	    keyring_count(first->keys));
	report_ready(l);
	run_until_stopped(sv, l->options->conf_path);
	daemon_stop(l, sv, first->conf);
	return 0;
}

/* --- auto-restart = yes: a parent, and one child after the other ---------- */

static int
child_live(const struct supervised *s, void *arg)
{
	const struct life	*parent = arg;
	struct life		 l = { parent->options, s, s->ready_fd,
	    parent->socket };
	char			*why = NULL;
	struct conf		*c;

	if (parent->waiting != -1)
		close(parent->waiting);
	if (s->again)	/* standard error may be gone */
		log_open("millgate", l.options->foreground);
	c = conf_load(l.options->conf_path, &why);
	if (c != NULL) {
		log_use_json(c->log_format == LOG_FORMAT_JSON);
		return daemon_live(&l, c);
	}
	log_printf(LOG_LEVEL_ERROR, "%s", why);
	return STATUS_TROUBLE;
}

static void
parent_ready(void *arg)
{
	struct life *l = arg;

	log_open("millgate", l->options->foreground);
	report_ready(l);
	l->waiting = -1;
}

static void
parent_stopping(void *arg)
{
	(void)arg;
	notify_stopping();
}

/* The configuration is read once more by each child. */
static int
parent_live(struct life *l)
{
	const struct supervisor_job job = {
		.child = child_live,
		.ready = parent_ready,
		.stopping = parent_stopping,
		.arg = l
	};

	return supervisor_run(&job);
}

/* False with *why: systemd has passed sockets that cannot be used. */
static bool
take_socket(struct life *l, const struct conf *c, char **why)
{
	char *said = NULL;

	if (!notify_socket(&l->socket, why))
		return false;
	if (l->socket == -1)
		return true;
	if (daemon_socket_is_of(l->socket, c, &said)) {
		if (said != NULL)
			log_printf(LOG_LEVEL_WARNING, "%s", said);
	} else {
		log_printf(LOG_LEVEL_WARNING, "%s", said);
		close(l->socket);
		l->socket = -1;
	}
	free(said);
	return true;
}

/* Until log_open() messages go to stderr. */
static int
begin(struct life *l)
{
	char		*why = NULL;
	struct conf	*c = conf_load(l->options->conf_path, &why);
	bool		 restart;

	if (c != NULL)
		log_use_json(c->log_format == LOG_FORMAT_JSON);
	/* it is passed to this process, and not to its children */
	if (c != NULL && !take_socket(l, c, &why))
		conf_unref(&c);
	if (c != NULL && !l->options->foreground &&
	    (l->waiting = background_fork()) == -1) {
		why_set(&why, "fork: %s", strerror(errno));
		conf_unref(&c);
	}
	if (c == NULL) {
		log_printf(LOG_LEVEL_ERROR, "%s", why);
		free(why);
		return STATUS_TROUBLE;
	}
	restart = c->auto_restart;
	if (!restart)
		return daemon_live(l, c);
	conf_unref(&c);
	return parent_live(l);
}

int
daemon_run(const struct daemon_options *o)
{
	char			*path = realpath(o->conf_path, NULL);
	struct daemon_options	 absolute = *o;
	struct life		 l = { &absolute, NULL, -1, -1 };
	int			 status;

	if (path != NULL)	/* a reload reads it after chdir */
		absolute.conf_path = path;
	status = begin(&l);
	free(path);
	return status;
}
