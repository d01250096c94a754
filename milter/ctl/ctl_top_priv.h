/*
 * ctl_top - millgatectl top: the parts of the live view
 *
 * ctl_top_data.c reads the daemon's status and computes rates; ctl_top_keys.c
 * changes the state by a key; ctl_top_view.c and ctl_top_text.c make lines of
 * both. These four do no I/O. ctl_top_terminal.c has the terminal, and
 * ctl_top.c the loop.
 */
#ifndef MILLGATE_CTL_TOP_H
#define MILLGATE_CTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/verdict.h"

#define TOP_ACCOUNTS	20	/* of each list in the status */
#define TOP_NAME	513	/* the status cuts names after 512 octets */
#define TOP_FILTER	64
#define TOP_MESSAGE	400
#define TOP_SAMPLES	64
#define TOP_WINDOW	60	/* seconds over which rates are measured */
#define TOP_NO_RATE	UINT64_MAX
#define TOP_WIDEST	400	/* columns */
#define TOP_HIGHEST	200	/* lines */

struct arena;
struct buf;
struct json;

/* --- ctl_top_data.c: the status ------------------------------------------- */

enum top_page { TOP_LOGINS, TOP_GROUPS, TOP_RULES, TOP_BLOCKS };
#define TOP_PAGES	(TOP_BLOCKS + 1)

/* An account, a rule or a block; what does not apply is 0 or "". */
struct top_row {
	const char	*name, *plan;
	const char	*action;	/* of a block */
	const char	*reason;
	uint64_t	 recipients, messages;	/* in the last hour */
	uint64_t	 rate;		/* recipients a minute */
	bool		 limited;
	uint64_t	 share;		/* percent of the fullest limit */
	const char	*limit_name;	/* of that */
	uint64_t	 used, limit;
	uint64_t	 until;		/* free again, or end of the block */
	uint64_t	 hour, total;	/* refusals */
	bool		 chosen;	/* by top_rows */
};

struct top_list {
	size_t		 n;
	struct top_row	*row;
};

/* Messages by action; of a direction, or all. */
struct top_flow { uint64_t n[ACTION_REJECT + 1]; };

/* One status; the texts are in the arena. */
struct top_data {
	const char	*version, *host, *mode;
	bool		 good;
	const char	*why;		/* the first reason if not; or "" */
	const char	*store_error;	/* or "" */
	uint64_t	 now, started, uptime;
	uint64_t	 sessions, messages;	/* open ones */
	uint64_t	 minute;	/* the last whole one; or 0 */
	struct top_flow	 last;		/* in that minute */
	struct top_flow	 total[2];	/* since the start, by direction */
	bool		 has_rates;
	struct top_flow	 rate[2];	/* messages a minute */
	uint64_t	 blocks, fuse[3];
	struct top_list	 list[TOP_PAGES];
};

/* Counters of one status, to compare with later ones. */
struct top_sample {
	uint64_t	 uptime;
	struct top_flow	 total[2];
	size_t		 n[2];		/* logins, groups */
	struct { uint64_t id, recipients; } account[2][TOP_ACCOUNTS];
};

/* The samples of the last minute, oldest first. */
struct top_history {
	uint64_t	 started;	/* the daemon; a new one: begin anew */
	size_t		 n;
	struct top_sample sample[TOP_SAMPLES];
};

/* Never NULL, whatever the JSON has: what is missing is 0 or "". */
struct top_data	*top_read(struct arena *a, struct json status);
/*
 * Add these counters to the history, and set the rates. A rate is known when
 * there is an earlier sample.
 */
void		 top_rates(struct top_history *h, struct top_data *d);

/* --- ctl_top_keys.c: the state -------------------------------------------- */

enum top_mode { TOP_BROWSE, TOP_TYPE, TOP_CONFIRM, TOP_HELP };
enum top_sort { TOP_BY_USE, TOP_BY_RATE, TOP_BY_NAME };
#define TOP_SORTS	(TOP_BY_NAME + 1)

struct top_state {
	enum top_page	 page;
	enum top_mode	 mode;
	enum top_sort	 sort;
	bool		 utf8;		/* of the terminal */
	bool		 paused;
	char		 filter[TOP_FILTER];
	char		 chosen[TOP_NAME];	/* the name of the row; or "" */
	/* TOP_CONFIRM, and the order TOP_CHANGE */
	char		 target[TOP_NAME];
	bool		 block;		/* or unblock */
	char		 message[TOP_MESSAGE];
	bool		 away;		/* the message says: no answer */
};

/* Keys above 255; others are octets. */
enum top_key {
	TOP_KEY_UP = 256, TOP_KEY_DOWN, TOP_KEY_HOME, TOP_KEY_END,
	TOP_KEY_PAGE_UP, TOP_KEY_PAGE_DOWN, TOP_KEY_OTHER
};
#define TOP_KEY_ESCAPE	27

