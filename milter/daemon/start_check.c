/*
 * start_check - would a start succeed?
 *
 * In the order of the start: first with the rights of the starting user
 * (socket, pid file), then with those of the daemon's user (state, control
 * socket, keys). All that is wrong is reported at once.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/reach.h"
#include "base/why.h"
#include "conf/conf.h"
#include "conf/conf_http.h"
#include "daemon/control_ask.h"
#include "daemon/privileges.h"
#include "daemon/start_check.h"
#include "dkim/key_process.h"
#include "session/services.h"
#include "status/http.h"
#include "daemon_socket_priv.h"
#include "key_process_start_priv.h"

#define LOCAL	"local:"
#define RUN	"/run/"

struct start {
	const struct conf	*c;
	const char		*path;	/* of the configuration */
	struct arena		*arena;
	struct start_check	*r;
	bool			 root;	/* root runs the check */
	bool			 sure;	/* a start by this user is usual */
	bool			 known;	/* the daemon's user exists */
	bool			 socket_good;	/* for the starting user */
};

static void
__attribute__((format(printf, 2, 3)))
start_add(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	if (b->len > 0)
		buf_addch(b, '\n');
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

/* The list for what would stop a start by this user. */
static struct buf *
faults(const struct start *s)
{
	return s->sure ? &s->r->errors : &s->r->warnings;
}

static void
check_start_user(struct start *s)
{
	char		*why = NULL;
	const char	*user = s->c->user;

	s->known = privileges_exist(user);
	if (!privileges_known(user, &why))
		start_add(&s->r->errors, "%s", why);
	else if (!s->known)
		start_add(&s->r->warnings, "user \"%s\": no such user; a start "
		    "by root fails", user);
	free(why);
	why = NULL;
	if (!privileges_may_connect(user, s->c->socket_group, &why))
		start_add(&s->r->errors, "%s", why);
	free(why);
}

/* --- directories -------------------------------------------------------- */

static const char *
directory_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" :
	    arena_memdup(a, path, (size_t)(slash - path));
}

/*
 * How to make the directory. A socket gets its group from its directory, because
 * the systemd unit does not let the daemon call chown(2).
 */
static const char *
directory_advice(struct start *s, const char *option, const char *dir)
{
	const char *group = s->c->socket_group;

	if (strcmp(option, "socket") != 0)
		return arena_printf(s->arena, "install -d -o %s -m 0750 '%s'",
		    s->c->user, dir);
	return arena_printf(s->arena, "install -d -o %s%s%s -m %s '%s'",
	    s->c->user, group != NULL ? " -g " : "", group != NULL ? group :
	    "", group != NULL ? "2755" : "0755", dir);
}

/*
 * 0, or the errno of making the file `path`, and the user who makes it: in a
 * directory that is not root's, root acts as the daemon's user.
 */
static int
create_error(struct start *s, const char *path, const char *dir, char user[64])
{
	struct privileges_acting	 acting;
	char				*why = NULL;
	int				 error = 0;

	privileges_act_at(path, s->c->user, &acting, &why);
	reach_user(user);
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0)
		error = errno;
	privileges_act_end(&acting);
	free(why);	/* the user is missing, which is reported elsewhere */
	return error;
}

/* Can this process create the file `path`, which `option` names? */
static void
check_directory(struct start *s, const char *option, const char *path,
    struct buf *to)
{
	const char	*dir = directory_of(s->arena, path);
	struct stat	 st;
	char		 user[64];
	int		 error;

	if (stat(dir, &st) != 0 && errno == ENOENT) {
		if (strncmp(dir, RUN, strlen(RUN)) == 0)
			start_add(&s->r->warnings, "%s \"%s\": the directory "
			    "%s does not exist; if tmpfiles.d names it, run: "
			    "systemd-tmpfiles --create; otherwise run: %s",
			    option, path, dir, directory_advice(s, option,
			    dir));
		else
			start_add(to, "%s \"%s\": the directory %s does not "
			    "exist; run: %s", option, path, dir,
			    directory_advice(s, option, dir));
	} else if ((error = create_error(s, path, dir, user)) != 0) {
		start_add(to, "%s \"%s\": the user %s cannot create it in %s "
		    "(%s); set another path, or run: chown %s '%s'", option,
		    path, user, dir, strerror(error), s->c->user, dir);
	}
}

