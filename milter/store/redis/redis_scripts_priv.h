/*
 * redis_scripts - what runs on the Redis server
 */
#ifndef MILLGATE_REDIS_SCRIPTS_H
#define MILLGATE_REDIS_SCRIPTS_H

/* Keys with this in front are accounts. */
#define REDIS_ACCOUNT	"millgate:account:"
/* The hash of all settings. */
#define REDIS_SETTINGS	"millgate:settings"
/* A hash with the time (us) at which the server began to count. */
#define REDIS_SINCE	"millgate:since"
/* Seconds after which an account that nobody writes to is forgotten. */
#define REDIS_FORGET	"3700"
/* Milliseconds, twice STORE_LEASE: no reservation holds for longer. */
#define REDIS_LEASES	"1200000"

/*
 * The ledger, one script for all it does. KEYS: accounts. ARGV: see its
 * beginning. It answers with numbers: 1 yes, 0 no, or REDIS_POOL_LATE; the
 * server's time in milliseconds; then what the operation says.
 */
extern const char redis_ledger_script[];

/* Numbers of one account in its answer. */
enum redis_ledger_field {
	LEDGER_RECIPIENTS, LEDGER_MESSAGES,
	LEDGER_RESERVED_RECIPIENTS, LEDGER_RESERVED_MESSAGES,
	LEDGER_NEXT_FIT, LEDGER_REFUSED, LEDGER_BY_MESSAGES,
	LEDGER_FIELDS
};

#endif
