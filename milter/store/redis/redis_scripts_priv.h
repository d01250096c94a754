/*
 * redis_scripts - the script that runs on the Redis server, and its keys
 *
 * Daemons of different versions share a server: keys, fields and their meaning
 * must stay. Makefile.am makes redis_scripts_lua.c from ledger.lua.
 */
#ifndef MILLGATE_REDIS_SCRIPTS_H
#define MILLGATE_REDIS_SCRIPTS_H

/* Keys with this in front are accounts. */
#define REDIS_ACCOUNT	"millgate:account:"
/* The same, for the counts of windows other than the hour. */
#define REDIS_WINDOWS	"millgate:windows:"
/* Matches both. */
#define REDIS_COUNTS	"millgate:[aw]*"
/* The hash of all settings. */
#define REDIS_SETTINGS	"millgate:settings"
/* A hash with the time (us) at which this server began to count. */
#define REDIS_SINCE	"millgate:since"
/* A sorted set: signing keys, by the time at which their record was seen. */
#define REDIS_PUBLISHED	"millgate:published"
/*
 * ledger.lua, which describes KEYS and ARGV. It answers with numbers: 1
 * yes, 0 no, or REDIS_POOL_LATE; the server's time in milliseconds; then the
 * answer of the operation.
 */
extern const char redis_ledger_script[];

/* Numbers of one account in its answer. */
enum redis_ledger_field {
	LEDGER_RECIPIENTS, LEDGER_MESSAGES, LEDGER_BYTES,
	LEDGER_RESERVED_RECIPIENTS, LEDGER_RESERVED_MESSAGES,
	LEDGER_RESERVED_BYTES, LEDGER_NEXT_FIT, LEDGER_REFUSED, LEDGER_UNIT,
	LEDGER_WINDOW, LEDGER_FITS_HOUR, LEDGER_LIMITED, LEDGER_KEPT,
	LEDGER_FIELDS
};
/* Numbers of each other window with a limit, after those of all accounts. */
enum redis_ledger_window {
	WINDOW_RECIPIENTS, WINDOW_MESSAGES, WINDOW_BYTES, WINDOW_FITS,
	WINDOW_FIELDS
};

#endif
