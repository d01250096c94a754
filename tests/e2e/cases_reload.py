"""A reload uses all of a configuration or nothing of it, at any time."""

import os
import re
import subprocess
import threading
import time

import programs
from cases_load import is_instrumented
from message import compose, deliveries
from runner import case
from services import wait_until, write
from steps import serves, submit

ALICE, HOST = "alice@example.net", "%s.reload.example"
SECONDS = 15
BROKEN = ["no-such-option = yes\n", "listener x {\n", "\0", "mode = perhaps\n",
          'users-file = "/nonexistent/users"\n']


def configuration(w, name):
    """Only the sender `name` is allowed, and the results have its host."""
    w.millgate.extra = {
        "top": "submission-results = anonymous",
        "users": 'user %s { plan = unlimited  senders = {"%s@example.net"} }\n'
                 'plan unlimited { recipients-per-hour = unlimited }\n' % (
                     ALICE, name)}
    text = w.settings(**w.millgate.extra)
    w.millgate.extra = {}
    return text.replace("mx.example.net", HOST % name)


class Senders:
    """Four sessions at a time, each for one message of either sender."""

    def __init__(self, w):
        self.w, self.over = w, threading.Event()
        self.accepted, self.refused, self.odd = [], [], []
        self.threads = [threading.Thread(target=self.run, args=(n,))
                        for n in range(4)]
        for t in self.threads:
            t.start()

    def run(self, n):
        while not self.over.is_set():
            n += 1
            name = ("one", "two")[n % 2]
            sender = name + "@example.net"
            text = compose(sender, subject=name)
            try:
                reply = submit(self.w, text, login=ALICE, sender=sender)
            except Exception as e:	# shown by end()
                self.odd.append(e)
                return
            if reply.starts("250"):
                self.accepted.append((name, text))
            elif reply.starts("550 5.7.1"):
                self.refused.append(name)
            else:
                self.odd.append(reply)
            self.over.wait(0.03)	# Postfix must deliver all of it

    def end(self):
        self.over.set()
        for t in self.threads:
            t.join(120)
        assert not self.odd, self.odd[:3]


def files_and_memory(w):
    """Open descriptors, and resident memory in KB."""
    place = "/proc/%d/" % w.millgate.process.pid
    with open(place + "status") as f:
        resident = int(re.search(r"VmRSS:\s*(\d+)", f.read()).group(1))
    return len(os.listdir(place + "fd")), resident


def reload_until(w, good, end):
    """Reload good and broken files in turn; how often."""
    count = 0
    while time.monotonic() < end:
        text = good[count // 2 % len(good)]
        if count % 2:
            text += BROKEN[count // 2 % len(BROKEN)]
        before = len(w.millgate.log_text())
        write(w.millgate.conf, text)
        w.millgate.send(1)
        wait_until("an answer to the reload", lambda: re.search(
            "reload failed" if count % 2 else "reloaded ",
            w.millgate.log_text()[before:]), 30)
        count += 1
    return count


def results_are_of_one_file(w, accepted):
    w.settle(120)
    host = {m: f.all("Authentication-Results") for f in deliveries(
        w, "elsewhere.example") for m in f.all("Message-ID")}
    for name, text in accepted:
        number = re.search(r"(?m)^Message-ID: (\S+)", text).group(1)
        assert number in host, "accepted and lost: " + number
        assert host[number][0].startswith(HOST % name), (name, host[number])


@case
def reloads_under_load_use_whole_files(w):
    good = [configuration(w, name) for name in ("one", "two")]
    senders = None
    try:
        reload_until(w, good, time.monotonic() + 2)
        before = files_and_memory(w)
        senders = Senders(w)
        count = reload_until(w, good, time.monotonic() + SECONDS)
        senders.end()
        wait_until("no session is open", lambda: files_and_memory(w)[0] <=
                   before[0])
        after = files_and_memory(w)
    finally:
        if senders is not None:
            senders.over.set()
        w.millgate.configure()
        w.millgate.reload()
    print("# %d reloads, %d messages accepted, %d refused; resident memory "
          "%d KB, then %d KB" % (count, len(senders.accepted),
                                 len(senders.refused), before[1], after[1]))
    assert senders.accepted and senders.refused
    results_are_of_one_file(w, senders.accepted)
    # A leak of one configuration a reload would be some 20 KB each. What is
    # freed stays with a sanitizer, which finds leaks by itself at the end.
    assert is_instrumented(w) or \
        after[1] - before[1] < 8192 + 4 * count, (before, after)
    serves(w)


@case
def options_that_need_a_restart_are_named(w):
    with open(w.millgate.conf) as f:
        text = f.read()
    changed = text.replace("resolver {", 'pid-file = "%s/pid"\nresolver {' %
                           w.millgate.directory).replace(
        "servers = {", 'servers = {"192.0.2.53", ')
    assert changed != text
    try:
        write(w.millgate.conf, changed)
        checked = subprocess.run(
            [os.path.join(w.build, "millgate"), "-t", "-c", w.millgate.conf],
            env=programs.environment(), capture_output=True, text=True)
        assert checked.returncode == 0, checked
        assert "at the next restart of the running daemon: pid-file, " \
            "servers" in checked.stderr, checked
        before = len(w.millgate.log_text())
        for _ in range(2):	# compared with the start, not the last reload
            w.millgate.reload()
        said = re.findall("take effect at the next restart: pid-file, servers",
                          w.millgate.log_text()[before:])
        assert len(said) == 2, w.millgate.log_text()[before:]
    finally:
        write(w.millgate.conf, text)
        w.millgate.reload()
    serves(w)
