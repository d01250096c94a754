/*
 * ctl_replay - millgatectl replay: run scenario files (see mta/scenario.h)
 */
#include <limits.h>
#include <stdio.h>

#include "mta/scenario.h"
#include "ctl_common_priv.h"

static const char usage[] =
    "usage: millgatectl replay SCENARIO...\n"
    "Play the session and message of each file offline, and compare the\n"
    "outcome with the expectations in the file. Exit status: 0 all are met,\n"
    "1 some are not, 2 usage or a broken file.\n";

int
ctl_replay(struct ctl *c, int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTION_END };
	static const struct ctl_syntax syntax = { usage, options, NULL, 1,
	    INT_MAX };
	enum scenario_result	result;
	const char		*path;
	int			i, status;

	status = ctl_parse(c, &syntax, NULL, argc, argv);
	if (status != CTL_PARSED)
		return status;
	status = CTL_GOOD;
	for (i = 0; i < c->noperands; i++) {
		path = c->operand[i];
		result = scenario_run(path, stdout);
		printf("%s: %s\n", path, result == SCENARIO_PASSED ?
		    "passed" : "FAILED");
		if (result == SCENARIO_BROKEN)
			status = CTL_TROUBLE;
		else if (result == SCENARIO_FAILED && status == CTL_GOOD)
			status = CTL_NO;
	}
	return status;
}
