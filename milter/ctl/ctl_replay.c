/*
 * ctl_replay - run scenario files
 */
#include <stdio.h>
#include <string.h>

#include "mta/scenario.h"
#include "ctl_priv.h"

static const char usage[] =
    "usage: millgatectl replay SCENARIO...\n"
    "Runs each file's session and message offline and compares the outcome\n"
    "with what the file expects. Exit status: 0 all as expected, 1 not, 2\n"
    "usage or a broken file.\n";

int
ctl_replay(const struct ctl *c, int argc, char **argv)
{
	enum scenario_result	result;
	int			i, status = CTL_GOOD;

	(void)c;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return CTL_GOOD;
	}
	if (argc < 2) {
		fputs(usage, stderr);
		return CTL_TROUBLE;
	}
	for (i = 1; i < argc; i++) {
		result = scenario_run(argv[i], stdout);
		printf("%s: %s\n", argv[i], result == SCENARIO_PASSED ?
		    "passed" : "FAILED");
		if (result == SCENARIO_BROKEN)
			status = CTL_TROUBLE;
		else if (result == SCENARIO_FAILED && status == CTL_GOOD)
			status = CTL_NO;
	}
	return status;
}