/* --- the MTA's socket ---------------------------------------------------- */

/*
 * 0, or the errno of bind(2), which nobody notices without listen(2). A port in
 * use is no error: the running daemon has it.
 */
static int
bind_error(const struct addrinfo *at)
{
	int	fd, on = 1, error = 0;

	fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 && errno != EADDRINUSE)
		error = errno;
	close(fd);
	return error;
}

static void
check_inet(struct start *s, struct buf *to, bool dropped)
{
	struct addrinfo	*list = daemon_socket_addresses(s->c->socket);
	int		 error = list != NULL ? bind_error(list) : 0;
	char		 user[64];

	if (list == NULL && !dropped)
		start_add(to, "socket \"%s\": the host is unknown; write an "
		    "address of this machine", s->c->socket);
	else if (error == EACCES || (error != 0 && !dropped))
		start_add(to, "socket \"%s\": the user %s cannot open it "
		    "(%s); %s", s->c->socket, reach_user(user),
		    strerror(error), error == EACCES ? "set a port above 1023, "
		    "or let root start millgate, which systemd's unit does "
		    "not" : "write an address of this machine");
	if (list != NULL)
		freeaddrinfo(list);
}

/* `dropped`: after root has become the daemon's user. */
static void
check_mta_socket(struct start *s, struct buf *to, bool dropped)
{
	if (strncmp(s->c->socket, LOCAL, strlen(LOCAL)) == 0)
		check_directory(s, "socket", s->c->socket + strlen(LOCAL), to);
	else
		check_inet(s, to, dropped);
}

/* --- as the daemon's user ------------------------------------------------ */

static void
check_state_file(struct start *s)
{
	const char	*path = s->c->state, *control = s->c->control_socket;
	char		 user[64];

	if (path[0] == '/') {
		check_directory(s, "state", path, faults(s));
		if (access(path, F_OK) == 0 && faccessat(AT_FDCWD, path,
		    R_OK | W_OK, AT_EACCESS) != 0)
			start_add(faults(s), "state \"%s\": the user %s cannot "
			    "read and write it (%s); run: chown %s '%s'*",
			    path, reach_user(user), strerror(errno),
			    s->c->user, path);
	}
	if (strcmp(control, CONF_NO_SOCKET) != 0 && (path[0] != '/' ||
	    strcmp(directory_of(s->arena, control),
	    directory_of(s->arena, path)) != 0))
		check_directory(s, "control-socket", control, faults(s));
}

/* Root has read the configuration; the daemon reads it again as its user. */
static void
check_reload(struct start *s)
{
	char		*why = NULL, *line, *save;
	struct conf	*again = conf_load(s->path, &why);

	if (again != NULL) {
		conf_unref(&again);
		return;
	}
	for (line = strtok_r(why, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save))
		start_add(&s->r->errors, "at a reload: %s", line);
	free(why);
}

static void
check_other_files(struct start *s)
{
	const char	*anchor = s->c->resolver.trust_anchor;
	const char	*command = s->c->notify.command;
	char		 user[64];

	if (anchor != NULL && faccessat(AT_FDCWD, anchor, R_OK,
	    AT_EACCESS) != 0) {
		start_add(faults(s), "trust-anchor \"%s\": %s", anchor,
		    strerror(errno));
		if (errno == EACCES)
			reach_advice(faults(s), anchor, REACH_FILE);
	}
	if (command == NULL)
		return;
	command = arena_memdup(s->arena, command, strcspn(command, " "));
	if (faccessat(AT_FDCWD, command, X_OK, AT_EACCESS) != 0)
		start_add(&s->r->warnings, "notify-command \"%s\": the user %s "
		    "cannot run it (%s)", command, reach_user(user),
		    strerror(errno));
}

