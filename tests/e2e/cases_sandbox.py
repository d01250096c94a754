"""The sandbox: it is closed in the daemon's threads, and a reload is in it."""

import os

from message import compose
from runner import Skip, case, settings
from services import Trouble, write
from steps import expect, serves, submit

ALICE = "alice@example.net"


def statuses(pid):
    """The fields of /proc/PID/task/*/status of all threads."""
    found = []
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, thread)) as f:
            found.append(dict(line.rstrip("\n").split(":\t", 1)
                              for line in f))
    return found


def daemon(w):
    return statuses(w.ctl("stats", "--json")["pid"])


def need_filter(w):
    if "sandbox: system calls are not limited" in w.millgate.log_text():
        raise Skip("this build has no filter of system calls")


def need_landlock(w):
    if "sandbox: files and ports are not limited" in w.millgate.log_text():
        raise Skip("the kernel has no Landlock")


@case
def all_threads_are_in_the_sandbox(w):
    need_filter(w)
    expect(submit(w, compose(ALICE)), "250")
    threads = daemon(w)
    assert len(threads) > 3, threads
    for thread in threads:
        assert thread["Seccomp"].strip() == "2", thread
        assert thread["NoNewPrivs"].strip() == "1", thread


@case
def the_sandbox_can_be_switched_off(w):
    with settings(w, top="sandbox = no"):
        serves(w)
        assert {t["Seccomp"].strip() for t in daemon(w)} == {"0"}
        assert {t["NoNewPrivs"].strip() for t in daemon(w)} == {"0"}


@case
def a_reload_cannot_leave_the_sandbox(w):
    need_landlock(w)
    place = os.path.join(w.directory, "elsewhere")
    os.makedirs(place, exist_ok=True)
    os.chmod(place, 0o755)
    users = os.path.join(place, "users")
    write(users, "zoe@example.net plan=trial\n", 0o644)
    with open(w.millgate.conf) as f:
        text = f.read()
    for more, said in (
            ('users-file = "%s"' % users, "restart"),
            ('users-database = "pgsql://u@db.example/mail"\nusers-query = '
             '"SELECT plan FROM users WHERE login = $1"',
             "users-database: the sandbox does not allow connections to "
             "port 5432")):
        write(w.millgate.conf, text + "\n" + more + "\n")
        before = len(w.millgate.log_text())
        try:
            w.millgate.reload()
            assert False, "it was reloaded"
        except Trouble as why:
            assert "reload failed" in str(why), why
        log = w.millgate.log_text()[before:]
        assert said in log and "restart the daemon" in log, log
        serves(w)
    write(w.millgate.conf, text)
    w.millgate.reload()
    serves(w)
