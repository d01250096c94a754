/*
 * ctl_setup - millgatectl setup: the MTA uses millgate, or no longer does
 */
#include "ctl_common_priv.h"
#include "ctl_setup_priv.h"

static const char usage[] =
    "usage: millgatectl [-c FILE] setup postfix [--config DIR]\n"
    "           [--apply | --undo]\n"
    "       millgatectl [-c FILE] setup sendmail [--mc FILE]\n"
    "           [--apply | --undo]\n\n"
    "Show what must be changed in the configuration of the MTA, so that it\n"
    "passes all mail to millgate. --apply makes the change, and --undo takes\n"
    "it back.\n";

bool
setup_action(enum setup_action *action, enum setup_action given)
{
	if (*action != SETUP_SHOW && *action != given)
		return ctl_complain("--apply and --undo exclude each other");
	*action = given;
	return true;
}

int
ctl_setup(struct ctl *c, int argc, char **argv)
{
	static const struct ctl_command commands[] = {
		{ "postfix",	ctl_setup_postfix },
		{ "sendmail",	ctl_setup_sendmail },
		{ NULL, NULL }
	};

	return ctl_dispatch(commands, usage, c, argc, argv);
}
