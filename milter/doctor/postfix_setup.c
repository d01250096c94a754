/*
 * postfix_setup - the configuration of Postfix, from the output of postconf(1)
 *
 * postconf has already resolved comments, continued lines, defaults and, with
 * -x, references to other parameters.
 */
#include <string.h>

#include "base/arena.h"
#include "doctor/postfix_setup.h"

#define BLANKS	" \t\r"

/* The next line, without its line end. NULL: the text has ended. */
static const char *
postconf_line(struct arena *a, const char **text)
{
	const char	*p = *text;
	size_t		 len = strcspn(p, "\n");

	if (*p == '\0')
		return NULL;
	*text = p + len + (p[len] == '\n');
	while (len > 0 && strchr(BLANKS, p[len - 1]) != NULL)
		len--;
	return arena_memdup(a, p, len);
}

/* "name = value", without the blanks around name and value. */
static bool
split_setting(struct arena *a, const char *line, const char **name,
    const char **value)
{
	const char	*equals = strchr(line, '=');
	size_t		 len;

	if (equals == NULL)
		return false;
	len = (size_t)(equals - line);
	while (len > 0 && strchr(BLANKS, line[len - 1]) != NULL)
		len--;
	*name = arena_memdup(a, line, len);
	*value = equals + 1 + strspn(equals + 1, BLANKS);
	return len > 0;
}

void
postfix_read_main(struct arena *a, struct postfix_setup *p, const char *text)
{
	const char *line, *name, *value;

	while ((line = postconf_line(a, &text)) != NULL)
		if (split_setting(a, line, &name, &value))
			mta_set(&p->main, name, value);
}

/*
 * "name type private unpriv chroot wakeup maxproc command". An smtpd behind
 * postscreen has the type "pass" and serves postscreen's port, 25.
 */
static void
read_service(struct arena *a, struct postfix_setup *p, const char *line)
{
	struct postfix_service	*s = &p->service[p->n];
	const char		*word[8], *mark;
	size_t			 i;

	for (i = 0; i < 8; i++)
		if ((word[i] = mta_word(a, &line, BLANKS)) == NULL)
			return;
	if (strcmp(word[0], "cleanup") == 0)
		p->cleanup_chroot = strcmp(word[4], "y") == 0;
	if (strcmp(word[7], "smtpd") != 0 || p->n == MTA_SERVICES ||
	    (strcmp(word[1], "inet") != 0 && strcmp(word[1], "pass") != 0))
		return;
	s->name = arena_printf(a, "%s/%s", word[0], word[1]);
	s->chroot = strcmp(word[4], "y") == 0;
	mark = strrchr(word[0], ':');
	s->port = mta_port(mark != NULL ? mark + 1 : word[0]);
	if (strcmp(word[1], "pass") == 0)
		s->port = "25";
	if (mark != NULL && word[0][0] == '[' && mark[-1] == ']')
		s->address = arena_memdup(a, word[0] + 1,
		    (size_t)(mark - word[0]) - 2);
	else if (mark != NULL)
		s->address = arena_memdup(a, word[0],
		    (size_t)(mark - word[0]));
	p->n++;
}

void
postfix_read_services(struct arena *a, struct postfix_setup *p,
    const char *text)
{
	const char *line;

	while ((line = postconf_line(a, &text)) != NULL)
		read_service(a, p, line);
}

/* "submission/inet/smtpd_milters = inet:127.0.0.1:8899" */
static void
read_own(struct arena *a, struct postfix_setup *p, const char *line)
{
	const char	*name, *value;
	size_t		 i, len;

	if (!split_setting(a, line, &name, &value))
		return;
	for (i = 0; i < p->n; i++) {
		len = strlen(p->service[i].name);
		if (strncmp(name, p->service[i].name, len) == 0 &&
		    name[len] == '/')
			mta_set(&p->service[i].own, name + len + 1, value);
	}
}

void
postfix_read_own(struct arena *a, struct postfix_setup *p, const char *text)
{
	const char *line;

	while ((line = postconf_line(a, &text)) != NULL)
		read_own(a, p, line);
}

const char *
postfix_value(const struct postfix_setup *p, const struct postfix_service *s,
    const char *name)
{
	const char *value = s != NULL ? mta_get(&s->own, name) : NULL;

	if (value == NULL)
		value = mta_get(&p->main, name);
	return value != NULL ? value : "";
}

/* --- sockets ------------------------------------------------------------ */

