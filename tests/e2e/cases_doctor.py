"""What the tool learns from the running daemon, and what it advises."""

import os
import signal
import stat

from message import compose
from runner import case
from steps import arrive, expect, submit

ALICE = "alice@example.net"


def control_socket(w):
    return w.directory + "/millgate/state.db-control"


@case
def stats_count_what_was_sent(w):
    before = w.ctl("stats", "--json")
    expect(submit(w, compose(ALICE)), "250")
    expect(submit(w, compose("ceo@example.net")), "550 5.7.1")
    expect(arrive(w, compose("joe@plain.example"), "joe@plain.example"),
           "250")
    after = w.ctl("stats", "--json")
    for name, more in (("messages", 3), ("accepted", 2), ("rejected", 1)):
        assert after[name] == before[name] + more, (name, before, after)
    names = [one["name"] for one in after["listeners"]]
    assert "submission" in names and "mx" in names, names
    assert sum(one["messages"] for one in after["listeners"]) == \
        after["messages"], after
    shown = w.run_ctl("stats")
    assert shown.returncode == 0, shown
    for words in ("millgate ", "submission", "mx", "    from "):
        assert words in shown.stdout, shown.stdout


@case
def the_control_socket_lives_as_long_as_the_daemon(w):
    path = control_socket(w)
    mode = os.stat(path).st_mode
    assert stat.S_ISSOCK(mode) and mode & 0o777 == 0o600, oct(mode)
    w.millgate.stop()
    try:
        assert not os.path.exists(path)
        done = w.run_ctl("stats")
        assert done.returncode == 2 and path in done.stderr, done
    finally:
        w.millgate.start()
    w.millgate.stop(signal.SIGKILL)
    assert os.path.exists(path)
    w.millgate.start()
    assert w.ctl("stats", "--json")["messages"] == 0