/* The lines of the key ?; NULL ends them. */
extern const char *const top_key_help[];

/*
 * The key that begins at p; the number of its octets. 0: the text may be the
 * begin of a longer key. `all`: nothing follows, so that it never is.
 */
size_t		 top_key_read(const char *p, size_t len, bool all, int *key);

enum top_order {
	TOP_NOTHING,		/* but the state may have changed */
	TOP_REFRESH,		/* ask the daemon */
	TOP_ASK,		/* a question: drop what was typed ahead */
	TOP_CHANGE,		/* block or unblock the target */
	TOP_QUIT
};
enum top_order	 top_key(struct top_state *s, const struct top_data *d,
		    int key);

/*
 * The rows of the page that match the filter, sorted, in the arena. *chosen is
 * the index of the chosen row, of the first one if that is gone.
 */
struct top_list	 top_rows(struct arena *a, const struct top_state *s,
		    const struct top_data *d, size_t *chosen);

/* --- ctl_top_text.c: lines ------------------------------------------------ */

enum top_style { TOP_PLAIN, TOP_BOLD, TOP_TITLE, TOP_REVERSE };

struct top_line {
	const char	*text;		/* printable, not too wide */
	enum top_style	 style;
};

struct top_screen {
	struct arena	*arena;
	bool		 utf8;
	bool		 report;	/* no row is chosen */
	int		 columns, rows;
	int		 n;		/* at most `rows` */
	struct top_line	 line[TOP_HIGHEST];
};

/*
 * Append the text in exactly `columns` columns: made harmless, cut or padded.
 * Characters that a terminal may not show as one or two columns from left to
 * right are written as \u{202e}, octets that are not UTF-8 as \x{ff}. For
 * `utf8`, LC_CTYPE must be UTF-8: wcwidth(3) is asked.
 */
void		 top_cell(struct buf *b, const char *text, size_t columns,
		    bool utf8);
/* The columns of a text in whole; more than `max`: it has more. */
size_t		 top_width(const char *text, size_t max, bool utf8);
/* A blank, and the ASCII text at the right end of `columns` - 1. */
void		 top_right(struct buf *b, const char *text, int columns);
void		 top_right_number(struct buf *b, uint64_t n, int columns);
/* At most seven characters: "45s", "12m", "3h20m", "29d23h". Returns `text`. */
const char	*top_span(char text[24], uint64_t seconds);
/* "12:34:56" in UTC; "-" for a time after the year 9999. Returns `text`. */
const char	*top_clock(char text[24], uint64_t t);

/* Append a line, unless the screen is full. */
void		 top_line_add(struct top_screen *v, enum top_style style,
		    const char *text);
/* The same, and empty the buffer. */
void		 top_line_take(struct top_screen *v, enum top_style style,
		    struct buf *b);
/* A text in as many lines as it needs, and their number. */
void		 top_wrap(struct top_screen *v, enum top_style style,
		    const char *text);
int		 top_wrap_count(const struct top_screen *v, const char *text);

/* --- ctl_top_view.c ------------------------------------------------------- */

/* Fill the screen, of which arena, utf8, columns and rows are set. */
void		 top_view(struct top_screen *v, const struct top_state *s,
		    const struct top_data *d);
/* Append the same as a report of all pages, one line a row. */
void		 top_report(struct arena *a, const struct top_data *d,
		    bool utf8, struct buf *b);

/* --- ctl_top_terminal.c --------------------------------------------------- */

/* What has happened; bits. */
enum top_event {
	TOP_EVENT_KEYS = 1,
	TOP_EVENT_SIZE = 2,	/* draw again, perhaps in another size */
	TOP_EVENT_STOP = 4	/* a signal, or the terminal is gone */
};

/* Is UTF-8 the character set of the locale? Sets LC_CTYPE. */
bool		 terminal_utf8(void);
/* Are input and output a terminal that can be drawn on? */
bool		 terminal_usable(void);
/* Take the terminal: alternate screen, single keys. False: errno. */
bool		 terminal_enter(void);
/*
 * Give it back as it was. If a signal other than SIGINT was the reason to stop,
 * end the process by that signal.
 */
void		 terminal_leave(void);
/* Wait for an event, `ms` at most. 0: none came. */
unsigned	 terminal_wait(uint64_t ms);
/* What was typed; the number of octets. */
size_t		 terminal_read(char *p, size_t size);
/* Throw away what was typed. */
void		 terminal_drop(void);
/* Set columns and rows. */
void		 terminal_size(struct top_screen *v);
void		 terminal_draw(const struct top_screen *v);

#endif
