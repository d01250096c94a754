"""notify-command is run for blocks, keys and health."""

import contextlib
import os
import shutil

from cases_dns import comes_back, dns_stopped
from message import compose, deliveries
from runner import case, settings
from services import wait_until, write
from steps import inbound

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "contrib", "notify-postmaster")
MALLORY = "mallory@example.net"
STRICT = "joe@strict.example"


def recorder(w):
    """A script, and the function that reads what it was told."""
    directory = os.path.join(w.directory, "millgate")
    script, told = directory + "/tell", directory + "/told"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(told)
    write(script, """#!/bin/sh
echo "$MILLGATE_EVENT/$MILLGATE_LOGIN/$MILLGATE_SHARE/$MILLGATE_REASON" >>%s
""" % told, 0o755)

    def lines():
        with contextlib.suppress(FileNotFoundError), open(told) as f:
            return f.read().splitlines()
        return []
    return 'quota { notify-command = "%s" }' % script, lines


@case
def a_block_of_the_tool_runs_the_notify_command(w):
    conf, told = recorder(w)
    with settings(w, judges=conf):
        w.ctl("user", "block", MALLORY, "--reason", "stolen", "--json")
        wait_until("the block was told", lambda: told() == [
            "blocked/%s//stolen" % MALLORY], 60)
        w.ctl("user", "unblock", MALLORY, "--json")
        wait_until("its end was told", lambda: told()[1:] == [
            "unblocked/%s//stolen" % MALLORY], 60)
        line = w.millgate.log_line(event="unblocked", login=MALLORY)
        assert "warning: " not in line, line


@case
def failing_name_servers_run_the_notify_command(w):
    conf, told = recorder(w)
    with settings(w, judges=conf):
        with dns_stopped(w):
            for n in range(20):
                if told():
                    break
                with inbound(w, helo="h%d.slow%d.example" % (n, n)) as c:
                    c.submit("joe@part%d.example" % n, "bob@example.net",
                             compose("joe@part%d.example" % n))
            said = wait_until("the trouble was told", told, 60)
            assert said[0].startswith(
                "health-failing///dns: the last "), said
        comes_back(w, STRICT)
        wait_until("its end was told", lambda: told()[1:] == [
            "health-restored///"], 60)


def letters(w, words):
    """Delivered mail whose subject ends with these words."""
    return [found.raw.decode() for found in deliveries(w, "example.net")
            if found.all("Subject")[0].replace("\n", "").endswith(words)]


@case
def the_sample_program_mails_an_event(w):
    # the daemon's user may not be able to read the source
    program = os.path.join(w.directory, "millgate", "notify-postmaster")
    shutil.copyfile(SAMPLE, program)
    os.chmod(program, 0o644)
    command = "/usr/bin/python3 %s bob@example.net %s:%d" % (
        program, w.address, w.port["smtp"])
    with settings(w, judges="""
quota {
  notify-command = "%s"
  notify-timeout = 60
}""" % command):
        w.ctl("user", "block", MALLORY, "--reason", "stolen", "--json")
        text = wait_until("the mail", lambda: letters(
            w, ": %s is blocked" % MALLORY), 60)[0]
        assert "\nlogin: %s\nreason: stolen\n" % MALLORY in text.replace(
            "\r", ""), text
        assert "Auto-Submitted: auto-generated" in text, text
        w.ctl("user", "unblock", MALLORY, "--json")
        wait_until("the mail of its end", lambda: letters(
            w, ": %s is not blocked any more" % MALLORY), 60)
    w.settle()
