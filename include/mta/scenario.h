/*
 * scenario - a bug report that runs: configuration, zone, session, message
 * and expected outcome in one text file
 *
 *   # comment                 (outside of [conf], [zone] and [message])
 *   [conf]                    a configuration, as in millgate.conf
 *   [zone]                    a zone text, as in resolver.h
 *   [session]                 one command a line:
 *     time SECONDS            the clock, seconds since the epoch
 *     connect IP|local|unknown [NAME]
 *     macro NAME [VALUE]      without a value the macro is not sent any more
 *     helo NAME
 *     mail PATH [SIZE=N]
 *     rcpt PATH
 *     abort                   RSET
 *   [message]                 one message, sent up to its final answer
 *   [expect]                  one fnmatch(3) pattern a line
 *     PATTERN                 a line of the outcome (replay.h) since the last
 *                             [expect] must match
 *     not PATTERN             no line may match
 *
 * [conf] and [zone] come first; [session], [message] and [expect] may repeat.
 */
#ifndef MILLGATE_SCENARIO_H
#define MILLGATE_SCENARIO_H

#include <stdio.h>

enum scenario_result { SCENARIO_PASSED, SCENARIO_FAILED, SCENARIO_BROKEN };

/*
 * Run the file. A failed expectation is written to `out` as "file:line: ...",
 * followed by the outcome. SCENARIO_BROKEN: the file cannot be read or parsed.
 */
enum scenario_result scenario_run(const char *path, FILE *out);

#endif
