/*
 * conf_options_priv - the parts of the table of options
 */
#ifndef MILLGATE_CONF_OPTIONS_PRIV_H
#define MILLGATE_CONF_OPTIONS_PRIV_H

#include "conf/conf_options.h"

/* An array `w` of words: index 0 to max. */
#define WORDS(w)	\
	.words = (w), .max = sizeof(w) / sizeof((w)[0]) - 1

#define CONF(field)	.at = offsetof(struct conf, field)
#define MORE(s, field)	.more = offsetof(struct s, field)

extern const struct conf_option conf_options_who[];
extern const size_t conf_options_who_n;
extern const struct conf_option conf_options_mail[];
extern const size_t conf_options_mail_n;

#endif