/* The path of "unix:path", "local:path" or "/path"; NULL: an inet socket. */
static const char *
milter_path(const char *socket)
{
	if (strncmp(socket, "unix:", 5) == 0)
		return socket + 5;
	if (strncmp(socket, "local:", 6) == 0)
		return socket + 6;
	return socket[0] == '/' ? socket : NULL;
}

/* "inet:8899@127.0.0.1" is "inet:127.0.0.1:8899" in Postfix. */
static const char *
inet_socket(struct arena *a, const char *ours)
{
	const char	*port = strchr(ours, ':') + 1;
	const char	*host = strchr(port, '@');

	if (host == NULL)
		return arena_printf(a, "inet:127.0.0.1:%s", port);
	return arena_printf(a, strchr(host, ':') != NULL &&
	    host[1] != '[' ? "inet:[%s]:%.*s" : "inet:%s:%.*s", host + 1,
	    (int)(host - port), port);
}

const char *
postfix_socket(struct arena *a, const struct postfix_setup *p,
    const char *ours)
{
	const char	*path = milter_path(ours);
	const char	*queue = postfix_value(p, NULL, "queue_directory");
	size_t		 len = strlen(queue);

	if (path == NULL)
		return inet_socket(a, ours);
	if (len > 1 && strncmp(path, queue, len) == 0 && path[len] == '/')
		path += len + 1;
	return arena_printf(a, "unix:%s", path);
}

bool
postfix_reaches(struct arena *a, const struct postfix_setup *p, bool chroot,
    const char *socket, const char *ours)
{
	const char	*path = milter_path(socket);
	const char	*own = milter_path(ours);
	const char	*queue = postfix_value(p, NULL, "queue_directory");

	if (path == NULL || own == NULL || *queue == '\0')
		return true;
	if (path[0] != '/')
		path = arena_printf(a, "%s/%s", queue, path);
	else if (chroot)
		path = arena_printf(a, "%s%s", queue, path);
	return strcmp(path, own) == 0;
}

/* The text in braces: the socket, then settings "name = value". */
static void
read_braces(struct arena *a, const char *text, struct mta_filter *f)
{
	const char *part, *name, *value;

	while ((part = mta_word(a, &text, ",")) != NULL) {
		part += strspn(part, BLANKS);
		if (split_setting(a, part, &name, &value)) {
			/* the value ends at a blank */
			mta_set(&f->options, name, arena_memdup(a, value,
			    strcspn(value, BLANKS)));
		} else if (f->socket == NULL && *part != '\0') {
			f->socket = arena_memdup(a, part,
			    strcspn(part, BLANKS));
		}
	}
}

void
postfix_filters(struct arena *a, const char *text, struct mta_filters *list)
{
	struct mta_filter	*f;
	size_t			 len;

	memset(list, 0, sizeof(*list));
	while (*(text += strspn(text, "," BLANKS "\n")) != '\0' &&
	    list->n < MTA_FILTERS) {
		f = &list->filter[list->n];
		if (*text == '{') {
			len = strcspn(text, "}");
			read_braces(a, arena_memdup(a, text + 1, len - 1), f);
			text += len + (text[len] == '}');
		} else {
			len = strcspn(text, "," BLANKS "\n");
			f->socket = arena_memdup(a, text, len);
			text += len;
		}
		if (f->socket != NULL)
			list->n++;
		else	/* "{}" */
			memset(f, 0, sizeof(*f));
	}
}

/* --- questions ----------------------------------------------------------- */

const char *const *
postfix_question(enum postfix_question q)
{
	static const char *const values[] = { "-x", "smtpd_milters",
	    "non_smtpd_milters", "milter_default_action", "milter_protocol",
	    "milter_content_timeout", "milter_macro_daemon_name",
	    "receive_override_options", "smtpd_forbid_bare_newline",
	    "smtpd_sasl_auth_enable", "smtpd_tls_security_level",
	    "smtpd_tls_wrappermode", "smtpd_use_tls", "queue_directory",
	    "mail_owner", "smtpd_sender_login_maps", "mydestination", NULL };
	static const char *const services[] = { "-M", NULL };
	static const char *const own[] = { "-Px", NULL };
	static const char *const *const all[] = { values, services, own };

	return all[q];
}

void
postfix_read(struct arena *a, struct postfix_setup *p,
    enum postfix_question q, const char *text)
{
	if (q == POSTFIX_MAIN)
		postfix_read_main(a, p, text);
	else if (q == POSTFIX_SERVICES)
		postfix_read_services(a, p, text);
	else
		postfix_read_own(a, p, text);
}
