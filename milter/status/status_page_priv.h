/*
 * status_page - what its files share
 *
 * Each part appends a section of the page. All foreign text goes through
 * page_text; numbers and static words need no escape.
 */
#ifndef MILLGATE_STATUS_PAGE_H
#define MILLGATE_STATUS_PAGE_H

#include <stdint.h>
#include <time.h>

struct buf;
struct status;
struct status_account;

/* Octets of a foreign text that are shown. */
#define PAGE_TEXT	160

/* --- assets (status_page_assets.c) -------------------------------------- */

extern const char page_style[], page_script[], page_icon[];

/* --- words (status_page_words.c) ----------------------------------------- */

/* Foreign text, escaped and cut, kept apart from the text around it. */
void	page_text(struct buf *b, const char *text);
/* 1234567 is "1 234 567", with narrow spaces that do not break. */
void	page_number(struct buf *b, uint64_t n);
/* "2 d 3 h", "5 min", "12 s" */
void	page_span(struct buf *b, uint64_t seconds);
/* "14:03 UTC, in 12 min"; with the day, when it is another one than `now`. */
void	page_time(struct buf *b, time_t t, time_t now);
/* "850 us", "25 ms", "2.5 s" */
void	page_latency(struct buf *b, uint64_t us);
/* A bar; `share` is percent. It is hidden from screen readers. */
void	page_bar(struct buf *b, unsigned share, const char *class);
/* Begin a card with a heading, and end it. */
void	page_card(struct buf *b, const char *id, const char *title,
	    const char *class);
void	page_card_end(struct buf *b);
/* Begin a table that scrolls on a narrow screen; `title` names it. */
void	page_table(struct buf *b, const char *id, const char *title,
	    const char *const *head);
void	page_table_end(struct buf *b);

/* --- sections ------------------------------------------------------------- */

void	page_traffic(const struct status *s, struct buf *b);
void	page_rules(const struct status *s, struct buf *b);
void	page_accounts(const struct status *s, struct buf *b);
void	page_blocks(const struct status *s, struct buf *b);
void	page_dmarc(const struct status *s, struct buf *b);
void	page_dns(const struct status *s, struct buf *b);
void	page_keys(const struct status *s, struct buf *b);
void	page_advice(const struct status *s, struct buf *b);
void	page_configuration(const struct status *s, struct buf *b);

#endif