/* A port in use is no error: the running daemon has it. */
static void
check_http(struct start *s)
{
	const char		*token = s->c->http_token_file;
	char			*why = NULL, *text = NULL;
	struct http_place	 place;

	if (s->c->metrics_file != NULL)
		check_directory(s, "metrics-file", s->c->metrics_file,
		    &s->r->warnings);
	if (s->c->http_listen == NULL)
		return;
	if (http_library() == NULL)
		start_add(&s->r->errors, HTTP_MISSING);
	if (http_place_parse(s->c->http_listen, &place) && place.path != NULL)
		check_directory(s, "http-listen", place.path, faults(s));
	if (token != NULL && (text = http_token_read(token, &why)) == NULL)
		start_add(faults(s), "%s", why);
	free(text);
	free(why);
}

static void
check_as_user(struct start *s)
{
	bool	 changes = s->root && strcmp(s->c->user, "root") != 0;
	char	*why = NULL;

	if (!privileges_drop(s->c->user, &why)) {
		start_add(&s->r->errors, "%s", why);
		free(why);
		return;
	}
	if (changes && s->socket_good)
		check_mta_socket(s, &s->r->warnings, true);
	if (changes)
		check_reload(s);
	check_state_file(s);
	check_other_files(s);
	check_http(s);
}

/* Name the changes that a reload of the running daemon does not make. */
static void
check_running(struct start *s)
{
	struct buf	 text = BUF_INIT, names = BUF_INIT;
	struct json	 answer;
	char		*then;

	if (strcmp(s->c->control_socket, CONF_NO_SOCKET) == 0 ||
	    control_ask(s->c->control_socket, "restart", &text) != 0 ||
	    !json_parse(buf_str(&text), text.len, &answer)) {
		buf_free(&text);
		return;	/* no daemon runs, or this user may not ask it */
	}
	then = conf_restart_text(s->c);
	conf_restart_changed(json_get_text(s->arena, answer, "restart"), then,
	    &names);
	if (names.len > 0 && strlen(json_get_text(s->arena, answer,
	    "restart")) > 0)
		start_add(&s->r->warnings, "changes of these options take "
		    "effect at the next restart of the running daemon: %s",
		    buf_str(&names));
	free(then);
	buf_free(&names);
	buf_free(&text);
}

/* ------------------------------------------------------------------------ */

static bool
is_users_own(const char *user)
{
	char me[64];

	return strcmp(reach_user(me), user) == 0;
}

static void
start_check_files(struct start *s)
{
	size_t before = s->r->warnings.len, len;

	check_start_user(s);
	len = s->r->errors.len + s->r->warnings.len;
	check_mta_socket(s, faults(s), false);
	s->socket_good = s->r->errors.len + s->r->warnings.len == len;
	if (s->c->pid_file != NULL)
		check_directory(s, "pid-file", s->c->pid_file, faults(s));
	if (s->known || !s->root) {
		check_as_user(s);
	} else {	/* root at least finds what is missing */
		check_state_file(s);
		check_other_files(s);
		check_http(s);
	}
	if (!s->sure && s->r->warnings.len > before)
		start_add(&s->r->warnings, "these warnings are about a start "
		    "by you; run millgate -t as root to test that by root");
}

/* Root's daemon reads keys as the user of the key process, if it can start. */
static bool
start_check_keys(const struct start *s, char **why)
{
	return !s->root || !s->c->key_process || key_process_is_used() ||
	    !privileges_exist(s->c->user) || key_process_start(s->c, true,
	    NULL, why);
}

void
start_check(const char *path, struct start_check *r)
{
	struct start	 s = { .path = path, .r = r };
	char		*why = NULL;
	struct conf	*c = conf_load(path, &why);
	bool		 good;

	*r = (struct start_check){ NULL, BUF_INIT, BUF_INIT };
	if (c != NULL) {
		buf_addstr(&r->warnings, c->warnings);
		s.c = c;
		s.arena = arena_new(1024);
		s.root = geteuid() == 0;
		s.sure = s.root || is_users_own(c->user);
		check_running(&s);
		good = start_check_keys(&s, &why);
		start_check_files(&s);
		if (good)
			r->setup = setup_try(c, &why);
		else
			conf_unref(&c);
		arena_free(&s.arena);
	}
	if (why != NULL)
		start_add(&r->errors, "%s", why);
	free(why);
	if (r->errors.len > 0)
		setup_unref(&r->setup);
}

void
start_check_free(struct start_check *r)
{
	setup_unref(&r->setup);
	buf_free(&r->errors);
	buf_free(&r->warnings);
}
