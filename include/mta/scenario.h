/*
 * scenario - a bug report that runs: configuration, zone, session, message
 * and what is expected, in one text file
 *
 *   # comment                 (outside of [conf], [zone] and [message])
 *   [conf]                    a configuration, as in millgate.conf
 *   [zone]                    a zone text, as in resolver.h
 *   [session]                 one command a line:
 *     time SECONDS            the clock, seconds since the epoch
 *     connect IP|local|unknown [NAME]
 *     macro NAME [VALUE]      without a value: not sent any more
 *     helo NAME
 *     mail PATH
 *     rcpt PATH
 *     abort                   RSET
 *   [message]                 sent as a whole, up to its answer
 *   [expect]                  one pattern a line (fnmatch), which a line of the
 *     PATTERN                 outcome (replay.h) since the last [expect] must
 *     not PATTERN             match, or none may match
 *
 * [conf] and [zone] come first; [session], [message] and [expect] may repeat.
 */
#ifndef MILLGATE_SCENARIO_H
#define MILLGATE_SCENARIO_H

#include <stdio.h>

enum scenario_result { SCENARIO_PASSED, SCENARIO_FAILED, SCENARIO_BROKEN };

/*
 * Run the file; what fails is said on `out` as "file:line: ...", with the
 * outcome. BROKEN: the file itself cannot be read or understood.
 */
enum scenario_result scenario_run(const char *path, FILE *out);

#endif
