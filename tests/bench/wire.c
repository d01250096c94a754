/*
 * wire.c - the milter protocol from the MTA's side, see wire.h
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

bool
wire_flush(struct wire *w)
{
	size_t	at = 0;
	ssize_t	n;

	for (; at < w->out_len; at += (size_t)n) {
		n = send(w->fd, w->out + at, w->out_len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	w->out_len = 0;
	return true;
}

bool
wire_packet(struct wire *w, char command, const void *data, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);

	if (w->cut == 0)
		return false;
	if (w->cut > 0)
		w->cut--;
	if (w->out_len + len + 5 > sizeof(w->out) && !wire_flush(w))
		return false;
	memcpy(w->out + w->out_len, &size, 4);
	w->out[w->out_len + 4] = (unsigned char)command;
	memcpy(w->out + w->out_len + 5, data, len);
	w->out_len += len + 5;
	return true;
}

bool
wire_strings(struct wire *w, char command, const char *first,
    const char *const *list, size_t n)
{
	char	data[8192];
	size_t	i, len = 0;

	if (first != NULL)
		data[len++] = first[0];
	for (i = 0; i < n; i++) {
		size_t l = strlen(list[i]) + 1;

		if (len + l > sizeof(data))
			return false;
		memcpy(data + len, list[i], l);
		len += l;
	}
	return wire_packet(w, command, data, len);
}

/* At least len unread bytes are in w->in. */
static bool
receive(struct wire *w, size_t len)
{
	ssize_t	n;

	if (len > sizeof(w->in))
		return false;
	if (w->in_at + len > sizeof(w->in) || w->in_at == w->in_len) {
		memmove(w->in, w->in + w->in_at, w->in_len - w->in_at);
		w->in_len -= w->in_at;
		w->in_at = 0;
	}
	while (w->in_len - w->in_at < len) {
		n = recv(w->fd, w->in + w->in_len, sizeof(w->in) - w->in_len,
		    0);
		if (n <= 0)
			return false;
		w->in_len += (size_t)n;
	}
	return true;
}

/* The name and value of a field that the filter adds or inserts. */
static void
keep_edit(struct wire *w, const unsigned char *data, size_t len)
{
	size_t skip = data[0] == 'i' ? 5 : 1;

	if (strchr("hi", data[0]) == NULL || len < skip ||
	    w->edits_len + len > sizeof(w->edits))
		return;
	memcpy(w->edits + w->edits_len, data + skip, len - skip);
	w->edits_len += len - skip;
}

char
wire_reply(struct wire *w)
{
	const unsigned char *data;
	uint32_t size;

	if (!wire_flush(w))
		return 0;
	do {
		if (!receive(w, 4))
			return 0;
		memcpy(&size, w->in + w->in_at, 4);
		size = ntohl(size);
		if (size == 0 || size > MAX_PACKET || !receive(w, size + 4))
			return 0;
		data = w->in + w->in_at + 4;
		w->in_at += size + 4;
		if (data[0] == 'O' && size >= 13) {
			memcpy(&w->steps, data + 9, 4);
			w->steps = ntohl(w->steps);
		}
		keep_edit(w, data, size);
	} while (strchr("hmi+-eq2p", data[0]) != NULL);
	return data[0] == 'y' ? (data[1] == '4' ? 't' : 'r') : (char)data[0];
}

static bool
dial_path(struct wire *w, const char *path)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	w->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return connect(w->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
}

bool
wire_dial(struct wire *w, const char *host, const char *port)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	int			one = 1;

	w->out_len = w->in_at = w->in_len = w->edits_len = 0;
	if (port[0] == '/')
		return dial_path(w, port);
	sin.sin_port = htons((uint16_t)atoi(port));
	inet_pton(AF_INET, host, &sin.sin_addr);
	w->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(w->fd, (struct sockaddr *)&sin, sizeof(sin)) == 0;
}

bool
message_load(const char *path, struct message *m)
{
	FILE	*f = fopen(path, "r");
	char	*p, *eol, *colon;
	size_t	 size = 0;

	if (f == NULL || (m->text = calloc(1, 64u << 20)) == NULL)
		return false;
	size = fread(m->text, 1, (64u << 20) - 1, f);
	fclose(f);
	/* a header file with LF; folds stay LF as an MTA sends them */
	for (p = m->text; *p != '\n' && *p != '\0'; p = eol + 1) {
		eol = strchr(p, '\n');
		while (eol != NULL && (eol[1] == ' ' || eol[1] == '\t'))
			eol = strchr(eol + 1, '\n');
		colon = strchr(p, ':');
		if (eol == NULL || colon == NULL || colon > eol ||
		    m->nheaders == MAX_HEADERS)
			return false;
		*eol = *colon = '\0';
		m->name[m->nheaders] = p;
		m->value[m->nheaders++] = colon + 1;
	}
	p++;
	m->body = malloc(2 * size + 1);
	for (; p < m->text + size && m->body != NULL; p++) {
		if (*p == '\n')
			m->body[m->body_len++] = '\r';
		m->body[m->body_len++] = *p;
	}
	return m->body != NULL;
}
