/*
 * conf_tool - `millgatectl conf` as a program of its own, for check-options
 */
#include <string.h>

#include "ctl.h"

int
main(int argc, char **argv)
{
	struct ctl c = { "", false };

	/* conf_tool FILE check|show|options [--json] */
	if (argc < 3)
		return CTL_TROUBLE;
	c.conf_path = argv[1];
	return ctl_conf(&c, argc - 1, argv + 1);
}
