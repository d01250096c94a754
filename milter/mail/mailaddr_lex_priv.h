/*
 * mailaddr_lex - words and specials of RFC 5322 3.2, for mailaddr.c and
 * authres.c
 *
 * Comments, folds and blanks between tokens are skipped; in an SMTP path they
 * are refused. Each octet is read once; no function recurses.
 */
#ifndef MILLGATE_MAILADDR_LEX_H
#define MILLGATE_MAILADDR_LEX_H

#include <stdbool.h>
#include <stddef.h>

#define LEX_MAX_DEPTH	32	/* of comments within comments */

/* Tokens; a special of RFC 5322 is its own character. */
enum { LEX_END = 0, LEX_ATOM = 256, LEX_QUOTED, LEX_BAD };

struct lex {
	const char	*p, *end;
	bool		 path;		/* no blanks, folds or comments */
	/* text of the words so far, unquoted; as long as the input at most */
	char		*word;
	size_t		 n;
	bool		 bad_utf8;	/* the last word is not all UTF-8 */
};

/* `word` has room for `len` octets. */
void	lex_init(struct lex *l, const char *text, size_t len, char *word);
/* The next token. LEX_ATOM and LEX_QUOTED append their text to l->word. */
int	lex_next(struct lex *l);
/*
 * True for a dot-atom, which needs no quotes. Octets outside ASCII count as
 * atext (RFC 6532 3.2), UTF-8 or not.
 */
bool	lex_is_dot_atom(const char *s, size_t len);

#endif
