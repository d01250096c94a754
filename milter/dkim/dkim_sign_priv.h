/*
 * dkim_sign_priv - write the text of a signature field, in lines
 */
#ifndef MILLGATE_DKIM_SIGN_PRIV_H
#define MILLGATE_DKIM_SIGN_PRIV_H

#include "base/buf.h"

/* RFC 5322 2.1.1 wants 78 or less; a tab counts as 8 columns. */
#define WRITER_COLUMNS	76

/* A field that is being written, and the current column of its line. */
struct writer {
	struct buf	 text;
	size_t		 column;
};

void	writer_put(struct writer *w, const char *s, size_t len);
void	writer_fold(struct writer *w);
/* A blank or a fold, and a tag with its value, which is not folded. */
void	writer_tag(struct writer *w, const char *tag, size_t len);
void	writer_tagf(struct writer *w, struct buf *scratch, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
/* base64, folded at the end of each line */
void	writer_base64(struct writer *w, const struct buf *b64);

#endif
