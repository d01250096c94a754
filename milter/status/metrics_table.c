/*
 * metrics_table - one row is one metric: name, type, unit, help, labels
 *
 * Names and labels are a part of millgate's interface: dashboards and alerts
 * use them. A new metric needs a paragraph in millgate-metrics(7).
 */
#include "config.h"

#include <stddef.h>

#include "session/services.h"
#include "metrics_priv.h"

#define COUNTER(name, help, field)				\
	{ { name, METRIC_COUNTER, NULL, help, { NULL } }, NULL,	\
	    offsetof(struct services, counters.field) }
#define GAUGE(name, help, field)				\
	{ { name, METRIC_GAUGE, NULL, help, { NULL } }, NULL,	\
	    offsetof(struct services, counters.field) }

const struct metrics_row metrics_rows[] = {
	/* --- the daemon --- */
	{ { "millgate_build_info", METRIC_GAUGE, NULL,
	    "Version of the daemon; the value is always 1.", { "version" } },
	    samples_build },
	{ { "millgate_start_time_seconds", METRIC_GAUGE, "seconds",
	    "Time of the start, since 1970.", { NULL } },
	    samples_start_time },
	{ { "millgate_cpu_seconds", METRIC_COUNTER, "seconds",
	    "CPU time of the daemon, user and system.", { NULL } },
	    samples_cpu },
	{ { "millgate_memory_bytes", METRIC_GAUGE, "bytes",
	    "Resident memory, measured once a second.", { NULL } },
	    samples_memory },
	{ { "millgate_enforcing", METRIC_GAUGE, NULL,
	    "1 in mode enforce, 0 in mode monitor.", { NULL } },
	    samples_enforcing },
	{ { "millgate_config_reloads", METRIC_COUNTER, NULL,
	    "Reloads since the start, by result.", { "result" } },
	    samples_reloads },
	{ { "millgate_config_last_reload_successful", METRIC_GAUGE, NULL,
	    "0 if the last reload was refused.", { NULL } },
	    samples_reload_good },
	{ { "millgate_config_loaded_timestamp_seconds", METRIC_GAUGE,
	    "seconds", "Time at which the configuration in use was loaded.",
	    { NULL } }, samples_loaded_at },

	/* --- connections and messages --- */
	COUNTER("millgate_connections", "Connections of the MTA.",
	    connections),
	GAUGE("millgate_open_connections", "Open connections of the MTA.",
	    open_connections),
	COUNTER("millgate_refused_connections",
	    "Connections closed because no more files could be opened.",
	    refused_connections),
	{ { "millgate_open_messages", METRIC_GAUGE, NULL,
	    "Messages that have begun and not ended.", { NULL } },
	    samples_open_messages },
	{ { "millgate_sessions", METRIC_COUNTER, NULL,
	    "Sessions with at least one message, by listener.",
	    { "listener" } }, samples_sessions },
	{ { "millgate_messages", METRIC_COUNTER, NULL,
	    "Messages by the answer to the MTA.",
	    { "listener", "direction", "action" } }, samples_messages },
	COUNTER("millgate_aborted_messages",
	    "Messages that the client or the MTA did not finish.", aborted),
	{ { "millgate_refused_recipients", METRIC_COUNTER, NULL,
	    "Messages with a refused recipient, by listener.",
	    { "listener" } }, samples_recipients_refused },
	{ { "millgate_refusals", METRIC_COUNTER, NULL,
	    "Messages held or refused, and first refused recipients, by rule; "
	    "also in mode monitor.", { "listener", "rule" } },
	    samples_rules },
	{ { "millgate_overload_deferred_messages", METRIC_COUNTER, NULL,
	    "Messages deferred by max-sessions or max-memory.",
	    { "limit" } }, samples_over },
	{ { "millgate_answer_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time from the end of a message to the answer.",
	    { "direction" } }, samples_answer },
	{ { "millgate_crypto_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time for the signatures of a message.", { "operation" } },
	    samples_crypto },
	{ { "millgate_dns_wait_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that an inbound message waited for the DNS.", { NULL } },
	    samples_dns_wait },

	/* --- results --- */
	{ { "millgate_spf_results", METRIC_COUNTER, NULL,
	    "SPF results of inbound messages.", { "identity", "result" } },
	    samples_spf },
	{ { "millgate_iprev_results", METRIC_COUNTER, NULL,
	    "Results of the check of the client's name.", { "result" } },
	    samples_iprev },
	{ { "millgate_dkim_results", METRIC_COUNTER, NULL,
	    "Results of DKIM signatures.", { "algorithm", "result" } },
	    samples_dkim },
	{ { "millgate_dkim_unsigned_messages", METRIC_COUNTER, NULL,
	    "Inbound messages without a DKIM signature.", { NULL } },
	    samples_dkim_none },
	{ { "millgate_dmarc_results", METRIC_COUNTER, NULL,
	    "DMARC results of inbound messages, by the policy in effect.",
	    { "policy", "result" } }, samples_dmarc },
	COUNTER("millgate_dmarc_outcomes_lost",
	    "DMARC outcomes that could not be recorded.", outcomes_lost),

	/* --- signing --- */
	{ { "millgate_signatures", METRIC_COUNTER, NULL,
	    "Signatures on accepted messages.", { "algorithm" } },
	    samples_made },
	{ { "millgate_unsigned_messages", METRIC_COUNTER, NULL,
	    "Accepted submissions without a signature.", { "reason" } },
	    samples_not_signed },
	{ { "millgate_sign_failures", METRIC_COUNTER, NULL,
	    "Messages deferred because they could not be signed.",
	    { NULL } }, NULL, offsetof(struct services,
	    tallies.sign_failures) },
	{ { "millgate_keys", METRIC_GAUGE, NULL,
	    "Signing keys in files by state.", { "state" } }, samples_keys },
	{ { "millgate_keys_oldest_timestamp_seconds", METRIC_GAUGE,
	    "seconds", "Modification time of the oldest key file of a "
	    "state.", { "state" } }, samples_keys_oldest },
	{ { "millgate_key_records", METRIC_GAUGE, NULL,
	    "Records of keys that sign, by the last answer of the DNS.",
	    { "record" } }, samples_key_records },

	/* --- DNS --- */
	{ { "millgate_dns_queries", METRIC_COUNTER, NULL,
	    "Questions sent to name servers.", { NULL } },
	    samples_dns_queries },
	{ { "millgate_dns_cache_hits", METRIC_COUNTER, NULL,
	    "Questions answered from the cache.", { NULL } },
	    samples_dns_hits },
	{ { "millgate_dns_shared", METRIC_COUNTER, NULL,
	    "Questions that joined a pending query.", { NULL } },
	    samples_dns_shared },
	{ { "millgate_dns_timeouts", METRIC_COUNTER, NULL,
	    "Lookups whose message did not wait longer.", { NULL } },
	    samples_dns_timeouts },
	{ { "millgate_dns_failures", METRIC_COUNTER, NULL,
	    "Queries without an answer, or answered with a failure.",
	    { NULL } }, samples_dns_failures },
	{ { "millgate_dns_failures_in_a_row", METRIC_GAUGE, NULL,
	    "Failed queries since the last good answer.", { NULL } },
	    samples_dns_failing },
	{ { "millgate_dns_query_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time from a query to its answer.", { NULL } },
	    samples_dns_latency },

	/* --- quota, blocks and the store --- */
	{ { "millgate_quota_recipients", METRIC_COUNTER, NULL,
	    "Counted recipients of accepted messages, by plan.",
	    { "plan" } }, samples_plan_recipients },
	{ { "millgate_quota_messages", METRIC_COUNTER, NULL,
	    "Counted accepted messages, by plan.", { "plan" } },
	    samples_plan_messages },
	{ { "millgate_quota_refusals", METRIC_COUNTER, NULL,
	    "Recipients refused by a quota, by plan.", { "plan" } },
	    samples_plan_refused },
	{ { "millgate_fuse_trips", METRIC_COUNTER, NULL,
	    "Logins blocked by a fuse.", { "fuse" } }, samples_fuse },
	{ { "millgate_blocks", METRIC_GAUGE, NULL,
	    "Blocks of logins and groups in force.", { NULL } },
	    samples_blocks },
	{ { "millgate_store_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time of the calls to the store for a message.",
	    { "operation" } }, samples_store },
	COUNTER("millgate_store_failures", "Failed calls to the store.",
	    store_failures),
	COUNTER("millgate_warnings", "Notices to the site.", warnings),
	COUNTER("millgate_notify_dropped",
	    "Notices for which notify-command was not run.",
	    notify_dropped),
	{ { NULL } }
};
