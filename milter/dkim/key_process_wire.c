/*
 * key_process_wire - messages between the daemon and the key process: check,
 * send and receive them
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ascii.h"
#include "dkim/keydir.h"
#include "key_process_priv.h"

/* A text that ends within `size`, with zeros behind it. */
static bool
ends_within(const char *text, size_t size)
{
	size_t len = strnlen(text, size), i;

	for (i = len; i < size; i++)
		if (text[i] != '\0')
			return false;
	return len < size;
}

/* Nothing that a log line or a terminal would understand. */
static bool
prints_safely(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' && *text != '\n') ||
		    *text == 127)
			return false;
	return true;
}

static bool
is_base64(const char *text)
{
	size_t n = 0;

	for (; ascii_is_alnum(*text) || *text == '+' || *text == '/'; text++)
		n++;
	for (; *text == '='; text++)
		n++;
	return *text == '\0' && n > 0 && n % 4 == 0;
}

/* An empty name, or one in the canonical form of a domain. */
static bool
is_wire_domain(const char name[KEYMSG_DOMAIN_MAX])
{
	const char *p = name;

	if (!ends_within(name, KEYMSG_DOMAIN_MAX))
		return false;
	while (ascii_is_alnum(*p) ? *p < 'A' || *p > 'Z' :
	    *p == '.' || *p == '-' || *p == '_')
		p++;
	return *p == '\0';
}

/* A text that may be logged. */
static bool
is_wire_text(const char *text, size_t size)
{
	return ends_within(text, size) && prints_safely(text);
}

size_t
keymsg_size(const struct keymsg_head *head)
{
	const size_t at = sizeof(*head), n = head->n;

	switch (head->type) {
	case KEYMSG_SIGN:
		return n - 1 < KEYMSG_SIGN_MAX ?
		    at + n * sizeof(struct keymsg_ask) : 0;
	case KEYMSG_SIGNED:
		return n - 1 < KEYMSG_SIGN_MAX ?
		    at + n * sizeof(struct keymsg_signature) : 0;
	case KEYMSG_FORGET:
		return n - 1 < KEYMSG_FORGET_MAX ?
		    at + n * sizeof(uint32_t) : 0;
	case KEYMSG_LOAD:
		return n == 0 ? at + KEYMSG_PATH_MAX : 0;
	case KEYMSG_PARSE:
		return n == 0 ? at + KEYMSG_TEXT_MAX : 0;
	case KEYMSG_KEY:
		return n == 0 ? at + sizeof(struct keymsg_key) : 0;
	case KEYMSG_WHY:
		return n == 0 ? at + KEYMSG_WHY_MAX : 0;
	case KEYMSG_ROWS:
		return n == 0 ? at + sizeof(struct keymsg_rows) : 0;
	case KEYMSG_FOUND:
		return n == 0 ? at + sizeof(struct keymsg_found) : 0;
	case KEYMSG_ROW:
		return n == 0 ? at + sizeof(struct keymsg_row) : 0;
	case KEYMSG_CHECK:
	case KEYMSG_DONE:
		return n == 0 ? at : 0;
	default:
		return 0;
	}
}

static bool
has_size(const struct keymsg *m, size_t len)
{
	return len >= sizeof(m->head) && len == keymsg_size(&m->head);
}

bool
keymsg_is_request(const struct keymsg *m, size_t len)
{
	if (!has_size(m, len))
		return false;
	switch (m->head.type) {
	case KEYMSG_SIGN:
	case KEYMSG_FORGET:
		return true;
	case KEYMSG_LOAD:
		return m->path[0] != '\0' && ends_within(m->path, sizeof(m->path));
	case KEYMSG_PARSE:
		return ends_within(m->text, sizeof(m->text));
	case KEYMSG_ROWS:
		return m->rows.known <= 1 && m->rows.domain[0] != '\0' &&
		    is_wire_domain(m->rows.domain);
	case KEYMSG_CHECK:
		return true;
	default:
		return false;
	}
}

static bool
are_signatures(const struct keymsg *m, const struct keymsg *request)
{
	size_t i;

	if (m->head.n != request->head.n)
		return false;
	for (i = 0; i < m->head.n; i++)
		if (m->signature[i].len > CRYPTO_SIGNATURE_MAX)
			return false;
	return true;
}

static bool
is_key(const struct keymsg_key *k)
{
	if (!ends_within(k->public, sizeof(k->public)) || !is_base64(k->public))
		return false;
	if (k->type == CRYPTO_ED25519)
		return k->bits > 0 && k->bits <= 512;
	return k->type == CRYPTO_RSA && k->bits >= CRYPTO_RSA_BITS_MIN &&
	    k->bits <= CRYPTO_RSA_BITS_MAX;
}

static bool
is_found(const struct keymsg_found *f)
{
	return f->result <= KEYROWS_FAILED && f->n <= KEYBASE_ROWS &&
	    (f->n == 0 || f->result == KEYROWS_READ) &&
	    is_wire_text(f->server, sizeof(f->server)) &&
	    is_wire_text(f->why, sizeof(f->why));
}

static bool
is_row(const struct keymsg_row *r)
{
	return r->state <= KEY_RETIRED && is_wire_domain(r->domain) &&
	    ends_within(r->selector, sizeof(r->selector)) &&
	    (r->selector[0] == '\0' || keyfile_is_selector(r->selector)) &&
	    is_wire_text(r->path, sizeof(r->path)) &&
	    is_wire_text(r->why, sizeof(r->why)) && (r->why[0] != '\0' ||
	    (r->domain[0] != '\0' && r->selector[0] != '\0' &&
	    is_key(&r->key)));
}

bool
keymsg_is_answer(const struct keymsg *m, size_t len,
    const struct keymsg *request)
{
	const uint32_t asked = request->head.type;

	if (!has_size(m, len))
		return false;
	switch (m->head.type) {
	case KEYMSG_SIGNED:
		return asked == KEYMSG_SIGN && are_signatures(m, request);
	case KEYMSG_DONE:
		return asked == KEYMSG_FORGET || asked == KEYMSG_CHECK;
	case KEYMSG_KEY:
		return (asked == KEYMSG_LOAD || asked == KEYMSG_PARSE) &&
		    is_key(&m->key);
	case KEYMSG_WHY:
		return (asked == KEYMSG_LOAD || asked == KEYMSG_PARSE ||
		    asked == KEYMSG_CHECK) &&
		    is_wire_text(m->why, sizeof(m->why));
	case KEYMSG_FOUND:
		return asked == KEYMSG_ROWS && is_found(&m->found);
	case KEYMSG_ROW:
		return asked == KEYMSG_ROWS && is_row(&m->row);
	default:
		return false;
	}
}

void
keymsg_copy(char *to, size_t size, const char *text)
{
	const size_t	len = text != NULL ? strnlen(text, size - 1) : 0;
	size_t		i;

	for (i = 0; i < len; i++)	/* a path may have any octet */
		to[i] = ((unsigned char)text[i] < ' ' && text[i] != '\n') ||
		    text[i] == 127 ? '?' : text[i];
	memset(to + len, 0, size - len);
}

bool
keymsg_send(int fd, const struct keymsg *m)
{
	const size_t	size = keymsg_size(&m->head);
	ssize_t		n;

	do
		n = send(fd, m, size, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)size;
}

size_t
keymsg_receive(int fd, struct keymsg *m)
{
	ssize_t n;

	errno = 0;
	do
		n = recv(fd, m, sizeof(*m), MSG_TRUNC);
	while (n == -1 && errno == EINTR);
	return n > 0 ? (size_t)n : 0;
}
