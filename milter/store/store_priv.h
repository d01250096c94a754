/*
 * store_priv - the interface that a backend of the store implements
 *
 * A backend embeds struct store and struct reservation as the first members
 * of its own structs. Each function keeps the promises of store.h, including
 * thread-safety. Only store.c, store_settings.c and backends include this.
 */
#ifndef MILLGATE_STORE_PRIV_H
#define MILLGATE_STORE_PRIV_H

#include "store/store.h"
#include "store/store_keys.h"
#include "store/store_settings.h"

struct buf;

struct store_ops {
	struct reservation *(*reservation_new)(struct store *s,
			    const struct store_account *account, size_t n);
	enum store_answer (*reserve)(struct reservation *r, time_t now,
			    struct store_usage *usage);
	enum store_answer (*commit)(struct reservation *r, time_t now,
			    struct store_usage *usage);
	void		 (*give_back)(struct reservation *r);
	enum store_answer (*usage)(struct store *s, const char *key,
			    time_t now, struct store_limits limits,
			    struct store_usage *usage);
	/* in any order; a key may be there twice: store.c sorts */
	enum store_answer (*list)(struct store *s, time_t now,
			    struct store_rows *rows, char error[STORE_ERROR]);
	enum store_answer (*prune)(struct store *s, time_t now,
			    char error[STORE_ERROR]);
	/* NULL: the backend has a clock of its own */
	enum store_answer (*clock_known)(struct store *s, time_t now,
			    char error[STORE_ERROR]);
	enum store_answer (*clock_moved)(struct store *s, int64_t seconds,
			    char error[STORE_ERROR]);
	/* blocks that are over may be there: store_settings.c drops them */
	enum store_answer (*settings_get)(struct store *s,
			    const char *const *key, size_t n,
			    struct store_setting *setting,
			    char error[STORE_ERROR]);
	enum store_answer (*setting_put)(struct store *s, const char *key,
			    unsigned parts,
			    const struct store_setting *setting,
			    char error[STORE_ERROR]);
	/* as list */
	enum store_answer (*settings_list)(struct store *s,
			    struct store_setting_rows *rows,
			    char error[STORE_ERROR]);
	enum store_answer (*reset)(struct store *s, const char *key,
			    time_t now, char error[STORE_ERROR]);
	/* requests of tools, or own unfinished work; NULL: there are none */
	enum store_answer (*take_requests)(struct store *s,
			    char error[STORE_ERROR]);
	/* NULL: they are in the state file, or nowhere: see store_keys.c */
	enum store_answer (*keys_find)(struct store *s, struct store_key *key,
			    size_t n, char error[STORE_ERROR]);
	enum store_answer (*keys_note)(struct store *s,
			    const struct store_key *key, size_t n, time_t now,
			    char error[STORE_ERROR]);
	void		 (*close)(struct store *s);
};

struct store {
	const struct store_ops *ops;
	struct dmarc_notes *dmarc;	/* NULL: outcomes are not noted */
	char		*path;		/* of a state file; NULL: none */
	enum store_use	 use;		/* of that file */
};

struct reservation {
	struct store	*store;
	size_t		 n;		/* accounts */
	uint64_t	 bytes;		/* of the message, as known now */
};

/* `path` NULL: outcomes stay in memory. */
struct dmarc_notes *dmarc_notes_new(const char *path);
void		 dmarc_notes_free(struct dmarc_notes **dp);

/* store.c, for backends: add a row; the key is copied. */
/* With a top, call it for keys that sent in the last hour only. */
void		 store_rows_add(struct store_rows *rows, const char *key,
		    uint64_t recipients, uint64_t messages);
void		 store_top_add(struct store_top *t, const char *key,
		    uint64_t recipients, uint64_t messages);

/* store_settings.c, for backends: copy these parts of `from` to `to`. */
void		 setting_merge(struct store_setting *to, unsigned parts,
		    const struct store_setting *from);
/* The parts that are over at `now`; at STORE_FOREVER: all that are set. */
unsigned	 setting_parts_over(const struct store_setting *setting,
		    time_t now);
/*
 * The limits that are set as text, except plain ones, which have columns of
 * their own: "rd=20000@1764547200 bM=-" are 20,000 recipients a day until that
 * time, and no limit of bytes a month. First r, m or b, then m, h, d or M.
 */
void		 setting_limits_format(struct buf *b,
		    const struct store_setting *t);
/* Add them to the setting. False: that is not such a text. */
bool		 setting_limits_parse(const char *text,
		    struct store_setting *t);
/* "rd=": the name of one limit in such a text, after a space if need be. */
void		 setting_limit_name(struct buf *b, int unit, int window);
/* Takes digits off the front; false: there are none, or too many. */
bool		 setting_take_digits(const char **text, int64_t max,
		    int64_t *n);
/* An hour's limit of recipients or messages below UINT32_MAX, or none. */
bool		 setting_limit_is_plain(const struct store_setting *t,
		    enum store_unit u, enum store_window w);
/* Nothing is set. */
bool		 setting_is_empty(const struct store_setting *setting);
/* Printable ASCII, shorter than STORE_REASON. */
bool		 setting_reason_is_right(const char reason[STORE_REASON]);
/* Add a row; the key is copied. */
void		 setting_rows_add(struct store_setting_rows *rows,
		    const char *key, const struct store_setting *setting);

/* The backends. */
struct store	*store_disk_open(const char *path, enum store_use use,
		    char **why);
/* One of store_redis.c and store_redis_none.c. */
struct store	*store_redis_open(const struct store_place *place,
		    char **why);

#endif
